"""Whatever a cloud answers, a call ends in an answer or in an error that says what is known."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Mapping

import pytest
from aiohttp import web

from ownclimate.core.errors import Garbled, UpstreamError
from ownclimate.links.http import MAX_ANSWER_BYTES, Cloud, read_object


class Odd:
    """A cloud that answers as it is told, to anything."""

    def __init__(self) -> None:
        self.headers: Mapping[str, str] = {}
        self.payload = b"{}"
        self.paths: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.paths.append(request.raw_path)
        return web.Response(body=self.payload, headers=self.headers)


@pytest.fixture
def odd() -> Odd:
    return Odd()


@pytest.fixture
async def cloud(odd: Odd) -> AsyncIterator[Cloud]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", odd.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    cloud = Cloud(f"http://127.0.0.1:{runner.addresses[0][1]}")
    yield cloud
    await cloud.close()
    await runner.cleanup()


@pytest.mark.parametrize(
    "text",
    [
        f"Mon, {'9' * 30} Jan 2001 00:00:00 GMT",
        f"Mon, 01 Jan {'9' * 30} 00:00:00 GMT",
        "Mon, 01 Jan 2001 00:00:00 +99999999",
        "yesterday",
    ],
)
async def test_a_date_that_is_none_spoils_no_answer(cloud: Cloud, odd: Odd, text: str) -> None:
    odd.headers = {"date": text}

    answer = await cloud.get("/a")

    assert (answer.status, answer.dated_ms) == (200, 0)


async def test_an_answer_that_swells_when_it_is_unpacked_is_given_up(cloud: Cloud, odd: Odd) -> None:
    odd.payload = gzip.compress(bytes(4 * MAX_ANSWER_BYTES))
    odd.headers = {"content-encoding": "gzip"}

    with pytest.raises(Garbled, match="no end"):
        await cloud.get("/a")


@pytest.mark.parametrize("payload", [b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'{"a":1e999}'])
async def test_json_that_is_too_deep_or_too_large_is_garbled(cloud: Cloud, odd: Odd, payload: bytes) -> None:
    odd.payload = payload

    with pytest.raises(Garbled):
        read_object(await cloud.get("/a"))


async def test_a_token_that_would_add_a_header_is_not_sent(cloud: Cloud, odd: Odd) -> None:
    with pytest.raises(UpstreamError) as failure:
        await cloud.get("/a", token="hush\r\nhost: elsewhere")

    assert odd.paths == []
    assert "hush" not in str(failure.value)
