"""The rule language: what each text means."""

from __future__ import annotations

import pytest

from monitor.errors import RuleSyntaxError
from monitor.query import parse, unparse
from monitor.query.ast import (
    And,
    AtLeast,
    Cased,
    Exact,
    First,
    InField,
    Near,
    Not,
    NotNear,
    Of,
    Or,
    Phrase,
    Plain,
    Same,
    Value,
    Weight,
    Wildcard,
    Word,
)
from monitor.query.lexer import lex
from monitor.query.tokens import Kind

# ── the lexer ──


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a AND b", "word AND word END"),
        ("a and not b", "word word word word END"),
        ("-a", "- word END"),
        ("a - b", "word word word END"),
        ("F-16", "word END"),
        ("a-(b)", "word ( word ) END"),
        ('title:"a"', "field phrase END"),
        ("https://news.example/a", "word END"),
        ("at 12:30", "word word END"),
        ("pref* wo?ds", "wildcard wildcard END"),
        ("=a {b c}", "exact cased END"),
        ("a NEAR/3 b ONEAR/4 c SAME/s d", "word NEAR word ONEAR word SAME word END"),
        ("a NOT NEAR/3 (b)", "word NOT NEAR ( word ) END"),
        ("ATLEAST/2(a) FIRST/9 (b)", "ATLEAST ( word ) FIRST ( word ) END"),
        ("2 OF (a,b, c)", "OF ( word , word , word ) END"),
        ("2 OF ((a,b), c)", "OF ( ( word ) , word ) END"),
        ("(a,b)", "( word ) END"),
        ("WEIGHT(a^5, b^-3)>=4", "WEIGHT ( word ^ , word ^ ) >= END"),
        ("a^5", "word fault END"),
        ("^GSPC >= 5", "word word word END"),
        ('"a", {b}; (c).', "phrase cased ( word ) END"),
        ("site:(a.com OR b-c) site:x*y", "field ( word OR word ) field word END"),
        ("near of atleast first weight", "word word word word word END"),
        ("and/or 24/7 w/o", "word word word END"),
        ("AND. OR, NOT!", "AND OR NOT END"),
        ("title: a", "field word END"),
        ("Moscow: a", "word word END"),
        ("tıtle: a", "word word END"),
        ("", "END"),
    ],
)
def test_lexer_names_every_token(text: str, kinds: str) -> None:
    """Operators are capitals, whatever punctuation hangs on them; a hyphen inside a word, a time and a URL are none."""
    assert " ".join(token.kind.name if token.kind is Kind.END else token.kind.value for token in lex(text)) == kinds


def test_lexer_offsets_are_those_of_the_text() -> None:
    """Offsets count code points, so an emoji before a word moves it by one."""
    assert [token.at for token in lex('\U0001f600 AND "b c"')] == [(0, 1), (2, 5), (6, 11), (11, 11)]


# ── meaning ──

