"""Makes digest.png: a digest of 20 invented hits, as a mail program shows it. Needs chromium.

.venv/bin/python docs/images/digest.py [FILE.png]
"""  # noqa: INP001 -- a script, no package

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from monitor.model.hit import AlertDecision, Hit, Snippet, Span
from monitor.model.rule import Severity
from monitor.render.mail import MailFacts, mail_environment, render_mail
from monitor.settings import shipped

SIZE = (1000, 1500)
"""Width and height of the picture in pixels."""
RULES = {
    "vietnam-arms": ("Vietnam arms procurement", Severity.HIGH),
    "putin-asia": ("Putin Asia visit", Severity.NORMAL),
    "cables": ("Undersea cables", Severity.NORMAL),
}
# rules; time; outlet; title; snippet. Matched words stand between braces.
STORIES = """
vietnam-arms+putin-asia; 06:41; Northern Wire; {Hanoi} weighs offer for forty {fighter jets} ahead of {Putin} {visit}; …the {Vietnamese} defence ministry has asked two makers for final terms and wants the first {fighter jets} by 2029, according to people who have seen the letter. A decision is not expected before the budget vote.
vietnam-arms; 05:58; Harbour Times; Budget committee clears loan for coastal {radars}; Members backed the loan after a short debate. It pays for eleven coastal {radars} that {Vietnam} ordered in spring, and for the training of their crews.
vietnam-arms; 04:20; The Delta Ledger; Why {Vietnam} is buying {frigates} from three countries at once; …no single yard can build what the navy needs in time. Spreading the {order} keeps {Hanoi} out of anybody's pocket, says a retired admiral who advised on it.
vietnam-arms; 03:12; Voz del Sur; {Vietnam} firma la compra de {misiles} antibuque; El contrato incluye piezas y formación. {Hanói} no ha dicho cuánto paga ni cuándo llegan los primeros {misiles}.
vietnam-arms; 02:47; Orient Dispatch; Shipyard confirms talks on {patrol boats}; The yard said it was in talks with a customer in South-East Asia. Two people named {Vietnam} as the buyer of six {patrol boats}.
vietnam-arms; 01:30; Northern Wire; Drone maker opens office in {Hanoi}; …four staff for now. The company hopes for an {arms} {order} next year, its head of exports said at the opening.
vietnam-arms; 00:55; Plain Markets; Defence shares rise on {Vietnam} hopes; Shares of the group rose four per cent after reports of a {tank} {order} from {Vietnam}.
vietnam-arms; 00:10; Lantern Review; Old {tanks}, new engines; {Vietnam} will refit some three hundred {tanks} rather than buy new ones, a brochure shown at the fair suggests.
putin-asia; 06:30; Capital Courier; {Putin} to visit {Ulaanbaatar} in December; …the visit was agreed by telephone last week. {Mongolia} expects talks about gas, a railway, and a ceremony at the war memorial.
putin-asia; 05:05; Northern Wire; {Beijing} prepares for {Putin}, and for the cameras; Hotels near the guest house are booked out. A {visit} of two days is planned, a protocol officer said.
putin-asia; 04:44; صحيفة المرفأ; {بوتين} يزور {هانوي} الشهر المقبل; قال مسؤولان إن {بوتين} سيصل إلى {هانوي} في زيارة تستمر يوماً واحداً، ويلتقي خلالها رئيس الوزراء.
putin-asia; 02:15; 港町新聞; {プーチン}氏、{ハノイ}訪問を調整; 政府関係者によると、{プーチン}大統領は来月{ハノイ}を訪れ、首脳会談を行う方向で調整している。
putin-asia; 01:02; The Delta Ledger; What {Pyongyang} wants from the next {Putin} visit; …fuel first, then engines. Three former negotiators describe a list that has barely changed in ten years.
putin-asia; 00:31; Plain Markets; Gas prices calm ahead of {Putin} trip to {Asia}; Traders see little to move the market before the {visit}.
cables; 06:12; Sea & Cable; Second {cable} fault in a week off the eastern coast; The repair ship is five days away. The operator of the {undersea cable} says traffic has been moved to two other lines.
cables; 05:40; Harbour Times; Coast guard follows tanker after {cable} damage; …switched off its transponder for three hours, forty miles from where the {submarine cable} was cut.
cables; 03:59; Lantern Review; Who mends the sea floor?; There are about sixty ships that can lift an {undersea cable}, and a third of them are older than their captains.
cables; 03:03; Capital Courier; Ministers promise patrols for {undersea cables}; Five countries will share radar pictures and take turns at sea, they said after the meeting.
cables; 02:20; Orient Dispatch; Insurers ask for more to cover {submarine cables}; Premiums could double, a broker said.
"""  # noqa: E501 -- a row a story
ELSEWHERE = (
    "Bay Post",
    "Evening Column",
    "Hill Country Radio",
    "Kite & Anchor",
    "Old Bridge Gazette",
    "Riverside Daily",
)


