"""Sources in a running server: noticed when they are made, heard and answered over a real broker."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ownclimate import data_folder
from ownclimate.config import Settings
from ownclimate.core.accounts import list_owner_ids
from ownclimate.ingest.lorawan.correlation import command_of, correlation_id
from ownclimate.links.mqtt import Broker, Message, MqttLink
from ownclimate.links.network_servers.link import UNREADABLE
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.broker import Mosquitto
from tests.fakes.network_server import Queued, chirpstack_event, things_stack_event
from tests.fakes.server import Server, run, run_json
from tests.unit.ingest.conftest import chirpstack_up, envelope

EMAIL = "ada@example.org"
WAIT_S = 30
KEEPALIVE = "811BAF4BAB2A129030"
WRONG = "not the broker's word"
EUI, OTHER_EUI, THIRD_EUI = "70B3D52DD3000001", "70B3D52DD3000002", "70B3D52DD3000003"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@dataclass
class Place:
    """A server, and its sources by name."""

    server: Server
    sources: dict[str, str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, broker: Mosquitto) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("sources") / "data"
    run_json(data, "user", "add", EMAIL, stdin="a long enough password\n")
    known = ("--user", broker.user)
    stack = ("--application", "home", "--tenant", "ttn", "--confirmed", *known)
    sources = {
        "chirpstack": add(data, broker, "chirpstack", *known),
        "things-stack": add(data, broker, "things-stack", *stack),
        "stranger": add(data, broker, "chirpstack", "--user", "stranger", password=WRONG),
    }
    with Server.start(data) as running:
        yield Place(running, sources)


@pytest.fixture
def server(place: Place) -> Server:
    return place.server


@contextlib.asynccontextmanager
async def network(broker: Mosquitto, *topics: str) -> AsyncIterator[tuple[MqttLink, list[Message]]]:
    """The network server's side of the broker, and what it is told there."""
    told: list[Message] = []

    async def hear(message: Message) -> None:
        told.append(message)

    where = Broker(url=broker.url, client_id="network", user=broker.user, password=broker.password)
    link = MqttLink(where, topics, hear, clock=FakeClock(), entropy=SeededEntropy(1))
    task = asyncio.create_task(link.run())
    try:
        await asyncio.wait_for(link.connected(), WAIT_S)
        yield link, told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await link.forget()


async def until(is_so: Callable[[], Any]) -> Any:
    """What `is_so` says once that is anything; it is asked in a thread, since commands block."""
    deadline_s = time.monotonic() + WAIT_S
    while time.monotonic() < deadline_s:
        found = await asyncio.to_thread(is_so)
        if found:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("it did not happen in time")


def source(server: Server, source_id: str) -> dict[str, Any]:
    (found,) = [row for row in run_json(server.data, "source", "list") if row["id"] == source_id]
    return found


def unreadable(server: Server) -> list[bytes]:
    async def scan() -> list[bytes]:
        async with data_folder.open_ports(server.data, Settings()) as ports:
            (owner_id,) = await list_owner_ids(ports.directory)
            return [entry.payload for entry in await ports.raw.scan(owner_id) if entry.kind == UNREADABLE]

    return asyncio.run(scan())


def device(server: Server, eui: str) -> dict[str, Any] | None:
    found = [row for row in run_json(server.data, "device", "list") if row["vendor_id"] == eui]
    return found[0] if found else None


def add(data: Path, broker: Mosquitto, kind: str, *more: str, password: str = "") -> str:
    arguments = ("source", "add", kind, "--owner", EMAIL, "--broker", broker.url, *more)
    made = run_json(data, *arguments, stdin=f"{password or broker.password}\n")
    return str(made["id"])


async def test_an_uplink_and_a_command_go_through_chirpstacks_broker(
    place: Place, server: Server, broker: Mosquitto
) -> None:
    await until(lambda: source(server, place.sources["chirpstack"])["state"] == "connected")
    here = f"application/home/device/{EUI.lower()}"
    async with network(broker, f"{here}/command/down") as (link, told):
        info = chirpstack_up("")["deviceInfo"] | {"applicationId": "home"}
        await link.publish(f"{here}/event/up", json.dumps(chirpstack_up(KEEPALIVE, deviceInfo=info)).encode())
        latest = await until(lambda: (device(server, EUI) or {}).get("latest"))
        assert latest["temperature_c"] == 25.88

        await asyncio.to_thread(run, server.data, "command", "send", EUI, "set_setpoint", "temperature_c=21")
        await until(lambda: told)
        body = json.loads(told[0].payload)
        assert base64.b64decode(body["data"]).hex() == "0e15"
        assert (body["devEui"], body["fPort"], body["confirmed"]) == (EUI.lower(), 1, False)
        command_id = command_of(body["id"])
        assert command_id

        await link.publish(f"{here}/event/txack", json.dumps(chirpstack_event(body["id"])).encode())
        event = chirpstack_event(body["id"], acknowledged=True)
        await link.publish(f"{here}/event/ack", json.dumps(event).encode())
        done = await until(lambda: confirmed(server, EUI))
        assert (done["id"], done["state"]) == (command_id, "confirmed")

        await link.publish(f"{here}/event/up", b"no event at all")
        await until(lambda: b"no event at all" in unreadable(server))


