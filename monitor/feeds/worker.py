"""A parse worker: ``python -m monitor.feeds.worker SECONDS``.

Reads documents from standard input and answers on standard output, each as a length and that many
bytes. A byte READY comes first of all, and a byte TAKEN before each answer, as soon as the document is
read: a worker that dies without it was not killed by the document. It ends with its parent, whose end of
the pipe closes; in the middle of a document, an alarm ends it at the latest a second after the deadline
at which its parent would have killed it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import signal
import struct
import sys
from typing import BinaryIO

from monitor.feeds.parse import parse
from monitor.model.feed import ParsedFeed, ParseFailed

MAX_MEMORY = 2 << 30
"""Bytes of address space; a document that needs more is refused."""
LENGTH = struct.Struct("!I")
READY = b"\x05"
TAKEN = b"\x06"


def read(stream: BinaryIO) -> bytes | None:
    """One block; None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    data = stream.read(length)
    return data if len(data) == length else None


def answer(header: bytes, body: bytes) -> bytes:
    """The outcome of one document as JSON: ``{"feed": …}`` or ``{"failed": …}``."""
    try:
        result: ParsedFeed | ParseFailed = parse(body, **json.loads(header))
    except MemoryError:
        result = ParseFailed("not-a-feed", f"reading it takes more than {MAX_MEMORY >> 30} GB of memory")
    except Exception as error:  # noqa: BLE001 - whatever a hostile document breaks is reported as the feed's reason
        result = ParseFailed("parser", f"the parser failed: {error!r}"[:500])
    kind = "feed" if isinstance(result, ParsedFeed) else "failed"
    return json.dumps({kind: dataclasses.asdict(result)}).encode()


def main() -> None:
    """Serve until the parent goes."""
    deadline = float(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the service
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere the limit is not honoured, or counts what is only mapped
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print must not end up between the answers
    output.write(READY)
    output.flush()
    while (header := read(sys.stdin.buffer)) is not None and (body := read(sys.stdin.buffer)) is not None:
        output.write(TAKEN)
        output.flush()
        signal.setitimer(signal.ITIMER_REAL, deadline + 1)
        data = answer(header, body)
        signal.setitimer(signal.ITIMER_REAL, 0)
        output.write(LENGTH.pack(len(data)) + data)
        output.flush()


if __name__ == "__main__":
    main()
