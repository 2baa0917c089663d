"""Words and their offsets, and what they are compared by, with every pitfall of real text."""

from __future__ import annotations

import time
import unicodedata
from itertools import pairwise

import pytest

from monitor.text.forms import ACRONYMS, Forms, forms
from monitor.text.memo import LONGEST, ROOM, Memo
from monitor.text.tokens import fold, folded_words, spans, tokenize


def words(text: str) -> list[str]:
    """The words of a text, as they stand in it."""
    return [token.text for token in tokenize(text)]


def keys(text: str) -> list[str]:
    """What the words of a text are compared by."""
    return [forms(token.text).key for token in tokenize(text)]


def first(text: str) -> Forms:
    """The forms of the only word of a text."""
    (token,) = tokenize(text)
    return forms(token.text)


# ── where words begin and end ──


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("… — !? () , .", []),
        ("snake_case", ["snake", "case"]),
        ("and/or 9/11 www.news.example/a", ["and", "or", "9", "11", "www", "news", "example", "a"]),
        ("“quoted” „zitiert“ «cité»", ["quoted", "zitiert", "cité"]),
        ("@senator #MeToo", ["senator", "MeToo"]),
        # compounds
        ("the F-16 jets", ["the", "F-16", "jets"]),
        ("F‑16 F‐16 F–16 F−16", ["F‑16", "F‐16", "F–16", "F−16"]),  # the dashes that publishers type
        ("state-of-the-art", ["state-of-the-art"]),
        ("Russia–Ukraine talks – today", ["Russia–Ukraine", "talks", "today"]),
        ("talks—today talks--today", ["talks", "today", "talks", "today"]),
        ("-5 -word word- - ", ["5", "word", "word"]),
        ("3-2 2024-03-11", ["3-2", "2024-03-11"]),
        ("Côte d'Ivoire, l’Europe, qu’ils", ["Côte", "d'Ivoire", "l’Europe", "qu’ils"]),
        ("O'Brien Xiʼan Sana`a l´Est", ["O'Brien", "Xiʼan", "Sana`a", "l´Est"]),
        ("'tis rock 'n' roll ‘so’", ["tis", "rock", "n", "roll", "so"]),
        # abbreviations
        ("the U.S. forces", ["the", "U.S.", "forces"]),
        ("U.S. and U.S", ["U.S.", "and", "U.S"]),
        ("U.S.-led U.K.-U.S.", ["U.S.-led", "U.K.-U.S."]),
        ("the U.S.Army", ["the", "U.S.", "Army"]),
        ("J.Smith J. Smith J.K. Smith", ["J", "Smith", "J", "Smith", "J.K.", "Smith"]),
        ("at 9 a.m. e.g. z.B. т.е.", ["at", "9", "a.m.", "e.g.", "z.B.", "т.е."]),
        ("EE.UU. y FF.AA.", ["EE.UU.", "y", "FF.AA."]),
        ("He left. Then", ["He", "left", "Then"]),
        ('צה"ל צה״ל', ['צה"ל', "צה״ל"]),
        ('ב"הארץ"', ["ב", "הארץ"]),  # a prefix before a quoted name
        # signs
        ("AT&T R&D Q&A", ["AT&T", "R&D", "Q&A"]),
        ("a & b, Marks&Spencer, x=1&y=2", ["a", "b", "Marks", "Spencer", "x", "1", "y", "2"]),
        ("C++, C# F#. C++17 (A+)", ["C++", "C#", "F#", "C++", "17", "A+"]),
        ("5+ words+ #1 C++x C+-", ["5", "words", "1", "C", "x", "C+"]),
        # numbers
        ("1,000 1,000.5 10,000,000", ["1,000", "1,000.5", "10,000,000"]),
        ("12,34 1,0000 1234,567", ["12", "34", "1", "0000", "1234", "567"]),
        ("1,00,000 1.000.000", ["1,00,000", "1.000.000"]),
        ("3.5 $3.5bn 3.5% .5", ["3.5", "3.5bn", "3.5", "5"]),
        ("3.5.2024 1.2.3", ["3", "5", "2024", "1", "2", "3"]),
        ("in 2024. Then 12:30", ["in", "2024", "Then", "12", "30"]),
        ("A320 5G 16th 2.5-litre", ["A320", "5G", "16th", "2.5-litre"]),
    ],
)
def test_words_of_a_text(text: str, expected: list[str]) -> None:
    """Compounds, abbreviations, names with signs and numbers are words; other punctuation parts words."""
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vietnam's budget", ["vietnam", "budget"]),
        ("Vietnam’s budget", ["vietnam", "budget"]),
        ("VIETNAM'S BUDGET", ["vietnam", "budget"]),
        ("Ｖｉｅｔｎａｍ＇ｓ", ["vietnam"]),
        ("it's the boss's", ["it", "the", "boss"]),
        ("the allies' plan", ["the", "allies", "plan"]),
        ("'s-Hertogenbosch", ["shertogenbosch"]),
        ("s'est", ["s'est"]),
        ("Vietnam'sx", ["vietnamsx"]),
        ("Vietnam’s\u200b budget", ["vietnam", "budget"]),
        ("Vietnam’\u200bs budget", ["vietnam", "budget"]),
        ("the U.S.’s army", ["the", "u.s", "army"]),
        ("John's-based F-16's AT&T's", ["john", "based", "f16", "at&t"]),
    ],
)
def test_a_possessive_is_no_part_of_a_word(text: str, expected: list[str]) -> None:
    """A possessive 's, straight or typographic, leaves the name alone, whatever invisible marks stand by it."""
    assert keys(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("東京都", ["東", "京", "都"]),
        ("F-16を購入、AI技術", ["f16", "を", "購", "入", "ai", "技", "術"]),
        ("ガイド", ["ガ", "イ", "ド"]),
        ("ｶﾞｲﾄﾞ", ["ガ", "イ", "ド"]),  # half-width, as news tickers set it
        (unicodedata.normalize("NFD", "ガイド"), ["ガ", "イ", "ド"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("한국 무기", ["한국", "무기"]),
        (unicodedata.normalize("NFD", "한국 무기"), ["한국", "무기"]),
        ("\u200fاليمن\u200f والسلاح", ["اليمن", "والسلاح"]),
    ],
)
def test_scripts_without_spaces_are_read_by_character(text: str, expected: list[str]) -> None:
    """Chinese, Japanese and Thai give a word a character, marks kept with it; Korean and Arabic have words."""
    assert keys(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vietnam\U0001f1fb\U0001f1f3arms\U0001f600", ["Vietnam", "\U0001f1fb\U0001f1f3", "arms", "\U0001f600"]),
        ("\U0001f1fb\U0001f1f3\U0001f1fa\U0001f1f8", ["\U0001f1fb\U0001f1f3", "\U0001f1fa\U0001f1f8"]),
        ("\U0001f469\u200d\U0001f680 in orbit", ["\U0001f469\u200d\U0001f680", "in", "orbit"]),
        ("\U0001f44d\U0001f3fd\U0001f44d", ["\U0001f44d\U0001f3fd", "\U0001f44d"]),
        ("\u2764\ufe0f\u200d\U0001f525", ["\u2764\ufe0f\u200d\U0001f525"]),
        (
            "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
            ["\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"],
        ),
        ("5\ufe0f\u20e3 jets", ["5\ufe0f\u20e3", "jets"]),
        ("Boeing™ ▶ news ® •", ["Boeing", "news"]),
        ("▶\ufe0f news", ["▶\ufe0f", "news"]),
    ],
)
def test_an_emoji_is_a_word(text: str, expected: list[str]) -> None:
    """Flags, keycaps, skin tones and joined pictures are one word each; signs and bullets are none."""
    assert words(text) == expected


