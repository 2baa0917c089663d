"""Media monitoring: news feeds in, watch rules applied, alerts out."""

__version__ = "0.1.0"
