"""Addresses of what is connected to, checked before they are written down."""

from __future__ import annotations

from urllib.parse import urlsplit

from ownclimate.core.errors import InvalidInput


def check_base_url(text: str) -> None:
    """Raises InvalidInput unless it is the address of an HTTP API, without credentials in it."""
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        is_address = False
    is_plain = text.isprintable() and not set(text) & set(" ?#\\")
    if not is_address or not is_plain:
        raise InvalidInput("base_url", "expected http://host[:port] or https://host[:port]")