INVISIBLE = [
    "\u00ad",  # soft hyphen
    "\u200b",  # zero width space
    "\u200c",
    "\u200d",
    "\u200e",  # left-to-right mark
    "\u200f",  # right-to-left mark
    "\u202b",  # right-to-left embedding
    "\u2060",  # word joiner
    "\u2068",  # first strong isolate
    "\ufe0f",  # variation selector
    "\ufeff",  # byte order mark
    "\u0301",  # combining acute
]


@pytest.mark.parametrize("invisible", INVISIBLE)
def test_invisible_characters_do_not_part_or_change_a_word(invisible: str) -> None:
    """A word with an invisible character inside or behind is the same word, a compound and an abbreviation too."""
    for written in (f"elect{invisible}ion", f"election{invisible}"):
        assert keys(f"arms {written} deal") == ["arms", "election", "deal"]
    assert keys(f"F{invisible}-16 U{invisible}.S{invisible}. d'I{invisible}voire") == ["f16", "u.s", "d'ivoire"]
    if invisible != "\u0301":
        assert keys(f"F-{invisible}16 AT&{invisible}T d'{invisible}Ivoire") == ["f16", "at&t", "d'ivoire"]
        assert first(f"F{invisible}-16").cased == "F-16"


@pytest.mark.parametrize(
    "text",
    [
        "F-16s for Vietnam’s army",
        "E\u0301lyse\u0301e pro\u00adcure\u00adment of the U.S.-led",
        "\U0001f600 東京 \u200fשלום\u200f 1,000.5",
        "สวัสดี ｶﾞｲﾄﾞ",
    ],
)
def test_offsets_point_into_the_text_as_given(text: str) -> None:
    """Every word is the very stretch of the original that its offsets name, in order, without overlap."""
    tokens = list(tokenize(text))
    assert tokens
    assert all(text[t.start : t.end] == t.text for t in tokens)
    assert all(a.end <= b.start for a, b in pairwise(tokens))
    assert list(spans(text)) == tokens


