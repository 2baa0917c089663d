"""Media monitoring: news feeds in, watch rules applied, alerts out."""

__version__ = "0.1.0"
ROLES = ("poll", "match", "deliver", "api")
"""What a process can be; `monitor run` is all of them."""