def facts() -> MailFacts:
    """The digest that is shown."""
    stories = [_hits(number, *row.split("; ", 4)) for number, row in enumerate(STORIES.strip().splitlines())]
    wire, visit = stories[0][0], stories[8][0]
    return MailFacts(
        subscription="Asia desk",
        hits=[hit for hits in stories for hit in hits],
        copies={wire.id: _copies(wire, ELSEWHERE), visit.id: _copies(visit, ELSEWHERE[:2])},
        total=20,
        run="2026-11-24 07:00",
        zone="Europe/Berlin",
        page_url="https://monitor.example/p/7c1d",
        unsubscribe_url="https://monitor.example/u/51f2",
    )


def _hits(number: int, rules: str, time: str, outlet: str, title: str, body: str) -> list[Hit]:
    """The hits of one story, one for each of ``rules``; ``time`` is a time of that morning in Berlin."""
    seen = int(datetime.fromisoformat(f"2026-11-24T{time}+01:00").timestamp() * 1000)
    shown, spans = _unmarked(title)
    snippet, marks = _unmarked(body)
    story = f"f{number}-1"
    return [
        Hit(
            id=f"{rule}.{story}", rule=rule, rule_name=RULES[rule][0], rule_version=1, rule_tags=(),
            severity=RULES[rule][1], story=story, title=shown, url=f"https://news.example/{number}", source=outlet,
            language=None, published=seen, first_seen=seen, matched_at=seen, score=1.0,
            spans=tuple(Span("title", *span) for span in spans), snippet=Snippet(snippet, tuple(marks)),
            decision=AlertDecision(alert=True, reason="live"), link_key=None, text_key=None,
        )
        for rule in rules.split("+")
    ]  # fmt: skip


def _unmarked(text: str) -> tuple[str, list[tuple[int, int]]]:
    """``text`` without its braces, and the offsets of what stood between them."""
    plain, spans = "", []
    for part in re.split(r"(\{.*?\})", text):
        word = part.strip("{}")
        if word != part:
            spans.append((len(plain), len(plain) + len(word)))
        plain += word
    return plain, spans


def _copies(hit: Hit, outlets: Sequence[str]) -> list[Hit]:
    return [replace(hit, id=f"{hit.rule}.copy-{outlet}", source=outlet) for outlet in outlets]


def main() -> None:
    """Write the picture."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "digest.png"
    mail = render_mail(facts(), mail_environment(str(shipped("templates"))))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "digest.html"
        page.write_text(mail.html)
        browser = ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={folder}/browser"]
        picture = [f"--window-size={SIZE[0]},{SIZE[1]}", f"--screenshot={target}", page.as_uri()]
        subprocess.run([*browser, *picture], check=True)  # noqa: S603 -- our own words


if __name__ == "__main__":
    main()
