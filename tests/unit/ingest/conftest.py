"""The doors over the memory stores, and someone who has a key to them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import pytest

from ownclimate.core.accounts import register_account
from ownclimate.core.devices import find_device, list_devices
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Arrivals, Series
from ownclimate.core.things import Device
from ownclimate.core.writes import Actor
from ownclimate.ingest.doors import CREDENTIAL_KIND, broker_dialect, doors_dialect
from ownclimate.ingest.keys import hook_authenticator
from ownclimate.oauth.encryption import Cipher
from ownclimate.oauth.keys import Key, KeyKind, check_hook, create_key
from ownclimate.store.memory import MemoryDirectory, MemoryRawArchive
from ownclimate.store.memory_series import MemorySeries
from ownclimate.store.partitioned_memory import PartitionedMemoryDirectory, PartitionedSeries
from ownclimate.vendors.mclimate.codecs import FrameTable
from ownclimate.web.dispatch import Application, RequestEntry
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.http import Answered, Client

NOW = "2026-11-21T10:00:00Z"
"""What the fake clock says at first."""

READINGS = "/hooks/readings"
THINGS_STACK = "/hooks/lorawan/things-stack"
CHIRPSTACK = "/hooks/lorawan/chirpstack"


@dataclass
class House:
    """An owner with a device key, and a client that carries it."""

    ports: Ports
    key: Key
    text: str
    client: Client
    clock: FakeClock
    vault: Cipher

    async def post(self, target: str, body: Any, **headers: str) -> Answered:
        sent = {"authorization": f"Bearer {self.text}", **headers}
        if isinstance(body, bytes):
            return await self.client.request("POST", target, headers=sent, body=body)
        return await self.client.request("POST", target, headers=sent, json_body=body)

    async def device(self, text: str) -> Device:
        device = await find_device(self.ports.directory, self.key.owner_id, text)
        assert device is not None, f"no device {text}"
        return device

    async def devices(self) -> list[Device]:
        return await list_devices(self.ports.directory, self.key.owner_id)

    async def series(self, text: str) -> Series:
        return await self.ports.series.read((await self.device(text)).number)

    async def rows(self, text: str) -> list[dict[str, float]]:
        """The device's readings as rows of what they have, `at` in milliseconds."""
        series = await self.series(text)
        return [
            {"at": int(at), **{n: float(v[i]) for n, v in series.columns.items() if v[i] == v[i]}}
            for i, at in enumerate(series.times_ms)
        ]


@pytest.fixture(params=["memory", "partitioned"])
def ports(request: pytest.FixtureRequest, clock: FakeClock, entropy: SeededEntropy) -> Ports:
    """The reference stores, and those that behave like a distributed one."""
    is_partitioned = request.param == "partitioned"
    return Ports(
        directory=PartitionedMemoryDirectory(seed=1) if is_partitioned else MemoryDirectory(),
        series=PartitionedSeries(MemorySeries(), seed=1) if is_partitioned else MemorySeries(),
        raw=MemoryRawArchive(),
        clock=clock,
        entropy=entropy,
        arrivals=Arrivals(clock),
    )


@pytest.fixture
async def house(ports: Ports, clock: FakeClock, entropy: SeededEntropy) -> House:
    account = await register_account(ports, Actor(), email="ada@example.org", password_hash="")
    key, text = await create_key(ports, Actor(), account, kind=KeyKind.HOOK, name="shed")
    entries: list[RequestEntry] = []
    vault = Cipher(entropy(32), entropy)
    dialects = (doors_dialect(FrameTable(), vault), broker_dialect(FrameTable(), vault))
    app = Application(
        dialects=dialects,
        ports=ports,
        authenticators={CREDENTIAL_KIND: hook_authenticator(ports.directory, check_hook)},
        observers=[entries.append],
    )
    return House(ports, key, text, Client(app, entries, dialects), clock, vault)


def envelope(payload_hex: str, **changes: Any) -> dict[str, Any]:
    """An uplink as The Things Stack sends it. `changes` are members of the uplink message; None removes."""
    message: dict[str, Any] = {
        "session_key_id": "AYf0",
        "f_port": 2,
        "f_cnt": 17,
        "frm_payload": base64.b64encode(bytes.fromhex(payload_hex)).decode(),
        "rx_metadata": [
            {"gateway_ids": {"gateway_id": "attic"}, "rssi": -101, "snr": -3.5},
            {"gateway_ids": {"gateway_id": "roof"}, "rssi": -61, "channel_rssi": -61, "snr": 9.2},
        ],
        "settings": {"data_rate": {"lora": {"spreading_factor": 7}}, "frequency": "868100000"},
        "received_at": "2026-11-21T09:59:58.123456789Z",
        "version_ids": {"brand_id": "mclimate", "model_id": "vicki"},
    }
    message = {name: value for name, value in {**message, **changes}.items() if value is not None}
    return {
        "end_device_ids": {
            "device_id": "vicki-1",
            "application_ids": {"application_id": "home"},
            "dev_eui": "70B3D52DD3000001",
        },
        "correlation_ids": ["as:up:01"],
        "received_at": "2026-11-21T09:59:58.323456789Z",
        "uplink_message": message,
    }


def chirpstack_up(payload_hex: str, **changes: Any) -> dict[str, Any]:
    """An uplink as ChirpStack sends it. `changes` are its members; None removes one."""
    event: dict[str, Any] = {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": "2026-11-21T09:59:58.123456+00:00",
        "deviceInfo": {
            "tenantName": "ChirpStack",
            "applicationId": "17c82e96-be03-4f38-aef3-f83d48582d97",
            "deviceProfileName": "MClimate Vicki EU868",
            "deviceName": "vicki-1",
            "devEui": "70b3d52dd3000001",
            "tags": {},
        },
        "devAddr": "00189440",
        "dr": 5,
        "fCnt": 17,
        "fPort": 2,
        "data": base64.b64encode(bytes.fromhex(payload_hex)).decode(),
        "rxInfo": [
            {"gatewayId": "0016c001f153a14c", "rssi": -101, "snr": -3.5},
            {"gatewayId": "0016c001f153a14d", "rssi": -61, "snr": 9.2},
        ],
        "txInfo": {"frequency": 867100000},
    }
    return {name: value for name, value in {**event, **changes}.items() if value is not None}
