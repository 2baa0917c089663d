"""Settings to running parts. The only room that names concrete adapters.

opening.py   the store and its server, the port, the key file, the rules folder
service.py   one process: its parts by role, and what its ticks do
running.py   the life of `monitor run`
"""
