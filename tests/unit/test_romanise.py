"""Cyrillic and Greek names in Latin letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.romanise import MOST, romanised
from monitor.text.tokens import fold


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Лукашенко", "lukashenko lukaschenko loukachenko"),
        ("Горбачёв", "gorbachev gorbatschow gorbatchev"),
        ("Горбачев", "gorbachev gorbatschow gorbatchev"),
        ("Зеленский", "zelensky zelenskiy zelenskyy selenski selenskij zelenski"),
        ("Зеленський", "zelensky zelenskyy zelenskyi selenskyj"),
        ("Путин", "putin poutine"),
        ("Медведев", "medvedev medwedew"),
        ("Ельцин", "yeltsin eltsin jelzin eltsine"),
        ("Шойгу", "shoigu schoigu choigou"),
        ("Хрущёв", "khrushchev chruschtschow khrouchtchev"),
        ("Кличко", "klychko klitschko"),
        ("Усик", "usyk"),
        ("Сергей", "sergey sergei"),
        ("Лавро́в", "lavrov lawrow"),
        ("Вучић", "vucic"),
        ("Бен-Гвир", "bengvir"),
        ("Μητσοτάκης", "mitsotakis"),
        ("Τσίπρας", "tsipras"),
        ("Παπανδρέου", "papandreou"),
        ("ΜΠΑΚΟΓΙΑΝΝΗ", "bakogianni"),
    ],
)
def test_names_as_news_write_them(word: str, expected: str) -> None:
    """The usual English, German and French writings are among those of a name."""
    assert set(expected.split()) <= romanised(word), sorted(romanised(word))


@pytest.mark.parametrize("word", ["", "-", "Putin", "普京", "プーチン", "بوتين", "푸틴", "Putин", "F-16", "х" * 41])
def test_other_words_have_none(word: str) -> None:
    """A word of another script, of two scripts, or longer than any name has no writings."""
    assert romanised(word) == frozenset()


@given(st.text(st.characters(min_codepoint=0x370, max_codepoint=0x52F), max_size=60) | st.text(max_size=20))
def test_bounded_and_folded(word: str) -> None:
    """Whatever the word, there are at most MOST writings, each folded and of Latin letters."""
    found = romanised(word)
    assert len(found) <= MOST
    assert all(writing == fold(writing) and writing.isascii() for writing in found)


@pytest.mark.parametrize("word", ["ёЕщю" * 10, "щ" * 40, "ееееЮЯЮЯЩХХХХХ", "χφαυευμπντγκγγοιαι" * 2])
def test_many_choices_stay_within_bounds(word: str) -> None:
    """A word with a choice at every letter has no more writings than any."""
    assert 0 < len(romanised(word)) <= MOST
