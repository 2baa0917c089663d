"""How surely a story is about a topic: what raises a score, what lowers it, and what is no evidence at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.match.document import Content
from monitor.match.explain import Explanation
from monitor.match.percolate import explain_rule
from monitor.model.rule import RuleSpec, Strictness, Wording

FILLER = "The choir sang in the old barn and the baker brought warm bread for those who sat by the wall. "
"""Nineteen words that are in no rule here."""
LATE = 12
"""Times that it fills a story beyond its upper part."""


def told(query: str, title: str, body: str = FILLER, language: str = "en", *wording: Wording) -> Explanation:
    """What a plain rule makes of a story."""
    return explain_rule(RuleSpec("r", "r", query, wording=wording), Content(title, body, language))


def score(query: str, title: str, body: str = FILLER, language: str = "en", *wording: Wording) -> float:
    """The score of a story."""
    found = told(query, title, body, language, *wording).score
    assert found is not None
    assert 0 <= found <= 1
    return found


# ── where, how often ──


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("Boeing layoffs", "Boeing layoffs announced."),
        ("Boeing layoffs", "Boeing cuts jobs."),
        ("Taylor Swift wedding", "Taylor Swift wedding planned."),
        ("Vietnam arms procurement", "Vietnam buys fighter jets."),
        ("Sudan famine", "Famine in Sudan."),
        ("famine", "Famine."),
    ],
)
def test_a_headline_counts_more_than_the_last_line(query: str, said: str) -> None:
    """The same words tell more in the headline than at the end, and in the opening no less than there."""
    title = score(query, said, FILLER * LATE)
    opening = score(query, "Village news", said + " " + FILLER * LATE)
    end = score(query, "Village news", FILLER * LATE + said)
    assert title > end
    assert title >= opening >= end


@pytest.mark.parametrize("place", ["title", "opening", "end"])
@pytest.mark.parametrize(
    ("query", "more"),
    [
        ("Boeing layoffs", "Boeing"),
        ("Boeing layoffs", "layoffs"),
        ("Boeing layoffs", "job cuts"),
        ("Taylor Swift wedding", "Taylor Swift"),
        ("Vietnam arms", "Vietnam"),
        ("Vietnam arms", "missiles"),
        ("Vietnam arms", "defence"),
    ],
)
def test_one_more_mention_never_lowers_a_score(query: str, more: str, place: str) -> None:
    """Neither of a name, nor of a place, nor of a concept, by its name or by a hint."""
    first = {"title": (query, FILLER * LATE), "opening": ("", query + ". " + FILLER * LATE)}
    title, body = first.get(place, ("", FILLER * LATE + query + ". "))
    scores = [score(query, title, body + f"{more}. " * times) for times in range(4)]
    assert scores == sorted(scores)


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("Taylor Swift wedding", "The wedding drew a crowd to Anna Quorvak. " * 4),
        ("Putin visit", "Anna Quorvak began her visit to the village. " * 4),
        ("Boeing layoffs", "Quorvak announced layoffs. Quorvak cuts jobs. " * 4),
    ],
)
def test_a_name_that_is_dropped_once_and_late_is_not_the_subject(query: str, body: str) -> None:
    """A story of others that names a person or a company at its end, away from the rest, is missed."""
    name = query.rpartition(" ")[0]
    found = told(query, "Village news", body + FILLER * LATE + f"The baker hummed a song about {name}.")
    assert [part.matched for part in found.parts] == [True, True]
    assert not found.matched


# ── what is missing ──

MISSING = [
    ("Nokia pilots strike", "Nokia strike begins", "Pilots strike begins"),
    ("Nokia Airbus pilots strike", "Nokia and Airbus strike begins", "Nokia strike of pilots begins"),
    ("Taylor Swift fans wedding", "Taylor Swift wedding", "Wedding of fans"),
    ("Vietnam pilots strike", "Vietnam strike", "Pilots strike"),
]


@pytest.mark.parametrize(("query", "without_word", "without_name"), MISSING, ids=[case[0] for case in MISSING])
def test_a_missing_name_costs_more_than_a_missing_word(query: str, without_word: str, without_name: str) -> None:
    """A story on another company is another story; a story that says it otherwise may be the same."""
    assert score(query, without_word) > score(query, without_name)


@pytest.mark.parametrize(
    ("query", "title", "body"),
    [
        ("Vietnam arms procurement", "Thailand buys fighter jets", "Bangkok signed the contract for twelve jets."),
        ("Chile earthquake", "Earthquake in Peru", "The earthquake shook Lima. Peru counts the dead."),
        ("Germany rail strike", "Rail strike in France", "Trains stand still in Paris, the unions say."),
        ("Asia floods", "Floods in Poland", "Rivers rise in Warsaw after days of rain."),
        ("Boeing layoffs", "Airbus announces layoffs", "Airbus will lay off 500 people."),
        ("Putin Asia visit", "Macron visits Vietnam", "The president of France came to Hanoi for a visit."),
    ],
)
def test_a_story_about_another_one_is_missed(query: str, title: str, body: str) -> None:
    """The same thing in another country, or of another company or person."""
    assert not told(query, title, f"{body} {FILLER}").matched


def test_nothing_of_the_anchors_or_nothing_of_the_rest_is_no_story() -> None:
    """Names without what they do, and the reverse, have a score of 0."""
    assert score("Boeing layoffs", "Boeing opens a museum") == 0
    assert score("Boeing layoffs", "Layoffs ahead") == 0
    assert score("Boeing layoffs", "", "") == 0


def test_a_surname_alone_is_less_than_the_whole_name() -> None:
    """It still tells, and a given name alone tells nothing."""
    whole, surname, given = (
        score("Taylor Swift wedding", f"{name} wedding") for name in ("Taylor Swift", "Swift", "Taylor")
    )
    assert whole > surname > given == 0


# ── what counts ──


def test_a_term_counts_by_its_weight() -> None:
    """The concept's own name or a synonym counts most, a hint least."""
    own, synonym, hint, none = (
        score("Vietnam arms", f"Vietnam {word} shown") for word in ("arms", "weaponry", "defence", "bread")
    )
    assert own >= synonym > hint > none == 0


