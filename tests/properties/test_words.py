"""Laws of words, their forms, and sentences, over any text."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.text.forms import ACRONYMS, Forms, forms
from monitor.text.languages import normal
from monitor.text.scripts import APOSTROPHES
from monitor.text.sentences import breaks
from monitor.text.tokens import fold, spans, tokenize

calm = settings(deadline=None, database=None, max_examples=300)
"""No deadline, since the machine is shared; no database, so that every run stands for itself."""

PIECES = [
    "a", "us", "US", "U", "S", "s", "s\u0301", "S.", "U.S.", "é", "e\u0301", "Élysée", "F", "16", "16s", "1", "000",
    "1,000", "3.5", ".", ",", "B", "-", "–", "'", "’", "&", "+", "++", "#", "@", "_", " ", "\n", "\u200b", "\u00ad",
    "\u0301", "\ufe0f", "\u200d", "\u20e3", "\U0001f469", "\U0001f3fd", "\U0001f1fb", "東", "ガ", "ｶﾞ", "한국", "가",
    "Ж", "й", "हि", "ส", "א", '"', "״", "Ｆ", "ﬁ", "ß", "İ", "ı", "\ud800", "\x00", "!", "?", "。", "Mr.", "EE.UU.",
]  # fmt: skip
texts = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
# Without what changes its length in capitals, or has no capitals of its own.
plain = st.lists(st.sampled_from([p for p in PIECES if p not in ("ß", "İ", "ı", "ﬁ")]), max_size=14).map("".join)
letters = st.characters(categories=("Ll", "Lu", "Lo", "Mn", "Nd"), min_codepoint=0x20, max_codepoint=0xFFFF)
written = st.one_of(texts, st.text(st.one_of(letters, st.sampled_from("-'’.& ")), max_size=20))


def keys(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """What the words of a text are compared by."""
    return [forms(word)[:2] for _, _, word in spans(text)]


@calm
@given(texts)
def test_words_lie_in_their_text(text: str) -> None:
    """Offsets ascend, lie within the text, and name the very words; words are not empty and hold no white space."""
    tokens = list(tokenize(text))
    assert tokens == list(spans(text))
    assert all(0 <= t.start < t.end <= len(text) and text[t.start : t.end] == t.text for t in tokens)
    assert all(a.end <= b.start for a, b in pairwise(tokens))
    assert not any(set(t.text) & set(" \n!?,") - {","} for t in tokens)


@calm
@given(texts)
def test_every_letter_and_digit_is_in_a_word(text: str) -> None:
    """Nothing that a reader might look for falls between the words, but a possessive s."""
    tokens = list(tokenize(text))
    gaps = [
        text[a:b] for a, b in zip([0, *(t.end for t in tokens)], [*(t.start for t in tokens), len(text)], strict=True)
    ]
    left = {char for gap in gaps for char in gap if char.isalnum()}
    assert left <= set("sSſｓＳ" + APOSTROPHES)


@calm
@given(texts)
def test_forms_are_sound(text: str) -> None:
    """Keys are folded and not empty, compounds have as many cased parts as parts, and no text is an error."""
    for _, _, word in spans(text):
        found = forms(word)
        assert found.key
        assert all(fold(key) == key for key in (found.key, *found.parts)) or not word[0].isalnum()
        assert len(found.parts) == len(found.cased_parts)
        assert all(found.parts)
    assert isinstance(forms(text), Forms)


@calm
@given(texts)
def test_a_word_by_itself_is_the_same_word(text: str) -> None:
    """What is cut out of a text, as a rule's word is, has the same forms as in its place."""
    for start, end, word in spans(text):
        decided_outside = word[0].isdecimal() and (text[:start][-1:] == "." or text[end:][:1] == ".")  # a date
        assert decided_outside or [found for _, _, found in spans(word)] == [word]


@calm
@given(written)
def test_composed_and_decomposed_text_has_the_same_words(text: str) -> None:
    """NFC and NFD of one text give equal keys and parts, and equal words as written."""
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert keys(composed) == keys(decomposed)
    assert [forms(w).cased for _, _, w in spans(composed)] == [forms(w).cased for _, _, w in spans(decomposed)]


@calm
@given(plain)
def test_case_makes_no_difference(text: str) -> None:
    """Capitals and small letters give equal keys, but for the words that are acronyms in capitals."""

    def spelled(key: str) -> str:
        for word in ACRONYMS:
            key = key.replace(".".join(word), word)
        return key

    small, large = keys(text.lower()), keys(text.upper())
    assert [spelled(key) for key, _ in small] == [spelled(key) for key, _ in large]


@calm
@given(texts, st.sampled_from(["en", "hi", "xx"]))
def test_equal_words_have_equal_normal_forms(text: str, language: str) -> None:
    """Width, points, joints and composition change no normal form; it is never empty, and none is an error."""
    function = normal(language)
    for _, _, word in spans(text):
        assert function(word) == function(forms(word).cased) == function(unicodedata.normalize("NFD", word))
        assert function(word)
        if word.isascii():
            assert function(word) == function(forms(word).key)


@calm
@given(texts)
def test_sentences_divide_their_text(text: str) -> None:
    """Both lists begin with 0 and ascend within the text; every paragraph begins a sentence and holds something."""
    found = breaks(text)
    for starts in found:
        assert starts[0] == 0
        assert all(a < b for a, b in pairwise(starts))
        assert all(start < len(text) for start in starts[1:])
    assert set(found.paragraphs) <= set(found.sentences)
    ends = [*found.paragraphs[1:], len(text)]
    assert all(text[a:b].strip() for a, b in zip(found.paragraphs, ends, strict=True)) or not text.strip()
