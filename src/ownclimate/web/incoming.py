"""A request's body on its way in, and what becomes of the part that nobody asked for.

A connection that is closed with bytes unread in it is reset, and the reset takes the answer along: the
client, still sending, sees a broken pipe where it was told 413 or 401. So, where the connection ends
with the answer, the rest of a body is read and thrown away before it (RFC 9112 §9.6 describes the
problem). Where it stays open the server reads on in any case.
"""

from __future__ import annotations

import asyncio

from ownclimate.web.asgi import HeaderMap, Message, Receive

LONGEST_S = 10.0
"""How long a client may go on sending what is thrown away before it is answered regardless."""


class Incoming:
    """The server's `receive` of one request, which remembers whether more is to come."""

    __slots__ = ("_is_over", "_receive")

    def __init__(self, receive: Receive, headers: HeaderMap, http_version: str = "1.1") -> None:
        self._receive = receive
        has_body = b"content-length" in headers or b"transfer-encoding" in headers
        self._is_over = not has_body or not _ends(headers, http_version)

    async def __call__(self) -> Message:
        message = await self._receive()
        if not message.get("more_body", False):
            self._is_over = True
        return message

    async def discard(self) -> None:
        """Reads whatever is left, up to the end of the body or of our patience."""
        if self._is_over:
            return
        try:
            async with asyncio.timeout(LONGEST_S):
                while not self._is_over:
                    await self()
        except TimeoutError:
            return


def _ends(headers: HeaderMap, http_version: str) -> bool:
    """Whether the connection ends with this request while its body is on the way.

    Who expects "100 Continue" sends nothing before it, and asking for the body would bring it on.
    """
    wish = headers.get(b"connection", b"").lower()
    is_last = b"close" in wish or (http_version == "1.0" and b"keep-alive" not in wish)
    return is_last and b"expect" not in headers
