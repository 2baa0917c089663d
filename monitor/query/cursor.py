"""Where the parser is: the tokens, the next of them, and the problems found so far."""

from __future__ import annotations

from collections.abc import Callable

from monitor.errors import Problem
from monitor.query.ast import Expression, Place
from monitor.query.limits import MAX_DEPTH, MAX_PROBLEMS, MAX_SHOWN
from monitor.query.tokens import Kind, Token


class Stop(Exception):
    """There is no point in going on; the reason is noted."""


class Cursor:
    """A walk over tokens that a grammar's rules share; each rule takes what it reads and notes what it can't."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.next = 0
        self.depth = 0
        self.atom_from = -1
        """Where the atom that was read last begins, as the index of its first token."""
        self.inside: list[str] = []
        """The fields and FIRSTs around."""
        self.problems: list[Problem] = [t.problem for t in tokens if t.problem]

    def problem(self, code: str, detail: str, at: Place, hint: str = "") -> None:
        """Note a problem. Raises Stop where enough are noted."""
        self.problems.append(Problem(code, detail, at[0], at[1], hint))
        if len(self.problems) > MAX_PROBLEMS:
            raise Stop

    def peek(self) -> Token:
        """The token to come."""
        return self.tokens[self.next]

    def after(self) -> Token:
        """The token after the one to come, which is not the end."""
        return self.tokens[self.next + 1]

    def take(self) -> Token:
        """The token to come, which the walk passes; the end stays where it is."""
        token = self.tokens[self.next]
        if token.kind is not Kind.END:
            self.next += 1
        return token

    def last(self) -> Token:
        """The token passed last."""
        return self.tokens[max(self.next - 1, 0)]

    def shown(self, at: Place) -> str:
        """The text at a place."""
        return self.text[slice(*at)]

    def nested(self, rule: Rule, token: Token) -> Expression | None:
        """What ``rule`` reads, one level deeper. Raises Stop where there is none left."""
        if self.depth == MAX_DEPTH:
            self.problem("too-deep", f"brackets, NOTs and fields nest at most {MAX_DEPTH} deep", token.at)
            raise Stop
        self.depth += 1
        try:
            return rule(self)
        finally:
            self.depth -= 1


Rule = Callable[[Cursor], Expression | None]
"""A rule of the grammar: None where what it read makes no sense, which is then noted."""


def write(text: str, otherwise: str) -> str:
    """A hint to write ``text``, or ``otherwise`` where that would be too long to read."""
    return f"write {text}" if len(text) <= MAX_SHOWN else otherwise
