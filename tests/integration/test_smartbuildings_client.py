"""A client generated from ecobee's own OpenAPI document runs every operation against a real server."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

from tests.fakes.ecobee import EcobeeDocument
from tests.fakes.server import Server

AUDIENCE = "https://api.sb.ecobee.com"
BUILDING = {
    "name": "Annex",
    "size": 5000,
    "addressDetails": {
        "address": "1 Main St",
        "city": "Minneapolis",
        "country": "US",
        "state": "MN",
        "postalCode": "55401",
        "latitude": 44.98,
        "longitude": -93.27,
        "timeZone": "America/Chicago",
    },
}


@dataclass(frozen=True)
class Generated:
    """The generated package: its operations by id, its client, and what judges the answers."""

    package: ModuleType
    judge: EcobeeDocument

    def module(self, operation_id: str) -> Any:
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in operation_id)
        _, _, operation = self.judge.operations[operation_id]
        return importlib.import_module(f"sbclient.api.{operation['tags'][0].lower()}.{name}")

    def call(self, client: Any, operation_id: str, *ids: str, body: Any = None) -> Any:
        """The parsed answer of a call; the document judges what was sent back."""
        module = self.module(operation_id)
        given = {} if body is None else {"body": _body_class(module).from_dict(body)}
        answered = module.sync_detailed(*ids, client=client, **given)
        if operation_id != "getToken":
            self.judge.check(operation_id, int(answered.status_code), answered.content)
        return answered


def _body_class(module: Any) -> Any:
    """The class of the body that the operation takes; one that may be left out is a union with nothing."""
    hint = module.sync_detailed.__annotations__["body"]
    return next(kind for kind in (get_args(hint) or (hint,)) if hasattr(kind, "from_dict"))


@pytest.fixture(scope="module")
def generated(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generated]:
    """Generated from the document with its two known defects put right: `thermostat` and
    `thermostatStatus` collide, and the country's default contradicts its length."""
    folder = tmp_path_factory.mktemp("client")
    document = json.loads((corpus / "smartbuildings" / "openapi-1.7.0.json").read_text())
    schemas = document["components"]["schemas"]
    schemas["thermostat"]["title"] = "ThermostatAnswer"
    for address in (schemas["addressDetails"], schemas["building"]["properties"]["data"]):
        del address["properties"]["country"]["default"]
    (folder / "document.json").write_text(json.dumps(document))
    generator = Path(sys.executable).with_name("openapi-python-client")
    subprocess.run(
        [generator, "generate", "--path", "document.json", "--meta", "none", "--output-path", "sbclient"],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=120,
    )
    sys.path.insert(0, str(folder))
    try:
        judge = EcobeeDocument(corpus / "smartbuildings" / "openapi-1.7.0.json")
        yield Generated(importlib.import_module("sbclient"), judge)
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "sbclient"]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, Any]]]:
    data = tmp_path_factory.mktemp("demo") / "data"
    server = Server.start(data, "--demo")
    try:
        yield server, json.loads((data / "demo.json").read_text())
    finally:
        server.stop()


def test_it_runs_all_25_operations(generated: Generated, demo: tuple[Server, dict[str, Any]]) -> None:
    server, access = demo
    package = generated.package
    anonymous = package.Client(base_url=server.url)
    asked = {"audience": AUDIENCE, "grant_type": "client_credentials", **access["clients"]["smartbuildings"]}
    token = generated.call(anonymous, "getToken", body=asked).parsed
    assert len(token.scope.split()) == 11
    client = package.AuthenticatedClient(base_url=server.url, token=token.access_token)
    done = {"getToken"}

    def call(operation_id: str, *ids: str, status: int = 200, body: Any = None) -> Any:
        answered = generated.call(client, operation_id, *ids, body=body)
        assert answered.status_code == status, answered.content
        done.add(operation_id)
        return answered.parsed

    (office,) = call("getBuildingIds").data.items
    assert call("getBuildingSummary", office.id).data.time_zone == "America/Chicago"
    thermostats = [item.id for item in call("getThermostatIdsByBuilding", office.id).data.items]
    assert thermostats == [item.id for item in call("getThermostatIds").data.items]
    serial = thermostats[0]

    annex = call("createBuilding", status=201, body=BUILDING).data
    assert call("updateBuilding", annex.id, body={"size": 1}).data.size == 1
    call("unregisterThermostat", serial, status=204)
    registered = call("registerThermostat", annex.id, status=201, body={"thermostatId": serial})
    assert registered.data.building_id == annex.id
    call("unregisterThermostat", serial, status=204)
    call("registerThermostat", office.id, status=201, body={"thermostatId": serial})
    call("deleteBuilding", annex.id, status=204)

    assert call("getThermostatSummary", serial).data.id == serial
    assert call("updateBaseThermostat", serial, body={"name": "Front"}).data.name == "Front"
    assert 30 < call("getThermostatStatus", serial).data.temperature < 110
    sensors = call("getThermostatSensors", serial).data.items
    assert sensors[0].capability[0].type_ == "temperature"
    assert len(call("getThermostatWeatherForecast", serial).data.items) == 4
    assert call("setHvacMode", serial, body={"hvacMode": "auto"}).data.hvac_mode == "auto"
    call("setHeatHold", serial, status=201, body={"desiredTemperature": 67.5, "type": "indefinite"})
    call("setCoolHold", serial, status=201, body={"desiredTemperature": 77.25, "type": "nextTransition"})
    call("setFanHold", serial, status=201, body={"fan": "on", "type": "indefinite"})
    held = call("getThermostatStatus", serial).data.set_point
    assert (held.desired_heat, held.desired_cool) == (67.5, 77.25)
    assert call("getThermostatEvents", serial).data.current_event.is_running is True
    call("resumeSchedule", serial, status=204)
    limits = {"highTemperatureAlert": {"enabled": True, "value": 32}, "lowTemperatureAlert": {"value": 20}}
    assert call("updateAlertSettings", serial, body=limits).data.high_temperature_alert.value == 32
    assert call("getThermostatAlertSettings", serial).data.low_temperature_alert.value == 20
    (alert,) = call("getThermostatAlerts", serial).data.items
    assert alert.notification_type == "highTemp"
    call("setTenantMode", serial, status=204, body={"isTenantMode": True})
    assert call("getThermostatStatus", serial).data.is_tenant_mode is True

    assert done == generated.judge.operations.keys()


def test_it_reads_faults_too(
    generated: Generated, demo: tuple[Server, dict[str, Any]], tmp_path: Path
) -> None:
    server, access = demo
    client = generated.package.AuthenticatedClient(base_url=server.url, token=access["token"])

    absent = generated.call(client, "getThermostatStatus", "999999999999")
    refused = generated.call(
        client, "setHeatHold", "999999999999", body={"desiredTemperature": 500, "type": "indefinite"}
    )

    assert (absent.status_code, absent.parsed.message["error"]) == (404, "Thermostat not found")
    assert (refused.status_code, set(refused.parsed.data.to_dict())) == (422, {"desiredTemperature"})
