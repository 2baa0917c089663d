"""One webhook call: signed, within a deadline, never redirected. Failures are answers, not exceptions."""

from __future__ import annotations

import time

from monitor.delivery.signature import headers
from monitor.model.subscription import WebhookChannel
from monitor.net.client import Client, RequestFailed
from monitor.net.dates import parse_retry_after
from monitor.policy.retry import Answer

DEADLINE = 15.0
"""Seconds for everything."""
KEPT = 1_000
"""Bytes of the receiver's answer that are kept with the attempt."""


class WebhookSender:
    """Calls receivers through the guarded client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def __call__(self, channel: WebhookChannel, delivery: str, body: bytes, now: int) -> Answer:
        """Make one attempt; ``delivery`` is the message's id, the same in every attempt."""
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
            return Answer(None, f"{error.reason}: {error.detail}", _ms(began))
        text = answer.body.decode("utf-8", "replace")
        wait = parse_retry_after(answer.headers.get("Retry-After"), now)
        return Answer(answer.status, None, _ms(began), text, wait)


def _ms(began: float) -> int:
    return int((time.perf_counter() - began) * 1000)
