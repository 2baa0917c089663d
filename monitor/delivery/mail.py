"""The mail channel: a notice is rendered, addressed, and handed to the mail server.

Without MONITOR_SMTP_URL, mails are written as .eml files into the data dir's outbox folder, one a delivery, so that
everything can be tried and looked at before a server is at hand.
"""

from __future__ import annotations

import asyncio
import os
import time
from email.headerregistry import Address
from pathlib import Path

from jinja2 import Environment

from monitor.delivery.links import Links
from monitor.delivery.message import Envelope, compose
from monitor.delivery.smtp import Mailbox
from monitor.model.subscription import MailChannel, Subscription
from monitor.policy.retry import Answer, Verdict
from monitor.ports import Notice, Ping
from monitor.render.mail import MailFacts, Rendered, render_mail, render_test

AT_ONCE = 4
"""Transactions at a time in one process; mail servers commonly allow a client ten connections."""


class Outbox:
    """A folder in place of a mail server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def send(self, name: str, message: bytes) -> Answer:
        """Write the message to ``name``.eml; the same delivery again writes the same file again."""
        began, path = time.perf_counter(), self.folder / f"{name}.eml"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial = path.with_suffix(f".{os.getpid()}")
            partial.write_bytes(message)
            partial.replace(path)
        except OSError as error:
            detail = f"cannot write {path}: {error.strerror}"
            return Answer(None, detail, 0, detail, judged=Verdict.TRANSIENT)
        took = int((time.perf_counter() - began) * 1000)
        return Answer(None, None, took, f"written to {path}; set MONITOR_SMTP_URL to send mails", judged=Verdict.SENT)


class MailSender:
    """Sends mails from ``sender``, through ``way``."""

    def __init__(self, way: Mailbox | Outbox, sender: Address, links: Links, templates: Environment) -> None:
        self._way = way
        self._sender = sender
        self._links = links
        self._templates = templates
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, subscription: Subscription, channel: MailChannel, notice: Notice | Ping) -> Answer:
        """Make one attempt; failures are answers."""
        zone = subscription.digest.timezone if subscription.digest else "UTC"
        unsubscribe = self._links.unsubscribe(subscription.id)
        if isinstance(notice, Ping):
            mail = render_test(subscription.name, zone, notice.created_at, self._templates)
        else:
            mail = self._rendered(subscription, notice, zone, unsubscribe)
        envelope = Envelope(
            self._sender,
            channel.to,
            subscription.id,
            subscription.name,
            notice.delivery,
            notice.created_at,
            unsubscribe,
        )
        message = compose(envelope, mail)
        async with self._slots:
            if isinstance(self._way, Outbox):
                return await self._way.send(notice.delivery, message)
            return await self._way.send(self._sender.addr_spec, channel.to, message)

    def _rendered(self, subscription: Subscription, notice: Notice, zone: str, unsubscribe: str) -> Rendered:
        facts = mail_facts(subscription.name, notice, self._links.page(notice.delivery), unsubscribe, zone)
        return render_mail(facts, self._templates)

    async def close(self) -> None:
        """Close the connections that are kept."""
        if isinstance(self._way, Mailbox):
            await self._way.close()


def mail_facts(name: str, notice: Notice, page_url: str | None, unsubscribe: str | None, zone: str) -> MailFacts:
    """What the mail of a notice tells the subscription called ``name``."""
    return MailFacts(
        subscription=name,
        hits=notice.hits,
        copies=notice.copies,
        total=notice.total,
        run=notice.run[:16] if notice.run else None,
        zone=zone,
        page_url=page_url,
        unsubscribe_url=unsubscribe,
    )
