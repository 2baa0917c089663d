"""Locks between processes by flock: they vanish with their holder, even after SIGKILL."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def try_exclusive(path: Path) -> int | None:
    """An open descriptor that holds the lock on ``path``, or None where another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


class Membership:
    """One of the services of a data dir, from ``join`` to ``leave``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def try_join(self) -> bool:
        """Count this process in. False while the last one to leave is still shutting down."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def last(self) -> bool:
        """Whether no other service is left. While that is so, this one keeps others from joining."""
        if self._descriptor is None:
            return False
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def leave(self) -> None:
        """Count this process out."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
