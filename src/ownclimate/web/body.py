"""Reading a request body up to a limit, and reading what it says."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ownclimate.core.errors import InvalidInput
from ownclimate.web.asgi import Receive
from ownclimate.web.call import Pairs
from ownclimate.web.faults import HttpFault
from ownclimate.web.tables import BodyKind, Dialect, Endpoint

MAX_PAIRS = 1000
"""Names in one query or form. The longest real form seen has some hundred (a week's timetable)."""
MAX_DIGITS = 18
"""Of a declared length: what is longer is larger than any limit, and Python refuses to read 4,301 digits."""

_decode_json = msgspec.json.Decoder().decode


class UnreadableBody(InvalidInput):
    """The body is not what its content type says."""

    def __init__(self, reason: str) -> None:
        super().__init__("", reason)


class ClientGone(Exception):
    """The client hung up before its request was complete; nobody is left to answer."""


async def read_body(receive: Receive, declared: str, limit: int) -> bytes:
    """The whole body. Raises HttpFault 413 as soon as the limit is passed, ClientGone on a hang-up.

    A body whose declared length is too great is refused before any of it is read.
    """
    if declared.isdecimal() and (len(declared) > MAX_DIGITS or int(declared) > limit):
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def pairs_of(text: str) -> Pairs:
    """Names and values of a query or form. Raises HttpFault 400 when there are absurdly many."""
    if not text:
        return []
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PAIRS)
    except ValueError:
        raise HttpFault(400, f"More than {MAX_PAIRS} parameters in one request") from None


def values_of(body: bytes, content_type: str, endpoint: Endpoint, dialect: Dialect) -> dict[str, Any]:
    """The parameters in a body, by wire name.

    Raises UnreadableBody when it is not what it claims to be, HttpFault 415 for a kind that the row
    does not take. A body without a content type is taken as the row's first kind.
    """
    if not body or BodyKind.RAW in endpoint.bodies or not endpoint.bodies:
        return {}
    kind = _kind(content_type, endpoint.bodies)
    if kind is BodyKind.FORM:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise UnreadableBody("The form is not valid UTF-8") from None
        return dialect.gather(pairs_of(text))
    try:
        values = _decode_json(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnreadableBody("The body is not valid JSON") from None
    if not isinstance(values, dict):
        raise UnreadableBody("The body must be a JSON object")
    return values


def _kind(content_type: str, kinds: tuple[BodyKind, ...]) -> BodyKind:
    media = content_type.partition(";")[0].strip().lower()
    if not media:
        return kinds[0]
    for kind in kinds:
        if media == kind.value or (kind is BodyKind.JSON and media.endswith("+json")):
            return kind
    expected = " or ".join(kind.value for kind in kinds)
    raise HttpFault(415, f"Expected a body of type {expected}, found {media[:100]}")


def _too_large(limit: int) -> HttpFault:
    return HttpFault(413, f"The body is larger than {limit} bytes")
