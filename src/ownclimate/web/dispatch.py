"""The ASGI application: from a request to its row, through the row's checks, to an answer.

Everything that can be decided from the tables is decided when the application is made; a request only
runs closures. The order within one request: find the row, the dialect's checks, the handler, the
answer, one log entry. Whatever goes wrong is worded by the dialect; what nobody foresaw becomes its
plain 500, and the error itself goes to the log only.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from ownclimate.core.errors import AppError
from ownclimate.core.ports import Ports
from ownclimate.web import cors, lifespan
from ownclimate.web.asgi import ASGIApp, Message, RawHeaders, Receive, Scope, Send, send_reply
from ownclimate.web.body import ClientGone
from ownclimate.web.call import Call, Reply
from ownclimate.web.faults import PATH_UNKNOWN, UNFORESEEN, Fault, HttpFault, common_headers
from ownclimate.web.incoming import Incoming
from ownclimate.web.limits import Limits
from ownclimate.web.operations import operations_dialect
from ownclimate.web.request_ids import RequestIds
from ownclimate.web.routing import Found, Routes, collapsed
from ownclimate.web.rows import Authenticate, Row, compile_row
from ownclimate.web.tables import Dialect, Endpoint, FaultContext

T = TypeVar("T")

CLIENT_GONE = 499
"""The status under which a request whose client hung up is logged; nobody receives it."""


class RequestEntry(NamedTuple):
    """What is told of one request, to the log and to the metrics. Never holds a query or a token."""

    request_id: str
    method: str
    route: str
    """The row's template; of a mount what it left in `scope["route"]`, else its prefix. Empty when nothing
    was found."""
    dialect: str
    status: int
    duration_ms: float
    client_id: str
    error: BaseException | None
    """What was behind a 500."""


Observe = Callable[[RequestEntry], None]


class Application:
    """Every dialect, the operations routes and whatever is mounted, as one ASGI application.

    `authenticators` are by `Dialect.credential_kind`. `operations` are rows outside every dialect
    (health, metrics). `mounts` are ASGI applications by path prefix; a row wins over a mount, and the
    longer prefix of a mount or a dialect decides whose an unknown path is. `public_url` is the address
    under which clients know us; empty takes it from each request's `Host`. `limits` None limits nothing.
    `observers` are told of every request once it was answered.
    """

    def __init__(
        self,
        *,
        dialects: Sequence[Dialect],
        ports: Ports,
        authenticators: Mapping[str, Authenticate],
        operations: Sequence[Endpoint] = (),
        mounts: Mapping[str, ASGIApp] | None = None,
        observers: Sequence[Observe] = (),
        limits: Limits | None = None,
        public_url: str = "",
        lifetime: lifespan.Lifetime | None = None,
    ) -> None:
        plain = operations_dialect(dialects, operations)
        limits = limits or Limits({}, ports.clock)
        self._ports = ports
        self._request_ids = RequestIds(ports.entropy)
        self._observers = tuple(observers)
        self._public_url = public_url.rstrip("/")
        self._lifetime = lifetime
        self._routes: Routes[Row] = Routes()
        self._prefixes = _longest_first({p: d for d in (plain, *dialects) for p in d.prefixes})
        self._mounts = _longest_first(dict(mounts or {}))
        self._collapses = any(dialect.collapses_slashes for dialect in dialects)
        for dialect in (plain, *dialects):
            authenticate = authenticators.get(dialect.credential_kind)
            for endpoint in dialect.endpoints:
                guard = limits.guard(dialect, endpoint)
                row = compile_row(endpoint, dialect, authenticate, guard)
                for path in (endpoint.path, *endpoint.aliases):
                    for method in endpoint.methods:
                        self._routes.add(path, method, row)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await lifespan.run(self._lifetime, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        exchange = _Exchange(scope, self._request_ids)
        found = exchange.found = self._find(exchange.path)
        if found is None:
            mount = self._mount_of(exchange.path)
            if mount is not None:
                await self._serve_mounted(mount, scope, receive, send, exchange.request_id)
                return
        exchange.dialect = self._dialect_of(exchange.path, found)
        incoming = Incoming(receive, exchange.headers, scope.get("http_version", "1.1"))
        try:
            reply: Reply | None = await self._answer(exchange, scope, incoming)
        except ClientGone:
            reply = None
        except (AppError, HttpFault) as fault:
            reply = _worded(fault, exchange)
            exchange.error = fault if reply.status == 500 else None
        except Exception as unforeseen:
            reply = _worded(HttpFault(500, UNFORESEEN), exchange)
            exchange.error = unforeseen
        if reply is not None:
            await incoming.discard()
            await _send(send, reply, exchange)
        status = CLIENT_GONE if reply is None else reply.status
        self._tell(exchange.entry(status, (time.perf_counter() - started) * 1000))

    async def _answer(self, exchange: _Exchange, scope: Scope, receive: Receive) -> Reply:
        found, method = exchange.found, exchange.method
        if found is None:
            raise HttpFault(404, PATH_UNKNOWN)
        row = found.rows.get("GET" if method == "HEAD" else method)
        if row is None:
            return _without_row(exchange, found)
        call = exchange.call = Call(
            endpoint=row.endpoint,
            ports=self._ports,
            headers=exchange.headers,
            path=exchange.path,
            query=scope["query_string"].decode("utf-8", "replace"),
            request_id=exchange.request_id,
            public_url=self._public_url,
            scheme=scope.get("scheme", "http"),
            address=(scope.get("client") or ("",))[0],
        )
        return await row.answer(call, found.values, receive)

    def _find(self, path: str) -> Found[Row] | None:
        found = self._routes.find(path)
        if found is None and self._collapses and ("//" in path or path.endswith("/")):
            plain = collapsed(path)
            if self._dialect_of(plain, None).collapses_slashes:
                return self._routes.find(plain)
        return found

    def _dialect_of(self, path: str, found: Found[Row] | None) -> Dialect:
        if found is not None:
            return next(iter(found.rows.values())).dialect
        if self._collapses and "//" in path:
            path = collapsed(path)
        dialect = _longest_prefix(self._prefixes, path)
        assert dialect is not None, "the operations dialect has the prefix of everything"
        return dialect[1]

    def _mount_of(self, path: str) -> tuple[str, ASGIApp] | None:
        """The mount that an unknown path belongs to; None when a dialect has a longer prefix of it."""
        mount = _longest_prefix(self._mounts, path)
        if mount is None:
            return None
        face = _longest_prefix(self._prefixes, collapsed(path) if self._collapses and "//" in path else path)
        return mount if face is None or len(mount[0]) >= len(face[0]) else None

    async def _serve_mounted(
        self, mount: tuple[str, ASGIApp], scope: Scope, receive: Receive, send: Send, request_id: str
    ) -> None:
        prefix, app = mount
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        error: BaseException | None = None
        try:
            await app(scope, receive, send_with_id)
        except Exception as unforeseen:
            error = unforeseen
            if not status:
                # Nothing was answered, so the server below us has to.
                raise
        finally:
            duration_ms = (time.perf_counter() - started) * 1000
            route = scope.get("route", prefix)
            self._tell(
                RequestEntry(request_id, scope["method"], route, "", status or 500, duration_ms, "", error)
            )

    def _tell(self, entry: RequestEntry) -> None:
        for observe in self._observers:
            observe(entry)


class _Exchange:
    """One request from its arrival to its log entry; filled as it goes."""

    __slots__ = ("call", "dialect", "error", "found", "headers", "method", "path", "request_id")

    def __init__(self, scope: Scope, request_ids: RequestIds) -> None:
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.request_id = request_ids.of(self.headers)
        self.method: str = scope["method"]
        self.path = _path_of(scope)
        self.found: Found[Row] | None = None
        self.dialect: Dialect
        self.call: Call | None = None
        self.error: BaseException | None = None

    def entry(self, status: int, duration_ms: float) -> RequestEntry:
        return RequestEntry(
            self.request_id,
            self.method,
            "" if self.found is None else self.found.template,
            self.dialect.name,
            status,
            duration_ms,
            "" if self.call is None else self.call.client_id,
            self.error,
        )


def _without_row(exchange: _Exchange, found: Found[Row]) -> Reply:
    allowed = sorted({*found.rows, "OPTIONS", *(("HEAD",) if "GET" in found.rows else ())})
    if exchange.method == "OPTIONS":
        return cors.options_reply(allowed, exchange.headers, exchange.dialect)
    raise HttpFault(405, f"{exchange.method} is not possible here", {"allow": ", ".join(allowed)})


def _worded(fault: Fault, exchange: _Exchange) -> Reply:
    endpoint = None if exchange.call is None else exchange.call.endpoint
    context = FaultContext(request_id=exchange.request_id, path=exchange.path, endpoint=endpoint)
    reply = exchange.dialect.fault(fault, context)
    common = tuple(common_headers(fault).items())
    if not common:
        return reply
    return dataclasses.replace(reply, headers=(*reply.headers, *common))


async def _send(send: Send, reply: Reply, exchange: _Exchange) -> None:
    raw: RawHeaders = [(b"x-request-id", exchange.request_id.encode())]
    body = reply.body
    if reply.status not in (204, 304):
        raw.append((b"content-type", reply.content_type.encode()))
        raw.append((b"content-length", str(len(body)).encode()))
    limited = () if exchange.call is None else exchange.call.limit_headers
    for name, value in (*reply.headers, *limited):
        raw.append((name.lower().encode("latin-1"), value.encode("latin-1")))
    if b"origin" in exchange.headers and exchange.dialect.is_cross_origin:
        raw.extend(cors.exposing(exchange.dialect))
    try:
        await send_reply(send, reply.status, raw, b"" if exchange.method == "HEAD" else body)
    except OSError:
        # The client hung up while we answered; servers differ in whether they tell.
        return


def _path_of(scope: Scope) -> str:
    raw: bytes | None = scope.get("raw_path")
    if raw is None:
        return quote(scope["path"])
    return raw.partition(b"?")[0].decode("utf-8", "replace")


def _longest_first(entries: dict[str, T]) -> tuple[tuple[str, T], ...]:
    return tuple(sorted(entries.items(), key=lambda entry: -len(entry[0])))


def _longest_prefix(entries: tuple[tuple[str, T], ...], path: str) -> tuple[str, T] | None:
    """The entry whose prefix the path has; prefixes end where segments end, the empty one is every path's."""
    for entry in entries:
        prefix = entry[0]
        if not prefix or path == prefix or path.startswith(f"{prefix}/"):
            return entry
    return None
