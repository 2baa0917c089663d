"""The ways out: settings to senders."""

from __future__ import annotations

import ipaddress
import secrets
from contextlib import suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr

from jinja2 import Environment
from yarl import URL

from monitor.delivery.channels import Channels
from monitor.delivery.links import SECRET_BYTES, Links
from monitor.delivery.mail import MailSender, Outbox, Way
from monitor.delivery.smtp import Mailbox, parse_smtp_url
from monitor.delivery.webhook import WebhookSender
from monitor.errors import ConfigurationError
from monitor.net.client import Client
from monitor.render.mail import mail_environment
from monitor.settings import Settings, shipped
from monitor.store.store import Store

_SENDER_HINT = "write desk@example.org or News desk <desk@example.org>"


async def make_links(settings: Settings, store: Store, port: int | None = None) -> Links:
    """Links under PUBLIC_URL; without one, under the address that the API listens on, at ``port`` if that was any free
    one. Raises ConfigurationError.
    """
    host = "localhost" if settings.host in ("0.0.0.0", "::", "") else settings.host  # noqa: S104 - what others can't call
    host = f"[{host}]" if ":" in host else host
    public = _public(settings)
    base = str(public) if public else f"http://{host}:{port or settings.port or 8000}"
    return Links(base, await store.config.link_secret(secrets.token_hex(SECRET_BYTES)))


def make_channels(settings: Settings, client: Client, links: Links) -> Channels:
    """Every channel, as the settings say. Raises ConfigurationError."""
    return Channels(WebhookSender(client, links), MailSender(_way(settings), _sender(settings), links, _templates()))


def _templates() -> Environment:
    return mail_environment(str(shipped("templates")))


def _way(settings: Settings) -> Way:
    """The mail server, or the folder that stands in for one."""
    return Mailbox(parse_smtp_url(settings.smtp_url)) if settings.smtp_url else Outbox(settings.data_dir / "outbox")


def _public(settings: Settings) -> URL | None:
    """PUBLIC_URL in ASCII, as it has to stand in headers."""
    if settings.public_url is None:
        return None
    try:
        found = URL(settings.public_url)
    except ValueError:
        found = URL()
    plain = not (found.user or found.password or found.query_string or found.fragment)
    if found.scheme not in ("http", "https") or not found.host or not plain:
        raise ConfigurationError(
            "MONITOR_PUBLIC_URL is no plain address (no user, no ? and no #); write https://monitor.example.org"
        )
    return found


def _sender(settings: Settings) -> Address:
    """MAIL_FROM; without one an address at the host that readers know, or at this machine."""
    if settings.mail_from is None:
        public = _public(settings)
        host = public.raw_host if public else None
        with suppress(ValueError):
            ipaddress.ip_address(host or "")
            host = None  # servers take no mail from a bare number
        # Not this machine's name: Message-IDs hold it, and have to be the same from every machine.
        return Address("Media monitor", "media-monitor", host or "localhost")
    name, spec = parseaddr(settings.mail_from)
    try:
        found = Address(name, addr_spec=spec)
    except (ValueError, IndexError, MessageError) as error:
        raise ConfigurationError(
            f"MONITOR_MAIL_FROM: {settings.mail_from!r} is no address ({error}); {_SENDER_HINT}"
        ) from error
    # The parser takes the first of what looks like an address, and drops blanks within it.
    whole = settings.mail_from.strip().removesuffix(">").endswith(spec)
    if not found.username or not found.domain or not spec.isascii() or not whole:
        raise ConfigurationError(f"MONITOR_MAIL_FROM: {settings.mail_from!r} is no address; {_SENDER_HINT}")
    return found
