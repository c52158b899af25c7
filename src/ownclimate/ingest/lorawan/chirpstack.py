"""ChirpStack v4: the JSON that its HTTP integration and its MQTT integration send.

It is protobuf JSON: whatever is at its default may be absent. The event's name is not in it; it stands
in the query (`?event=up`) or at the end of the topic. Source: github.com/chirpstack/chirpstack at
d77207c, api/proto/integration.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ownclimate.core.devices import checked_vendor_id
from ownclimate.core.errors import InvalidInput
from ownclimate.core.linking import CHIRPSTACK
from ownclimate.core.ports import Ports
from ownclimate.core.readings import origin_number
from ownclimate.ingest.instants import find_instant
from ownclimate.ingest.keys import HookKey
from ownclimate.ingest.lorawan.codecs import CodecTable
from ownclimate.ingest.lorawan.correlation import command_of
from ownclimate.ingest.lorawan.fates import Fate, Stage, take_fate
from ownclimate.ingest.lorawan.uplinks import (
    Uplink,
    batches_of,
    keep_event,
    sound_instant,
    spreading_factor,
    take_uplink,
    within,
)
from ownclimate.ingest.lorawan.ways import Way

UP: Final = "up"
STATUS: Final = "status"
EVENTS: Final = (UP, "join", "ack", "txack", STATUS, "log", "location", "integration")
UPLINK_KIND: Final = f"chirpstack.{UP}"
STATUS_KIND: Final = f"chirpstack.{STATUS}"

LOST_CODES: Final = frozenset({"DOWNLINK_PAYLOAD_SIZE", "F_CNT_DOWN", "EXPIRED", "DOWNLINK_GATEWAY"})
"""Codes of log events that say that a downlink was dropped."""

DIGEST_BYTES: Final = 16
MOST_REASON: Final = 300


class DeviceInfo(msgspec.Struct, rename="camel"):
    dev_eui: str = ""
    device_name: str = ""
    device_profile_name: str = ""
    application_id: str = ""
    tags: dict[str, str] = {}


class RxInfo(msgspec.Struct, rename="camel"):
    """What one gateway heard; an absent value is 0."""

    rssi: float = 0.0
    snr: float = 0.0


class Event(msgspec.Struct, rename="camel"):
    """Every event's members that are used here; which one it is stands outside of it."""

    device_info: DeviceInfo
    deduplication_id: str = ""
    time: str = ""
    dev_addr: str = ""
    f_cnt: int = 0
    f_port: int = 0
    data: str = ""
    rx_info: list[RxInfo] = []
    tx_info: Any = None
    join_server_context: dict[str, Any] | None = None
    queue_item_id: str = ""
    acknowledged: bool = False
    battery_level: float = 0.0
    battery_level_unavailable: bool = False
    external_power_source: bool = False
    level: str = ""
    code: str = ""
    description: str = ""
    context: dict[str, Any] = {}


_decode_event = msgspec.json.Decoder(Event, strict=False).decode


async def take_event(
    ports: Ports,
    key: HookKey,
    event: str,
    body: bytes,
    table: CodecTable,
    *,
    way: Way,
    model: str = "",
) -> None:
    """Takes in one event; on disk when it returns. `model` is what the caller says its devices are,
    `way` how they can be answered.

    Raises InvalidInput when the body cannot be read, or its payload is encrypted (nothing is kept);
    StoreUnavailable.
    """
    told = parse_event(body)
    if event == UP:
        await take_uplink(
            ports,
            key,
            body,
            lambda data: uplink_in(told if data is body else parse_event(data), data, model),
            kind=UPLINK_KIND,
            table=table,
            source_id=await way(told.device_info.application_id),
        )
        return
    is_known = event in EVENTS
    device, arrived_ms = await keep_event(
        ports,
        key,
        body,
        kind=f"chirpstack.{event if is_known else 'unknown'}",
        digest=event_digest(event, told, body),
        vendor_id=told.device_info.dev_eui.upper(),
        note="" if is_known else "no event that this server knows",
    )
    if event == STATUS and device is not None:
        batches = batches_of(
            device,
            status_values(told),
            at_ms=sound_instant(find_instant(told.time), arrived_ms),
            origin=origin_number(key.source_number, key.origin),
            arrived_ms=arrived_ms,
            payload=event_digest(event, told, body),
        )
        if batches:
            await ports.series.record(batches)
    fate = _fate_of(event, told)
    if fate is not None:
        await take_fate(ports, key.owner_id, fate)


def is_event(content: Mapping[str, Any]) -> bool:
    """Whether a JSON object is an event of ChirpStack v4, whatever address it came to."""
    return isinstance(content.get("deviceInfo"), dict)


def guess_event(content: Mapping[str, Any]) -> str:
    """Which event it is, told by its members, where neither query nor topic says."""
    for member, event in _TELLING:
        if member in content:
            return event
    return UP


