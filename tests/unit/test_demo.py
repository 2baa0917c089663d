"""The demo's parts: its stage, its receiver, and what it prints."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pytest
from aiohttp import ClientSession
from rich.console import Console
from rich.text import Text

from monitor.delivery.signature import headers, make_secret
from monitor.demo.outside import OLDEST, Item, Outlet, Receiver, outside
from monitor.demo.script import NEWS, OLD, Fate, article
from monitor.demo.show import WIDTH, Show, why_not
from monitor.demo.stage import MARKER, default_folder, stage
from monitor.embedded.lock import try_exclusive
from monitor.errors import ConfigurationError
from monitor.feeds.parse import parse
from monitor.match.document import Content
from monitor.match.percolate import explain_rule
from monitor.model.feed import ParsedFeed
from monitor.model.rule import RuleSpec
from monitor.rulebook.load import load_path

SECRET, OTHER = make_secret(bytes(32)), make_secret(bytes([1]) * 32)
BODY = b'{"data": {"story": {"id": "s1"}}}'


# ── the stage ──


async def test_nothing_of_the_users_settings_reaches_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables, *_FILE variables and a TOML file are not read, whether they are good, bad or unknown."""
    (tmp_path / "monitor.toml").write_text('smtp_url = "smtp://mail.example"\n')
    monkeypatch.chdir(tmp_path)
    variables = {
        "REDIS_URL": "redis://db.example/0", "SMTP_URL_FILE": "/nonexistent", "CONFIG": "/none", "PORT": "80a",
        "PROT": "1", "DATA_DIR": str(tmp_path / "mine"), "RULES_DIR": "/nonexistent", "PARTITIONS": "4",
    }  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(f"MONITOR_{name}", value)
    async with stage(tmp_path / "demo") as settings:
        assert (settings.redis_url, settings.smtp_url, settings.port, settings.partitions) == (None, None, 0, 0)
        assert settings.data_dir == tmp_path / "demo"
        assert settings.rules_folder == tmp_path / "demo" / "rules"
        assert len(load_path(settings.rules_folder).rules) >= 2
    assert default_folder() != tmp_path / "mine"


async def test_a_demos_folder_is_emptied_and_kept(tmp_path: Path) -> None:
    """What an earlier demo left is gone at the start of the next; a link out of the folder is not followed."""
    outside_file = tmp_path / "outside" / "file"
    outside_file.parent.mkdir()
    outside_file.touch()
    folder = tmp_path / "demo"
    async with stage(folder):
        (folder / "digest.html").touch()
        (folder / "outbox").mkdir()
        (folder / "outbox" / "old.eml").touch()
        (folder / "link").symlink_to(outside_file.parent)
    assert (folder / "digest.html").exists(), "it can be looked at after the end"
    async with stage(folder):
        assert {p.name for p in folder.iterdir()} == {MARKER, "rules"}
    assert outside_file.exists()
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_a_folder_that_cannot_be_had_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """One with other things in it, a file, and one in which a demo is running; the message names the option."""
    foreign, file, busy = tmp_path / "foreign", tmp_path / "file", tmp_path / "busy"
    foreign.mkdir()
    (foreign / "precious").touch()
    file.touch()
    busy.mkdir()
    held = try_exclusive(busy / MARKER)
    assert held is not None
    try:
        for folder, words in ((foreign, "not empty"), (file, "cannot be written"), (busy, "another demo")):
            with pytest.raises(ConfigurationError, match=words) as error:
                async with stage(folder):
                    pytest.fail("it was taken")
            assert str(folder) in str(error.value)
            assert "--data-dir" in str(error.value)
    finally:
        os.close(held)
    assert [p.name for p in foreign.iterdir()] == ["precious"]


# ── what lies outside ──


@pytest.mark.parametrize(
    ("secret", "age", "sent", "status"),
    [
        (SECRET, 0, BODY, 204),
        (SECRET, OLDEST - 5, BODY, 204),
        (OTHER, 0, BODY, 401),
        (SECRET, 0, BODY + b" ", 401),
        (SECRET, OLDEST + 5, BODY, 401),
        (SECRET, -OLDEST - 5, BODY, 401),
        (None, 0, BODY, 401),
    ],
    ids=["good", "a while ago", "another secret", "another body", "long ago", "in the future", "not signed"],
)
async def test_the_receiver_takes_what_is_signed_with_its_secret(
    secret: str | None, age: int, sent: bytes, status: int
) -> None:
    """Everything else is told apart, and answered with 401."""
    receiver = Receiver(SECRET)
    signed = headers([OTHER, secret], "d1", int(time.time()) - age, BODY) if secret else {}
    async with outside([], receiver) as url, ClientSession() as session:
        answer = await session.post(url + receiver.path, data=sent, headers=signed)
    assert answer.status == status
    assert [call.verified for call in receiver.about("s1")] == [status == 204]


