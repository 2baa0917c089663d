"""Links in mails: only ours are taken, and only for what they are for."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.delivery.links import PAGE, UNSUBSCRIBE, Links

LINKS = Links("https://monitor.example/", "a secret")
IDS = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=60)
PURPOSES = st.sampled_from([UNSUBSCRIBE, PAGE])
ANY = st.text(st.characters(), max_size=80)


@given(PURPOSES, IDS)
def test_a_link_of_ours_is_taken(purpose: str, id_: str) -> None:
    """A token names its id, again and again, and for whoever holds the same secret."""
    token = LINKS.token(purpose, id_)
    assert LINKS.verify(purpose, token) == LINKS.verify(purpose, token) == id_
    assert Links("http://elsewhere", "a secret").verify(purpose, token) == id_
    assert Links("https://monitor.example", "other secret").verify(purpose, token) is None


@given(IDS)
def test_a_link_is_for_one_purpose(id_: str) -> None:
    """Whoever may read a digest may not unsubscribe others by it, and the other way round."""
    assert LINKS.verify(UNSUBSCRIBE, LINKS.token(PAGE, id_)) is None
    assert LINKS.verify(PAGE, LINKS.token(UNSUBSCRIBE, id_)) is None


@given(IDS, IDS)
def test_a_tag_is_for_one_id(one: str, two: str) -> None:
    """A tag moved to another id is refused."""
    assume(one != two)
    tag = LINKS.token(UNSUBSCRIBE, one).rpartition(".")[2]
    assert LINKS.verify(UNSUBSCRIBE, f"{two}.{tag}") is None


@given(PURPOSES, IDS, st.data())
def test_a_changed_link_is_refused(purpose: str, id_: str, data: st.DataObject) -> None:
    """Cut anywhere, or with one character changed, added or in capitals, it is not ours."""
    token = LINKS.token(purpose, id_)
    at = data.draw(st.integers(0, len(token) - 1))
    put = data.draw(st.characters())
    for changed in (token[:at], token[at + 1 :], token[:at] + put + token[at + 1 :], token[:at] + put + token[at:],
                    token.upper(), f"{token} ", f" {token}", f"{token}\n", f"{token}="):  # fmt: skip
        if changed != token:
            assert LINKS.verify(purpose, changed) is None


@given(PURPOSES, ANY)
def test_noise_is_refused(purpose: str, token: str) -> None:
    """No text that nobody signed is taken, and none raises: lone surrogates and other scripts neither."""
    assert LINKS.verify(purpose, token) is None


@pytest.mark.parametrize(
    "token", ["", ".", "..", "s1", "s1.", ".aaaaaaaaaaaaaaaa", "s1." + "a" * 16, "\ud800.x", "s1.\udfff"]
)
def test_what_a_forger_tries_first_is_refused(token: str) -> None:
    """Empty ids and tags, dots, and broken Unicode are not ours."""
    for purpose in (UNSUBSCRIBE, PAGE):
        assert LINKS.verify(purpose, token) is None


def test_addresses() -> None:
    """The path says what a link is for; the base's slash is not doubled; a token needs no encoding in a URL."""
    assert LINKS.unsubscribe("s1") == f"https://monitor.example/unsubscribe/{LINKS.token(UNSUBSCRIBE, 's1')}"
    assert LINKS.page("s1-ab") == f"https://monitor.example/digest/{LINKS.token(PAGE, 's1-ab')}"
    assert Links("https://monitor.example/news", "x").page("d").startswith("https://monitor.example/news/digest/d.")
    tag = LINKS.token(PAGE, "d").partition(".")[2]
    assert len(tag) * 5 >= 80
    assert set(tag) <= set(string.ascii_lowercase + "234567")
