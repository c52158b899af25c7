"""Topics and bodies of the two network servers, as their documents have them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ownclimate.core.errors import InvalidInput
from ownclimate.ingest.lorawan.correlation import command_of
from ownclimate.links.network_servers.chirpstack import ChirpStack
from ownclimate.links.network_servers.dialect import Downlink
from ownclimate.links.network_servers.things_stack import ThingsStack
from ownclimate.links.settings import NetworkServer

COMMAND = "6b016ba03df245ada9080238"
DOWNLINK = Downlink(
    command_id=COMMAND,
    dev_eui="70B3D52DD3000001",
    address={"device_id": "vicki-1", "application": "home"},
    payload=bytes.fromhex("0e15"),
    port=2,
    is_confirmed=True,
)


@pytest.mark.parametrize(("tenant", "uid"), [("ttn", "home@ttn"), ("", "home")])
def test_the_things_stacks_topics_name_application_and_tenant(tenant: str, uid: str) -> None:
    dialect = ThingsStack(settings=NetworkServer(application="home", tenant=tenant, broker="mqtt://x"))

    assert dialect.broker_user == uid
    assert f"v3/{uid}/devices/+/up" in dialect.subscriptions
    assert dialect.publication(DOWNLINK) == (
        f"v3/{uid}/devices/vicki-1/down/push",
        {
            "downlinks": [
                {
                    "f_port": 2,
                    "frm_payload": "DhU=",
                    "confirmed": True,
                    "priority": "NORMAL",
                    "correlation_ids": [f"ownclimate:command:{COMMAND}"],
                }
            ]
        },
    )


def test_what_we_tell_the_things_stack_is_not_subscribed_to() -> None:
    dialect = ThingsStack(settings=NetworkServer(application="home"))

    assert not [topic for topic in dialect.subscriptions if topic.endswith(("push", "replace", "#"))]


def test_another_user_at_a_broker_changes_no_topic() -> None:
    dialect = ThingsStack(settings=NetworkServer(application="home", user="gate"))

    assert dialect.broker_user == "gate"
    assert "v3/home/devices/+/up" in dialect.subscriptions


@pytest.mark.parametrize("prefix", ["", "eu868"])
def test_chirpstacks_topics_name_application_and_device(prefix: str) -> None:
    dialect = ChirpStack(settings=NetworkServer(broker="mqtt://x", topic_prefix=prefix))
    before = f"{prefix}/" if prefix else ""

    topic, body = dialect.publication(DOWNLINK)

    assert dialect.subscriptions == [f"{before}application/+/device/+/event/+"]
    assert topic == f"{before}application/home/device/70b3d52dd3000001/command/down"
    assert command_of(body.pop("id")) == COMMAND
    assert body == {"devEui": "70b3d52dd3000001", "confirmed": True, "fPort": 2, "data": "DhU="}


@pytest.mark.parametrize("address", [{}, {"device_id": "a/b"}, {"device_id": "#"}, {"device_id": ".."}])
def test_a_device_without_a_fit_name_at_the_things_stack_is_not_addressed(address: dict[str, str]) -> None:
    dialect = ThingsStack(settings=NetworkServer(application="home"))
    nameless = Downlink(
        command_id=COMMAND, dev_eui="", address=address, payload=b"", port=1, is_confirmed=False
    )

    with pytest.raises(InvalidInput):
        dialect.publication(nameless)


@pytest.mark.parametrize("dev_eui", ["", "home/vicki-1", "70B3D52DD300000Z"])
def test_a_device_without_a_deveui_is_not_addressed_at_chirpstack(dev_eui: str) -> None:
    nameless = Downlink(
        command_id=COMMAND,
        dev_eui=dev_eui,
        address={"application": "home"},
        payload=b"",
        port=1,
        is_confirmed=False,
    )

    with pytest.raises(InvalidInput):
        ChirpStack(settings=NetworkServer()).publication(nameless)


@pytest.mark.parametrize("application", ["", "a/b", "+", "#"])
def test_an_application_that_could_not_be_one_stands_in_no_topic(application: str) -> None:
    odd = replace(DOWNLINK, address={"application": application})

    with pytest.raises(InvalidInput):
        ChirpStack(settings=NetworkServer()).publication(odd)
