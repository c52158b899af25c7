"""The Things Stack v3: the JSON that its webhooks and its MQTT server send.

It is protobuf JSON: whatever is at its default is absent, 64-bit integers are texts, times have up to
nine decimals. Source: github.com/TheThingsNetwork/lorawan-stack at 1d21821, messages.proto of the API.
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
from ownclimate.core.linking import THINGS_STACK
from ownclimate.core.ports import Ports
from ownclimate.ingest.instants import find_instant
from ownclimate.ingest.keys import HookKey
from ownclimate.ingest.lorawan.codecs import CodecTable
from ownclimate.ingest.lorawan.correlation import command_in
from ownclimate.ingest.lorawan.fates import Fate, Stage, take_fate
from ownclimate.ingest.lorawan.uplinks import Uplink, keep_event, spreading_factor, take_uplink, within
from ownclimate.ingest.lorawan.ways import Way

UPLINK: Final = "uplink_message"
EVENTS: Final = (
    UPLINK,
    "uplink_normalized",
    "join_accept",
    "downlink_ack",
    "downlink_nack",
    "downlink_sent",
    "downlink_failed",
    "downlink_queued",
    "downlink_queue_invalidated",
    "location_solved",
    "service_data",
)
"""Members of which an envelope has exactly one."""

STAGES: Final = {
    "downlink_queued": Stage.QUEUED,
    "downlink_sent": Stage.TRANSMITTED,
    "downlink_ack": Stage.ACKNOWLEDGED,
    "downlink_nack": Stage.FAILED,
    "downlink_failed": Stage.FAILED,
}
UPLINK_KIND: Final = f"things_stack.{UPLINK}"
MOST_REASON: Final = 300

VOLATILE: Final = ("received_at", "correlation_ids")
"""Members that the server fills anew on each attempt to deliver."""

DIGEST_BYTES = 16


class ApplicationIds(msgspec.Struct):
    application_id: str = ""


class EndDeviceIds(msgspec.Struct):
    device_id: str = ""
    application_ids: ApplicationIds | None = None
    dev_eui: str | None = None


class RxMetadata(msgspec.Struct):
    """What one gateway heard. A gateway that measured at all gives `rssi`; an absent `snr` is then 0."""

    rssi: float | None = None
    channel_rssi: float | None = None
    snr: float | None = None


class VersionIds(msgspec.Struct):
    brand_id: str | None = None
    model_id: str | None = None


class UplinkMessage(msgspec.Struct):
    session_key_id: str | None = None
    f_port: int = 0
    f_cnt: int = 0
    frm_payload: str | None = None
    rx_metadata: list[RxMetadata] | None = None
    received_at: str | None = None
    version_ids: VersionIds | None = None
    settings: Any = None


class Envelope(msgspec.Struct):
    end_device_ids: EndDeviceIds
    received_at: str | None = None
    uplink_message: UplinkMessage | None = None
    simulated: bool = False


_decode_envelope = msgspec.json.Decoder(Envelope, strict=False).decode
_decode_any = msgspec.json.Decoder(dict[str, Any]).decode


async def take_message(
    ports: Ports, key: HookKey, body: bytes, table: CodecTable, *, way: Way, model: str = ""
) -> None:
    """Takes in one message; on disk when it returns. `model` is what the caller says its devices are,
    `way` how they can be answered.

    Raises InvalidInput when the body is no envelope (nothing is kept), StoreUnavailable.
    """
    envelope, content = parse_envelope(body)
    if envelope.uplink_message is not None:
        await take_uplink(
            ports,
            key,
            body,
            lambda data: uplink_in(envelope if data is body else parse_envelope(data)[0], model),
            kind=UPLINK_KIND,
            table=table,
            source_id=await way(_application(envelope.end_device_ids)),
        )
        return
    event = next((name for name in EVENTS if name in content), "")
    await keep_event(
        ports,
        key,
        body,
        kind=f"things_stack.{event or 'unknown'}",
        digest=_event_digest(content),
        vendor_id=vendor_id_of(envelope.end_device_ids),
        note="" if event else "no event that this server knows",
    )
    fate = _fate_of(event, content)
    if fate is not None:
        await take_fate(ports, key.owner_id, fate)


def is_message(content: Mapping[str, Any]) -> bool:
    """Whether a JSON object is an envelope of The Things Stack, whatever address it came to."""
    return isinstance(content.get("end_device_ids"), dict)


def parse_envelope(body: bytes) -> tuple[Envelope, dict[str, Any]]:
    """The members we use, and all of them. Raises InvalidInput."""
    try:
        content = _decode_any(body)
        envelope = _decode_envelope(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("body", "not readable as a message of The Things Stack") from error
    vendor_id = vendor_id_of(envelope.end_device_ids)
    if not vendor_id:
        raise InvalidInput("body", "end_device_ids name no device")
    try:
        checked_vendor_id(vendor_id)
    except InvalidInput as error:
        raise InvalidInput("end_device_ids", error.reason) from error
    return envelope, content


def vendor_id_of(ids: EndDeviceIds) -> str:
    """The DevEUI; for a device without one (ABP) the name that is unique on its server."""
    if ids.dev_eui:
        return ids.dev_eui.upper()
    return f"{_application(ids)}/{ids.device_id}" if ids.device_id else ""


def _application(ids: EndDeviceIds) -> str:
    return ids.application_ids.application_id if ids.application_ids else ""


def read_uplink(body: bytes, model: str = "") -> Uplink:
    """The uplink in an envelope. Raises InvalidInput when there is none."""
    return uplink_in(parse_envelope(body)[0], model)


def uplink_in(envelope: Envelope, model: str) -> Uplink:
    """The uplink in a parsed envelope. Raises InvalidInput when there is none."""
    message, ids = envelope.uplink_message, envelope.end_device_ids
    if message is None:
        raise InvalidInput("body", f"no {UPLINK} in the message")
    payload, notes = _payload(message.frm_payload)
    version = message.version_ids or VersionIds()
    return Uplink(
        vendor_id=vendor_id_of(ids),
        dev_eui=(ids.dev_eui or "").upper(),
        digest=_uplink_digest(ids, message),
        payload=payload,
        port=message.f_port,
        received_ms=find_instant(message.received_at) or find_instant(envelope.received_at),
        device_name=ids.device_id,
        brand=(version.brand_id or "").lower(),
        names=[name for name in (version.model_id, model) if name],
        address={"device_id": ids.device_id, "application": _application(ids)} if ids.device_id else {},
        radio=best_radio(message.rx_metadata or ()),
        network={
            "network_server": THINGS_STACK,
            "application": _application(ids),
            **spreading_factor(within(message.settings, "data_rate", "lora", "spreading_factor")),
        },
        is_simulated=envelope.simulated,
        notes=notes,
    )


def best_radio(receptions: Sequence[RxMetadata]) -> dict[str, float]:
    """Signal strength and quality at the gateway that heard the frame best, by the greater ratio."""
    heard = [r for r in receptions if r.rssi is not None or r.channel_rssi is not None]
    if not heard:
        return {}
    best = max(heard, key=lambda reception: reception.snr or 0.0)
    rssi = best.channel_rssi if best.rssi is None else best.rssi
    return {"rssi_dbm": rssi or 0.0, "snr_db": best.snr or 0.0}


def _fate_of(event: str, content: Mapping[str, Any]) -> Fate | None:
    """What an event says of a downlink that is a command of ours."""
    stage = STAGES.get(event)
    told = content.get(event)
    if stage is None or not isinstance(told, dict):
        return None
    reason = ""
    downlink: Any = told
    if event == "downlink_failed":
        downlink, reason = told.get("downlink"), _reason(told.get("error"))
    elif event == "downlink_nack":
        reason = "the device did not acknowledge it"
    inner = downlink.get("correlation_ids") if isinstance(downlink, dict) else None
    known = [text for ids in (inner, content.get("correlation_ids")) if isinstance(ids, list) for text in ids]
    command_id = command_in(text for text in known if isinstance(text, str))
    return Fate(stage=stage, command_id=command_id, reason=reason) if command_id else None


def _reason(error: Any) -> str:
    if not isinstance(error, dict):
        return "the network server gave no reason"
    text = error.get("message_format") or error.get("name") or "the network server gave no reason"
    return str(text)[:MOST_REASON]


def _payload(text: str | None) -> tuple[bytes, list[str]]:
    try:
        return base64.b64decode(text or "", validate=True), []
    except (binascii.Error, ValueError):
        return b"", ["frm_payload is not base64"]


def _uplink_digest(ids: EndDeviceIds, message: UplinkMessage) -> bytes:
    """Names the uplink, whatever the attempt to deliver it.

    A session's counter never repeats. A device activated by personalisation has no session and starts
    its counter again when it likes, so there the server's time of reception has to tell frames apart.
    """
    session = message.session_key_id or f"received {message.received_at}"
    return _digest(f"{vendor_id_of(ids)}\n{session}\n{message.f_cnt}".encode())


def _event_digest(content: dict[str, Any]) -> bytes:
    lasting = {name: value for name, value in content.items() if name not in VOLATILE}
    return _digest(msgspec.json.encode(lasting, order="deterministic"))


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()