def test_a_hint_alone_does_not_carry_a_topic_of_several_parts() -> None:
    """What is only often said with arms and with buying is no arms procurement."""
    assert not told("Vietnam arms procurement", "Vietnam defence talk").matched
    assert not told("layoffs", "Staff of a bakery", FILLER).matched
    assert told("layoffs", "Layoffs in a bakery", FILLER).matched


def test_a_word_counts_in_its_forms_and_a_name_does_not() -> None:
    """A word is found inflected; an English name is not bent into another word."""
    assert score("Nokia pilot strike", "Nokia pilots are striking") == score("Nokia pilot strike", "Nokia pilot strike")
    assert score("Boeing layoffs", "Boe layoffs") == 0


def test_words_in_one_sentence_are_enough_wherever_that_is() -> None:
    """All parts within a few words are a hit at the normal level, even at the end, and not at the strict one."""
    content = Content("Village news", FILLER * LATE + "Sudan faces a famine.", "en")
    found = {level: explain_rule(RuleSpec("r", "r", "Sudan famine", strictness=level), content) for level in Strictness}
    assert [found[level].matched for level in (Strictness.STRICT, Strictness.NORMAL, Strictness.BROAD)] == [
        False, True, True
    ]  # fmt: skip
    apart = told("Sudan famine", "Village news", FILLER * LATE + "Famine came. " + FILLER + "Sudan is far. ")
    assert not apart.matched


STORIES = [
    ("Vietnam signs contract for fighter jets", FILLER),
    ("Vietnam defence talk", FILLER),
    ("Village news", FILLER * LATE + "Vietnam will buy arms."),
    ("Vietnam", "Arms were shown. " + FILLER + "Later there was a purchase."),
    ("Village news", "Vietnam was named once. " + FILLER * 3 + "Rifles were shown. " + FILLER * LATE),
    ("Arms procurement in Vietnam", "Vietnam buys missiles. Vietnam signed the contract for arms."),
]


def test_levels_nest() -> None:
    """What the strict level finds the normal one finds, and what that finds the broad one finds; each finds more."""
    spec = RuleSpec("r", "r", "Vietnam arms procurement")
    found = [
        {i for i, (title, body) in enumerate(STORIES)
         if explain_rule(replace(spec, strictness=level), Content(title, body, "en")).matched}
        for level in (Strictness.STRICT, Strictness.NORMAL, Strictness.BROAD)
    ]  # fmt: skip
    assert found[0] < found[1] <= found[2]
    assert found[2] != set(range(len(STORIES)))


# ── languages ──


@pytest.mark.parametrize(
    ("query", "title", "language", "hit"),
    [
        ("Zelensky Germany visit", "Зеленський у Німеччині", "uk", True),
        ("Zelensky visit", "Зеленський у замку", "uk", False),
        ("Putin Vietnam visit", "Putin on Vietnamissa", "fi", True),
        ("Putin visit", "Putin on linnassa", "fi", False),
        ("Vietnam arms", "Vietnam ostaa aseita", "fi", False),
        ("visit", "Vierailu", "fi", False),
        ("Putin Vietnam visit", "Putin on linnassa", "fi", False),
    ],
)
def test_a_language_without_words_for_the_rest_needs_two_anchors(
    query: str, title: str, language: str, hit: bool
) -> None:
    """Where only names and places can be told, two of them carry a story, and one does not."""
    assert told(query, title, "", language).matched is hit


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("de", "Besuch in Vietnam: Putin trifft den Präsidenten"),
        ("fr", "Poutine en visite au Vietnam"),
        ("es", "Visita de Putin a Vietnam"),
        ("pl", "Wizyta Putina w Wietnamie"),
        ("ru", "Визит Путина во Вьетнам"),
        ("zh", "普京访问越南"),
        ("ja", "プーチン大統領がベトナムを訪問"),
        ("ar", "زيارة بوتين إلى فيتنام"),
    ],
)
def test_a_rule_finds_stories_of_every_language_of_the_lexicon(language: str, title: str) -> None:
    """An English rule finds the name, the place and the concept as each language says them."""
    found = told("Putin Vietnam visit", title, "", language)
    assert [part.matched for part in found.parts] == [True, True, True], found
    assert found.matched


