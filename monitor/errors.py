"""Every error that this project raises on purpose.

    MonitorError                  what went wrong, and what to do about it, in one sentence each
    ├── ConfigurationError        a setting, a data dir or a port is unusable        (exit code 2)
    │   └── SchemaTooNew          the store was written by a newer version
    ├── RuleSyntaxError           a query does not parse; carries every Problem found
    ├── RuleFileError             a rule file does not load; carries file, line and column
    ├── NotFound                  no such feed, rule, story, hit, subscription or delivery
    ├── Conflict                  it exists already, or a rule file owns it
    ├── FixtureFailed             a rule would no longer do with a saved story what it must
    ├── InvalidInput              a value that only the store or a parser could judge
    ├── StoreUnavailable          Redis/Valkey does not answer, is loading, or is full: try again
    └── BlockedAddress            the address guard refused a connection (also an OSError, so that
                                  the HTTP client treats it as a failed connect)

Anything else that escapes is a bug and is shown as one.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass


class MonitorError(Exception):
    """Root of the tree. ``str()`` is fit for a user's eyes."""


class ConfigurationError(MonitorError):
    """The service cannot start as configured; the message names the setting and the remedy."""


class SchemaTooNew(ConfigurationError):
    """The data was written by a newer version; reading it with this one could lose some."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a text that a user wrote.

    ``start`` and ``end`` are half-open code-point offsets into that text; ``hint`` is what to write
    instead, or empty.
    """

    code: str
    detail: str
    start: int
    end: int
    hint: str = ""


class RuleSyntaxError(MonitorError):
    """A query that does not parse, with every problem the parser could find in one go."""

    def __init__(self, query: str, problems: tuple[Problem, ...]) -> None:
        self.query = query
        self.problems = problems
        super().__init__("; ".join(f"{p.detail} (at {p.start})" for p in problems))


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One fault in a rule file; line and column count from 1."""

    file: str
    line: int
    column: int
    code: str
    detail: str
    hint: str = ""
    excerpt: str = ""  # the query with the place marked, on lines of its own, for a terminal

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.detail}{hint}"


class RuleFileError(MonitorError):
    """A rule file that does not load, with all its problems."""

    def __init__(self, problems: tuple[FileProblem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(p) for p in problems))


class NotFound(MonitorError):
    """Nothing is stored under that id."""

    def __init__(self, kind: str, id_: str) -> None:
        self.kind, self.id = kind, id_
        super().__init__(f"there is no {kind} {id_!r}")


class Conflict(MonitorError):
    """The request contradicts what is stored."""


class FixtureFailed(MonitorError):
    """A change of a rule that breaks tests saved beside it; ``failures`` has a sentence for each story."""

    def __init__(self, rule: str, failures: tuple[str, ...]) -> None:
        self.rule, self.failures = rule, failures
        count = "a saved story" if len(failures) == 1 else f"{len(failures)} saved stories"
        super().__init__(
            f"the rule {rule!r} fails {count} and is not stored; mend the query or the saved story, "
            f"or force it: {'; '.join(failures[:3])}" + ("; …" if len(failures) > 3 else "")
        )


class InvalidInput(MonitorError):
    """A value that is well-formed but unusable; ``field`` names where it stood."""

    def __init__(self, field: str, detail: str, hint: str = "") -> None:
        self.field, self.detail, self.hint = field, detail, hint
        super().__init__(f"{field}: {detail}" + (f" ({hint})" if hint else ""))


class StoreUnavailable(MonitorError):
    """The store did not take or answer a command; nothing of it may be assumed to have happened."""


class BlockedAddress(MonitorError, OSError):
    """A connection to an address that no feed or webhook may reach."""

    MARK = "is not a public address"

    def __init__(self, host: str) -> None:
        OSError.__init__(
            self,
            errno.EACCES,
            f"{host} {self.MARK}; to allow it, name its network in MONITOR_ALLOWED_PRIVATE_NETWORKS",
        )

    def __str__(self) -> str:
        return str(self.args[1])
