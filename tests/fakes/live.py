"""An application behind a real socket, inside this process: for clients that speak HTTP themselves."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import uvicorn
from aiohttp import web

from ownclimate.web.dispatch import Application
from tests.fakes.http import Answered, Client


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the test runner's."""
        yield


@contextlib.asynccontextmanager
async def listening(application: Application) -> AsyncIterator[str]:
    """The address under which the application answers while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(application, lifespan="off", log_config=None, access_log=False)
        server = _Quiet(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@contextlib.asynccontextmanager
async def serving(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    """The address under which a fake of somebody else's server answers all requests while the block runs."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def passed_on(request: web.Request, client: Client) -> Answered:
    """What the client's application answers to the request."""
    names = ("content-type", "authorization", "accept")
    return await client.request(
        request.method,
        request.path_qs,
        headers={name: request.headers.get(name, "") for name in names},
        body=await request.read(),
    )


def broken_off(request: web.Request) -> web.Response:
    """No answer: the connection is gone."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
