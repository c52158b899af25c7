"""A request's body on its way in, and what becomes of the part that nobody asked for.

A connection that is closed with bytes unread in it is reset, and the reset takes the answer along: the
client, still sending, sees a broken pipe where it was told 413 or 401. So the rest of a body is read
and thrown away before the answer goes out (RFC 9112 §9.6 describes the problem).
"""

from __future__ import annotations

import asyncio

from ownclimate.web.asgi import HeaderMap, Message, Receive

LONGEST_S = 10.0
"""How long a client may go on sending what is thrown away before it is answered regardless."""


class Incoming:
    """The server's `receive` of one request, which remembers whether more is to come."""

    __slots__ = ("_is_over", "_receive")

    def __init__(self, receive: Receive, headers: HeaderMap) -> None:
        self._receive = receive
        has_body = b"content-length" in headers or b"transfer-encoding" in headers
        # Who expects "100 Continue" sends nothing before it, and asking for the body would bring it on.
        self._is_over = not has_body or b"expect" in headers

    async def __call__(self) -> Message:
        message = await self._receive()
        self._is_over = not message.get("more_body", False)
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
