"""A row of the table made ready to run: its checks in the dialect's order, then its handler."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from ownclimate.core.access import Access
from ownclimate.core.errors import Forbidden, InvalidInput, Unauthenticated
from ownclimate.web.asgi import Receive
from ownclimate.web.body import read_body
from ownclimate.web.call import Answer, Call, Reply
from ownclimate.web.conditional import conditional
from ownclimate.web.faults import HttpFault
from ownclimate.web.idempotency import HEADER as IDEMPOTENCY_KEY
from ownclimate.web.idempotency import once
from ownclimate.web.limits import Guard
from ownclimate.web.parameters import Inputs, reader_of
from ownclimate.web.tables import BodyKind, Check, Credential, Dialect, Endpoint, Success

Authenticate = Callable[[str], Awaitable[Access]]
"""What the credential text allows. Raises Unauthenticated."""

Step = Callable[[Inputs, Receive], Awaitable[None]]
Run = Callable[[Call, Mapping[str, str], Receive], Awaitable[Reply]]

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Row:
    """`answer` runs one request from its checks to its reply; it raises what the dialect words."""

    endpoint: Endpoint
    dialect: Dialect
    answer: Run


def compile_row(
    endpoint: Endpoint, dialect: Dialect, authenticate: Authenticate | None, guard: Guard | None = None
) -> Row:
    """`guard` counts requests once their caller is known. Raises ValueError when the table contradicts
    itself."""
    steps = _steps(endpoint, dialect, authenticate, guard)
    handle = _in_thread(endpoint) if endpoint.in_thread else endpoint.handler
    replier = _replier(endpoint, dialect)

    async def handled(call: Call, params: Any) -> Reply:
        return replier(await handle(call, params), call)

    honours_keys = endpoint.honours_keys

    async def answer(call: Call, path_values: Mapping[str, str], receive: Receive) -> Reply:
        inputs = Inputs(call, (endpoint, dialect), path_values)
        for step in steps:
            await step(inputs, receive)
        if honours_keys and call.header(IDEMPOTENCY_KEY):
            return await once(call, inputs.body, lambda: handled(call, inputs.params))
        return await handled(call, inputs.params)

    return Row(endpoint, dialect, answer)


def _steps(
    endpoint: Endpoint, dialect: Dialect, authenticate: Authenticate | None, guard: Guard | None
) -> tuple[Step, ...]:
    makers: dict[Check, list[Step | None]] = {
        Check.BODY: [_read_body(endpoint) if endpoint.bodies else None],
        Check.AUTHENTICATE: [],
        Check.SCOPE: [],
        Check.PARAMETERS: [_read_parameters(endpoint, dialect)],
    }
    if not endpoint.is_public:
        if authenticate is None:
            raise ValueError(f"{dialect.name}: nobody checks a {dialect.credential_kind}")
        # Requests that are refused for their scope or parameters count as well.
        makers[Check.AUTHENTICATE] = [
            _authenticate(dialect, authenticate),
            None if guard is None else _limit(guard),
        ]
        makers[Check.SCOPE] = [_check_scope(endpoint)]
    order = dialect.checks
    if set(order) != set(Check):
        raise ValueError(f"{dialect.name}: the order of checks must name each once")
    if Credential.BODY in dialect.credentials and order.index(Check.AUTHENTICATE) < order.index(Check.BODY):
        raise ValueError(f"{dialect.name}: a credential in the body is checked after the body is read")
    return tuple(step for check in order for step in makers[check] if step is not None)


def _read_body(endpoint: Endpoint) -> Step:
    limit = endpoint.max_body_bytes
    is_raw = BodyKind.RAW in endpoint.bodies

    async def step(inputs: Inputs, receive: Receive) -> None:
        declared = inputs.call.header("content-length")
        inputs.body = await read_body(receive, declared, limit)
        if is_raw:
            inputs.call.body = inputs.body

    return step


def _authenticate(dialect: Dialect, authenticate: Authenticate) -> Step:
    places = tuple(_CREDENTIALS[credential] for credential in dialect.credentials)
    name = dialect.credential_parameter

    async def step(inputs: Inputs, receive: Receive) -> None:
        for place in places:
            text = place(inputs, name)
            if text:
                inputs.call.access = await authenticate(text)
                return
        raise Unauthenticated("an access token is required", reason="missing")

    return step


def _limit(guard: Guard) -> Step:
    async def step(inputs: Inputs, receive: Receive) -> None:
        inputs.call.limit_headers, refusal = guard(inputs.call.access)
        if refusal is not None:
            raise refusal

    return step


def _bearer(inputs: Inputs, name: str) -> str:
    scheme, _, token = inputs.call.header("authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _text(read: Callable[[], dict[str, Any]], name: str) -> str:
    """A credential among parameters. Where they cannot be read there is none; what is wrong with them is
    nobody's business who has no other."""
    try:
        value = read().get(name)
    except (InvalidInput, HttpFault):
        return ""
    return value if isinstance(value, str) else ""