READ = [
    ("Vietnam arms procurement", "Vietnam arms procurement"),
    ("  arms,   deal. ", "arms deal"),
    ("arms - deal", "arms deal"),
    ("not and or", "not and or"),
    ("a AND b", "a AND b"),
    ("a\tAND\nb", "a AND b"),
    ("a\u3000AND\u00a0b", "a AND b"),
    ("a AND b AND c", "a AND b AND c"),
    ("a AND (b AND c)", "a AND (b AND c)"),
    ("((a)) AND ((b OR (c)))", "a AND (b OR c)"),
    ("a NOT b", "a AND NOT b"),
    ("a AND NOT b", "a AND NOT b"),
    ("a -b -c", "a AND NOT b AND NOT c"),
    ('a -"b c"', 'a AND NOT "b c"'),
    ("a -(b OR c)", "a AND NOT (b OR c)"),
    ("a NOT NOT b", "a AND NOT NOT b"),
    ("(a OR b) NOT c", "(a OR b) AND NOT c"),
    ("F-16 OR U.S. OR AT&T", "F-16 OR U.S OR AT&T"),
    ('"a b"', '"a b"'),
    ('"AND"', '"AND"'),
    ("“a b” OR c", '"a b" OR c'),
    ("„a b“ OR c", '"a b" OR c'),
    ("„a b” OR c", '"a b" OR c'),
    ("”a b” OR c", '"a b" OR c'),
    ("«a b» OR c", '"a b" OR c'),
    ("»a b« OR c", '"a b" OR c'),
    ("title:a", "title:a"),
    ("TITLE:a", "title:a"),
    ('title:"a b"', 'title:"a b"'),
    ("title:(a OR b) AND c", "title:(a OR b) AND c"),
    ("title:(a)", "title:a"),
    ("a -title:b", "a AND NOT title:b"),
    ("title:(a -b)", "title:(a AND NOT b)"),
    ("title:title:a", "title:(title:a)"),
    ("Title: a", "title:a"),
    ("a OR NOT b", "a OR NOT b"),
    ("a NEAR/3 b", "a NEAR/3 b"),
    ("a  NEAR/03 (b)", "a NEAR/3 b"),
    ("a NEAR/3 b NEAR/3 c", "a NEAR/3 b NEAR/3 c"),
    ("(a NEAR/3 b) NEAR/3 c", "a NEAR/3 b NEAR/3 c"),
    ("a NEAR/3 (b NEAR/3 c)", "a NEAR/3 (b NEAR/3 c)"),
    ("(a NEAR/3 b) NEAR/4 c", "(a NEAR/3 b) NEAR/4 c"),
    ('(a OR "b c")ONEAR/50(d)', '(a OR "b c") ONEAR/50 d'),
    ("a SAME/s b SAME/s c", "a SAME/s b SAME/s c"),
    ("a SAME/p b", "a SAME/p b"),
    ("a NOT NEAR/2 b", "a NOT NEAR/2 b"),
    ("(a NOT NEAR/2 b) NOT NEAR/2 c", "(a NOT NEAR/2 b) NOT NEAR/2 c"),
    ("a AND b NEAR/3 c", "a AND b NEAR/3 c"),
    ("a OR b NEAR/3 c OR d", "a OR b NEAR/3 c OR d"),
    ("a NOT b NEAR/3 c", "a AND NOT (b NEAR/3 c)"),
    ("a -(b NEAR/3 c)", "a AND NOT (b NEAR/3 c)"),
    ("procur*", "procur*"),
    ("a AND Organi?ation", "a AND Organi?ation"),
    ("*ation -fighter-j*", "*ation AND NOT fighter-j*"),
    ("(Putin?)", "(Putin?)"),
    ("Putin? OR b", "Putin? OR b"),
    ("=visits", "=visits"),
    ("=NEAR OR =F-16,", "=NEAR OR =F-16"),
    ("{Polish}", "{Polish}"),
    ('{Two "Words*} OR {a(b}', '{Two "Words*} OR {a(b}'),
    ("ATLEAST/2 ( a OR b )", "ATLEAST/2(a OR b)"),
    ("ATLEAST/3(a NEAR/2 b)", "ATLEAST/3(a NEAR/2 b)"),
    ("FIRST/30(a -title:b)", "FIRST/30(a AND NOT title:b)"),
    ("2 OF(a,b,c)", "2 OF (a, b, c)"),
    ("2  OF (a AND b, c OR d, e NEAR/2 f, NOT g)", "2 OF (a AND b, c OR d, e NEAR/2 f, NOT g)"),
    ("2 OF ((a,b), title:(c,d), ^e)", "2 OF ((a,b), title:(c,d), ^e)"),
    ("2 OF (10,20,3000)", "2 OF (10, 20, 3000)"),
    ("1 OF (a)", "1 OF (a)"),
    ('WEIGHT( "a b"^+20 ,(c OR d)^5,e ^-50 )≥ 25', 'WEIGHT("a b"^20, (c OR d)^5, e^-50) >= 25'),
    ("WEIGHT(title:a^5, ATLEAST/2(b)^4, (c,d)^0, e^−3)>=9", "WEIGHT(title:a^5, ATLEAST/2(b)^4, (c,d)^0, e^-3) >= 9"),
    ("WEIGHT((NOT a)^5, (^b)^5, c^1)>=1 AND d", "WEIGHT((NOT a)^5, (^b)^5, c^1) >= 1 AND d"),
    ("WEIGHT((WEIGHT(a^1) >= 1)^5)>=5", "WEIGHT((WEIGHT(a^1) >= 1)^5) >= 5"),
    ("lead:a OR body:{B}", "lead:a OR body:{B}"),
    ("author:(a OR b) AND source:reuters AND url:=c", "author:(a OR b) AND source:reuters AND url:=c"),
    ("title:ATLEAST/2(a)", "title:(ATLEAST/2(a))"),
    ("title:(a AND lead:b)", "title:(a AND lead:b)"),
    ("site:BBC.co.uk.", "site:bbc.co.uk"),
    ("site: .gov.uk", "site:gov.uk"),
    ("site:(bbc.co.uk OR nytimes.com) AND a", "(site:bbc.co.uk OR site:nytimes.com) AND a"),
    ('lang:"pt_BR"', "lang:pt-br"),
    ("country:(VN OR gb)", "country:vn OR country:gb"),
    ('tag:"world  news" OR tag:C# OR tag:a,b OR tag:3.5', 'tag:"world news" OR tag:"C#" OR tag:"a,b" OR tag:3.5'),
    ("tag:(x*y) OR tag:=z", 'tag:"x*y" OR tag:"=z"'),
    ("NOT lang:de AND a", "NOT lang:de AND a"),
    ("“a”, OR (b).", '"a" OR b'),
    ("Vietnam AND. China", "Vietnam AND China"),
    ("(a)", "(a)"),
]


