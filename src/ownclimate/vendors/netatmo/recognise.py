"""Telling recorded bytes apart by what is in them: which method answered, or what else they are.

Names and file endings are not looked at. With or without the `{"status":…,"body":…}` envelope.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from ownclimate.vendors.netatmo.statements import storable
from ownclimate.vendors.netatmo.words import epoch_ms

STATIONS: Final = "getstationsdata"
COACHES: Final = "gethomecoachsdata"
HOMES: Final = "homesdata"
STATUS: Final = "homestatus"
MEASURE: Final = "getmeasure"
SECURITY: Final = "gethomedata"
EVENTS: Final = "getevents"
EVENTS_LIST: Final = "events"
"""What geteventsuntil, getlasteventof and getnextevents answer."""
PUSH: Final = "webhook push"
TAKEN: Final = frozenset({STATIONS, COACHES, HOMES, STATUS, SECURITY, EVENTS, EVENTS_LIST})
"""Kinds that become things and readings by themselves."""

_KINDS: Final = {kind: kind for kind in TAKEN} | dict.fromkeys(
    ("geteventsuntil", "getlasteventof", "getnextevents"), EVENTS_LIST
)
"""What a method answers, by its name."""
_ALIKE: Final = (frozenset({HOMES, SECURITY}), frozenset({STATUS, EVENTS}), frozenset({STATIONS, COACHES}))
"""Answers that cannot be told apart while they say little."""

MAX_DEPTH: Final = 60
"""Real answers nest nine deep. What is deeper is not walked through."""

VOLATILE: Final = ("time_server", "time_exec")
"""Members of the envelope that differ between two equal answers."""

SECRETS: Final = frozenset({"access_token", "refresh_token", "client_secret", "password"})
_SECRET_FORM = re.compile(
    rb"(?:^|&)(?:access_token|refresh_token|client_secret|password)=[^&\s]+", re.IGNORECASE
)
_HUGE = re.compile(rb"\d{19}")
"""Only whole numbers of so many digits may be beyond 64 bits."""
_BEARER = re.compile(rb"authorization:\s*bearer\s+\S+", re.IGNORECASE)

_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
)
_REQUEST_MARKS: Final = (
    ("zones", "request synchomeschedule"),
    ("timetable", "request synchomeschedule"),
    ("grant_type", "request token"),
    ("client_id", "request token"),
    ("person_ids", "request setpersonshome"),
)
_ANSWER_MARKS: Final = (
    ("swagger", "interface description"),
    ("openapi", "interface description"),
    ("local_url", "camera ping"),
    ("product_name", "camera ping"),
    ("sdpAnswer", "webrtc"),
    ("tag_id", "webrtc"),
    ("session_id", "webrtc"),
    ("correlation_id", "webrtc"),
    ("events_list", EVENTS_LIST),
    ("schedule_id", "createnewhomeschedule"),
)
_PUSH_MARKS: Final = ("push_type", "event_type", "extra_params", "change")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """`document` is the JSON value, None when it is none; `body` is it without its envelope. `dated_ms` 0
    when the answer does not say when it was given. `has_secret` payloads must not be stored."""

    kind: str
    digest: bytes
    document: Any = None
    body: Any = None
    dated_ms: int = 0
    has_secret: bool = False


def recognise(payload: bytes) -> Recognised:
    """What the bytes are; never fails, whatever they are."""
    plain = Recognised(kind=_kind_of_bytes(payload), digest=_digest(payload))
    if not payload.strip():
        return replace(plain, kind="nothing")
    try:
        document = orjson.loads(payload.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return replace(plain, has_secret=_has_secret_text(payload))
    if is_deeper(document, MAX_DEPTH):
        return replace(plain, kind="too deeply nested JSON", has_secret=_has_secret_text(payload))
    enveloped = isinstance(document, dict) and ("status" in document or "time_server" in document)
    has_body = isinstance(document, dict) and "body" in document
    is_packed = has_body or (enveloped and not has_any(document, "devices", "homes", "home"))
    body = document.get("body") if is_packed else document
    dated_ms = epoch_ms(document.get("time_server")) or 0 if enveloped else 0
    return Recognised(
        kind=_kind(document, body, enveloped),
        digest=_digest(_canonical(document, has_huge=_HUGE.search(payload) is not None)),
        document=document,
        body=body,
        dated_ms=dated_ms,
        has_secret=_may_have_secret(payload) and has_secret(document),
    )


def answered_to(method: str | None, found: Recognised) -> Recognised:
    """What was recognised, by whoever knows which method it answers: an answer with little in it looks
    like that of another."""
    kind = _KINDS.get((method or "").lower())
    alike = next((kinds for kinds in _ALIKE if kind in kinds), frozenset())
    return replace(found, kind=kind) if kind is not None and found.kind in alike else found


def is_deeper(value: Any, depth: int) -> bool:
    """Whether the JSON value nests deeper than `depth`, found without recursion."""
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for item in level
            if isinstance(item, (dict, list))
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True


def has_secret(value: Any) -> bool:
    """Whether a token or password stands anywhere in the JSON value."""
    if isinstance(value, dict):
        return any(
            (name.lower() in SECRETS and isinstance(item, str) and bool(item)) or has_secret(item)
            for name, item in value.items()
        )
    return isinstance(value, list) and any(has_secret(item) for item in value)


def _may_have_secret(payload: bytes) -> bool:
    """Whether the name of a secret stands in the JSON text, or an escape that may spell one."""
    lower = payload.lower()
    return b"\\u" in lower or any(name.encode() in lower for name in SECRETS)


def cleaned(found: Recognised) -> Recognised:
    """What was recognised, without the secrets in it."""
    if not found.has_secret:
        return found
    document = without_secrets(found.document)
    is_bare = found.body is found.document
    return replace(found, document=document, body=document if is_bare else document.get("body"))


def without_secrets(value: Any) -> Any:
    """The JSON value without members that hold a token or password."""
    if isinstance(value, dict):
        return {
            name: without_secrets(item)
            for name, item in value.items()
            if not (name.lower() in SECRETS and isinstance(item, str))
        }
    return [without_secrets(item) for item in value] if isinstance(value, list) else value


def _kind(document: Any, body: Any, enveloped: bool) -> str:
    if isinstance(document, dict):
        if has_any(document, "access_token", "refresh_token"):
            return "token"
        error = document.get("error")
        if error is not None and not document.get("body"):
            return "error" if isinstance(error, Mapping) else "oauth error"
        if not enveloped and has_any(document, *_PUSH_MARKS):
            return PUSH
    if enveloped and body in (None, {}):
        return "acknowledgement"
    if isinstance(body, dict):
        return _kind_of_object(body, enveloped)
    return _kind_of_list(body) if isinstance(body, list) else "unknown JSON"


def _kind_of_object(body: Mapping[str, Any], enveloped: bool) -> str:
    if isinstance(body.get("devices"), list):
        return _kind_of_devices(body["devices"])
    if isinstance(body.get("homes"), list):
        return _kind_of_homes(body)
    if isinstance(body.get("home"), Mapping):
        if any("command" in error for error in _objects(body.get("errors"))):
            return "setstate"
        return _kind_of_home(body["home"], enveloped)
    if body and all(name.lstrip("-").isdecimal() and isinstance(row, list) for name, row in body.items()):
        return MEASURE
    for mark, kind in _ANSWER_MARKS if enveloped else (*_REQUEST_MARKS, *_ANSWER_MARKS):
        if mark in body:
            return kind
    if "errors" in body:
        return "errors"
    return "unknown JSON"


def _kind_of_devices(devices: list[Any]) -> str:
    texts = {kind for device in _objects(devices) if isinstance(kind := device.get("type"), str)}
    if texts and texts <= {"NHC"}:
        return COACHES
    if texts and texts <= {"NAPlug", "OTH"}:
        return "getthermostatsdata"
    return STATIONS


def _kind_of_homes(body: Mapping[str, Any]) -> str:
    security = ("cameras", "smokedetectors", "events")
    homes = [home for home in body["homes"] if isinstance(home, Mapping)]
    if "global_info" in body or any(has_any(home, *security) for home in homes):
        return SECURITY
    return HOMES


def _kind_of_home(home: Mapping[str, Any], enveloped: bool) -> str:
    modules, rooms = _objects(home.get("modules")), _objects(home.get("rooms"))
    is_empty = not has_any(home, "modules", "rooms", "persons")
    if (home.get("events") and not modules and not rooms) or ("events" in home and is_empty):
        return EVENTS
    states = any("type" in module for module in modules) or any("reachable" in room for room in rooms)
    if not enveloped and (modules or rooms) and not states:
        return "request setstate"
    return STATUS


def _kind_of_list(body: list[Any]) -> str:
    objects = _objects(body)
    if not body:
        return "empty list"
    if any("beg_time" in item for item in objects):
        return MEASURE
    if any(has_any(item, "measures", "mark") for item in objects):
        return "getpublicdata"
    if any("url" in item for item in objects):
        return "webhooks"
    if all(isinstance(item, str) for item in body):
        return "partnerdevices"
    return "unknown JSON"


def _kind_of_bytes(payload: bytes) -> str:
    for signature, kind in _SIGNATURES:
        if payload.startswith(signature):
            return kind
    start = payload[:2000].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<")):
        return "HTML or XML"
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return "binary"
    if re.search(r"^(?:swagger|openapi):", text, re.MULTILINE):
        return "interface description"
    return "text"


def _has_secret_text(payload: bytes) -> bool:
    """Forms (`a=b&c=d`) and copied request headers; prose and descriptions may name tokens freely."""
    return bool(_BEARER.search(payload)) or (
        len(payload.split()) == 1 and bool(_SECRET_FORM.search(payload.strip()))
    )


def _canonical(document: Any, *, has_huge: bool) -> bytes:
    if isinstance(document, dict):
        document = {name: value for name, value in document.items() if name not in VOLATILE}
    return orjson.dumps(storable(document) if has_huge else document, option=orjson.OPT_SORT_KEYS)


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def has_any(value: Mapping[str, Any], *names: str) -> bool:
    return any(name in value for name in names)