_CREDENTIALS: dict[Credential, Callable[[Inputs, str], str]] = {
    Credential.BEARER: _bearer,
    Credential.HEADER: lambda inputs, name: inputs.call.header(name),
    Credential.QUERY: lambda inputs, name: _text(inputs.query_values, name),
    Credential.BODY: lambda inputs, name: _text(inputs.body_values, name),
}


def _check_scope(endpoint: Endpoint) -> Step:
    permission = endpoint.permission
    needed, enough = frozenset(endpoint.scopes), frozenset(endpoint.any_scopes)

    async def step(inputs: Inputs, receive: Receive) -> None:
        access = inputs.call.access
        if permission is not None:
            access.require(permission)
        if access.scopes is not None and not needed <= access.scopes:
            missing = " ".join(sorted(needed - access.scopes))
            raise Forbidden(f"the scope {missing} was not granted")
        if enough and access.scopes is not None and enough.isdisjoint(access.scopes):
            raise Forbidden(f"none of the scopes {' '.join(sorted(enough))} was granted")

    return step


def _read_parameters(endpoint: Endpoint, dialect: Dialect) -> Step | None:
    read = reader_of(endpoint, dialect)
    if read is None:
        return None

    async def step(inputs: Inputs, receive: Receive) -> None:
        inputs.params = read(inputs)

    return step


def _in_thread(endpoint: Endpoint) -> Callable[[Call, Any], Awaitable[Any]]:
    handler: Callable[[Call, Any], Any] = endpoint.handler

    async def handle(call: Call, params: Any) -> Any:
        return await asyncio.to_thread(handler, call, params)

    return handle


def _replier(endpoint: Endpoint, dialect: Dialect) -> Callable[[Any, Call], Reply]:
    """How a handler's result becomes the reply: envelope, encoding, ETag."""
    usual = endpoint.successes[0]
    by_status = {success.status: success for success in endpoint.successes}
    write = {success.status: _writer(success, dialect) for success in endpoint.successes}
    write_usual = write[usual.status]
    usual_type = usual.content_type or dialect.content_type

    def reply(result: Any, call: Call) -> Reply:
        if type(result) is not Answer:
            answer = Reply(status=usual.status, body=write_usual(result, call), content_type=usual_type)
        else:
            status = usual.status if result.status is None else result.status
            answer = Reply(
                status=status,
                body=write[status](result.body, call),
                content_type=by_status[status].content_type or dialect.content_type,
                headers=result.headers,
            )
        return conditional(answer, call) if endpoint.is_conditional else answer

    return reply


def _writer(success: Success, dialect: Dialect) -> Callable[[Any, Call], bytes]:
    if success.item is None:
        return lambda result, call: b""
    envelope = None if success.is_bare else dialect.envelope
    if envelope is None:
        return lambda result, call: result if type(result) is bytes else _encode(result)
    wrap = envelope.wrap
    return lambda result, call: _encode(wrap(result, call))