async def test_an_uplink_and_a_command_go_through_the_things_stacks_broker(
    place: Place, server: Server, broker: Mosquitto
) -> None:
    await until(lambda: source(server, place.sources["things-stack"])["state"] == "connected")
    here = "v3/home@ttn/devices/vicki-2"
    message = envelope(KEEPALIVE)
    message["end_device_ids"] |= {"device_id": "vicki-2", "dev_eui": OTHER_EUI}
    async with network(broker, f"{here}/down/push") as (link, told):
        await link.publish(f"{here}/up", json.dumps(message).encode())
        await until(lambda: device(server, OTHER_EUI))

        await asyncio.to_thread(
            run, server.data, "command", "send", OTHER_EUI, "set_setpoint", "temperature_c=22"
        )
        await until(lambda: told)
        (item,) = json.loads(told[0].payload)["downlinks"]
        assert (base64.b64decode(item["frm_payload"]).hex(), item["confirmed"]) == ("0e16", True)

        queued = Queued("", 1, b"\x0e\x16", True, item["correlation_ids"])
        for name, topic in (("downlink_queued", "queued"), ("downlink_ack", "ack")):
            event = things_stack_event(name, queued)
            await link.publish(f"{here}/down/{topic}", json.dumps(event).encode())
        done = await until(lambda: confirmed(server, OTHER_EUI))
        assert item["correlation_ids"] == [correlation_id(done["id"])]


async def test_a_source_is_paused_resumed_and_removed_while_the_server_runs(
    server: Server, broker: Mosquitto
) -> None:
    source_id = await asyncio.to_thread(add, server.data, broker, "chirpstack", "--user", broker.user)
    await until(lambda: source(server, source_id)["state"] == "connected")

    await asyncio.to_thread(run, server.data, "source", "pause", source_id)
    await until(lambda: not source(server, source_id)["connected_since"])
    assert (await asyncio.to_thread(source, server, source_id))["state"] == "paused"
    await asyncio.to_thread(run, server.data, "source", "resume", source_id)
    await until(lambda: source(server, source_id)["connected_since"])
    await asyncio.to_thread(run, server.data, "source", "remove", source_id)

    rows = await asyncio.to_thread(run_json, server.data, "source", "list")
    assert source_id not in [row["id"] for row in rows]
    sessions = f"ownclimate-{source_id}"
    await until(lambda: (broker.folder / "log").read_text().rstrip().count(sessions) >= 3)


async def test_a_refused_password_is_told_and_stands_nowhere(place: Place, server: Server) -> None:
    def told() -> Any:
        row = source(server, place.sources["stranger"])
        return row if row["last_error"] else None

    found = await until(told)

    assert "refuses" in found["last_error"]
    assert found["state"] == "not connected"
    assert WRONG not in server.log_file.read_text()
    for file in server.data.rglob("*"):
        assert not file.is_file() or WRONG.encode() not in file.read_bytes()


def confirmed(server: Server, eui: str) -> dict[str, Any] | None:
    rows = run_json(server.data, "command", "list", eui)
    return next((row for row in rows if row["state"] == "confirmed"), None)


async def test_a_devices_model_is_corrected_beside_the_running_server(
    place: Place, server: Server, broker: Mosquitto
) -> None:
    await until(lambda: source(server, place.sources["chirpstack"])["state"] == "connected")
    info = chirpstack_up("")["deviceInfo"] | {"applicationId": "home", "devEui": THIRD_EUI.lower()}
    async with network(broker) as (link, _):
        topic = f"application/home/device/{THIRD_EUI.lower()}/event/up"
        await link.publish(topic, json.dumps(chirpstack_up(KEEPALIVE, deviceInfo=info)).encode())
        await until(lambda: (device(server, THIRD_EUI) or {}).get("latest"))

    done = await asyncio.to_thread(run_json, server.data, "device", "model", THIRD_EUI, "ht_sensor")
    again = await asyncio.to_thread(run_json, server.data, "device", "model", THIRD_EUI, "vicki")

    assert (done["model"], again["model"]) == ("ht_sensor", "vicki")
    assert done["frames"] == again["frames"] >= 1
    found = await asyncio.to_thread(device, server, THIRD_EUI)
    assert found is not None
    assert found["latest"]["temperature_c"] == 25.88


def test_an_account_at_mclimates_cloud_is_connected_with_its_password_and_shows_none_of_it(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    run(data, "user", "add", EMAIL, stdin="correct horse battery\n")
    cloud = ("--client-id", "mclimate", "--base-url", "http://127.0.0.1:9", "--relay")
    given = "mclimate_core\nada@cloud.example\nhunter22 hunter22\n"

    run(data, "source", "add", "mclimate", "--owner", EMAIL, *cloud, stdin=given)
    done = run(data, "source", "list", "--json")

    (source,) = json.loads(done.stdout)
    assert (source["kind"], source["name"], source["settings"]["relays"]) == ("mclimate", "MClimate", True)
    assert not any(secret in done.stdout for secret in given.split("\n")[:-1])


def test_a_source_of_nobody_is_not_found(server: Server) -> None:
    done = run(server.data, "source", "remove", "f" * 24, check=False)

    assert done.returncode == 1
    assert "not found" in done.stderr
