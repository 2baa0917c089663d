"""Words and their offsets, languages, HTML to text, and digests, with every pitfall of real text."""

from __future__ import annotations

import time
import unicodedata
from itertools import pairwise

import pytest

from monitor.text.fingerprints import canonical_link, digest, feed_id, link_key, text_key
from monitor.text.languages import normalize, primary, stemmer
from monitor.text.markup import tidy, to_line, to_text
from monitor.text.tokens import fold, tokenize


def words(text: str) -> list[str]:
    """The folded words of a text."""
    return [fold(token.text) for token in tokenize(text)]


# ── tokens ──


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("F-16 jets", ["f", "16", "jets"]),
        ("F‑16 F‐16 F–16 F−16", ["f", "16"] * 4),  # the four dashes that publishers type
        ("U.S. forces", ["u", "s", "forces"]),
        ("tell us", ["tell", "us"]),
        ("AT&T", ["at", "t"]),
        ("C++ and C#", ["c", "and", "c"]),
        ("Côte d'Ivoire", ["cote", "d", "ivoire"]),
        ("l’Europe qu’ils", ["l", "europe", "qu", "ils"]),
        ("“quoted” „zitiert“ «cité»", ["quoted", "zitiert", "cite"]),
        ("snake_case", ["snake", "case"]),
        ("1,000.5", ["1", "000", "5"]),
        ("Vietnam\U0001f1fb\U0001f1f3arms\U0001f600", ["vietnam", "arms"]),
        ("\U0001f469\u200d\U0001f680 in orbit", ["in", "orbit"]),
        ("5\ufe0f\u20e3 jets", ["5", "jets"]),  # a keycap emoji
        ("", []),
        ("… — !?", []),
    ],
)
def test_words_of_a_text(text: str, expected: list[str]) -> None:
    """Punctuation, symbols and emoji part words; numbers and letters are words."""
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vietnam's budget", ["vietnam", "budget"]),
        ("Vietnam’s budget", ["vietnam", "budget"]),
        ("VIETNAM'S BUDGET", ["vietnam", "budget"]),
        ("Vietnam’s", ["vietnam"]),
        ("it's the boss's", ["it", "the", "boss"]),
        ("the allies' plan", ["the", "allies", "plan"]),
        ("'s-Hertogenbosch", ["s", "hertogenbosch"]),
        ("Vietnam'sx", ["vietnam", "sx"]),
        ("Vietnam’s\u200b budget", ["vietnam", "budget"]),
        ("Vietnam’\u200bs budget", ["vietnam", "budget"]),
        ("the U.S.’s army", ["the", "u", "s", "army"]),
    ],
)
def test_possessive_is_no_word(text: str, expected: list[str]) -> None:
    """A possessive 's, straight or typographic, leaves the name alone, whatever invisible marks stand by it."""
    assert words(text) == expected


@pytest.mark.parametrize(
    "invisible",
    [
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
    ],
)
def test_invisible_characters_do_not_part_or_change_a_word(invisible: str) -> None:
    """A word with an invisible character inside, or behind, is the same word, and has the same stem."""
    for written in (f"elect{invisible}ion", f"election{invisible}"):
        assert words(f"arms {written} deal") == ["arms", "election", "deal"]
        if invisible != "\u0301":  # an accent may well change a stem
            assert stemmer("en")(written) == stemmer("en")("election")


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("東京都", ["東", "京", "都"]),
        ("F-16を購入", ["f", "16", "を", "購", "入"]),
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
    """Chinese, Japanese and Thai give a token a character, marks kept with it; Korean and Arabic have words."""
    assert words(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "F-16s for Vietnam’s army",
        "E\u0301lyse\u0301e pro\u00adcure\u00adment",
        "\U0001f600 東京 \u200fשלום\u200f",
        "สวัสดี ｶﾞｲﾄﾞ",
    ],
)
def test_offsets_point_into_the_text_as_given(text: str) -> None:
    """Every token is the very stretch of the original that its offsets name, in order, without overlap."""
    tokens = list(tokenize(text))
    assert tokens
    assert all(text[t.start : t.end] == t.text for t in tokens)
    assert all(a.end <= b.start for a, b in pairwise(tokens))


