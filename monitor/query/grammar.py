"""The grammar, by recursive descent. After a problem it goes on with what it can, to report the next one too.

expression = unary ((AND|OR) unary)*             one kind of operator only
unary      = (NOT | -) unary | chain
chain      = atom (PROXIMITY atom)*              proximity.py
atom       = WORD | PHRASE | EXACT | CASED | WILDCARD | ( expression )
           | FIELD atom                          fields.py
           | ATLEAST ( expression ) | FIRST ( expression ) | OF list | WEIGHT list >= n    counting.py
"""

from __future__ import annotations

from dataclasses import replace

from monitor.query import counting
from monitor.query.ast import And, Cased, Exact, Expression, Near, Not, NotNear, Or, Phrase, Place, Same, Wildcard, Word
from monitor.query.cursor import Cursor, write
from monitor.query.fields import field
from monitor.query.limits import MAX_PHRASE, MAX_SHOWN
from monitor.query.proximity import chain
from monitor.query.tokens import PROXIMITY, TERMS, Kind, Token
from monitor.text.forms import forms
from monitor.text.tokens import tokenize

_REPORTED = frozenset((Kind.FAULT, Kind.AND, Kind.OR, Kind.NOT, Kind.MINUS, *PROXIMITY))
_REPORTED_LEFT = _REPORTED | {Kind.FIELD, Kind.ATLEAST, Kind.FIRST, Kind.OF, Kind.WEIGHT}
_ENDS = (Kind.END, Kind.CLOSE, Kind.COMMA, Kind.CARET, Kind.REACHES)


def expression(cursor: Cursor) -> Expression | None:
    """Operands joined by one kind of operator, up to a bracket, comma or weight that is not theirs."""
    first = cursor.peek().at[0]
    parts: list[Expression] = []
    operators: list[Token] = []
    while True:
        if (part := unary(cursor)) is not None:
            parts.append(part)
        joint = _joint(cursor)
        if joint is None:
            break
        operators.append(joint)
    kinds = {t.kind for t in operators} - {Kind.FAULT}
    at = (first, cursor.last().at[1])
    if len(kinds) > 1:
        _mixed(cursor, parts, operators, at)
        return None
    if len(parts) < 2:
        return parts[0] if parts else None
    return Or(tuple(parts), at) if Kind.OR in kinds else And(tuple(parts), at)


def _joint(cursor: Cursor) -> Token | None:
    """The operator between two operands, or None where the expression ends."""
    token = cursor.peek()
    if token.kind in (Kind.AND, Kind.OR):
        return cursor.take()
    if token.kind in (Kind.NOT, Kind.MINUS):  # "a NOT b" is "a AND NOT b"
        return Token(Kind.AND, "", token.at)
    if token.kind in _ENDS:
        return None
    left = cursor.last()
    # After a fault, or an operator without a term, the problem is reported already.
    if token.kind not in _REPORTED and left.kind not in _REPORTED_LEFT:
        _side_by_side(cursor, left, token)
    return Token(Kind.FAULT, "", token.at)


def _side_by_side(cursor: Cursor, left: Token, right: Token) -> None:
    detail = "two terms stand side by side without an operator"
    before = cursor.tokens[max(cursor.next - 2, 0)]
    whole = (before if before.kind is Kind.FIELD else left).at[0], left.at[1]
    shown = f"{cursor.shown(whole)} AND {cursor.shown(right.at)}"
    general = "write AND between them, or quote them as a phrase"
    # A hyphen that hung on the term before would be a NOT where it stands alone.
    hyphen = cursor.shown(right.at).startswith("-")
    hint = general if hyphen else write(f"{shown}, or quote them as a phrase", general)
    asked = next((t for t in (left, right) if t.kind is Kind.WILDCARD and t.text.endswith("?")), None)
    if asked is not None:
        hint = f"the ? makes {asked.text} a wildcard: leave it out for plain words, or write AND between terms"
    elif "," in cursor.text[left.at[1] - 1 : right.at[0]]:
        hint = "write OR or AND; commas part the lists of 2 OF (a, b) and WEIGHT(a^20, b^10) only"
    elif {left.kind, right.kind} - TERMS:
        hint = "write AND between them"
    cursor.problem("missing-operator", detail, (left.at[0], right.at[1]), hint)


def _mixed(cursor: Cursor, parts: list[Expression], operators: list[Token], at: Place) -> None:
    """AND beside OR: show the brackets that the common reading (AND first) would put."""
    groups: list[list[str]] = [[]]
    for i, part in enumerate(parts):
        if i and operators[i - 1].kind is Kind.OR:
            groups.append([])
        groups[-1].append(cursor.shown(part.at))
    shown = " OR ".join(f"({' AND '.join(g)})" if len(g) > 1 else " ".join(g) for g in groups)
    complete = len(parts) == len(operators) + 1  # else a part could not be read
    hint = f"add brackets, for example: {shown}" if complete and len(shown) <= MAX_SHOWN else "add brackets"
    cursor.problem("mixed-operators", "AND and OR side by side can be read in two ways", at, hint)


