"""What only a real server in front of the dispatcher can show: targets as they are on the wire."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import uvicorn

from ownclimate.web.call import Call
from ownclimate.web.dispatch import Application
from ownclimate.web.tables import BodyKind, Success
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import memory_ports
from tests.unit.web.dialects import row, toy


class Seen(msgspec.Struct):
    path: str
    query: str
    size: int


async def tell(call: Call, params: Any) -> Seen:
    return Seen(call.path, call.query, len(call.body))


@pytest.fixture
async def port() -> AsyncIterator[int]:
    bodies = {"bodies": (BodyKind.RAW,), "max_body_bytes": 1000, "methods": ("GET", "POST")}
    rows = [row(path, tell, successes=(Success(item=Seen),), **bodies) for path in ("/toy/a|b", "/toy")]
    app = Application(
        dialects=[toy(*rows, collapses_slashes=True)],
        ports=memory_ports(FakeClock(), SeededEntropy(1)),
        authenticators={},
    )
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, http="httptools", log_config=None, lifespan="off", access_log=False)
    )
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign] # pytest keeps its own
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await running


async def exchange(port: int, sent: bytes) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length")
    )
    body = await reader.readexactly(length)
    writer.close()
    return int(head.split()[1]), body


async def test_raw_bars_and_doubled_slashes_reach_the_row(port: int) -> None:
    status, body = await exchange(
        port, b"GET //toy//a|b?access_token=91|88&x=%7C HTTP/1.1\r\nHost: x\r\n\r\n"
    )

    seen = msgspec.json.decode(body)
    assert (status, seen["path"], seen["query"]) == (200, "//toy//a|b", "access_token=91|88&x=%7C")


async def test_a_body_in_chunks_is_stopped_at_the_limit(port: int) -> None:
    chunk = b"1f4\r\n" + b"x" * 500 + b"\r\n"
    head = b"POST /toy HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

    taken, _ = await exchange(port, head + chunk * 2 + b"0\r\n\r\n")
    refused, _ = await exchange(port, head + chunk * 3 + b"0\r\n\r\n")

    assert (taken, refused) == (200, 413)


@pytest.mark.parametrize(
    ("target", "status"), [("/toy", 413), ("/toy/absent", 404)], ids=["too large", "no such path"]
)
async def test_a_client_that_sends_all_before_it_reads_is_told_why_it_was_refused(
    port: int, target: str, status: int
) -> None:
    head = f"POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5000000\r\n\r\n"

    def send_then_read() -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(head.encode() + b"x" * 5_000_000)
            return connection.recv(1000)

    assert int((await asyncio.to_thread(send_then_read)).split()[1]) == status


async def test_a_client_that_waits_to_be_asked_for_its_body_is_refused_before_it_sends_any(
    port: int,
) -> None:
    head = b"POST /toy HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5000000\r\n\r\n"

    status, _ = await exchange(port, head)

    assert status == 413
