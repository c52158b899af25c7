"""A proxy before a cloud that spoils answers as told, and counts what passed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from tests.fakes.live import broken_off, serving

LATE_S = 0.4

Fault = Callable[[bytes], web.Response | None]
"""Makes the answer from the cloud's; None drops the connection."""


def error(status: int, code: int, message: str, retry_after: str = "") -> Fault:
    text = f'{{"error":{{"code":{code},"message":"{message}"}}}}'
    headers = {"retry-after": retry_after} if retry_after else {}
    return lambda _: web.Response(status=status, text=text, content_type="application/json", headers=headers)


def page(status: int) -> Fault:
    text = "<html><body>Bad gateway</body></html>"
    return lambda _: web.Response(status=status, text=text, content_type="text/html")


def cut(payload: bytes) -> web.Response:
    return web.Response(body=payload[: len(payload) // 2], content_type="application/json")


def drop(payload: bytes) -> None:
    """The cloud did it; nobody hears."""


class _Late(web.Response):
    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        await asyncio.sleep(LATE_S)
        return await super().prepare(request)


def late(payload: bytes) -> web.Response:
    """Right, but long after a client that waits less than `LATE_S` has gone."""
    return _Late(body=payload, content_type="application/json")


def told_otherwise(change: Callable[[Any], None]) -> Fault:
    """The answer after something was done to its document; what is no JSON goes through."""

    def answer(payload: bytes) -> web.Response:
        try:
            document = json.loads(payload)
        except ValueError:
            return web.Response(body=payload)
        change(document)
        return web.json_response(document)

    return answer


def last_part(request: web.Request) -> str:
    return request.path.rpartition("/")[2]


@dataclass
class FaultyCloud:
    """`faults` by method: the next calls of it are spoilt one by one, in this order. Where none waits
    `choose` says what spoils a call of the method. `method_of` tells which method a request calls."""

    behind: str
    method_of: Callable[[web.Request], str] = last_part
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    choose: Callable[[str], Fault | None] = lambda _: None
    statuses: Counter[int] = field(default_factory=Counter)
    """Of what the cloud itself answered."""
    calls: Counter[str] = field(default_factory=Counter)
    url: str = ""

    def spoil(self, method: str, *faults: Fault) -> None:
        self.faults.setdefault(method, deque()).extend(faults)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[FaultyCloud]:
        async with serving(self._pass) as self.url, aiohttp.ClientSession() as self._session:
            yield self

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        method = self.method_of(request)
        headers = {name: request.headers[name] for name in request.headers if name != "Host"}
        async with self._session.request(
            request.method, self.behind + request.path_qs, data=await request.read(), headers=headers
        ) as answer:
            payload = await answer.read()
            self.statuses[answer.status] += 1
            self.calls[method] += 1
            waiting = self.faults.get(method)
            fault = waiting.popleft() if waiting else self.choose(method)
            if fault is None:
                return web.Response(
                    status=answer.status, body=payload, content_type=answer.content_type, charset="utf-8"
                )
        spoilt = fault(payload)
        return broken_off(request) if spoilt is None else spoilt
