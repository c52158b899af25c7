"""No other site may submit our forms (CSRF).

Every form carries a token made from the browser's own secret cookie. The cookie is `HttpOnly` and the
token a keyed hash of it, so neither can be had from a page of somebody else. On top, a browser that
says that a submission came from another site is believed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

FIELD = "csrf"


def token_of(secret: str) -> str:
    """The token for forms shown to the browser that holds this secret."""
    return hashlib.blake2b(b"ownclimate form", key=secret.encode()[:64], digest_size=20).hexdigest()


def holds(secret: str, given: str) -> bool:
    return bool(secret) and hmac.compare_digest(token_of(secret).encode(), given.encode())


def is_from_elsewhere(headers: Mapping[bytes, bytes], own_hosts: frozenset[str]) -> bool:
    """Whether the browser says that another site made this submission (Fetch Metadata, else Origin)."""
    site = headers.get(b"sec-fetch-site", b"").decode("latin-1")
    if site:
        return site not in ("same-origin", "none")
    origin = headers.get(b"origin", b"").decode("latin-1")
    if not origin:
        return False
    host = urlsplit(origin).netloc.lower()
    # An opaque origin ("null") has no host, and so has a server without a public address.
    return not host or host not in own_hosts
