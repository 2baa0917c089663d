"""JSON Feed 1.0 and 1.1 (jsonfeed.org): read what is there, whatever its type."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from monitor.model.feed import ParsedFeed, ParsedItem
from monitor.text.markup import tidy, to_line, to_text


class NotJsonFeed(ValueError):
    """The body is JSON, or looks like it, but no JSON Feed."""


def parse_json_feed(body: bytes, base: str) -> ParsedFeed:
    """The feed in ``body``; relative links are resolved against ``base``. Raises NotJsonFeed."""
    try:
        document = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise NotJsonFeed(f"not valid JSON: {error}") from error
    if not isinstance(document, dict) or "jsonfeed.org" not in str(document.get("version")):
        raise NotJsonFeed("JSON without a version of jsonfeed.org")
    items = document.get("items")
    rows = [_item(row, base) for row in items if isinstance(row, dict)] if isinstance(items, list) else []
    return ParsedFeed(
        _line(document.get("title")),
        _text(document.get("home_page_url")),
        _text(document.get("language")),
        0,
        tuple(rows),
    )


def _item(row: dict[str, Any], base: str) -> ParsedItem:
    html, plain, summary = (_text(row.get(k)) for k in ("content_html", "content_text", "summary"))
    body = to_text(html) if html else tidy(plain or summary or "")
    link = _text(row.get("url")) or _text(row.get("external_url"))
    authors = row.get("authors") or [row.get("author")]
    names = [_text(a.get("name")) for a in authors if isinstance(a, dict)] if isinstance(authors, list) else []
    tags = row.get("tags")
    guid = row.get("id")
    return ParsedItem(
        guid=str(guid).strip() or None if isinstance(guid, str | int | float) else None,
        link=_absolute(link, base),
        title=_line(row.get("title")) or "",
        body=body,
        author=", ".join(n for n in names if n) or None,
        published=_time(row.get("date_published")) or _time(row.get("date_modified")),
        language=_text(row.get("language")),
        tags=tuple(t for t in tags if isinstance(t, str) and t) if isinstance(tags, list) else (),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _line(value: Any) -> str | None:
    text = _text(value)
    return to_line(text) if text else None


def _absolute(link: str | None, base: str) -> str | None:
    if link is None:
        return None
    try:
        return urljoin(base, link.strip())
    except ValueError:
        return None


def _time(value: Any) -> int | None:
    try:
        moment = datetime.fromisoformat(value)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        return None
