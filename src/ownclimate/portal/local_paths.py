"""Where a browser may be sent after signing in: to pages of ours only."""

from __future__ import annotations

from urllib.parse import urlsplit

HOME = "/"
MAX_LENGTH = 4000


def local_path(text: str) -> str:
    """The path and query if they stay on this server, else `/`.

    Browsers take `//host` and `/\\host` for another server and drop tabs and line ends before they
    look, so anything but a plain path is refused rather than mended.
    """
    if (
        not text.startswith("/")
        or text.startswith("//")
        or len(text) > MAX_LENGTH
        or "\\" in text
        or not text.isprintable()
        or not text.isascii()
    ):
        return HOME
    parts = urlsplit(text)
    if parts.scheme or parts.netloc:
        return HOME
    return text
