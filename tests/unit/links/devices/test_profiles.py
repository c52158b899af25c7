"""Each profile takes its own topics and nothing else, and no payload whatever upsets it."""

from __future__ import annotations

import os
import random

import pytest

from ownclimate.core.errors import InvalidInput
from ownclimate.core.quantities import QUANTITIES
from ownclimate.links.devices.esphome import ESPHome
from ownclimate.links.devices.native import HEARD, Native
from ownclimate.links.devices.settings import link_settings, names_given
from ownclimate.links.devices.tasmota import Tasmota

NOW_MS = 1_795_255_200_000
ROUNDS = 20_000 if os.environ.get("TEST_FULL") else 400

TASMOTA_SENSOR = b"""{"Time":"2026-11-22T10:00:00","ENERGY":{"TotalStartTime":"2026-01-01T00:00:00",
"Total":1.5,"Yesterday":0.2,"Today":0.1,"Power":[12,3],"ApparentPower":14,"Voltage":229,"Current":0.061},
"BME280":{"Temperature":70.7,"Humidity":40.1,"DewPoint":45.0,"Pressure":712.5},"SCD40":{"CarbonDioxide":812},
"BH1750":{"Illuminance":120},"PressureUnit":"mmHg","TempUnit":"F"}"""

OWN = {
    Native(): [f"ownclimate/x/{kind}" for kind in HEARD],
    Native("home/net"): ["home/net/x/state"],
    Tasmota(): [
        "tele/x/LWT", "tele/x/STATE", "tele/x/SENSOR", "stat/x/POWER", "stat/x/POWER1", "stat/x/RESULT",
        "stat/x/STATUS8", "tasmota/discovery/A0B1/config",
    ],
    Tasmota("cellar"): ["cellar/tele/x/LWT"],
    ESPHome(): ["x/status", "x/switch/r/state", "x/sensor/t_temperature/state", "x/binary_sensor/door/state"],
    ESPHome("esp"): ["esp/x/status"],
}  # fmt: skip
FOREIGN = (
    "ownclimate", "ownclimate/", "ownclimate/x", "ownclimate/x/command", "ownclimate/x/query",
    "ownclimate//state",
    "ownclimate/x/y/state", "home/net", "homes/net/x/state", "stat/x/POWER2", "cmnd/x/POWER", "tele//LWT",
    "tele/x/INFO1", "tasmota/discovery/A0B1/sensors", "x/switch/r/command", "x/light/l/state",
    "x/switch//state",
    "cellar/stat/x/y/POWER", "", "/",
)  # fmt: skip


@pytest.mark.parametrize("profile", OWN, ids=lambda p: f"{p.name} {p.prefix}")
def test_a_profile_hears_its_own_topics_only(profile) -> None:
    for topic in OWN[profile]:
        assert profile.hear(topic) is not None, topic
        assert any(_matches(pattern, topic) for pattern in profile.subscriptions()), topic
    for topic in FOREIGN:
        assert profile.hear(topic) is None, topic


def _matches(pattern: str, topic: str) -> bool:
    wanted, levels = pattern.split("/"), topic.split("/")
    return len(wanted) == len(levels) and all(
        w in ("+", level) for w, level in zip(wanted, levels, strict=True)
    )


def test_tasmota_measures_in_our_units() -> None:
    profile = Tasmota()
    heard = profile.hear("tele/x/SENSOR")

    values = profile.read(heard, TASMOTA_SENSOR, NOW_MS).values

    assert values.pop("temperature_c") == pytest.approx(21.5)
    assert values.pop("pressure_station_hpa") == pytest.approx(949.92, abs=0.01)
    assert values == {
        "power_w": 12, "voltage_v": 229, "current_a": 0.061, "energy_total_wh": 1500,
        "humidity_pct": 40.1, "co2_ppm": 812, "illuminance_lux": 120,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sensor", "payload", "expected"),
    [
        ("fridge_power", "41.2", {"power_w": 41.2}),
        ("battery_voltage", "3.02", {"battery_v": 3.02}),
        ("wifi_signal", "-58", {"rssi_dbm": -58.0}),
        ("temperature", "nan", {}),
        ("uptime", "123", {}),
    ],
)
def test_esphome_sensors_go_by_the_end_of_their_ids(sensor, payload, expected) -> None:
    profile = ESPHome()
    heard = profile.hear(f"x/sensor/{sensor}/state")

    assert profile.read(heard, payload.encode(), NOW_MS).values == expected


@pytest.mark.parametrize("profile", [Native(), Tasmota(), ESPHome()], ids=lambda p: p.name)
def test_no_payload_upsets_a_profile(profile) -> None:
    chance = random.Random(5)
    seeds = [TASMOTA_SENSOR, b'{"at":1795255200000,"temperature_c":21.5,"relay_on":true}', b"ON", b"online"]
    for _ in range(ROUNDS):
        payload = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(4)):
            place = chance.randrange(len(payload))
            payload[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
            payload = payload or bytearray(b"0")
        for topic in OWN[profile]:
            heard = profile.hear(topic)
            try:
                profile.named(heard, bytes(payload))
                said = profile.read(heard, bytes(payload), NOW_MS)
            except InvalidInput:
                continue
            assert set(said.values) <= set(QUANTITIES)


def test_settings_are_checked() -> None:
    known = link_settings({"profiles": ["tasmota"], "prefix": "home/net", "names": {"k": "H5"}})
    assert (known.profiles, known.prefix, known.names) == (("tasmota",), "home/net", {"k": "H5"})

    for wrong in (
        {"profiles": ["zigbee"]}, {"prefix": "a/#"}, {"prefix": "$SYS"}, {"prefix": "/a"}, {"prefix": ""},
        {"names": {"a+": "x"}}, {"names": {"a": " "}},
    ):  # fmt: skip
        with pytest.raises(InvalidInput):
            link_settings(wrong)


def test_names_are_given_as_name_and_id() -> None:
    assert names_given(["a=b", "node/relay=c"]) == {"a": "b", "node/relay": "c"}
    for wrong in ("a", "=b", "a="):
        with pytest.raises(InvalidInput):
            names_given([wrong])
