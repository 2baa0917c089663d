"""Channels: one attempt each, its outcome returned as data. What follows from it is policy.retry's."""
