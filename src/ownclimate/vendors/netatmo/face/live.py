"""`/api/webrtc/offer` and `/api/webrtc/terminate`: a camera's live picture (contract §8.6).

Pictures in motion go between app and camera. No camera that ownclimate hears takes an offer, so the answer
is the vendor's for a camera that it cannot reach: a success whose body says what went wrong.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.vendors.netatmo import presented, wire
from ownclimate.vendors.netatmo.face.events import HomeId
from ownclimate.vendors.netatmo.face.faults import Refusal
from ownclimate.vendors.netatmo.face.holdings import find_home, load_home
from ownclimate.vendors.netatmo.face.homes import INVALID_HOME
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.parameters import WireId, wire_id
from ownclimate.vendors.netatmo.face.watching import CAMERA_FAMILIES, WATCH_SCOPES, family
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint

UNREACHABLE: Final = (41, "Device is unreachable")
NO_SESSION: Final = (21, "Nil session")

SessionId = Annotated[str, msgspec.Meta(description="Of the client's making")]


class Offer(msgspec.Struct, kw_only=True):
    home_id: HomeId
    device_id: WireId
    sdp: Annotated[str, msgspec.Meta(description="The client's session description")]
    session_id: SessionId


class Termination(msgspec.Struct, kw_only=True):
    home_id: HomeId
    device_id: WireId
    session_id: SessionId
    tag_id: Annotated[str, msgspec.Meta(description="As the answer to the offer told it")]


class LiveError(msgspec.Struct, kw_only=True):
    code: int
    message: str


class Acknowledgement(msgspec.Struct, kw_only=True):
    type: str = "ack"
    time_server: int
    correlation_id: str
    status: str = "error"
    error: LiveError


def rows() -> tuple[Endpoint, ...]:
    common: dict[str, Any] = {
        "successes": (wire.untimed_success(Acknowledgement),),
        "permission": Permission.DEVICE_READ,
        "any_scopes": WATCH_SCOPES,
        "narrowed_scopes": WATCH_SCOPES,
        "owned": ("home_id", "device_id"),
        "certainty": Certainty.SEEN,
    }
    named = {
        "home_id": "5f0000000000000000000001",
        "device_id": "70:ee:50:00:00:03",
        "session_id": "11111111-2222-4333-8444-555555555555",
    }
    return (
        method(
            "webrtc/offer",
            offer,
            params=Offer,
            summary="Ask a camera for its live picture",
            examples={**named, "sdp": "v=0"},
            **common,
        ),
        method(
            "webrtc/terminate",
            terminate,
            params=Termination,
            summary="End a camera's live picture",
            examples={**named, "tag_id": "AAAAAAAAAAA="},
            **common,
        ),
    )


async def offer(call: Call, asked: Offer) -> wire.Untimed:
    """Raises Refusal for a home or camera that is not the caller's."""
    await _check_camera(call, asked.home_id, asked.device_id)
    return _failed(call, *UNREACHABLE)


async def terminate(call: Call, asked: Termination) -> wire.Untimed:
    """Raises as `offer` does."""
    await _check_camera(call, asked.home_id, asked.device_id)
    return _failed(call, *NO_SESSION)


async def _check_camera(call: Call, home_id: str, device_id: str) -> None:
    site = await find_home(call, home_id)
    if site is None:
        raise Refusal(INVALID_HOME)
    home = await load_home(call, site, with_rooms=False)
    wanted = wire_id(device_id)
    camera = next((d for d in home.devices if presented.wire_id(d).lower() == wanted), None)
    if camera is None or family(camera) not in CAMERA_FAMILIES:
        raise Refusal(f"Invalid device_id, {device_id}")
    call.require(Permission.DEVICE_READ, f"access_{family(camera)}")


def _failed(call: Call, code: int, message: str) -> wire.Untimed:
    now_s = call.ports.clock.now_ms() // 1000
    told = Acknowledgement(
        time_server=now_s,
        correlation_id=str(int.from_bytes(call.ports.entropy(8)) >> 1),
        error=LiveError(code=code, message=message),
    )
    return wire.untimed(call, told)
