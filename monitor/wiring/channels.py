"""The ways out: settings to senders."""

from __future__ import annotations

import secrets
import socket
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import urlsplit

from jinja2 import Environment

from monitor.delivery.channels import Channels
from monitor.delivery.links import SECRET_BYTES, Links
from monitor.delivery.mail import MailSender, Outbox
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
    one.
    """
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    base = settings.public_url or f"http://{host}:{port or settings.port}"
    return Links(base, await store.config.link_secret(secrets.token_hex(SECRET_BYTES)))


def make_channels(settings: Settings, client: Client, links: Links) -> Channels:
    """Every channel, as the settings say. Raises ConfigurationError."""
    return Channels(WebhookSender(client, links), MailSender(_way(settings), _sender(settings), links, _templates()))


def _templates() -> Environment:
    return mail_environment(str(shipped("templates")))


def _way(settings: Settings) -> Mailbox | Outbox:
    """The mail server, or the folder that stands in for one."""
    return Mailbox(parse_smtp_url(settings.smtp_url)) if settings.smtp_url else Outbox(settings.data_dir / "outbox")


def _sender(settings: Settings) -> Address:
    """MAIL_FROM; without one an address at the host that readers know, or at this machine."""
    if settings.mail_from is None:
        public = urlsplit(settings.public_url or "").hostname
        return Address("Media monitor", "media-monitor", public or socket.gethostname())
    name, spec = parseaddr(settings.mail_from)
    try:
        found = Address(name, addr_spec=spec)
    except (ValueError, IndexError, MessageError) as error:
        raise ConfigurationError(
            f"MONITOR_MAIL_FROM: {settings.mail_from!r} is no address ({error}); {_SENDER_HINT}"
        ) from error
    if not found.username or not found.domain or not spec.isascii():
        raise ConfigurationError(f"MONITOR_MAIL_FROM: {settings.mail_from!r} is no address; {_SENDER_HINT}")
    return found
