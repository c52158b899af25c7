"""A load generator that costs little: prepared requests over some connections, one at a time on each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import uvloop

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length: "


@dataclass(frozen=True)
class Load:
    """What a run came to: answers with the wanted status a second, and how long they took."""

    answered: int
    seconds: float
    latencies_ms: list[float]
    refused: int
    first_refusal: bytes

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def prepare(url: str, path: str, body: bytes, key: str) -> bytes:
    host = urlsplit(url).netloc
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def run(url: str, requests: Sequence[bytes], connections: int, limit_s: float) -> Load:
    """Sends the requests until they are used up or the time is over."""
    return uvloop.run(_run(url, iter(requests), connections, limit_s))


async def _run(url: str, requests: Iterator[bytes], connections: int, limit_s: float) -> Load:
    address = urlsplit(url)
    loop = asyncio.get_running_loop()
    finished: list[_Connection] = []
    start_s = time.perf_counter()
    for _ in range(connections):
        _, connection = await loop.create_connection(
            lambda: _Connection(requests, start_s + limit_s, loop.create_future()),
            address.hostname,
            address.port,
        )
        finished.append(connection)
    for connection in finished:
        await connection.done
    seconds = time.perf_counter() - start_s
    return Load(
        answered=sum(connection.answered for connection in finished),
        seconds=seconds,
        latencies_ms=[value for connection in finished for value in connection.latencies_ms],
        refused=sum(connection.refused for connection in finished),
        first_refusal=next((c.first_refusal for c in finished if c.refused), b""),
    )


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], end_s: float, done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._end_s = end_s
        self._received = b""
        self._sent_s = 0.0
        self.done = done
        self.answered = 0
        self.refused = 0
        self.first_refusal = b""
        self.latencies_ms: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's by shape, not by class.
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, rest = self._received.partition(END_OF_HEAD)
        if not separator:
            return
        _, _, length = head.lower().partition(LENGTH)
        if len(rest) < int(length.partition(b"\r\n")[0] or 0):
            return
        now_s = time.perf_counter()
        self.latencies_ms.append((now_s - self._sent_s) * 1000)
        if head[9:10] == b"2":
            self.answered += 1
        else:
            self.refused += 1
            self.first_refusal = self.first_refusal or self._received
        self._received = b""
        self._send(now_s)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _send(self, now_s: float | None = None) -> None:
        self._sent_s = time.perf_counter() if now_s is None else now_s
        request = None if self._sent_s >= self._end_s else next(self._requests, None)
        if request is None:
            self._transport.close()
        else:
            self._transport.write(request)
