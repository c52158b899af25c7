"""Headers that every page carries."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

COMMON = (
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
)
"""`same-origin` rather than `no-referrer`: the latter makes browsers send `Origin: null` with forms."""
HSTS = ("strict-transport-security", "max-age=31536000")
NOT_STORED = ("cache-control", "no-store")


def content_security_policy(form_targets: Sequence[str] = (), *, is_live: bool = False) -> str:
    """Nothing but our own style and images; forms go to us and to `form_targets`. A live page may run our
    own script files, which may ask this server.

    Browsers apply `form-action` to redirects after a submission as well, so a page whose form ends in a
    redirect to an app must name where.
    """
    targets = " ".join(["'self'", *form_targets])
    live = "script-src 'self'; connect-src 'self'; " if is_live else ""
    return (
        f"default-src 'none'; style-src 'self'; img-src 'self' data:; {live}"
        f"form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
    )


def form_target(redirect_uri: str) -> str:
    """The source expression for a redirect URI: its origin, or its scheme when it has no host."""
    parts = urlsplit(redirect_uri)
    if parts.scheme in ("http", "https") and parts.hostname:
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{host}{port}"
    return f"{parts.scheme}:"