# ── what words are compared by ──


@pytest.mark.parametrize(
    ("text", "key", "parts"),
    [
        ("Weapons", "weapons", ()),
        ("Élysée", "elysee", ()),
        ("F-16", "f16", ("f", "16")),
        ("F–16", "f16", ("f", "16")),
        ("F16", "f16", ()),
        ("F-16s", "f16", ("f", "16")),
        ("A320s", "a320", ()),
        ("mid-90s", "mid90s", ("mid", "90s")),
        ("1990s", "1990s", ()),
        ("cease-fire", "ceasefire", ("cease", "fire")),
        ("Franco-German", "francogerman", ("franco", "german")),
        ("state-of-the-art", "stateoftheart", ("state", "of", "the", "art")),
        ("3-2", "3-2", ("3", "2")),  # no 32
        ("3–2", "3-2", ("3", "2")),
        ("COVID-19", "covid19", ("covid", "19")),
        ("O'Brien", "obrien", ("brien",)),
        ("Xi'an", "xian", ("xi", "an")),
        ("Qur’an", "quran", ("qur", "an")),
        ("Sana'a", "sanaa", ("sana",)),
        ("d’Ivoire", "d'ivoire", ("ivoire",)),
        ("L'ONU", "l'onu", ("onu",)),
        ("qu'il", "qu'il", ("il",)),
        ("d'une", "d'une", ("une",)),  # no dune
        ("n'est", "n'est", ("est",)),
        ("N'Djamena", "ndjamena", ("djamena",)),
        ("don't", "don't", ()),
        ("she'll", "she'll", ("she",)),  # no shell
        ("we're", "we're", ("we",)),
        ("1'000'000", "1000000", ()),
        ("U.S.", "u.s", ()),
        ("U.S", "u.s", ()),
        ("US", "u.s", ()),
        ("us", "us", ()),
        ("Us", "us", ()),
        ("ＵＳ", "u.s", ()),
        ("U.S.-led", "u.sled", ("u.s", "led")),
        ("US-led", "u.sled", ("u.s", "led")),
        ("us-led", "usled", ("us", "led")),
        ("U.K.", "uk", ()),
        ("UK", "uk", ()),
        ("N.A.T.O.", "nato", ()),
        ("e.g.", "eg", ()),
        ("EE.UU.", "eeuu", ()),
        ("U.S.A.", "usa", ()),
        ("צה״ל", "צהל", ()),
        ("AT&T", "at&t", ()),
        ("AT＆T", "at&t", ()),
        ("C++", "c++", ()),
        ("C#", "c#", ()),
        ("C", "c", ()),
        ("1,000", "1000", ()),
        ("1,000.5", "1000.5", ()),
        ("1,00,000", "100000", ()),
        ("1.000.000", "1000000", ()),
        ("3.5", "3.5", ()),
        ("\U0001f44d\U0001f3fd", "\U0001f44d", ()),
        ("\u2708\ufe0f", "\u2708", ()),
        ("™\ufe0f", "™", ()),
        ("5\ufe0f\u20e3", "5\u20e3", ()),
    ],
)
def test_key_and_parts(text: str, key: str, parts: tuple[str, ...]) -> None:
    """A word is found by its key, and a compound by its parts as well."""
    found = first(text)
    assert (found.key, found.parts) == (key, parts)
    assert len(found.parts) == len(found.cased_parts)


