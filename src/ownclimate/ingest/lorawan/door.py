"""The HTTP doors for network servers, as rows: their webhooks, and the vendor's own broker address.

`/broker/{network}` takes what a network server was set up to send to the vendor's cloud, so that moving
it here is changing one host name.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.errors import InvalidInput, NotFound, Unsupported
from ownclimate.core.linking import CHIRPSTACK, THINGS_STACK, Vault
from ownclimate.core.ports import Ports
from ownclimate.ingest.keys import HookAccess, HookKey
from ownclimate.ingest.lorawan import chirpstack, things_stack
from ownclimate.ingest.lorawan.codecs import CodecTable
from ownclimate.ingest.lorawan.ways import Offer, chirpstack_offer, way_of, webhook_offer
from ownclimate.web.call import Answer, Call
from ownclimate.web.tables import BodyKind, Certainty, Endpoint, Place, Success

MAX_ENVELOPE_BYTES: Final = 256 * 1024
"""A frame heard by hundreds of gateways."""

ModelName = Annotated[str, msgspec.Meta(max_length=100)]
EventName = Annotated[str, msgspec.Meta(max_length=40)]

NETWORKS: Final = {
    "chirpstack": CHIRPSTACK,
    "the-things-stack": THINGS_STACK,
    "things-stack": THINGS_STACK,
    "thethingsstack": THINGS_STACK,
    "ttn": THINGS_STACK,
    "tts": THINGS_STACK,
}
"""Names under which the vendor's broker knows the network servers that can be read here."""

UNREAD_NETWORKS: Final = (
    "akenza",
    "element-iot",
    "firefly",
    "loriot",
    "milesight",
    "senet",
    "tektelic",
    "thingpark",
    "up-b-one",
    "wattsense",
    "wattsense-alarms",
)
"""Names that the vendor's broker has besides."""


class ThingsStackQuery(msgspec.Struct, kw_only=True):
    """`model` is what the sender's devices are, where the network server does not say."""

    model: ModelName = ""


class ChirpStackQuery(msgspec.Struct, kw_only=True):
    """`event` is set by ChirpStack; `model` is what the sender's devices are, where it does not say."""

    event: EventName = ""
    model: ModelName = ""


class BrokerQuery(msgspec.Struct, kw_only=True):
    """`network` is the vendor's name for the kind of network server; `event` is set by ChirpStack."""

    network: Annotated[str, Place.PATH]
    event: EventName = ""
    model: ModelName = ""


def hook_rows(codecs: CodecTable, vault: Vault | None) -> tuple[Endpoint, ...]:
    """The rows below `/hooks/lorawan`. With a `vault` a server that offers how it can be answered becomes
    a source."""

    async def take_things_stack(call: Call, query: ThingsStackQuery) -> Answer:
        offer = webhook_offer(call.header("x-downlink-push"), call.header("x-downlink-apikey"))
        await _take_things_stack(call, codecs, vault, query.model, offer)
        return Answer(status=202)

    async def take_chirpstack(call: Call, query: ChirpStackQuery) -> Answer:
        await _take_chirpstack(call, codecs, vault, query.event, query.model, None)
        return Answer(status=202)

    return (
        _row(
            operation_id="postThingsStackMessage",
            path="/hooks/lorawan/things-stack",
            aliases=(
                "/hooks/lorawan/things-stack/{event}",
                "/hooks/lorawan/things-stack/{event}/{detail}",
            ),
            handler=take_things_stack,
            params=ThingsStackQuery,
            summary="A message of The Things Stack v3, as its webhooks send it",
            examples={"model": "vicki"},
        ),
        _row(
            operation_id="postChirpStackEvent",
            path="/hooks/lorawan/chirpstack",
            handler=take_chirpstack,
            params=ChirpStackQuery,
            summary="An event of ChirpStack v4 in JSON, as its HTTP integration sends it",
            examples={"event": "up", "model": "vicki"},
        ),
    )


def broker_rows(codecs: CodecTable, vault: Vault | None) -> tuple[Endpoint, ...]:
    """The rows below `/broker`."""

    async def take(call: Call, query: BrokerQuery) -> Answer:
        network = query.network.lower()
        if network in UNREAD_NETWORKS:
            known = "chirpstack and the-things-stack are"
            raise Unsupported(network, f"messages of {network} cannot be read yet; {known}")
        if network not in NETWORKS:
            raise NotFound("network", query.network)
        content = _content(call.body)
        if things_stack.is_message(content):
            offer = webhook_offer(call.header("x-downlink-push"), call.header("x-downlink-apikey"))
            await _take_things_stack(call, codecs, vault, query.model, offer)
        elif chirpstack.is_event(content):
            event = query.event or chirpstack.guess_event(content)
            offer = chirpstack_offer(call.header("url"), call.header("token"))
            await _take_chirpstack(call, codecs, vault, event, query.model, offer)
        else:
            raise InvalidInput(
                "body", "neither a message of The Things Stack v3 nor an event of ChirpStack v4"
            )
        return Answer(status=202)

    return (
        _row(
            operation_id="postToBroker",
            path="/broker/{network}",
            handler=take,
            params=BrokerQuery,
            errors=(404,),
            summary="What a network server sends to MClimate's broker",
            examples={"network": "chirpstack", "event": "up"},
        ),
    )


def _row(*, errors: tuple[int, ...] = (), **row: Any) -> Endpoint:
    return Endpoint(
        methods=("POST",),
        bodies=(BodyKind.RAW,),
        max_body_bytes=MAX_ENVELOPE_BYTES,
        successes=(Success(status=202, summary="The message is on disk"),),
        permission=Permission.INGEST,
        errors=(*errors, 400, 413, 503),
        limit_class="ingest",
        certainty=Certainty.DOCUMENTED,
        **row,
    )


async def _take_things_stack(
    call: Call, codecs: CodecTable, vault: Vault | None, model: str, offer: Offer | None
) -> None:
    ports, key = _sender(call)
    way = way_of(ports, vault, key, THINGS_STACK, offer)
    await things_stack.take_message(ports, key, call.body, codecs, way=way, model=model)


async def _take_chirpstack(
    call: Call, codecs: CodecTable, vault: Vault | None, event: str, model: str, offer: Offer | None
) -> None:
    ports, key = _sender(call)
    way = way_of(ports, vault, key, CHIRPSTACK, offer)
    named = event or chirpstack.guess_event(_content(call.body))
    await chirpstack.take_event(ports, key, named, call.body, codecs, way=way, model=model)


def _sender(call: Call) -> tuple[Ports, HookKey]:
    assert isinstance(call.access, HookAccess), "the doors' authenticator gives nothing else"
    return call.ports, call.access.key


def _content(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("body", "expected a JSON object") from error
