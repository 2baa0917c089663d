"""The bundled Valkey: one server a data dir, shared by every service that runs on it.

    lock.py      who may start the server, and who is the last to leave
    launcher.py  start or adopt, watch, shut down

The rule that keeps data safe is that two servers never write one append-only file. The server holds
the lock on the data dir itself: a service takes the lock, hands the open descriptor to the server
that it starts, and closes its own. The lock then lives exactly as long as the server does, whatever
becomes of the service. Who finds it taken adopts the running server instead.
"""

from monitor.embedded.launcher import EmbeddedServer

__all__ = ["EmbeddedServer"]