@pytest.mark.parametrize(
    ("text", "cased", "parts"),
    [
        ("Polish", "Polish", ()),
        ("POLISH", "POLISH", ()),
        ("Élyse\u0301e", "Élysée", ()),
        ("Ｖｉｅｔｎａｍ", "Vietnam", ()),
        ("pro\u00adcurement", "procurement", ()),
        ("F‑16", "F-16", ("F", "16")),
        ("Franco–German", "Franco-German", ("Franco", "German")),
        ("d’Ivoire", "d'Ivoire", ("Ivoire",)),
        ("U.S.", "U.S", ()),
        ("US", "US", ()),
        ("U.S.-led", "U.S.-led", ("U.S", "led")),
        ("1,000", "1,000", ()),
        ("\U0001f44d\U0001f3fd", "\U0001f44d\U0001f3fd", ()),
    ],
)
def test_cased_is_as_written(text: str, cased: str, parts: tuple[str, ...]) -> None:
    """Case and accents stay; width, invisible characters and kinds of hyphen make no difference."""
    assert first(text).cased == cased
    assert first(text).cased_parts == parts


@pytest.mark.parametrize("word", sorted(ACRONYMS))
def test_acronyms_are_no_common_words(word: str) -> None:
    """Capitals and points say the same, and something else than the word in small letters; case tells nothing else."""
    dotted = ".".join(word)
    assert first(word.upper()).key == first(dotted.upper() + ".").key == first(dotted).key == dotted
    assert first(word).key == first(word.capitalize()).key == word


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Élysée", "elysee"),
        ("İstanbul", "istanbul"),
        ("Straße", "strasse"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("σίσυφος", "σισυφοσ"),
        ("Nẵng", "nang"),
        ("Ｖｉｅｔｎａｍ", "vietnam"),
        ("ﬁre", "fire"),
        ("𝐕𝐢𝐞𝐭𝐧𝐚𝐦", "vietnam"),
        ("Łódź", "lodz"),
        ("Đà Nẵng Ørsted", "da nang orsted"),
        ("Йод Ёлка", "йод елка"),  # й is a letter, not an accented и
        ("٣", "٣"),
    ],
)
def test_folding_hides_case_accents_and_width(written: str, folded: str) -> None:
    """Case, accents, ligatures, full-width and mathematical letters make no difference between words."""
    assert fold(written) == folded
    assert fold(fold(written)) == folded
    assert fold(unicodedata.normalize("NFD", written)) == folded


def test_digests_of_stored_texts_stay() -> None:
    """The words that digests are made of are simpler ones, the same as when the stored digests were made."""
    text = "F-16s: the U.S.’s AT&T, d'Ivoire; 1,000.5 \U0001f600 東京 Xiʼan"
    assert folded_words(text) == [
        *("f", "16s", "the", "u", "s", "s", "at", "t", "d", "ivoire", "1", "000", "5", "東", "京", "xiʼan"),
    ]


# ── hostile text ──

HOSTILE = [
    "a", "a-", "a'", "-", "a.", "A.B", "aa.", "EE.UU.", "a&", "AT&T", "1", "1,", "1,000", "1,00", "1.", "1.000,", "1.1",
    "c+", "c++", "'s", "a's", "a\u200b", "\u200b", "a'\u200b", "a-\u200b", "\u0301", "a\u0301", " ", "(", "é", "é'",
    "東", "\U0001f469\u200d", "\U0001f469", "\U0001f1fb", "5\ufe0f", "\U0001f3fd", 'א"', "_", "가", "\ud800", "F-16s",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("start", ["", "a", "1,", "a-"])
def test_hostile_text_takes_no_quadratic_time(start: str, piece: str) -> None:
    """A hundred thousand characters of one piece are taken apart, and their words formed, in well under a second."""
    text = start + piece * (100_000 // len(piece)) + "!"
    started = time.process_time()
    for token in tokenize(text):
        forms(token.text)
    assert time.process_time() - started < 0.8


def test_memory_of_words_is_bounded() -> None:
    """What is remembered of words never exceeds a number of words, nor holds long ones."""
    asked: list[str] = []
    memo = Memo(lambda word: asked.append(word) or len(word))
    assert [memo["a"], memo["a"], memo["b" * (LONGEST + 1)]] == [1, 1, LONGEST + 1]
    assert list(memo) == ["a"]
    for number in range(ROOM + 10):
        memo[str(number)]
    assert len(memo) <= ROOM
    assert len(asked) == 2 + ROOM + 10
