"""Names in other languages and scripts: facts of the table, and how names are looked up."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.forms import ACRONYMS
from monitor.text.names import entries, exact, longest, other_writings
from monitor.text.tokens import fold, tokenize


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Putin", "Путин|بوتين|普京|プーチン|Poutine|푸틴"),
        ("putin", "Путин"),
        ("Vladimir Putin", "Putin|Путин"),
        ("Zelensky", "Zelenskyy|Selenskyj|Зеленський|泽连斯基"),
        ("Erdoğan", "Эрдоган|أردوغان"),
        ("UN", "United Nations|ONU|UNO|Vereinte Nationen|ООН|联合国|الأمم المتحدة"),
        ("U.N.", "ONU"),
        ("United Nations", "UN|ONU|ООН"),
        ("WHO", "World Health Organization|Weltgesundheitsorganisation|世卫组织"),
        ("world bank", "Weltbank|Banque mondiale|Всемирный банк|世界银行"),
        ("ecb", "EZB|BCE|ЕЦБ|欧洲央行"),
        ("Red Cross", "Rotes Kreuz|Croix-Rouge|Красный Крест|赤十字"),
        ("Boeing", "Боинг|波音|ボーイング|بوينغ"),
        ("联合国", "UN|ООН"),
        ("Путин", "Putin|普京"),
        ("fed", "Federal Reserve|美联储"),
    ],
)
def test_other_writings(name: str, expected: str) -> None:
    """A name is known by each of its writings, in any case, and all others are given."""
    assert set(expected.split("|")) <= set(other_writings(name))
    assert name not in other_writings(name)


@pytest.mark.parametrize("name", ["who", "un", "is", "au", "eu", "uno", "", " ", "-", "table", "Smith", "Nations"])
def test_words_are_no_names(name: str) -> None:
    """An abbreviation in small letters that is a word, or a word of a longer name, is none."""
    assert other_writings(name) == ()


def test_what_holds_the_name_is_left_out() -> None:
    """Whoever looks for Putin finds Vladimir Putin: the longer writing adds nothing."""
    assert "Vladimir Putin" not in other_writings("Putin")
    assert "Vladimir Putin" not in other_writings("Путин")


@pytest.mark.parametrize(
    ("writing", "expected"),
    [("UNO", True), ("Modi", True), ("WHO", True), ("ООН", False), ("Putin", False), ("x", False)],
)
def test_which_must_stand_as_written(writing: str, *, expected: bool) -> None:
    """A writing that is a word in small letters is looked for as written, others in any case."""
    assert exact(writing) is expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("the World Bank and Red Cross meet Xi Jinping", [(1, 3), (4, 6), (7, 9)]),
        ("UN Security Council vote", [(0, 3)]),
        ("Putin visit", []),
        ("world bank", [(0, 2)]),
        ("", []),
        ("Kim Jong Un Kim Jong Un", [(0, 3), (3, 6)]),
    ],
)
def test_names_of_several_words(words: str, expected: list[tuple[int, int]]) -> None:
    """Consecutive words that are one name are found, the longest, none inside another."""
    assert longest(words.split()) == expected


def test_characters_are_words_too() -> None:
    """A name in a script without spaces is found in the tokens that it is taken apart into."""
    assert longest([token.text for token in tokenize("普京访华")]) == [(0, 2)]


def test_no_writing_belongs_to_two_names() -> None:
    """Every writing stands in the table once, whatever its case and accents."""
    seen: dict[str, str] = {}
    twice = []
    for entry in entries():
        for writing in entry:
            key = fold(writing)
            if key in seen:
                twice.append((writing, seen[key], entry[0]))
            seen[key] = entry[0]
    assert twice == []
    assert len(entries()) > 330


def test_every_writing_is_looked_up() -> None:
    """As it stands in the table, each writing leads to its name."""
    lost = [writing for entry in entries() for writing in entry if len(entry) > 1 and not other_writings(writing)]
    assert lost == []


# Words of some language that are a name as well, or that a short form could be taken for.
_WORDS = """apple boj carrefour cia duma eu fed fico gallant grossi honda intel is isis kallas kia
maduro meloni modi moderna musk oracle orpo rohani rubio shell sisi
telegram temu tusk uber ue un uno us visa wada who wilders zarif дума воз"""


def test_words_must_stand_as_written() -> None:
    """A name that is a word in small letters is only found as written."""
    words = ACRONYMS | set(_WORDS.split())
    assert [w for entry in entries() for w in entry if fold(w) in words and not exact(w)] == []


# Short names inside longer ones: parts of the same body, and what cannot be written otherwise.
_INSIDE = {"联合国", "聯合國", "国連", "欧盟", "歐盟", "经合组织", "欧州理事会"}


def test_no_name_is_hidden_in_another() -> None:
    """In scripts without spaces no writing is part of another name's: 默克 would be found in 默克尔."""
    unspaced = [(w, entry[0]) for entry in entries() for w in entry if "\u3040" <= w[0] <= "\u9fff"]
    hidden = [(w, v) for w, name in unspaced for v, other in unspaced if name != other and w in v and w not in _INSIDE]
    assert hidden == []


@given(
    st.lists(
        st.text(max_size=12) | st.sampled_from(["World", "Bank", "UN", "Xi", "Jinping", "Red", "Cross"]), max_size=12
    )
)
def test_ranges_are_apart(words: list[str]) -> None:
    """Whatever the words, ranges are in order, within them, of two words or more, and apart."""
    found = longest(words)
    assert all(last - first >= 2 and first >= 0 and last <= len(words) for first, last in found)
    assert all(a[1] <= b[0] for a, b in pairwise(found))