# ── languages ──


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en", "en"),
        ("EN_us", "en-us"),
        (" pt-BR ", "pt-br"),
        ("zh-Hans-CN", "zh-hans-cn"),
        ("deu", "deu"),
        ("English", None),
        ("e", None),
        ("en-", None),
        ("en us", None),
        ("", None),
        (None, None),
        ("en\n", "en"),
        ("еn", None),  # a Cyrillic е
    ],
)
def test_language_tags(tag: str | None, expected: str | None) -> None:
    """Tags come out in lower case with hyphens; what is no tag is no language."""
    assert normalize(tag) == expected


def test_primary_language() -> None:
    """The primary subtag decides; an unknown language is taken for English."""
    assert [primary(t) for t in ("pt-br", "de", None, "")] == ["pt", "de", "en", "en"]


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "procurement", "procurements"),
        ("en", "VISITED", "visits"),
        ("en", "ｖｉｓｉｔｅｄ", "visits"),
        ("de", "Häuser", "Häusern"),
        ("fr", "élections", "e\u0301lection"),
        ("es", "elección", "elecciones"),
        ("ru", "закупки", "закупка"),
        ("nb", "våpen", "VÅPEN"),
    ],
)
def test_forms_of_a_word_share_a_stem(language: str, one: str, other: str) -> None:
    """Inflected forms meet in one stem, however case, accents and width are written."""
    assert stemmer(language)(one) == stemmer(language)(other)


def test_unknown_language_is_only_folded() -> None:
    """Where no stemmer is known a word is compared as it is, folded."""
    assert stemmer("xx")("Élections") == "elections"


# ── markup ──


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Arms&nbsp;deal</p><p>signed</p>", "Arms deal\nsigned"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<b>Ha</b>noi", "Hanoi"),
        ("<td>a</td><td>b</td>", "a\nb"),
        ("<details><summary>Arms</summary>Vietnam</details>", "Arms\nVietnam"),
        ("line\nbreak <i>in</i>\r\nsource", "line break in source"),
        ("plain\r\n\r\n text", "plain\ntext"),
        ("AT&T, a < b, R&D; &foo; <3", "AT&T, a < b, R&D; &foo; <3"),
        ("AT&amp;T &#8212; &#x41;", "AT&T — A"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("&lt;script&gt; is a tag", "<script> is a tag"),
        ("<script>if (a<b) {}</script>after", "after"),
        ("<style>p{}</style>after<!-- secret -->!", "after!"),
        ('<a href="x>y" onclick="z">link</a>', "link"),
        ("<svg><title>icon</svg>Vietnam", "Vietnam"),
        ("<object><noscript>x</object>Vietnam", "Vietnam"),
        ("<html><head><title>page</title><body>Vietnam", "Vietnam"),
        ("<object><object>a</object>b</object>Vietnam", "Vietnam"),
        ("<iframe src='x'/>Vietnam", "Vietnam"),
        ("<title>a <b> c</title >Vietnam<SCRIPT>x</scripts>y</SCRIPT>", "Vietnam"),
        ("</svg>Vietnam</p></p>", "Vietnam"),
        ("&#" + "1" * 5_000 + "; <b>Vietnam</b>", "&#" + "1" * 5_000 + "; Vietnam"),
        ("<![if !supportLists]>a<![endif]>b", "ab"),
        ("<![foo[x]]>Vietnam", "Vietnam"),
        ("<!doctype html>Vietnam", "Vietnam"),
        ("a\x00b\x1b", "ab"),
        ("a\x0bb\x0cc", "a b c"),
        ("<p>a\u2028b\x85c</p>", "a b c"),
        ("", ""),
        (" <p> </p> ", ""),
    ],
)
def test_html_becomes_what_a_reader_sees(html: str, text: str) -> None:
    """Visible words stay, in blocks; scripts and mark-up go; a fault in one tag costs no words after it."""
    assert to_text(html) == text


@pytest.mark.parametrize("cut", ["<", "<b", "</p", "<!--", "<![", "<![CDATA[", '<a href="x', "&am", "<?"])
def test_html_cut_off_anywhere_keeps_the_words_before(cut: str) -> None:
    """A fragment that ends inside a tag, a comment or a reference is no error and loses nothing read so far."""
    assert to_text(f"<p>Vietnam buys jets</p>{cut}").startswith("Vietnam buys jets")


@pytest.mark.parametrize("html", ["&#xD800;x", "&#1114112;x", "\ud800x", "&#0;x"])
def test_no_lone_surrogates_or_nulls_come_out(html: str) -> None:
    """What comes out can always be encoded, whatever character references say."""
    text = to_text(html)
    assert text.encode().endswith(b"x")
    assert "\x00" not in text