@pytest.mark.parametrize(
    ("query", "language", "title"),
    [
        ("Zelensky", "ru", "Встреча Зеленского с послами"),
        ("Zelensky", "uk", "Зустріч із Зеленським"),
        ("Zelensky", "pl", "Przemówienie Zełenskiego"),
        ("Zelensky", "el", "Ο Ζελένσκι μίλησε"),
        ("Merz", "ru", "Речь Мерца"),
        ("Kvorvin", "ru", "Встреча с Кворвином"),
        ("Putin", "de", "Putins Rede"),
        ("Boeing", "zh", "波音裁员"),
        ("Boeing", "ru", "Увольнения в Боинге"),
    ],
)
def test_names_in_other_scripts_and_cases(query: str, language: str, title: str) -> None:
    """A name is found as other languages write it, in Latin letters or not, and in their cases."""
    assert told(query, title, "", language).matched
    assert not told("Nobodyname", title, "", language).matched


# ── wording ──


def test_an_added_way_counts_like_the_words_themselves() -> None:
    """For a concept, a word, a name, a person and a place, in one word or several."""
    for query, words, way in (
        ("Boeing layoffs", "layoffs", "furlough"),
        ("Boeing pilots", "pilots", "cockpit crews"),
        ("Boeing layoffs", "Boeing", "planemaker"),
        ("Taylor Swift wedding", "Taylor Swift", "tapdancer"),
        ("Vietnam arms", "Vietnam", "Foobar City"),
    ):
        title = query.replace(words, way)
        assert not told(query, title).matched, query
        assert told(query, title, FILLER, "en", Wording(words, (way,))).matched, query


def test_a_struck_way_does_not_count() -> None:
    """Neither a term of a concept, nor the word itself, nor the name of a place; whatever its case."""
    for query, title, wording in (
        ("Boeing layoffs", "Boeing plans redundancies", Wording("layoffs", (), ("Redundancies",))),
        ("Boeing layoffs", "Boeing layoffs", Wording("layoffs", (), ("layoffs", "layoff", "lay off"))),
        ("Nokia pilots", "Nokia pilots", Wording("pilots", (), ("pilots",))),
        ("Vietnam arms", "Hanoi shows arms", Wording("Vietnam", (), ("hanoi",))),
    ):
        assert told(query, title).matched, query
        assert not told(query, title, FILLER, "en", wording).matched, query
        assert told(query, title, FILLER, "en", replace(wording, strike=("nothing",))).matched, query


def test_what_is_added_and_struck_is_struck_from_the_lexicon_only() -> None:
    """A term of the rule's own goes before the same term of the lexicon that it strikes."""
    wording = Wording("layoffs", ("redundancies",), ("redundancies",))
    assert told("Boeing layoffs", "Boeing plans redundancies", FILLER, "en", wording).matched


def test_an_added_way_never_lowers_a_score_in_a_language_without_words() -> None:
    """Zelensky in Germany is a hit in Ukrainian by name and place; a late word for the visit does not lower that."""
    title, body = "Зеленський у Німеччині", "слово " * 200 + "зустріч"
    before = score("Zelensky Germany visit", title, body, "uk")
    assert score("Zelensky Germany visit", title, body, "uk", Wording("visit", ("зустріч",))) >= before


# ── noise ──

NOISE = [
    ("Reuters", "Sources: Reuters, Bloomberg"),
    ("Bloomberg", "Insights from Bloomberg, Reuters, and Fulcrum"),
    ("Facebook", "Share on Facebook"),
    ("wrong", "Oops! Something went wrong. Please try again later."),
    ("error", "An error occurred. Please try again later."),
    ("cookies", "We use cookies to improve your experience. By clicking Accept, you agree to our policy."),
    ("JavaScript", "Please enable JavaScript to view the comments powered by Disqus."),
]


@pytest.mark.parametrize(("word", "line"), NOISE, ids=[case[0] for case in NOISE])
def test_words_of_page_noise_never_match(word: str, line: str) -> None:
    """What a page says around its story is no evidence, for plain and Boolean rules; in a sentence, it is."""
    body = f"{FILLER}\n\n{line}\n\n{FILLER}"
    sentence = f"{FILLER}\n\nThe baker spoke of {word} for a while, and of {word} again.\n\n{FILLER}"
    for query in (word, f"({word})", f'"{word}"', f"={word}", f"{word} OR nothing", f"{word[:4]}*"):
        assert not explain_rule(RuleSpec("r", "r", query), Content("Village news", body, "en")).matched, query
        assert explain_rule(RuleSpec("r", "r", query), Content("Village news", sentence, "en")).matched, query
    assert score(f"{word} bread", "Village bread", body) < score(f"{word} bread", "Village bread", sentence)
