"""Waiting for the next time to look, or for somebody to say that something changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Sleep = Callable[[float], Awaitable[None]]
"""Takes seconds as the clock of the ports counts them, which is not always as time passes."""


async def pause(sleep: Sleep, seconds: float, rung: asyncio.Event) -> None:
    """Until the seconds are over or the event is set."""
    waits = [asyncio.ensure_future(sleep(seconds)), asyncio.ensure_future(rung.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