def test_line_has_no_breaks() -> None:
    """A title is one line, even of several blocks."""
    assert to_line("<p>Arms</p><p>deal &amp; more</p>\n") == "Arms deal & more"


def test_tidy_is_idempotent() -> None:
    """Tidying twice changes nothing."""
    assert tidy(tidy(" a \n\n b\t\tc ")) == tidy(" a \n\n b\t\tc ") == "a\nb c"


HOSTILE = [
    "<", "<!", "<a ", "<a/", "<!--", "<!-- >", "</", "<?", "<svg>", "<b><p>", " \n", "&#", "<![x", '<a b="', "<a b='>",
    "=", "<title>", "</title", "\x00", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("start", ["<b>", "<b ", "<b c=", "<script>", "<svg>"])
def test_hostile_html_takes_no_quadratic_time(start: str, piece: str) -> None:
    """A hundred thousand characters of one broken piece are read in well under a second of processor time."""
    started = time.process_time()
    to_text(start + piece * (100_000 // len(piece)))
    assert time.process_time() - started < 0.5


# ── fingerprints ──


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/a/1?id=5",
        "http://news.example/a/1?id=5",
        "https://www.news.example/a/1/?id=5",
        "HTTPS://NEWS.example:443/a/1?id=5#comments",
        "http://news.example:80/a/1?id=5",
        " https://news.example/a/1?id=5 ",
        "https://news.example/a/1?utm_source=rss&id=5&fbclid=x",
        "https://news.example/a/1?id=5&at_medium=RSS&ref=rss",
        "https://news.example/a/1?id=5&WT.mc_id=RSS&wt_zmc=1",
        "https://user:secret@news.example/a/1?id=5",
    ],
)
def test_one_page_has_one_link_key(url: str) -> None:
    """Scheme, www, default port, fragment, tracking and userinfo do not tell pages apart."""
    assert canonical_link(url) == "//news.example/a/1?id=5"
    assert link_key(url) == link_key("https://news.example/a/1?id=5")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://news.example/a", "https://news.example/b"),
        ("https://news.example/a", "https://news.example/A"),
        ("https://news.example/a?id=1", "https://news.example/a?id=2"),
        ("https://news.example/a?id=", "https://news.example/a?id=1"),
        ("https://news.example/a", "https://blog.news.example/a"),
        ("https://news.example:8443/a", "https://news.example/a"),
        ("https://news.example/?p=1", "https://news.example/?p=2"),
        ("https://tenders.example/notice?ref=10117", "https://tenders.example/notice?ref=10118"),
        ("https://news.example/?q=%E9t%E9", "https://news.example/?q=%E8t%E8"),
        ("https://live.example/#!/post/1", "https://live.example/#!/post/2"),
        ("https://news.example/?wtf=1", "https://news.example/?wtf=2"),
    ],
)
def test_two_pages_have_two_link_keys(one: str, other: str) -> None:
    """What names another page is never stripped: one story would silence the other."""
    assert link_key(one) != link_key(other)


@pytest.mark.parametrize(
    "text", ["", "mailto:a@b.example", "urn:x:1", "http://[::1", "https://x:99999/", "//", "http://"]
)
def test_what_is_no_link_comes_back_as_it_is(text: str) -> None:
    """Text that is no http(s) URL is its own identity, and never an error."""
    assert canonical_link(text) == text


def test_no_link_has_no_key() -> None:
    """A story without a link is never taken for another one's page."""
    assert link_key(None) is None
    assert link_key("") is None


def test_text_key_is_of_the_words() -> None:
    """Case, accents, spacing and punctuation do not count; words, their order and number do."""
    base = text_key("Arms deal", "Élysée says: no.")
    assert text_key("ARMS  DEAL!", "E\u0301lyse\u0301e says “no”") == base
    assert text_key("Arms deal", "Elysee says yes") != base
    assert text_key("deal Arms", "Elysee says no") != base


def test_digests_are_short_and_stable() -> None:
    """Ids are the same in every process and every version: they stand in stores and alerts."""
    assert digest("a") == "5mp4s6n5gttrnyzf"
    assert len(digest("\ud800")) == 16
    assert feed_id("https://news.example/rss") == "f" + digest("https://news.example/rss")[:12]
