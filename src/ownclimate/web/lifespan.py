"""Start and stop of the application as the server announces them (ASGI lifespan protocol)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from ownclimate.web.asgi import Receive, Send

Lifetime = Callable[[], AbstractAsyncContextManager[None]]
"""Entered before the first request, left after the last was answered."""


async def run(lifetime: Lifetime | None, receive: Receive, send: Send) -> None:
    """A failure to start is reported to the server, which then does not serve."""
    await receive()
    has_started = False
    try:
        async with nullcontext() if lifetime is None else lifetime():
            await send({"type": "lifespan.startup.complete"})
            has_started = True
            await receive()
    except Exception as error:
        event = "shutdown" if has_started else "startup"
        await send({"type": f"lifespan.{event}.failed", "message": str(error)})
        raise
    await send({"type": "lifespan.shutdown.complete"})
