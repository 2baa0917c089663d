"""Stored queries: what the index must never lose, whatever a rule is made of.

The cases are those that prospective search goes wrong with: rules without a term that has to be there, terms that
no story ever had, wildcards beside words, rules that change their anchor, and rules that look beside the text.
"""

from __future__ import annotations

import pytest

from monitor.errors import RuleSyntaxError
from monitor.match.document import Content
from monitor.match.percolate import Percolation, Rulebook
from monitor.model.rule import RuleSpec


def rule(query: str, id_: str = "r", languages: tuple[str, ...] = ()) -> RuleSpec:
    """A rule with nothing but a query."""
    return RuleSpec(id=id_, name=id_, query=query, languages=languages)


class Pair:
    """A rulebook and its twin without a filter: they must find the same of every story."""

    def __init__(self, *queries: str) -> None:
        self.indexed, self.brute = Rulebook(), Rulebook(no_filter=True)
        for i, query in enumerate(queries):
            self.put(rule(query, f"r{i}"))

    def put(self, spec: RuleSpec) -> None:
        """Add or replace a rule in both."""
        self.indexed.put(spec)
        self.brute.put(spec)

    def remove(self, id_: str) -> None:
        """Take a rule out of both."""
        self.indexed.remove(id_)
        self.brute.remove(id_)

    def percolate(self, story: Content) -> Percolation:
        """What both find."""
        found, every = self.indexed.percolate(story), self.brute.percolate(story)
        assert found.failures == every.failures == ()
        assert found.matches == every.matches
        return found

    def hits(self, body: str = "", title: str = "", language: str | None = "en") -> set[str]:
        """The ids of the rules that match a story of these texts."""
        return {match.rule for match in self.percolate(Content(title, body, language)).matches}


def marked(query: str, title: str = "", body: str = "", language: str = "en") -> list[str] | None:
    """The texts under the spans of a hit; None for a miss."""
    story = Content(title, body, language)
    matches = Pair(query).percolate(story).matches
    return [story.text(span) for span in matches[0].spans] if matches else None


# ── anchors ──


@pytest.mark.parametrize(
    ("query", "hits", "misses"),
    [
        ("jet OR NOT tank", ["", "jet tank", "ship"], ["tank"]),
        ("jet OR (ship AND NOT tank)", ["jet", "ship", "jet tank"], ["tank", "ship tank", ""]),
        ("1 OF (jet, NOT tank)", ["", "jet tank"], ["tank"]),
        ("2 OF (jet, NOT tank, ship)", ["jet", "ship", "jet ship tank"], ["tank", "jet tank", ""]),
        ("WEIGHT(jet^10, (NOT tank)^30) >= 30", ["", "jet"], ["tank", "jet tank"]),
        ("WEIGHT(jet^10, tank^10, ship^30) >= 20", ["jet tank", "ship"], ["jet", "tank"]),
        ("WEIGHT(jet^10, tank^10, ship^-5) >= 20", ["jet tank"], ["jet tank ship", "ship"]),
        ("title:(jet OR NOT tank)", ["", "tank"], []),
        ("FIRST/1(jet OR NOT tank)", ["", "ship tank"], ["tank jet"]),
        ("(the)", ["the end"], ["end"]),
        ("the AND of AND and", ["the sword and the power of it"], ["the power of it"]),
        ('"the the"', ["the the"], ["the of the"]),
        ("jet NOT NEAR/2 tank", ["jet", "tank a b jet"], ["tank jet", "tank"]),
        ("zzyzx OR jet", ["jet", "zzyzx"], ["tank"]),
        ("zzyzx AND jet", ["jet zzyzx"], ["jet", "zzyzx"]),
        ("zzyzx* OR jet", ["zzyzxes", "jet"], ["zzyz"]),
        ("(procur* OR jet) AND deal", ["procurement deal", "jet deal"], ["jet", "deal", "procurement"]),
        ("*curement NEAR/2 (jet OR d?als)", ["procurement of jets", "deals procurement"], ["procurement a b jet"]),
        ("procur* NOT =procurement", ["procure"], ["procurement", "procure procurement"]),
        ("=jet AND =jets", ["jet jets"], ["jet", "jets"]),
        ("{Jet} OR {JET}", ["Jet", "JET"], ["jet"]),
        ("{cease-fire} AND fire", ["cease-fire", "a Cease-fire, a cease-fire"], ["ceasefire", "cease fire"]),
        ("jet AND jet", ["jet"], ["tank"]),
        ("jet NOT jet", [], ["jet", ""]),
        ("F-16 AND 16", ["F-16", "F 16"], ["F16"]),
    ],
)
def test_the_index_finds_what_brute_force_finds(query: str, hits: list[str], misses: list[str]) -> None:
    """Each rule hits and misses these texts, with the index and without, before and after words were counted."""
    pair = Pair(query)
    for _ in range(2):
        assert [text for text in hits if not pair.hits(text)] == []
        assert [text for text in misses if pair.hits(text)] == []
        pair.put(rule(query, "r0"))


