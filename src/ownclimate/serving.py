"""Runs a server: takes the folder and the port, serves, stops without losing anything.

Starting: look the store over in a process of its own, take the folder, take the port, open, serve.
Stopping, at SIGTERM or Ctrl-C: no new connections, running requests end (up to a grace), background
work ends, the store writes what is queued and closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import errno
import gc
import signal
import socket
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, cast

import structlog
import uvicorn
import uvloop
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ownclimate import app, data_folder, demo
from ownclimate.authorization import open_authorization
from ownclimate.certificates import served_files
from ownclimate.config import Settings
from ownclimate.core.errors import AppError, InvalidInput, StoreCorrupt
from ownclimate.core.forecasts import no_forecasts
from ownclimate.observe import Metrics, RequestLog
from ownclimate.pages import sign_in_throttle
from ownclimate.store.lmdb import LMDBStore
from ownclimate.web.asgi import ASGIApp, Receive, Scope, Send

BACKLOG = 2048
SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger("ownclimate")


class BehindProxies:
    """Lets uvicorn's middleware look only at requests that a reverse proxy on this machine forwarded.

    It looks at every header of every request, which took 40 of the 140 µs of an empty call.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._direct = application
        self._forwarded = ProxyHeadersMiddleware(cast(Any, application))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if any(name.startswith(b"x-forwarded-") for name, _ in scope.get("headers", ())):
            await self._forwarded(cast(Any, scope), cast(Any, receive), cast(Any, send))
        else:
            await self._direct(scope, receive, send)


class _Server(uvicorn.Server):
    """uvicorn that tells when it listens and leaves signals alone: its own handling raises them again
    before we could close the store."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(data: Path, settings: Settings, requests: RequestLog, *, with_demo: bool) -> None:
    """Serves until told to stop. Raises AppError when the folder or the port cannot be had."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(data, settings, requests, with_demo=with_demo))


async def serve(data: Path, settings: Settings, requests: RequestLog, *, with_demo: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set)
    if settings.store_check:
        problems = await asyncio.to_thread(data_folder.check_store, data, quick=True)
        if problems:
            for problem in problems:
                log.error("store_damaged", problem=problem)
            advice = "see `ownclimate store check`; restore the last backup"
            raise StoreCorrupt(f"the store in {data} is damaged ({problems[0]}): {advice}")
    with contextlib.ExitStack() as taken:
        listener = taken.enter_context(_listening(settings, settings.port))
        settings = dataclasses.replace(settings, port=listener.getsockname()[1])
        secured = None
        if settings.tls_port:
            secured = _Secured(
                taken.enter_context(_listening(settings, settings.tls_port)), *served_files(data, settings)
            )
        async with data_folder.open_server_store(data, settings) as store:
            await _serve_on(listener, secured, data, settings, requests, store, stop, with_demo=with_demo)


@dataclasses.dataclass(frozen=True, slots=True)
class _Secured:
    """Where to listen with TLS, and with what."""

    listener: socket.socket
    certificate: Path
    key: Path


async def _serve_on(
    listener: socket.socket,
    secured: _Secured | None,
    data: Path,
    settings: Settings,
    requests: RequestLog,
    store: LMDBStore,
    stop: asyncio.Event,
    *,
    with_demo: bool,
) -> None:
    metrics = Metrics()
    ports = data_folder.ports_over(store, settings)
    welcome = await demo.prepare(data, settings, ports) if with_demo else None
    if stop.is_set():
        return
    sign_ins = sign_in_throttle(ports, settings)
    authorization = open_authorization(ports, data, settings, sign_ins)
    forecasts = no_forecasts if welcome is None else welcome.forecasts
    application = app.build_application(
        ports, store, settings, metrics, requests, authorization, sign_ins, forecasts
    )
    server = _server(application, settings)
    serving = [asyncio.create_task(server.serve(sockets=[listener]))]
    servers = [server]
    if secured is not None:
        files = {"ssl_certfile": str(secured.certificate), "ssl_keyfile": str(secured.key)}
        servers.append(_server(application, settings, **files))
        serving.append(asyncio.create_task(servers[1].serve(sockets=[secured.listener])))
    work = app.background_work(ports, settings, authorization, metrics)
    background = [asyncio.create_task(_tended(piece)) for piece in work]
    for each in servers:
        await each.is_listening.wait()
    # What was made so far lives as long as the process: full collections need not walk it again and
    # again while requests wait.
    gc.collect()
    gc.freeze()
    log.info("serving", address=settings.base_url, data=str(data))
    if welcome is not None:
        welcome.show()
        background.append(asyncio.create_task(_tended(welcome.live())))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({*serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    log.info("stopping", grace_s=settings.shutdown_grace_s)
    for each in servers:
        each.should_exit = True
    await asyncio.gather(*serving)
    for task in (*background, stopping):
        task.cancel()
    await asyncio.gather(*background, return_exceptions=True)


async def _tended(work: Coroutine[Any, Any, None]) -> None:
    """Says at once when a piece of background work ends that should not."""
    try:
        await work
    except Exception:
        log.exception("background_work_failed", work=getattr(work, "__qualname__", ""))


def _server(application: ASGIApp, settings: Settings, **tls: Any) -> _Server:
    return _Server(
        uvicorn.Config(
            cast(Any, BehindProxies(application)),
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=settings.shutdown_grace_s,
            backlog=BACKLOG,
            **tls,
        )
    )


@contextlib.contextmanager
def _listening(settings: Settings, port: int) -> Iterator[socket.socket]:
    """The bound socket. Raises InvalidInput naming what is wrong with the address."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    with contextlib.closing(listener):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, port))
        except (OSError, OverflowError) as error:
            raise _unbindable(settings, port, error) from error
        yield listener


def _unbindable(settings: Settings, port: int, error: Exception) -> AppError:
    where = f"{settings.host}:{port}"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return InvalidInput("port", f"{where} is taken by another program; choose one with --port")
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return InvalidInput("port", f"this user may not listen on {where}; ports below 1024 need privileges")
    return InvalidInput("host", f"cannot listen on {where}: {error}")
