"""/unsubscribe/… and /digest/…: what the links in mails lead to. They carry a signature instead of a key."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from monitor.api.context import Context, Ctx
from monitor.delivery.links import PAGE, UNSUBSCRIBE
from monitor.delivery.mail import mail_facts
from monitor.errors import NotFound
from monitor.model.subscription import Subscription
from monitor.pipeline.notice import gather
from monitor.render.mail import render_page
from monitor.render.text import iso

router = APIRouter(tags=["links"], include_in_schema=False)
_UNSUBSCRIBED = "its reader unsubscribed"
MOST_ON_PAGE = 5_000
"""Hits that a page shows."""
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address is all that it takes to use the page
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "X-Frame-Options": "DENY",
}


@router.get("/unsubscribe/{token}")
async def ask(token: str, context: Ctx) -> HTMLResponse:
    """A page that asks; it changes nothing, since mail programs and scanners open links by themselves."""
    found = await _subscription(token, context)
    if isinstance(found, HTMLResponse):
        return found
    return _page(context, "ask" if found.enabled else "done", 200, found)


@router.post("/unsubscribe/{token}")
async def unsubscribe(token: str, context: Ctx) -> HTMLResponse:
    """End the subscription at once (RFC 8058). The token says all: the body is not looked at, whatever its kind."""
    found = await _subscription(token, context)
    if isinstance(found, HTMLResponse):
        return found

    def switch_off(subscription: Subscription) -> Subscription:
        if not subscription.enabled and (subscription.disabled_reason or "").startswith(_UNSUBSCRIBED):
            return subscription
        # Also where it is off already: whoever thinks of switching it on again has to know.
        reason = f"{_UNSUBSCRIBED} on {iso(context.clock())}"
        return replace(subscription, enabled=False, disabled_reason=reason)

    try:
        return _page(context, "done", 200, await context.store.config.change_subscription(found.id, switch_off))
    except NotFound:
        return _page(context, "gone", 200)


@router.get("/digest/{token}")
async def digest_page(token: str, context: Ctx) -> HTMLResponse:
    """All of a delivery, for a reader whose mail shows a part of it."""
    id_ = context.links.verify(PAGE, token)
    found = await context.store.deliveries.existing([id_]) if id_ else []
    if not found:
        return _page(context, "expired" if id_ else "unknown", 404)
    notice = await gather(context.store.hits, found[0], MOST_ON_PAGE)
    if notice is None:
        return _page(context, "expired", 404)
    subscription = await _of(found[0].subscription, context)
    zone = subscription.digest.timezone if subscription and subscription.digest else "UTC"
    name = subscription.name if subscription else "a subscription of before"
    facts = mail_facts(name, notice, None, None, zone)
    # In a thread: whoever has the link may ask for thousands of hits, and others wait for their answers.
    page = await asyncio.to_thread(render_page, facts, context.templates)
    return HTMLResponse(page, headers=_HEADERS)


async def _subscription(token: str, context: Context) -> Subscription | HTMLResponse:
    id_ = context.links.verify(UNSUBSCRIBE, token)
    if id_ is None:
        return _page(context, "unknown", 404)
    return await _of(id_, context) or _page(context, "gone", 200)


async def _of(id_: str, context: Context) -> Subscription | None:
    try:
        return await context.store.config.subscription(id_)
    except NotFound:
        return None


def _page(context: Context, state: str, status: int, found: Subscription | None = None) -> HTMLResponse:
    name, id_ = (found.name, found.id) if found else ("", "")
    page = context.templates.get_template("pages/unsubscribe.html").render(state=state, name=name, id=id_)
    return HTMLResponse(page, status, headers=_HEADERS)
