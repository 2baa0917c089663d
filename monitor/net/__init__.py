"""The one way out: every request to a stranger's server goes through here, guarded and bounded."""
