"""Cross-origin requests (Fetch Standard, "CORS protocol").

Faces are open to browser apps of any origin, without credentials: such apps send a bearer token of
their own, never our cookies, so there is nothing that a foreign page could borrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ownclimate.web.asgi import RawHeaders
from ownclimate.web.call import Reply
from ownclimate.web.tables import Dialect

ALLOWED_HEADERS = (
    "Authorization, Content-Type, Accept-Response, If-None-Match, Idempotency-Key, X-Request-Id, "
    "X-Requested-With"
)
"""The last one means nothing to us, but libraries add it, and a browser sends nothing that is not listed."""
EXPOSED_HEADERS = ("ETag", "Location", "WWW-Authenticate", "X-Request-Id")
PREFLIGHT_LIFE_S = 86_400


def options_reply(allowed: Sequence[str], headers: Mapping[bytes, bytes], dialect: Dialect) -> Reply:
    """The answer to OPTIONS: what is possible here, and to a preflight that browsers may do it."""
    reply_headers = [("allow", ", ".join(allowed))]
    if b"access-control-request-method" in headers and dialect.is_cross_origin:
        reply_headers += [
            ("access-control-allow-methods", ", ".join(allowed)),
            ("access-control-allow-headers", ALLOWED_HEADERS),
            ("access-control-max-age", str(PREFLIGHT_LIFE_S)),
        ]
    return Reply(status=204, headers=tuple(reply_headers))


def exposing(dialect: Dialect) -> RawHeaders:
    """Headers of every answer to a cross-origin request."""
    exposed = ", ".join((*EXPOSED_HEADERS, *dialect.rate_headers))
    return [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-expose-headers", exposed.encode()),
    ]
