"""Servers that play a script, and the service as a process. Everything listens on loopback only."""
