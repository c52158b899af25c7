"""Frames that the vendor and The Things Network published, against what they say is in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ownclimate.vendors.mclimate.codecs import decode, encode, models, read_downlink

TOLERANCE = 0.051
"""The corpus rounds some volts to one decimal."""

OTHER_NAMES = {
    "ppm": "CO2",
    "co2": "CO2",
    "temperature": "sensorTemperature",
    "humidity": "relativeHumidity",
    "energy_kWh": "energy",
    "power_W": "power",
    "acVoltage_V": "acVoltage",
    "acCurrent_mA": "acCurrent",
}
"""What The Things Network calls a field, where that is not the canonical name of the model."""

VOLTS = ("voltage", "battery", "batteryVoltage")
MILLIVOLTS = "_mV"
RELAY = {"ON": True, "OFF": False}

LEFT_OUT_BY = {
    "ttn": {"event", "reason", "thermistorProperlyConnected"},
    "helper": {"softwareVersion"},
}
"""Fields that a source does not have, though its frame says them."""

HIGHEST_VOLTS = 100
"""Above it a source speaks of millivolts."""


def documents(corpus: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((corpus / "lorawan").glob("*.json"))]


def vectors(corpus: Path, model: str, direction: str) -> list[dict[str, Any]]:
    return [v for d in documents(corpus) if d["deviceType"] == model for v in d[direction]]


def canonical(expected: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """A source's fields by the names and in the units that the model has them."""
    fields = {}
    for name, value in expected.items():
        if name.endswith(MILLIVOLTS):
            name, value = name.removesuffix(MILLIVOLTS), value / 1000
        if name in VOLTS:
            name = next((volts for volts in VOLTS if volts in found), name)
            value = value / 1000 if value > HIGHEST_VOLTS else value
        if name not in found:
            name = OTHER_NAMES.get(name, name)
        fields[name] = RELAY.get(value, value) if isinstance(value, str) else value
    return fields


def differences(expected: Any, found: Any, path: str = "") -> list[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            problem
            for name, value in expected.items()
            for problem in differences(value, found.get(name), f"{path}.{name}")
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [
            problem
            for place, value in enumerate(expected)
            for problem in differences(value, found[place], f"{path}[{place}]")
        ]
    if isinstance(found, float) and isinstance(expected, str):
        # The vendor's package prints some numbers as text; we keep numbers.
        expected = float(expected)
    if isinstance(expected, (int, float)) and not isinstance(expected, bool):
        is_number = isinstance(found, (int, float)) and not isinstance(found, bool)
        return [] if is_number and abs(found - expected) <= TOLERANCE else [f"{path}: {expected} ≠ {found}"]
    return [] if expected == found else [f"{path}: {expected!r} ≠ {found!r}"]


@pytest.mark.parametrize("model", models())
def test_every_published_uplink_is_read_as_published(model: str, corpus: Path) -> None:
    disputed = []
    for vector in vectors(corpus, model, "uplink"):
        if vector.get("conflict"):
            disputed.append(vector["id"])
            continue

        fields = decode(model, bytes.fromhex(vector["hex"])).fields

        expected = canonical(vector["expected"], fields)
        assert differences(expected, fields) == [], vector["id"]
        if not vector.get("partial"):
            surplus = set(fields) - set(expected) - LEFT_OUT_BY.get(vector["source"], set())
            assert not surplus, vector["id"]
    print(f"{model}: disputed and left out: {disputed or 'none'}")


@pytest.mark.parametrize("model", models())
def test_every_published_downlink_is_built_as_published(model: str, corpus: Path) -> None:
    disputed = []
    for vector in vectors(corpus, model, "downlink"):
        if vector.get("conflict"):
            disputed.append(vector["id"])
        elif "command" in vector:
            assert encode(model, vector["command"], vector["params"]).hex == vector["hex"], vector["id"]
        else:
            orders = read_downlink(model, bytes.fromhex(vector["hex"]))
            again = b"".join(order.command.write(order.values) for order in orders)
            assert again.hex().upper() == vector["hex"], vector["id"]
    print(f"{model}: disputed and left out: {disputed or 'none'}")


def test_every_model_of_the_corpus_is_read_here(corpus: Path) -> None:
    assert {d["deviceType"] for d in documents(corpus)} <= set(models())
