"""Mails in a real browser: narrow and wide, light and dark."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

import pytest

from monitor.model.hit import AlertDecision, Hit, Snippet, Span
from monitor.model.rule import Severity
from monitor.render.mail import MailFacts, mail_environment, render_mail, render_page, render_test
from monitor.settings import shipped
from tests.conftest import need

WIDTHS = (360, 1000)
SCHEMES = {"dark": 0, "light": 1}  # Blink's numbers
PAPER = {"dark": "rgb(24, 27, 32)", "light": "rgb(255, 255, 255)"}
TEXTS = (
    ("Budget committee clears loan for coastal radars", "Members backed the loan after a short debate. " * 6),
    ("Donaudampfschifffahrtsgesellschaftskapitänswitwenrente" * 18, "https://news.example/" + "very-long-path/" * 17),
    (
        "وزارة الدفاع تطلب عروضاً جديدة قبل نهاية العام " * 5,
        "قال مسؤولان إن القرار لن يصدر قبل التصويت على الميزانية " * 5,
    ),
    ("国防省は来月までに回答を求めた" * 60, "政府関係者によると首脳会談を行う方向で調整している" * 11),
    ("W" * 1_000, "W" * 280),
)
# What a frame's document says of itself, after its layout.
PROBE = """
<script>
addEventListener("load", () => {
  const found = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument, root = page.documentElement, sheet = page.querySelector(".sheet");
    return {
      name: frame.id,
      scroll: root.scrollWidth,
      inner: frame.contentWindow.innerWidth,
      sheet: sheet.getBoundingClientRect().width,
      paper: frame.contentWindow.getComputedStyle(sheet).backgroundColor,
      titles: page.querySelectorAll(".title").length,
      smallest: Math.min(...[...page.querySelectorAll("p, h1, h2, h3, a, span")].filter(e => e.offsetWidth)
        .map(e => parseFloat(frame.contentWindow.getComputedStyle(e).fontSize))),
    };
  });
  document.body.innerHTML = "<pre></pre>";
  document.querySelector("pre").textContent = JSON.stringify(found);
});
</script>
"""


@dataclass(frozen=True)
class Shown:
    """A mail in a frame of the browser."""

    name: str
    scroll: int  # width that its content takes
    inner: int  # width that it has
    sheet: float
    paper: str
    titles: int
    smallest: float  # font size in pixels


def hit(number: int) -> Hit:
    """A hit with a text that is hard to lay out, on one of five rules."""
    title, body = TEXTS[number % len(TEXTS)]
    rule = f"rule-{number % 5}"
    return Hit(
        id=f"{rule}.s{number}", rule=rule, rule_name=f"Rule {rule} " + "n" * (number % 5) * 12, rule_version=1,
        rule_tags=(), severity=list(Severity)[number % 4], story=f"s{number}", title=title, url=f"https://news.example/{number}",
        source="S" * (number % 90), language=None, published=1_795_500_000_000 - number * 60_000,
        first_seen=1_795_500_000_000, matched_at=1_795_500_000_000, score=1.0, spans=(Span("title", 0, 200),),
        snippet=Snippet(body[:280], ((0, 90),)), decision=AlertDecision(alert=True, reason="live"),
        link_key=None, text_key=None,
    )  # fmt: skip


def documents() -> dict[str, str]:
    """What is sent and shown: digests of several sizes, an alert, a page, and the rest."""
    templates = mail_environment(str(shipped("templates")))
    made: dict[str, str] = {}
    for number in (0, 1, 20, 300):
        hits = [hit(i) for i in range(number)]
        copies = {each.id: hits[:9] for each in hits[:3]}
        facts = MailFacts(
            "Asia desk", hits, copies, number, "2026-11-24 07:00", "Europe/Berlin",
            "https://monitor.example/p/" + "t" * 60, "https://monitor.example/u/" + "t" * 60,
        )  # fmt: skip
        made[f"digest-{number}"] = render_mail(facts, templates).html
        made[f"page-{number}"] = render_page(facts, templates)
    alert = MailFacts("Asia desk", [hit(4)], {}, 1, None, "UTC", None, None)
    made["alert"] = render_mail(alert, templates).html
    made["test"] = render_test("n" * 100, "America/Argentina/ComodRivadavia", 0, templates).html
    return made


@pytest.fixture(scope="module", params=SCHEMES)
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Shown]]:
    """Every document at every width, in one colour scheme, laid out by Chromium."""
    browser = shutil.which("chromium")
    if browser is None:
        need("Debian's chromium on PATH")
    folder = tmp_path_factory.mktemp("pictures")
    frames = [
        f'<iframe id="{name}@{width}" style="width:{width}px;height:800px;border:0" srcdoc="{escape(html)}"></iframe>'
        for name, html in documents().items()
        for width in WIDTHS
    ]
    page = folder / "frames.html"
    page.write_text(f"<!doctype html><meta charset=utf-8>{''.join(frames)}{PROBE}")
    return request.param, _asked(browser, page, SCHEMES[request.param])


def _asked(browser: str, page: Path, scheme: int) -> list[Shown]:
    """What Chromium says of the frames of ``page``."""
    done = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={page.parent / 'profile'}",
            "--window-size=1200,900", f"--blink-settings=preferredColorScheme={scheme}",
            "--virtual-time-budget=30000", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    found = re.search(r"<pre>(.*?)</pre>", done.stdout, re.DOTALL)
    assert found, done.stderr[-2_000:]
    return [Shown(**row) for row in json.loads(unescape(found[1]))]


def test_nothing_is_wider_than_the_screen(shown: tuple[str, list[Shown]]) -> None:
    """No mail or page has to be scrolled sideways, on a telephone or a desk, whatever its words are like."""
    _, frames = shown
    assert len(frames) == len(documents()) * len(WIDTHS)
    for frame in frames:
        assert frame.scroll <= frame.inner, frame
        assert frame.sheet <= 640
        # Room is used: all of it on a telephone, a column of reading width on a desk. A scroll bar may take some.
        assert frame.sheet >= min(640, frame.inner - 20), frame


def test_both_colour_schemes_are_served(shown: tuple[str, list[Shown]]) -> None:
    """The colours of the sheet are those of the scheme that the reader has chosen."""
    scheme, frames = shown
    assert {frame.paper for frame in frames} == {PAPER[scheme]}


def test_everything_is_shown_and_large_enough(shown: tuple[str, list[Shown]]) -> None:
    """All of 1 and 20 hits are in the mail, all of 300 on the page, and no text is under 13 pixels."""
    _, frames = shown
    titles = {frame.name: frame.titles for frame in frames}
    for width in WIDTHS:
        assert [titles[f"digest-{number}@{width}"] for number in (0, 1, 20)] == [0, 1, 20]
        assert [titles[f"page-{number}@{width}"] for number in (0, 1, 20, 300)] == [0, 1, 20, 300]
        assert 20 <= titles[f"digest-300@{width}"] < 300
    assert min(frame.smallest for frame in frames) >= 13