@pytest.mark.parametrize("query", ["NOT jet", "NOT (jet OR tank)", "-jet", "NOT jet AND NOT tank", "title:(NOT jet)"])
def test_a_rule_that_wants_nothing_is_refused(query: str) -> None:
    """A rule of NOT alone would hit nearly every story; what was there before stays."""
    book = Rulebook()
    book.put(rule("(jet)"))
    with pytest.raises(RuleSyntaxError):
        book.put(rule(query))
    assert len(book) == 1
    assert book.percolate(Content("jet", "", "en")).matches


def test_rules_that_may_match_without_any_word_are_candidates_of_every_story() -> None:
    """They are found, counted and named; a rule beside them costs nothing."""
    pair = Pair("jet OR NOT tank", "(zzyzx)", "WEIGHT(jet^1, (NOT tank)^1) >= 1")
    found = pair.percolate(Content("", "", "en"))
    assert [match.rule for match in found.matches] == ["r0", "r2"]
    assert found.candidates == 2
    assert pair.indexed.unanchored() == {"r0", "r2"}


def test_a_word_that_was_never_seen_is_rare() -> None:
    """A rule is anchored by the word that no story has had, not by those of every story."""
    book = Rulebook()
    for _ in range(100):
        book.percolate(Content("the jet and the tank", "deal", "en"))
    for i in range(50):
        book.put(rule(f"jet AND tank AND unheard{i}", f"r{i}"))
    assert book.percolate(Content("the jet and the tank", "", "en")).candidates == 0
    assert book.percolate(Content("the jet and the tank", "unheard7", "en")).candidates == 1


def test_a_clause_more_is_looked_at_before_a_rule_is_evaluated() -> None:
    """A story with the rarest word only is no candidate where a second word is missing."""
    pair = Pair("zzyzx AND jet", "(zzyzx OR yyy) AND (jet OR tank) AND deal", "zzyzx NEAR/2 jet", '"zzyzx jet"')
    assert pair.percolate(Content("zzyzx", "", "en")).candidates == 0
    assert pair.percolate(Content("zzyzx jet", "", "en")).candidates == 3
    assert pair.percolate(Content("zzyzx jet deal", "", "en")).candidates == 4


def test_the_index_looks_at_few_of_many_rules() -> None:
    """Of thousands of rules, only those are evaluated of which the story has every word that has to be there."""
    pair = Pair(*[f"w{i} AND (x{i} OR y{i}) NOT z{i}" for i in range(2_000)])
    found = pair.percolate(Content("", " ".join(f"w{i} y{i % 50}" for i in range(200)), "en"))
    assert (len(found.matches), found.candidates) == (50, 50)


def test_wildcards_are_found_by_any_end() -> None:
    """However a pattern begins and ends, its rule is a candidate of just the stories with such a word."""
    queries = ["procur*", "*rement", "pro*ement", "p?ocure", "?rocur*", "*rocur*", "**rocu**", "pr?c?rem*"]
    pair = Pair(*queries)
    assert pair.hits("procurement") == {"r0", "r1", "r2", "r4", "r5", "r6", "r7"}
    assert pair.hits("procure") == {"r0", "r3", "r4", "r5", "r6"}
    assert pair.percolate(Content("tank", "", "en")).candidates == 0
    for i in range(len(queries)):
        pair.remove(f"r{i}")
    assert not pair.indexed._edition("en").index.patterns


# ── rules come and go ──


def test_one_query_under_two_ids() -> None:
    """Both rules match, and taking out one leaves the other."""
    pair = Pair("jet AND tank", "jet AND tank")
    assert pair.hits("jet tank") == {"r0", "r1"}
    pair.remove("r0")
    assert pair.hits("jet tank") == {"r1"}
    pair.remove("r1")
    assert pair.hits("jet tank") == set()


