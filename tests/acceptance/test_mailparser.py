"""Mails as another program reads them: npm's mailparser, which shares no code with what writes them."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from email.headerregistry import Address
from pathlib import Path
from typing import Any

import pytest

from monitor.delivery.links import Links
from monitor.delivery.mail import mail_facts
from monitor.delivery.message import compose
from monitor.model.hit import Snippet
from monitor.ports import Notice
from monitor.render.mail import Rendered, mail_environment, render_mail
from monitor.settings import shipped
from tests.conftest import need
from tests.contract.test_hits_store import make_hit
from tests.unit.test_message import ENVELOPE, MAIL, SUBJECTS, UNSUBSCRIBE, unbroken

MODULES = Path(__file__).resolve().parent.parent.parent / ".tools" / "node_modules"
SCRIPT = """
const { simpleParser } = require("mailparser");
const options = { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true, skipTextLinks: true };
(async () => {
  const messages = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const read = [];
  for (const message of messages) {
    const mail = await simpleParser(Buffer.from(message, "base64"), options);
    const headers = {};
    for (const { key, line } of mail.headerLines) headers[key] = line;
    read.push({
      subject: mail.subject, from: mail.from.value, to: mail.to.value, date: mail.date, id: mail.messageId,
      references: mail.references, list: mail.headers.get("list"), text: mail.text, html: mail.html, headers,
    });
  }
  process.stdout.write(JSON.stringify(read));
})();
"""
Reader = Callable[[list[bytes]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def read() -> Reader:
    """Has messages read by mailparser, in one process."""
    node = shutil.which("node")
    if node is None or not (MODULES / "mailparser").is_dir():
        need("node and mailparser in .tools/node_modules (.ci/install-debian puts them there)")

    def run(messages: list[bytes]) -> list[dict[str, Any]]:
        given = json.dumps([base64.b64encode(m).decode() for m in messages])
        done = subprocess.run(
            [node, "-e", SCRIPT], input=given, capture_output=True, text=True, encoding="utf-8", cwd=MODULES.parent,
            timeout=30, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    return run


TEXTS = {
    "german": ("Größere Rüstungskäufe für Hanoi – „überraschend“", "Das Ministerium äußerte sich naïv & knapp."),
    "japanese": ("ベトナム、戦闘機を購入へ", "ハノイの当局者は火曜日、契約に署名したと述べた。"),
    "arabic": ("هانوي تشتري طائرات مقاتلة", "\u202bوقعت الحكومة العقد يوم الثلاثاء\u202c – 40 طائرة."),
    "emoji": ("Jets for Hanoi ✈️🇻🇳 👩‍👩‍👧‍👦", "Signed on Tuesday 🎉 <b>& filed</b>."),
}


def digest(title: str, body: str, count: int = 12) -> Rendered:
    """A digest of several hits of two rules, as it is sent."""
    hits = [
        make_hit(rule, f"push-{n}", title=f"{title} {n}", snippet=Snippet(body, ((0, 5),)), rule_name=title[:30])
        for n in range(count)
        for rule in ("arms", "asia")
    ]
    notice = Notice("s1-ab", 1_770_000_000_000, hits, len(hits), "2026-02-02 07:00", {hits[0].id: hits[1:2]})
    facts = mail_facts(title, notice, Links("https://monitor.example", "x").page("s1-ab"), UNSUBSCRIBE, "Asia/Tokyo")
    return render_mail(facts, mail_environment(str(shipped("templates"))))


def same(text: str) -> str:
    """Line breaks alike, none at the end."""
    return re.sub(r"\r\n?", "\n", text).rstrip("\n")


@pytest.mark.parametrize(("title", "body"), TEXTS.values(), ids=TEXTS)
def test_a_digest_is_read_as_it_was_written(read: Reader, title: str, body: str) -> None:
    """Subject, sender, receiver, ids, list headers and both bodies are what was rendered, in every script."""
    mail = digest(title, body)
    sender = replace(ENVELOPE, sender=Address(title, "monitor", "news.example"))
    (found,) = read([compose(sender, mail)])
    assert found["subject"] == mail.subject
    assert found["from"] == [{"address": "monitor@news.example", "name": title}]
    assert found["to"] == [{"address": "reader@example.org", "name": ""}]
    assert found["id"] == sender.message_id
    assert found["references"] == "<s2xq5m@news.example>"
    assert found["list"]["unsubscribe"]["url"] == UNSUBSCRIBE
    assert found["headers"]["list-id"] == "List-Id: <s2xq5m.news.example>"
    assert found["headers"]["list-unsubscribe-post"] == "List-Unsubscribe-Post: List-Unsubscribe=One-Click"
    assert found["headers"]["list-unsubscribe"] == f"List-Unsubscribe: <{UNSUBSCRIBE}>"
    assert found["date"] == "2023-11-14T22:13:20.000Z"
    assert same(found["text"]) == same(mail.text)
    assert same(found["html"]) == same(mail.html)
    assert title in mail.text
    assert UNSUBSCRIBE in mail.html


def test_hostile_subjects_are_read_as_they_were_written(read: Reader) -> None:
    """What survives Python's parsers survives this one; blanks at the ends aside, which it takes off."""
    texts = list(SUBJECTS.values())
    found = read([compose(ENVELOPE, replace(MAIL, subject=text)) for text in texts])
    for text, one in zip(texts, found, strict=True):
        assert one["subject"].strip() == unbroken(text).strip()
        assert [*one["headers"]] == [*found[0]["headers"]]
        assert same(one["text"]) == "Hanoi"


def test_a_very_long_unsubscribe_address_is_read_whole(read: Reader) -> None:
    """900 characters arrive as one URL."""
    url = f"https://monitor.example/{'x' * 900}"
    (found,) = read([compose(replace(ENVELOPE, unsubscribe=url), MAIL)])
    assert found["list"]["unsubscribe"]["url"] == url