def unary(cursor: Cursor) -> Expression | None:
    """Something, or the negation of something."""
    token = cursor.peek()
    if token.kind not in (Kind.NOT, Kind.MINUS):
        return chain(cursor, _operand)
    cursor.take()
    if token.kind is Kind.NOT and cursor.peek().kind in PROXIMITY:
        operator = cursor.take()
        at = (token.at[0], operator.at[1])
        detail = f"NOT {operator.text} needs a term right before it"
        cursor.problem("missing-term", detail, at, f"write a NOT {operator.text} b, without AND or OR between")
        return None
    start = cursor.next
    # What is negated counts as one level with its bracket.
    part = unary(cursor) if cursor.peek().kind is Kind.OPEN else cursor.nested(unary, token)
    if part is None:
        return None
    if token.kind is Kind.MINUS and isinstance(part, Near | Same | NotNear) and cursor.atom_from != start:
        hint = write(f"-({cursor.shown(part.at)})", "put what is negated in brackets")
        cursor.problem("unclear-minus", "it can't be seen how much this - negates", token.at, hint)
    return Not(part, (token.at[0], part.at[1]))


def _operand(cursor: Cursor) -> Expression | None:
    """An operand of proximity; a NOT there is read, so that it can be refused for what it is."""
    if cursor.peek().kind in (Kind.NOT, Kind.MINUS):
        return unary(cursor)
    return atom(cursor)


def atom(cursor: Cursor) -> Expression | None:
    """A term, a bracket, or what begins with a name and has a bracket."""
    start = cursor.next
    found = _atom(cursor)
    cursor.atom_from = start
    return found


def _atom(cursor: Cursor) -> Expression | None:
    if cursor.peek().kind is Kind.OPEN:
        return group(cursor)
    token = cursor.take()
    match token.kind:
        case Kind.WORD | Kind.PHRASE | Kind.EXACT | Kind.CASED | Kind.WILDCARD:
            return term(cursor, token)
        case Kind.FIELD:
            return field(cursor, token, atom)
        case Kind.ATLEAST:
            return counting.at_least(cursor, token, group)
        case Kind.FIRST:
            return counting.first(cursor, token, group)
        case Kind.OF:
            return counting.of(cursor, token, expression)
        case Kind.WEIGHT:
            return counting.weight(cursor, token, expression)
        case Kind.FAULT:
            return None
        case _:
            _missing(cursor, token)
            return None


def term(cursor: Cursor, token: Token) -> Word | Phrase | Exact | Cased | Wildcard | None:
    """A word, plain or marked, or a phrase."""
    words = _words(token.text)
    if not words and token.kind is not Kind.WILDCARD:
        hint = "it needs at least one letter or digit"
        cursor.problem("empty-term", "there is nothing to look for in this term", token.at, hint)
        return None
    if words > MAX_PHRASE:
        detail = f"a phrase has at most {MAX_PHRASE} words; this one has {words:,}"
        cursor.problem("phrase-too-long", detail, token.at, "look for a part of it")
    match token.kind:
        case Kind.PHRASE:
            return Phrase(token.text, token.at)
        case Kind.EXACT:
            return Exact(token.text, token.at)
        case Kind.CASED:
            return Cased(token.text, token.at)
        case Kind.WILDCARD:
            return Wildcard(token.text, token.at)
        case _:
            return Word(token.text, token.at)


def _words(text: str) -> int:
    """The words of a term, those of compounds each for itself."""
    if text.isascii() and text.isalpha():
        return 1
    return sum(len(forms(found.text).parts) or 1 for found in tokenize(text))


def group(cursor: Cursor) -> Expression | None:
    """A bracket; the part knows the place of its brackets."""
    opened = cursor.take()
    if cursor.peek().kind is Kind.CLOSE:
        at = (opened.at[0], cursor.take().at[1])
        cursor.problem("empty-brackets", "there is nothing in these brackets", at, "write a term into them")
        return None
    inner = cursor.nested(expression, opened)
    if cursor.peek().kind is Kind.CLOSE:
        cursor.take()
    else:
        cursor.problem("unclosed-bracket", "this bracket is never closed", opened.at, "add )")
    return None if inner is None else replace(inner, at=(opened.at[0], cursor.last().at[1]))


def _missing(cursor: Cursor, token: Token) -> None:
    """Say that a term is missing where ``token``, just taken, stands."""
    if token.kind in (Kind.AND, Kind.OR, *PROXIMITY):
        detail = f"{token.text} needs a term on both sides"
        cursor.problem("missing-term", detail, token.at, f'quote it to search for the word: "{token.text}"')
        return
    if token.kind is not Kind.END:
        cursor.next -= 1  # it belongs to the bracket around
    before = cursor.last()
    if token.kind is not Kind.END:
        cursor.problem("missing-term", "a term should follow here", before.at, "write one, or take this out")
    elif before.kind is not Kind.OPEN:
        cursor.problem("missing-term", "the query ends where a term should follow", before.at, "write one")
