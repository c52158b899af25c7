"""An app's webhook: a real HTTP server on this machine that keeps what it is sent, or fails as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.live import serving

PATIENCE_S = 20
"""How long a test waits for what must come; it usually comes within milliseconds."""


@dataclass(frozen=True)
class Delivery:
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def is_signed_by(self, secret: str) -> bool:
        """As a receiver checks it: over the bytes that came, not over what they mean."""
        expected = hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, self.headers.get("x-netatmo-secret", ""))


class Receiver:
    """`status` is what it answers from now on; 302 sends the caller to `elsewhere`."""

    def __init__(self) -> None:
        self.status = 200
        self.elsewhere = ""
        self.attempts = 0
        self.url = ""
        self._came: asyncio.Queue[Delivery] = asyncio.Queue()

    async def next(self) -> Delivery:
        """The next delivery that was answered with 200."""
        return await asyncio.wait_for(self._came.get(), PATIENCE_S)

    @property
    def is_empty(self) -> bool:
        return self._came.empty()

    async def handle(self, request: web.Request) -> web.Response:
        self.attempts += 1
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        if self.status == 200:
            self._came.put_nowait(Delivery(body, headers))
        return web.Response(
            status=self.status, headers={"Location": self.elsewhere} if self.elsewhere else {}
        )


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with serving(receiver.handle) as url:
        receiver.url = f"{url}/hook"
        yield receiver
