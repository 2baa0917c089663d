"""What holds for places in any text."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.match.places import rank
from monitor.text.places import gazetteer
from monitor.text.tokens import tokenize

SAMPLES = """
Georgia Jordan Paris , Texas Ga. Ms. Jack London St . Kitts U.S. US us EU Brussels South Africa New Mexico Vietnam
War 中国 越南 タイ トル فيتنام 베트남의 Вьетнам Guinea - Bissau Côte d'Ivoire ’s “ the of in Smith B
"""
WORDS = st.sampled_from(SAMPLES.split())
TEXTS = st.one_of(st.text(), st.lists(WORDS).map(" ".join), st.lists(WORDS).map("".join))


@settings(deadline=None)  # the first story of a language makes the index of its base forms
@given(TEXTS, TEXTS, st.sampled_from([None, "en", "de", "fi", "ru", "ja", "xx"]))
def test_find_never_raises_and_mentions_ascend(title: str, body: str, language: str | None) -> None:
    """Whatever the text, mentions lie inside it, in order, none inside another but for parts of one compound."""
    tokens = [*tokenize(title), *tokenize(body)]
    places = gazetteer()
    mentions = places.find(tokens, language, str.lower)
    for mention in mentions:
        assert 0 <= mention.first <= mention.last < len(tokens)
        assert places.place(mention.place) is not None
    for before, after in pairwise(mentions):
        assert before.last <= after.first


@given(TEXTS, TEXTS)
def test_prominence_of_any_story(title: str, body: str) -> None:
    """Every place that is ranked is a known one, and has a prominence from 0 to 1."""
    heading, words = list(tokenize(title)), list(tokenize(body))
    places = gazetteer()
    for place, score in rank(heading, words, places.find([*heading, *words]), places).items():
        assert places.place(place) is not None
        assert 0 <= score <= 1


@given(st.text())
def test_lookup_never_raises(words: str) -> None:
    """Whatever a rule says, it is a place or it is none."""
    place = gazetteer().lookup(words)
    assert place is None or gazetteer().place(place.id) == place
