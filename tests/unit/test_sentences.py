"""Where sentences and paragraphs begin."""

from __future__ import annotations

import time

import pytest

from monitor.text.sentences import breaks


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    starts = breaks(text).sentences
    return [text[a:b].strip() for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text."""
    starts = breaks(text).paragraphs
    return [text[a:b].strip() for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]


@pytest.mark.parametrize(
    "text",
    [
        "The deal is on arms. | Nobody knew.",
        "Who knew? | Nobody! | Well… | So it is...",
        "What?! | Yes.",
        # closing quotes and brackets
        "“Stop!” | He left. | “Go.” | He stayed. | (It rained.) | So what.",
        '"Stop!" he said. | "Go."',
        "Il dit : « Oui ! » | Il part. | «Non.» | Il reste.",
        "Er sagte: „Nein.“ | Dann ging er. | »Ja.« | Gut.",
        "He said so. | »Komm«, rief er.",
        # a small letter goes on
        "About 5 approx. half of it... or more. | Yes.",
        "“Why?” asked the minister.",
        # initials
        "J. Smith met George W. Bush and J.K. Rowling. | They talked.",
        # titles and what only links
        "Mr. Smith, Mrs. Jones, Dr. Who, Gen. Lee, Sen. Paul and Gov. Cox met in St. Louis. | Prof. X vs. Lt. Y.",
        "Hr. Dr. Müller und M. Dupont, Sra. Gil, Sig. Rossi. | Gut.",
        "Weapons, e.g. Leopards, or z.B. Panzer, i.e. Tanks.",
        # what takes a number
        "No. 5 is alive on Jan. 5 and Sept. 11, Nr. 7, pp. 9. | Fig. 3.",
        "He said no. | Then he left in the sec. | They came in Jan. | Snow fell.",
        # what may stand last
        "Acme Inc. Chairman Smith of Foo Corp. Chicago. | OK.",
        "He bought Acme Inc. | The price is high.",
        "He came at 9 a.m. Monday. | She left at 9 p.m. | They met.",
        "The U.S. Army left. | He lives in the U.S. | It is big. | In the U.S. Smith is known.",
        "A Ph.D. Student of Washington D.C. Police. | OK.",
        # numbers
        "It cost 3.5 million. | In 2024. | Then 12. | Then none.",
        "Am 3. Oktober war es im 21. Jahrhundert so. | Der 1. FC Köln.",
        # other scripts
        "政府批准。|普京访问！|越南？|「是。」|好｡",
        "هل جاء؟ | نعم. | لا!",
        "یہ ہے۔|وہ نہیں",
        "यह है। | वह नहीं॥",
        "Это так. | Сказал А. Иванов. | Нет!",
        "Սա է։ | Ոչ։",
        # no end at all
        "www.news.example 3.5 .NET a.b",
        "no end",
    ],
)
def test_sentences(text: str) -> None:
    """A sentence ends where the bars stand, and nowhere else."""
    plain = text.replace(" | ", " ").replace("|", "")
    assert sentences(plain) == [part.strip() for part in text.split("|")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one", ["one"]),
        ("one\ntwo\nthree", ["one", "two", "three"]),
        ("one\r\ntwo\rthree\u2029four", ["one", "two", "three", "four"]),
        ("one\ntwo\n\nthree", ["one\ntwo", "three"]),
        ("one\r\ntwo\r\n\r\nthree", ["one\r\ntwo", "three"]),
        ("one\n \t\n\n\ntwo\nthree", ["one", "two\nthree"]),
        ("\n\none\n\ntwo\n\n", ["one", "two"]),
        ("\n\none\ntwo\n\n", ["one", "two"]),  # the empty lines are no part of the text
        ("", [""]),
        ("\n", [""]),
    ],
)
def test_paragraphs(text: str, expected: list[str]) -> None:
    """Empty lines part paragraphs; in a text without one, each line break does. No paragraph is empty."""
    assert paragraphs(text) == expected


def test_a_paragraph_ends_its_sentence() -> None:
    """A line without a full stop, such as a heading, does not run into the next paragraph."""
    assert sentences("Arms deal signed\n\nVietnam buys. All said\nso.\n\nMr.\n\nSmith") == [
        *("Arms deal signed", "Vietnam buys.", "All said\nso.", "Mr.", "Smith"),
    ]


def test_numbers_of_sentence_and_paragraph() -> None:
    """An offset is in the sentence and paragraph that began last."""
    text = "One. Two.\nThree."
    found = breaks(text)
    assert (found.sentences, found.paragraphs) == ([0, 5, 10], [0, 10])
    assert [found.sentence(text.index(word)) for word in ("One", "Two", "Three")] == [0, 1, 2]
    assert [found.paragraph(text.index(word)) for word in ("One", "Two", "Three")] == [0, 0, 1]
    assert [found.sentence(4), found.sentence(len(text))] == [0, 2]


@pytest.mark.parametrize(
    "piece",
    [
        ".",
        ". ",
        "...x",
        "a. ",
        "。",
        "\n",
        "\n ",
        "\r\n",
        '"',
        '. "',
        ".)",
        "U.S. ",
        "Mr. ",
        "? ",
        " ",
        "1. ",
        ".\u00a0»",
        "(",
    ],
)
@pytest.mark.parametrize("start", ["", "A. ", "a\n\n", ". ("])
def test_hostile_text_takes_no_quadratic_time(start: str, piece: str) -> None:
    """A hundred thousand characters of one piece are divided in well under a second."""
    started = time.process_time()
    breaks(start + piece * (100_000 // len(piece)) + "a")
    assert time.process_time() - started < 0.8
