"""One webhook call: signed, within a deadline, never redirected. Failures are answers, not exceptions."""

from __future__ import annotations

import time

from monitor.delivery.links import Links
from monitor.delivery.signature import headers
from monitor.model.subscription import Subscription, WebhookChannel
from monitor.net.client import Client, RequestFailed
from monitor.net.dates import parse_retry_after
from monitor.policy.retry import Answer, of_http
from monitor.ports import Notice, Ping
from monitor.render.webhook import digest_body, ping_body, webhook_body

DEADLINE = 15.0
"""Seconds for everything."""
KEPT = 1_000
"""Bytes of the receiver's answer that are kept with the attempt."""


class WebhookSender:
    """Calls receivers through the guarded client."""

    def __init__(self, client: Client, links: Links) -> None:
        self._client = client
        self._links = links

    async def __call__(
        self, subscription: Subscription, channel: WebhookChannel, notice: Notice | Ping, now: int
    ) -> Answer:
        """Make one attempt; the delivery's id is the message's, the same in every attempt."""
        return await self.post(channel, notice.delivery, self._body(subscription, notice), now)

    def _body(self, subscription: Subscription, notice: Notice | Ping) -> bytes:
        if isinstance(notice, Ping):
            return ping_body(subscription.id, notice.created_at)
        if notice.run is None:
            return webhook_body("hit.created", notice.delivery, notice.created_at, notice.hits)
        url = self._links.page(notice.delivery)
        return digest_body(
            notice.delivery, notice.created_at, notice.hits, notice.copies, notice.total, notice.run, url
        )

    async def post(self, channel: WebhookChannel, delivery: str, body: bytes, now: int) -> Answer:
        """Sign and send ``body`` as the message ``delivery``."""
        secrets = [channel.secret]
        if channel.old_secret and channel.old_secret_until and now < channel.old_secret_until:
            secrets.append(channel.old_secret)
        sent = {"Content-Type": "application/json", "Accept": "*/*", "Accept-Encoding": "identity"}
        sent |= headers(secrets, delivery, now // 1000, body)
        began = time.perf_counter()
        try:
            answer = await self._client.request(
                "POST", channel.url, headers=sent, body=body, follow=False, deadline=DEADLINE, limit=KEPT,
                whole=False,  # the status says whether the message was taken; sending it again would alert twice
            )  # fmt: skip
        except RequestFailed as error:
            return of_http(None, f"{error.reason}: {error.detail}", _ms(began))
        text = answer.body.decode("utf-8", "replace")
        wait = parse_retry_after(answer.headers.get("Retry-After"), now)
        return of_http(answer.status, None, _ms(began), text, wait)


def _ms(began: float) -> int:
    return int((time.perf_counter() - began) * 1000)
