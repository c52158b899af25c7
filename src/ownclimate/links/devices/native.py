"""The contract of docs/mqtt.md: topics `PREFIX/DEVICE/KIND` and what is in them.

Both sides are here: what ownclimate reads and writes, and the few words that a device needs to answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import is_id
from ownclimate.core.things import Ability, Command
from ownclimate.ingest.rows import Parsed, parse_columns, parse_rows
from ownclimate.links.devices.profiles import Heard, Publication, levels_below
from ownclimate.links.devices.said import About, Outcome, Result, Rows, Said
from ownclimate.links.devices.states import read_state

NAME: Final = "native"
PREFIX: Final = "ownclimate"

AVAILABILITY: Final = "availability"
ABOUT: Final = "about"
READINGS: Final = "readings"
STATE: Final = "state"
COMMAND: Final = "command"
RESULT: Final = "result"
QUERY: Final = "query"
HEARD: Final = (AVAILABILITY, ABOUT, READINGS, STATE, RESULT)
"""What devices say; the others are said to them."""

ONLINE: Final = b"online"
OFFLINE: Final = b"offline"

MAX_REASON: Final = 300
_PREFIX = re.compile(r"[^/+#\x00]+(?:/[^/+#\x00]+)*")
_NAMES = {ability.value: ability for ability in Ability}


class _About(msgspec.Struct, kw_only=True):
    vendor: str = ""
    model: str = ""
    name: str = ""
    firmware: str = ""
    mac: str = ""
    keepalive_s: int = 0
    abilities: list[str] = []


class _Result(msgspec.Struct, kw_only=True):
    id: str
    outcome: Outcome
    reason: str = ""
    state: dict[str, Any] | None = None


_decode_about = msgspec.json.Decoder(_About).decode
_decode_result = msgspec.json.Decoder(_Result).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Native:
    """The profile under one prefix."""

    prefix: str = PREFIX
    name: str = field(default=NAME, init=False)
    maker: About = field(default=About(vendor="generic", model="mqtt_device"), init=False)

    def subscriptions(self) -> Sequence[str]:
        return [topic(self.prefix, "+", kind) for kind in HEARD]

    def hear(self, topic: str) -> Heard | None:
        levels = levels_below(self.prefix, topic)
        if levels is None or len(levels) != 2 or levels[1] not in HEARD or not levels[0]:
            return None
        return Heard(device=levels[0], kind=levels[1])

    def named(self, heard: Heard, payload: bytes) -> str:
        return heard.device

    def read(self, heard: Heard, payload: bytes, now_ms: int) -> Said:
        if not payload:
            return Said()  # How a retained message is taken back.
        if heard.kind == AVAILABILITY:
            return Said(is_online=_availability(payload))
        try:
            return _READERS[heard.kind](payload, now_ms)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidInput(heard.kind, str(error)[:MAX_REASON]) from error

    def order(self, device: str, part: str, command: Command) -> Publication:
        content = {
            "id": command.id,
            "name": command.name,
            "fields": command.fields,
            "expires_at": instant_text(command.expires_ms),
        }
        return Publication(topic=topic(self.prefix, device, COMMAND), payload=msgspec.json.encode(content))

    def greeting(self, device: str) -> Publication | None:
        return None

    def query(self, device: str, command_id: str) -> Publication | None:
        payload = msgspec.json.encode({"id": command_id})
        return Publication(topic=topic(self.prefix, device, QUERY), payload=payload)

    def sought(self, command: Command) -> Mapping[str, float] | None:
        return None


def topic(prefix: str, device: str, kind: str) -> str:
    return f"{prefix}/{device}/{kind}"


def checked_prefix(text: str) -> str:
    """The text when topics may begin with it. Raises InvalidInput."""
    if not _PREFIX.fullmatch(text) or text.startswith("$"):
        raise InvalidInput("prefix", "expected topic levels without + and #, not beginning with $ or /")
    return text


def instant_text(at_ms: int) -> str:
    text = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _availability(payload: bytes) -> bool:
    word = payload.strip().lower()
    if word not in (ONLINE, OFFLINE):
        raise InvalidInput(AVAILABILITY, "expected online or offline")
    return word == ONLINE


def _read_about(payload: bytes, now_ms: int) -> Said:
    told = _decode_about(payload)
    unknown = [name for name in told.abilities if name not in _NAMES]
    about = About(
        vendor=told.vendor,
        model=told.model,
        name=told.name,
        firmware=told.firmware,
        mac=told.mac,
        keepalive_s=max(0, told.keepalive_s),
        abilities=frozenset(_NAMES[name] for name in told.abilities if name in _NAMES),
    )
    return Said(about=about, notes=[f"unknown ability {name[:40]!r}" for name in unknown])


def _read_readings(payload: bytes, now_ms: int) -> Said:
    """The door's two shapes, or a row by itself. The topic names the device, so rows need not."""
    content = _decode_object(payload)
    if "columns" in content and isinstance(content["columns"], dict):
        parsed = parse_columns({**content["columns"], "device": "-"}, now_ms, is_plain=True)
    else:
        rows = content.get("readings", [content])
        if not isinstance(rows, list):
            raise InvalidInput(READINGS, "expected a list of rows")
        dated = [{"at": now_ms, **row, "device": "-"} if isinstance(row, dict) else row for row in rows]
        parsed = parse_rows(dated, now_ms, is_plain=True)
    return Said(rows=_rows(parsed))


def _rows(parsed: Parsed) -> Rows | None:
    for index, reason in sorted(parsed.problems.items()):
        raise InvalidInput(f"row {index}", reason)
    groups = [group for group in parsed.groups if group.columns]
    return Rows(times_ms=groups[0].times_ms, columns=groups[0].columns) if groups else None


def _read_state(payload: bytes, now_ms: int) -> Said:
    state, notes = read_state(_decode_object(payload), now_ms)
    return Said(state=state, notes=notes)


def _read_result(payload: bytes, now_ms: int) -> Said:
    told = _decode_result(payload)
    if not is_id(told.id):
        raise InvalidInput("id", "expected the id of a command")
    state, notes = (None, []) if told.state is None else read_state(told.state, now_ms)
    result = Result(command_id=told.id, outcome=told.outcome, reason=told.reason[:MAX_REASON])
    return Said(state=state, result=result, notes=notes)


_READERS = {ABOUT: _read_about, READINGS: _read_readings, STATE: _read_state, RESULT: _read_result}
