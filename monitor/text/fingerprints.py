"""Digests that tell whether two things are the same: links, texts, ids made from both."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from monitor.text.tokens import folded_words

# Parameters that say how a reader came to the page, never which page it is.
_TRACKING = re.compile(
    r"(?:utm_\w+|at_(?:medium|campaign|custom\d|link_\w+|format|bbc_team|ptr_name)|fbclid|gclid|dclid|msclkid|yclid|igshid"
    r"|mc_[ce]id|_ga|_gl|_hs\w+|mkt_tok|ns_\w+|cmpid|ocid|smid|xtor|partner|taid|feedtype|guccounter|guce_referr\w+"
    r"|rss|ref_src|ref_url|cmp|ito|s_cid|wt[._]\w+|trk\w*|oly_\w+|vero_\w+|mbid|sr_share|traffic_source|__twitter_impression)\Z",
    re.IGNORECASE,
)


def digest(text: str) -> str:
    """80 bits of BLAKE2b over ``text`` as 16 lower-case letters and digits."""
    raw = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=10).digest()
    return base64.b32encode(raw).decode().lower()


def canonical_link(url: str) -> str:
    """``url`` without what does not name the page: scheme, www., default port, fragment, tracking.

    A ``#!`` fragment does name a page. Text that is no http(s) URL comes back as it is.
    """
    try:
        parts = urlsplit(url.strip().encode(errors="replace").decode())
        port = parts.port
    except ValueError:
        return url
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        return url
    host = parts.hostname.removeprefix("www.")
    if port and port not in (80, 443):
        host = f"{host}:{port}"
    # Bytes that are no UTF-8 (%E9) pass through unaltered by way of surrogates.
    pairs = parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape")
    query = urlencode([pair for pair in pairs if not _tracks(*pair)], errors="surrogateescape")
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    return urlunsplit(("", host, parts.path.rstrip("/") or "/", query, fragment))


def _tracks(name: str, value: str) -> bool:
    """Whether a parameter only tracks; ``ref`` says who sent the reader, or is the number of a notice."""
    return bool(_TRACKING.match(name)) or (name.lower() == "ref" and not value.isdecimal())


def link_key(url: str | None) -> str | None:
    """The digest by which one page is known in every feed that links to it."""
    return digest(canonical_link(url)) if url else None


def text_key(title: str, body: str) -> str:
    """The digest of the words of a story, whatever their case, accents, spacing and punctuation."""
    return digest(" ".join(folded_words(title) + folded_words(body)))


def feed_id(url: str) -> str:
    """The id of a feed: one URL, one feed."""
    return "f" + digest(url)[:12]