_TELLING: Final = (
    ("downlinkId", "txack"),
    ("queueItemId", "ack"),
    ("margin", STATUS),
    ("batteryLevel", STATUS),
    ("batteryLevelUnavailable", STATUS),
    ("description", "log"),
    ("location", "location"),
    ("integrationName", "integration"),
    ("txInfo", UP),
    ("data", UP),
    ("devAddr", "join"),
)
"""Members that only this event has, of the events not excluded by a line above."""


def parse_event(body: bytes) -> Event:
    """Raises InvalidInput."""
    try:
        told = _event_in(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # An integration may also be set to send protobuf.
        raise InvalidInput(
            "body", "expected an event of ChirpStack v4, its payload encoding set to JSON"
        ) from error
    try:
        checked_vendor_id(told.device_info.dev_eui)
    except InvalidInput as error:
        raise InvalidInput("deviceInfo.devEui", error.reason) from error
    return told


def _event_in(body: bytes) -> Event:
    try:
        return _decode_event(body)
    except msgspec.ValidationError:
        # In protobuf JSON null stands for the default as well; hardly anybody writes it.
        return msgspec.convert(_without_nulls(msgspec.json.decode(body)), Event, strict=False)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def read_uplink(body: bytes, model: str = "") -> Uplink:
    """The uplink in an `up` event. Raises InvalidInput, also when its payload is encrypted."""
    return uplink_in(parse_event(body), body, model)


def uplink_in(told: Event, body: bytes, model: str) -> Uplink:
    """The uplink that a parsed `up` event tells of. Raises InvalidInput when its payload is encrypted."""
    if told.join_server_context:
        raise InvalidInput(
            "joinServerContext", "the payload is encrypted with a key that the join server keeps"
        )
    info = told.device_info
    dev_eui = info.dev_eui.upper()
    payload, notes = _payload(told.data)
    return Uplink(
        vendor_id=dev_eui,
        dev_eui=dev_eui,
        digest=event_digest(UP, told, body),
        payload=payload,
        port=told.f_port,
        received_ms=find_instant(told.time),
        device_name=info.device_name,
        names=[model] if model else [],
        hints=[text for text in (info.tags.get("model", ""), info.device_profile_name) if text],
        address={"application": info.application_id},
        radio=best_radio(told.rx_info),
        network={
            "network_server": CHIRPSTACK,
            "application": info.application_id,
            **spreading_factor(within(told.tx_info, "modulation", "lora", "spreadingFactor")),
        },
        notes=notes,
    )


def best_radio(receptions: Sequence[RxInfo]) -> dict[str, float]:
    """Signal strength and quality at the gateway that heard the frame best, by the greater ratio."""
    if not receptions:
        return {}
    best = max(receptions, key=lambda reception: reception.snr)
    return {"rssi_dbm": best.rssi, "snr_db": best.snr}


def status_values(told: Event) -> dict[str, float]:
    """A battery's charge in a `status` event; a device on mains, or that cannot tell, has none."""
    has_battery = not told.battery_level_unavailable and not told.external_power_source
    return {"battery_pct": told.battery_level} if has_battery else {}


def event_digest(event: str, told: Event, body: bytes) -> bytes:
    """Names the event, whatever the attempt to deliver it."""
    # One reception may lead to several events of the same deduplication id.
    name = told.deduplication_id or hashlib.blake2b(body, digest_size=DIGEST_BYTES).hexdigest()
    text = f"{told.device_info.dev_eui.lower()}\n{event}\n{name}\n{told.queue_item_id}"
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


def _fate_of(event: str, told: Event) -> Fate | None:
    """What an event says of a downlink."""
    if event == "txack":
        return _fate(Stage.TRANSMITTED, told.queue_item_id)
    if event == "ack":
        if told.acknowledged:
            return _fate(Stage.ACKNOWLEDGED, told.queue_item_id)
        return _fate(Stage.FAILED, told.queue_item_id, "the device did not acknowledge it")
    if event == "log" and (told.code in LOST_CODES or told.level == "ERROR"):
        reason = f"{told.code}: {told.description}".strip(": ")[:MOST_REASON]
        item = next((text for text in _texts(told.context) if command_of(text)), "")
        item = item or str(told.context.get("queue_item_id", ""))
        return _fate(Stage.FAILED, item, reason)
    return None


def _fate(stage: Stage, queue_item_id: str, reason: str = "") -> Fate | None:
    if not queue_item_id:
        return None
    command_id = command_of(queue_item_id)
    return Fate(stage=stage, command_id=command_id, queue_item_id=queue_item_id, reason=reason)


def _texts(context: Mapping[str, Any]) -> list[str]:
    return [value for value in context.values() if isinstance(value, str)]


def _payload(text: str) -> tuple[bytes, list[str]]:
    try:
        return base64.b64decode(text, validate=True), []
    except (binascii.Error, ValueError):
        return b"", ["data is not base64"]