@pytest.mark.parametrize(("text", "canonical"), READ)
def test_canonical_text(text: str, canonical: str) -> None:
    """Every way of writing a query comes down to one text with its operators spelled out."""
    assert unparse(parse(text)) == canonical


@pytest.mark.parametrize("text", [text for text, _ in READ])
def test_canonical_text_means_the_same(text: str) -> None:
    """Parsing the canonical text gives an equal tree."""
    assert parse(unparse(parse(text))) == parse(text)


@pytest.mark.parametrize("text", ["(a)", "((F-16))", "(Putin?)", "Vietnam AND. China", "Vietnam NOT, coffee"])
def test_canonical_text_never_turns_into_another_query(text: str) -> None:
    """A bracketed word, and an operator's name with punctuation on it, come back as what they were."""
    assert parse(unparse(parse(text))) == parse(text)


def test_fields_may_stand_apart_from_their_term() -> None:
    """``title: Putin`` is read as a field, never as the word "title"; without a term it is refused."""
    assert parse("title: Putin") == InField("title", Word("Putin"))
    assert parse('title: "state visit"') == InField("title", Phrase("state visit"))
    with pytest.raises(RuleSyntaxError):
        parse("title:")


def test_tree_has_the_shape_that_was_written() -> None:
    """AND, OR, NOT, fields and phrases nest as the brackets say; one operator makes one flat node."""
    assert parse('title:(a OR "b c") AND NOT (d AND e)') == And(
        (InField("title", Or((Word("a"), Phrase("b c")))), Not(And((Word("d"), Word("e")))))
    )
    assert parse("a OR b OR c") == Or((Word("a"), Word("b"), Word("c")))
    assert parse("a b") == Plain((Word("a"), Word("b")))
    assert parse("a NEAR/3 b NEAR/3 c AND d") == And((Near(Near(Word("a"), Word("b"), 3), Word("c"), 3), Word("d")))
    assert parse("a ONEAR/3 {b}") == Near(Word("a"), Cased("b"), 3, ordered=True)
    assert parse("a SAME/p =b") == Same(Word("a"), Exact("b"), "p")
    assert parse("(a OR b) NOT NEAR/3 c*cde") == NotNear(Or((Word("a"), Word("b"))), Wildcard("c*cde"), 3)
    assert parse("FIRST/9(a AND b)") == First(9, And((Word("a"), Word("b"))))
    assert parse("2 OF (a, NOT b)") == Of(2, (Word("a"), Not(Word("b"))))
    assert parse("WEIGHT(a^20, b^-50) >= 15") == Weight(((Word("a"), 20), (Word("b"), -50)), 15)
    assert parse("ATLEAST/2(a) AND site:(b OR c)") == And(
        (AtLeast(2, Word("a")), Or((Value("site", "b"), Value("site", "c"))))
    )


def test_nodes_know_their_place() -> None:
    """Every term remembers where it stands, although the place takes no part in equality."""
    tree = parse('\U0001f600x AND "b c"')
    assert isinstance(tree, And)
    assert [part.at for part in tree.parts] == [(0, 2), (7, 12)]
    tree = parse("(a OR b) AND NOT title: (c)")
    assert isinstance(tree, And)
    assert [part.at for part in tree.parts] == [(0, 8), (13, 27)]
    tree = parse("2 OF (a NEAR/3 (b), WEIGHT(c^5)>=5, site:(d OR e), ATLEAST/2(f), title:g)")
    assert isinstance(tree, Of)
    shown = ["a NEAR/3 (b)", "WEIGHT(c^5)>=5", "site:(d OR e)", "ATLEAST/2(f)", "title:g"]
    text = "2 OF (a NEAR/3 (b), WEIGHT(c^5)>=5, site:(d OR e), ATLEAST/2(f), title:g)"
    assert [text[slice(*part.at)] for part in tree.parts] == shown
