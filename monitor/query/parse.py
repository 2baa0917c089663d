"""Tokens to a tree, with every problem collected.

    query      = plain | either
    plain      = WORD+                               no operator, quote, bracket or field anywhere
    expression = operand ((AND|OR) operand)*         one kind of operator only
    operand    = (NOT | -)* atom
    atom       = WORD | PHRASE | ( expression ) | FIELD atom

``a NOT b`` and ``a -b`` read as ``a AND NOT b``. A query in which every term stands under a NOT is
refused: it would alert on nearly everything. ``a OR NOT b`` would, too, but is accepted: some want
it, and the rulebook reports it as expensive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from monitor.errors import Problem, RuleSyntaxError
from monitor.query.ast import And, Expression, InField, Not, Or, Phrase, Place, Plain, Query, Word
from monitor.query.lexer import Kind, Token, lex
from monitor.text.tokens import tokenize

MAX_LENGTH = 10_000
"""Longest query, in code points."""
MAX_DEPTH = 50
"""Deepest nesting of brackets, NOTs and fields."""
MAX_TERMS = 2_000
"""Most words and phrases in one query."""
MAX_PHRASE = 100
"""Most words in one phrase, or parts of one word (F-16 has two)."""


def parse(text: str) -> Query:
    """The tree of ``text``.

    Raises RuleSyntaxError with all problems found, each with its place and a hint.
    """
    if len(text) > MAX_LENGTH:
        detail = f"a query has at most {MAX_LENGTH:,} characters; this one has {len(text):,}"
        raise RuleSyntaxError(
            text, (Problem("too-long", detail, MAX_LENGTH, len(text), "split it into several rules"),)
        )
    tokens = lex(text)
    parser = _Parser(text, tokens)
    only_words = all(token.kind in (Kind.WORD, Kind.END) for token in tokens)
    query: Query | None
    try:
        query = parser.plain() if only_words else parser.whole()
    except _TooDeep:
        query = None
    if parser.problems or query is None:
        raise RuleSyntaxError(text, tuple(sorted(set(parser.problems), key=lambda p: (p.start, p.end))))
    return query


class _TooDeep(Exception):
    """The query nests too deep to go on; the problem is noted."""


class _Parser:
    """Recursive descent. After a problem it goes on with what it can, to report the next one too."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.next = 0
        self.depth = 0
        self.problems: list[Problem] = [t.problem for t in tokens if t.problem]
        terms = sum(t.kind in (Kind.WORD, Kind.PHRASE) for t in tokens)
        if terms > MAX_TERMS:
            self.problem(
                "too-many-terms",
                f"a query has at most {MAX_TERMS:,} terms; this one has {terms:,}",
                (0, len(text)),
            )

    def problem(self, code: str, detail: str, at: Place, hint: str = "") -> None:
        self.problems.append(Problem(code, detail, at[0], at[1], hint))

    def peek(self) -> Token:
        return self.tokens[self.next]

    def take(self) -> Token:
        token = self.peek()
        if token.kind is not Kind.END:
            self.next += 1
        return token

    # ── the two kinds of query ──

    def plain(self) -> Plain | None:
        # A dash or a lone comma between plain words is punctuation, not a word to look for.
        terms = [self.term(t) for t in self.tokens if t.kind is Kind.WORD and _searchable(t.text)]
        words = tuple(term for term in terms if isinstance(term, Word))
        if not words:
            self.problem(
                "empty",
                "there is no word to look for",
                (0, len(self.text)),
                "write what the stories should be about",
            )
            return None
        return Plain(words, (words[0].at[0], words[-1].at[1]))

    def whole(self) -> Expression | None:
        found = self.expression()
        while self.peek().kind is Kind.CLOSE:
            self.problem("unopened-bracket", "this bracket was never opened", self.peek().at, "remove it, or add (")
            self.take()
            if self.peek().kind in (Kind.AND, Kind.OR):
                self.take()
            if self.peek().kind not in (Kind.END, Kind.CLOSE):
                self.expression()
        if found is not None and not self.problems and not _positive(found):
            hint = "say what the stories should be about, for example: Vietnam NOT coffee"
            self.problem("no-positive-term", "the query only says what must not be there", (0, len(self.text)), hint)
        return found

    # ── the grammar ──

    def expression(self) -> Expression | None:
        first = self.peek().at[0]
        parts: list[Expression] = []
        operators: list[Token] = []
        while True:
            if (part := self.operand()) is not None:
                parts.append(part)
            joint = self.joint()
            if joint is None:
                break
            operators.append(joint)
        kinds = {t.kind for t in operators} - {Kind.FAULT}
        at = (first, self.tokens[max(self.next - 1, 0)].at[1])
        if len(kinds) > 1:
            self.mixed(parts, operators, at)
            return None
        if len(parts) < 2:
            return parts[0] if parts else None
        return Or(tuple(parts), at) if Kind.OR in kinds else And(tuple(parts), at)

    def joint(self) -> Token | None:
        """The operator between two operands, or None where the expression ends."""
        token = self.peek()
        if token.kind in (Kind.AND, Kind.OR):
            return self.take()
        if token.kind in (Kind.NOT, Kind.MINUS):  # "a NOT b" is "a AND NOT b"
            return Token(Kind.AND, "", token.at)
        if token.kind in (Kind.END, Kind.CLOSE):
            return None
        left = self.tokens[self.next - 1]
        # After a fault, or an operator without a term, the problem is reported already.
        if not {token.kind, left.kind} & {Kind.FAULT, Kind.AND, Kind.OR, Kind.NOT, Kind.MINUS}:
            shown = f"{self.text[slice(*left.at)]} AND {self.text[slice(*token.at)]}"
            groups = {token.kind, left.kind} & {Kind.OPEN, Kind.CLOSE, Kind.FIELD}
            hint = "write AND between them" if groups else f"write {shown}, or quote them as a phrase"
            detail = "two terms stand side by side without an operator"
            self.problem("missing-operator", detail, (left.at[0], token.at[1]), hint)
        return Token(Kind.FAULT, "", token.at)

    def mixed(self, parts: list[Expression], operators: list[Token], at: Place) -> None:
        """AND beside OR: show the brackets that the common reading (AND first) would put."""
        groups: list[list[str]] = [[]]
        for i, part in enumerate(parts):
            if i and operators[i - 1].kind is Kind.OR:
                groups.append([])
            groups[-1].append(self.text[slice(*part.at)])
        shown = " OR ".join(f"({' AND '.join(g)})" if len(g) > 1 else " ".join(g) for g in groups)
        complete = len(parts) == len(operators) + 1  # else a part could not be read
        hint = f"add brackets, for example: {shown}" if complete else "add brackets"
        self.problem("mixed-operators", "AND and OR side by side can be read in two ways", at, hint)

    def operand(self) -> Expression | None:
        token = self.peek()
        if token.kind in (Kind.NOT, Kind.MINUS):
            self.take()
            part = self.nested(self.operand, token)
            return None if part is None else Not(part, (token.at[0], part.at[1]))
        return self.atom()

    def nested(self, rule: Callable[[], Expression | None], token: Token) -> Expression | None:
        if self.depth == MAX_DEPTH:
            self.problem("too-deep", f"brackets, NOTs and fields nest at most {MAX_DEPTH} deep", token.at)
            raise _TooDeep
        self.depth += 1
        try:
            return rule()
        finally:
            self.depth -= 1

    def atom(self) -> Expression | None:
        token = self.take()
        match token.kind:
            case Kind.WORD | Kind.PHRASE:
                return self.term(token)
            case Kind.OPEN:
                return self.group(token)
            case Kind.FIELD:
                return self.field(token)
            case Kind.FAULT:
                return None
            case _:
                self.missing(token)
                return None

    def term(self, token: Token) -> Word | Phrase | None:
        words = sum(1 for _ in tokenize(token.text))
        if not words:
            self.problem(
                "empty-term",
                "there is nothing to look for in this term",
                token.at,
                "it needs at least one letter or digit",
            )
            return None
        if words > MAX_PHRASE:
            detail = f"a phrase has at most {MAX_PHRASE} words; this one has {words:,}"
            self.problem("phrase-too-long", detail, token.at, "look for a part of it")
        return Word(token.text, token.at) if token.kind is Kind.WORD else Phrase(token.text, token.at)

    def group(self, opened: Token) -> Expression | None:
        if self.peek().kind is Kind.CLOSE:
            self.take()
            self.problem(
                "empty-brackets",
                "there is nothing in these brackets",
                (opened.at[0], self.tokens[self.next - 1].at[1]),
            )
            return None
        inner = self.nested(self.expression, opened)
        if self.peek().kind is Kind.CLOSE:
            self.take()
        else:
            self.problem("unclosed-bracket", "this bracket is never closed", opened.at, "add )")
        return None if inner is None else replace(inner, at=(opened.at[0], self.tokens[self.next - 1].at[1]))

    def field(self, token: Token) -> Expression | None:
        if self.peek().kind in (Kind.NOT, Kind.MINUS):
            detail = f"NOT goes before the field, not between {token.text}: and its term"
            hint = f"write NOT {token.text}:…, or quote the word to search for it"
            self.problem("misplaced-not", detail, (token.at[0], self.take().at[1]), hint)
            return None
        inner = self.nested(self.atom, token)
        if inner is None:
            return None
        return InField(token.text, inner, (token.at[0], inner.at[1]))

    def missing(self, token: Token) -> None:
        if token.kind in (Kind.AND, Kind.OR):
            self.problem(
                "missing-term",
                f"{token.text} needs a term on both sides",
                token.at,
                f'quote it to search for the word: "{token.text}"',
            )
            return
        if token.kind is Kind.CLOSE:
            self.next -= 1  # the bracket belongs to the group around
        before = self.tokens[max(self.next - 1, 0)]
        if token.kind is Kind.END and before.kind is not Kind.OPEN:
            self.problem("missing-term", "the query ends where a term should follow", before.at)
        elif token.kind is Kind.CLOSE:
            self.problem("missing-term", "a term should follow here", before.at)


def _searchable(text: str) -> bool:
    return next(tokenize(text), None) is not None


def _positive(node: Expression) -> bool:
    """Whether the node holds a term that must be there for some story to match."""
    match node:
        case Word() | Phrase():
            return True
        case Not():
            return False
        case InField():
            return _positive(node.part)
        case And() | Or():
            return any(_positive(part) for part in node.parts)
