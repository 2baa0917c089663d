"""The channels by kind: whoever sends does not ask which one it is."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.delivery.mail import MailSender
from monitor.delivery.webhook import WebhookSender
from monitor.model.subscription import MailChannel, Subscription, WebhookChannel
from monitor.policy.retry import Answer
from monitor.ports import Notice, Ping


@dataclass(frozen=True, slots=True)
class Channels:
    """Every way out that there is."""

    webhook: WebhookSender
    mail: MailSender

    async def __call__(self, subscription: Subscription, notice: Notice | Ping, now: int) -> Answer:
        """Make one attempt by the subscription's channel; failures are answers."""
        match subscription.channel:
            case WebhookChannel() as channel:
                return await self.webhook(subscription, channel, notice, now)
            case MailChannel() as channel:
                return await self.mail(subscription, channel, notice)

    async def close(self) -> None:
        """Close what is kept open between attempts."""
        await self.mail.close()