async def test_an_outlets_feed_reads_back_as_it_was_published() -> None:
    """Newest first, with markup characters and paragraphs; the same feed again is a 304, an edit is not."""
    outlet = Outlet("A & B", "/a.xml", "a.example")
    outlet.publish(Item("old", "Old", "Once.", 1_700_000_000))
    outlet.publish(Item("new", "Ships < tanks & jets", "First <i>part</i>.\n\nSecond.", 1_700_000_060))
    async with outside([outlet], Receiver(SECRET)) as url, ClientSession() as session:
        answer = await session.get(url + outlet.path)
        body, etag = await answer.read(), answer.headers["ETag"]
        same = await session.get(url + outlet.path, headers={"If-None-Match": etag})
        outlet.retitle("new", "Ships")
        edited = await session.get(url + outlet.path, headers={"If-None-Match": etag})
    assert (answer.status, same.status, edited.status) == (200, 304, 200)
    parsed = parse(body, url, answer.headers["Content-Type"], None)
    assert isinstance(parsed, ParsedFeed)
    assert (parsed.title, parsed.language) == ("A & B", "en")
    new, old = parsed.items
    assert (new.title, new.link) == ("Ships < tanks & jets", "https://a.example/new")
    assert new.body.split("\n") == ["First <i>part</i>.", "Second."]
    assert (new.published, old.title) == (1_700_000_060_000, "Old")


def test_the_script_holds_everything_that_the_demo_is_to_show() -> None:
    """Hits of one and of two rules, misses, a copy of an earlier story, an edit of an earlier headline."""
    fates = [act.fate for act in NEWS]
    assert set(fates) == set(Fate)
    assert {len(act.rules) for act in NEWS if act.fate is Fate.HIT} == {1, 2}
    for number, act in enumerate(NEWS):
        earlier = {(a.outlet, a.story) for a in NEWS[:number]}
        assert article(act.story).title
        assert ((act.outlet, act.story) in earlier) == (act.fate is Fate.EDIT)
        assert (act.story in {story for _, story in earlier}) == (act.fate in (Fate.COPY, Fate.EDIT))
    assert len(OLD) == 2


# ── the show ──


def console(color: str | None) -> Console:
    """A console of 100 columns into memory."""
    return Console(file=io.StringIO(), width=100, color_system=color, force_terminal=color is not None, highlight=False)


def printed(made: Console) -> str:
    assert isinstance(made.file, io.StringIO)
    return made.file.getvalue()


def test_matched_words_are_marked_with_or_without_colours() -> None:
    """Brackets where there is no colour, and none where there is; overlapping spans are marked once."""
    for color, expected in ((None, "[Hanoi buys] ships"), ("standard", "Hanoi buys ships")):
        made = console(color)
        shown = Show(made).marked("Hanoi buys ships", [(6, 10), (0, 5), (0, 10)])
        assert shown.plain == expected
        assert [str(s.style) for s in shown.spans] == ([] if color is None else ["bold yellow"])


def test_lines_are_no_wider_than_a_terminal() -> None:
    """Long texts are wrapped under themselves; only what is there to be copied stays in one line."""
    made = console(None)
    show = Show(made)
    show.line("HIT", "word " * 40)
    show.more(Text("word " * 40))
    show.say("word " * 40)
    lines = printed(made).splitlines()
    assert len(lines) > 6
    assert max(map(len, lines)) <= WIDTH
    assert all(line == line.rstrip() for line in lines)
    show.place("Look at", "file:///" + "x" * 200)
    assert "x" * 200 in printed(made)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("Hanoi AND ships", "missing ships"),
        ("(ships)", "missing ships"),
        ("Hanoi AND (a OR b OR c OR d OR e)", "missing a or b or c or 2 others"),
        ("Hanoi AND (ships OR tanks)", "missing ships OR tanks"),
        ("Hanoi AND ships AND tanks", "missing ships, and more"),
        ("Hanoi AND NOT coffee", "excluded by coffee"),
    ],
)
def test_a_miss_is_explained_in_a_few_words(query: str, said: str) -> None:
    """The first part that does not hold, of long lists the beginning, and whether there is more."""
    explanation = explain_rule(RuleSpec("r", "r", query), Content("Hanoi", "coffee", "en"))
    assert not explanation.matched
    assert why_not(explanation) == said
