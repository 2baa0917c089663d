"""The mail channel: a notice is rendered, addressed, and handed to the mail server.

Without MONITOR_SMTP_URL, mails are written as .eml files into the data dir's outbox folder, one a delivery, so that
everything can be tried and looked at before a server is at hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from email.headerregistry import Address
from pathlib import Path
from typing import Protocol

from jinja2 import Environment

from monitor.delivery.links import Links
from monitor.delivery.message import Envelope, compose
from monitor.model.subscription import MailChannel, Subscription
from monitor.policy.retry import Answer, Verdict
from monitor.ports import Notice, Ping
from monitor.render.mail import MailFacts, render_mail, render_test

AT_ONCE = 8
"""Transactions at a time in one process; mail servers commonly allow a client ten connections."""


class Way(Protocol):
    """Where messages go."""

    async def send(self, delivery: str, sender: str, to: str, message: bytes) -> Answer: ...
    async def close(self) -> None: ...


class Outbox:
    """A folder in place of a mail server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def send(self, delivery: str, sender: str, to: str, message: bytes) -> Answer:  # noqa: ARG002 - both are in it
        """Write the message to a file of the delivery's name; the same delivery again writes the same file again."""
        began, path = time.perf_counter(), self.folder / f"{delivery}.eml"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial = path.with_suffix(f".{os.getpid()}")
            partial.write_bytes(message)
            partial.replace(path)
        except OSError as error:
            detail = f"cannot write {path}: {error.strerror}"
            return Answer(Verdict.OURS, None, detail, 0, detail)
        took = int((time.perf_counter() - began) * 1000)
        return Answer(Verdict.SENT, None, None, took, f"written to {path}; set MONITOR_SMTP_URL to send mails")

    async def close(self) -> None:
        """Nothing is kept open."""

    def tidy(self, before: float) -> None:
        """Remove files written before ``before`` (seconds since the epoch); they would fill the disk in the end."""
        for path in self.folder.glob("*.eml"):
            with contextlib.suppress(FileNotFoundError):  # somebody else tidies as well
                if path.stat().st_mtime < before:
                    path.unlink()


class MailSender:
    """Sends mails from ``sender``, through ``way``."""

    def __init__(self, way: Way, sender: Address, links: Links, templates: Environment) -> None:
        self.way = way
        self._sender = sender
        self._links = links
        self._templates = templates
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, subscription: Subscription, channel: MailChannel, notice: Notice | Ping) -> Answer:
        """Make one attempt; failures are answers."""
        if isinstance(notice, Ping):  # its sender waits for the answer, so it does not queue
            return await self._attempt(subscription, channel, notice)
        async with self._slots:
            return await self._attempt(subscription, channel, notice)

    async def _attempt(self, subscription: Subscription, channel: MailChannel, notice: Notice | Ping) -> Answer:
        # In a thread: a large digest takes a fifth of a second, in which leases have to be renewed.
        message = await asyncio.to_thread(self._message, subscription, channel, notice)
        return await self.way.send(notice.delivery, self._sender.addr_spec, channel.to, message)

    def _message(self, subscription: Subscription, channel: MailChannel, notice: Notice | Ping) -> bytes:
        zone = subscription.digest.timezone if subscription.digest else "UTC"
        unsubscribe = self._links.unsubscribe(subscription.id)
        if isinstance(notice, Ping):
            mail = render_test(subscription.name, zone, notice.created_at, self._templates)
        else:
            page = self._links.page(notice.delivery)
            mail = render_mail(mail_facts(subscription.name, notice, page, unsubscribe, zone), self._templates)
        envelope = Envelope(
            self._sender,
            channel.to,
            subscription.id,
            subscription.name,
            notice.delivery,
            notice.created_at,
            unsubscribe,
        )
        return compose(envelope, mail)

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self.way.close()


def mail_facts(name: str, notice: Notice, page_url: str | None, unsubscribe: str | None, zone: str) -> MailFacts:
    """What the mail of a notice tells the subscription called ``name``."""
    return MailFacts(
        subscription=name,
        hits=notice.hits,
        copies=notice.copies,
        total=notice.total,
        run=notice.run,
        zone=zone,
        page_url=page_url,
        unsubscribe_url=unsubscribe,
    )