def test_a_rule_is_replaced_by_one_with_other_anchors() -> None:
    """Of the old query nothing is left: words, wildcards, facts, or having no anchor at all."""
    pair = Pair("(other)")
    steps = [
        "(jet)",
        "tank AND deal",
        "procur*",
        "site:bbc.co.uk",
        "jet OR NOT tank",
        "tag:x OR author:smith",
        "(ship)",
    ]
    story = Content("jet tank deal procure ship", "", "en", "smith", None, "https://bbc.co.uk/", ("x",))
    for query in steps * 2:
        pair.put(rule(query, "r"))
        assert {match.rule for match in pair.percolate(story).matches} == {"r"}
        assert pair.indexed.unanchored() == ({"r"} if "NOT" in query else set())
    assert pair.hits("jet tank deal procure") == set()
    pair.remove("r")
    pair.remove("r0")
    index = pair.indexed._edition("en").index
    assert (index.postings, index.entries, index.unanchored, bool(index.patterns)) == ({}, {}, set(), False)


def test_removing_one_of_many_rules_of_an_anchor() -> None:
    """In whatever order rules of one word go, the others stay."""
    pair = Pair(*["(jet)"] * 9)
    left = {f"r{i}" for i in range(9)}
    for i in (4, 0, 8, 3, 5, 1, 7):
        pair.remove(f"r{i}")
        left.remove(f"r{i}")
        assert pair.hits("jet") == left
    pair.put(rule("(jet)", "r2"))
    assert pair.hits("jet") == left


# ── fields ──


@pytest.mark.parametrize(
    ("query", "story"),
    [
        ("author:smith", Content("jet", "", "en", author="J. Smith")),
        ("source:reuters AND source:wire", Content("jet", "", "en", source="Reuters Wire")),
        ("url:hanoi", Content("jet", "", "en", url="https://x.example/hanoi/1")),
        ("site:example", Content("jet", "", "en", url="https://x.example/hanoi/1")),
        ("site:x.example", Content("jet", "", "en", url="https://X.EXAMPLE:8080/hanoi/1")),
        ("tag:news", Content("jet", "", "en", tags=("News",))),
        ("country:vn", Content("jet", "", "en", url="https://vnexpress.example.vn")),
        ("lang:pt", Content("jet", "", "pt-BR")),
        ("lang:zh-hant", Content("jet", "", "zh-Hant-TW")),
        ("author:(NOT jones) AND tag:news", Content("jet", "", "en", tags=("news",))),
        ("author:smith OR tag:zzz", Content("", "", "en", author="Smith")),
    ],
)
def test_rules_that_look_beside_the_text_only(query: str, story: Content) -> None:
    """A rule may have its only anchor in a fact or a name; a story that says the same in its text is no hit."""
    pair = Pair(query)
    assert pair.percolate(story).matches
    assert pair.percolate(Content("x", "", "en")).candidates == 0
    other = pair.percolate(Content("smith reuters wire hanoi x example news vn pt jones", "", "en"))
    assert other.matches == ()


def test_words_of_other_fields_are_not_in_the_text() -> None:
    """A name of the author, the source or the address is no word of headline or body, nor near to one."""
    pair = Pair(
        "(smith)", "jet NEAR/50 smith", '"jet smith"', "source:smith", "NOT author:smith AND jet", "ATLEAST/2(jet)"
    )
    story = Content("a jet", "", "en", "Smith", "jet", "https://smith.example/jet")
    assert pair.percolate(story).matches == ()


def test_rules_for_other_languages() -> None:
    """A rule for some languages matches stories in these, whether they were given or detected."""
    pair = Pair("(tank)")
    pair.put(rule("(tank)", "de", ("de",)))
    pair.put(rule("tank OR NOT jet", "any-de", ("de-at", "fr")))
    assert pair.hits("tank", language="en") == {"r0"}
    assert pair.hits("tank", language="de-ch") == {"r0", "de", "any-de"}
    assert pair.hits("x", language="fr") == {"any-de"}
    german = "Die Bundesregierung hat am Dienstag über den Kauf von Panzern beraten, und tank ist ein englisches Wort."
    assert pair.hits(german, language=None) == {"r0", "de", "any-de"}


@pytest.mark.parametrize(
    "story", [Content("", ""), Content("", "", "en"), Content("…", "\n\n", "en"), Content(" ", "\u200b")]
)
def test_stories_without_words(story: Content) -> None:
    """Nothing fails, and only rules that want nothing match."""
    pair = Pair(
        "(jet)", "jet OR NOT tank", "lead:jet", "FIRST/5(jet)", "jet SAME/p tank", "title:jet OR body:jet", "procur*"
    )
    assert [match.rule for match in pair.percolate(story).matches] == ["r1"]
