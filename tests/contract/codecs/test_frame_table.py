"""The table that the doors are handed: which model a name or a frame means, and what fields become."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ownclimate.core.quantities import QUANTITIES
from ownclimate.vendors.mclimate.codecs import FrameTable, models
from ownclimate.vendors.mclimate.codecs.engine import decode_frame
from ownclimate.vendors.mclimate.codecs.meanings import (
    OWN_REPORTS,
    OWN_SETTINGS,
    QUANTITY_FIELDS,
    REPORTS,
    SETTINGS,
    STATUS_QUANTITIES,
)
from ownclimate.vendors.mclimate.codecs.models import MODELS
from ownclimate.vendors.mclimate.codecs.table import ABILITIES, OTHER_NAMES

TABLE = FrameTable()


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("vicki", "vicki"),
        ("MClimate Vicki", "vicki"),
        ("ht-sensor", "ht_sensor"),
        ("HT Sensor", "ht_sensor"),
        ("16ASPM", "relay_16"),
        ("mclimate-16ads", "relay_16_dry"),
        ("open-close", "open_close_sensor"),
        ("MClimate Wireless Thermostat", "wireless_thermostat"),
        ("Melissa LoRaWAN", "melissa_lorawan"),
        ("Vicki LoRaWAN", "vicki"),
        ("CO2-PIR-Lite", "co2_pir_lite"),
        ("CO2 display lite", "co2_display_lite"),
        ("AQI Sensor and Notifier", "aqi_sensor"),
        ("T-Ring", "thermostat"),
        ("Fan Coil Thermostat", "fan_coil_thermostat"),
        ("pir-mini", "pir_mini"),
        ("mclimate", None),
        ("toaster", None),
        ("", None),
    ],
)
def test_a_network_servers_name_means_a_model(name: str, model: str | None) -> None:
    codec = TABLE.named(name)

    assert (codec and codec.model) == model


def test_every_model_of_the_corpus_has_its_name_there(corpus: Path) -> None:
    documents = [json.loads(path.read_text()) for path in sorted((corpus / "lorawan").glob("*.json"))]

    found = {d["model"]: codec.model for d in documents if (codec := TABLE.named(d["model"])) is not None}

    assert found == {d["model"]: d["deviceType"] for d in documents}


FRAMES = {
    "a Vicki's, newer": ("811BAF4BAB2A129030", "vicki"),
    "a Vicki's, older": ("011D5A78FA2C01F080", "vicki"),
    "an HT display's": ("0102797F0012105802", None),
    "a CO2-PIR-Lite's": ("8106797EDA4718F1", "co2_pir_lite"),
    "an HT-PIR-Lite's": ("8102797DE201", "ht_pir_lite"),
    "a wireless thermostat's": ("81027F880DB4011D00000000", "wireless_thermostat"),
    "a multisensor's": ("820F17CB2DA80D0600040A3A01DD03", "multisensor"),
    "a T-Valve's as long as a CO2-PIR-Lite's": ("8190000A9F1A0218", None),
    "a Vicki's without its end": ("811BAF4BAB2A1290", None),
    "an impossible target": ("8140AF4BAB2A129030", None),
    "one that several could have sent": ("0102754BE90400", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("frame", "model"), FRAMES.values(), ids=FRAMES.keys())
def test_only_a_frame_that_no_other_model_sends_is_recognised(frame: str, model: str | None) -> None:
    codec = TABLE.recognised(bytes.fromhex(frame))

    assert (codec and codec.model) == model


def test_every_model_has_abilities_and_a_table() -> None:
    assert set(ABILITIES) == set(models())
    assert all(codec is not None and codec.can_read for codec in map(TABLE.named, models()))


def test_every_other_name_means_a_model_there_is() -> None:
    assert set(OTHER_NAMES.values()) <= set(ABILITIES)


@pytest.mark.parametrize("model", models())
def test_no_two_fields_of_a_model_become_the_same_setting_or_report(model: str) -> None:
    said = set(all_fields(model))
    settings = {**SETTINGS, **OWN_SETTINGS.get(model, {})}
    reports = {**REPORTS, **OWN_REPORTS.get(model, {})}

    for words in (settings, reports):
        ours = [name for field, (name, _) in words.items() if field in said]
        assert len(ours) == len(set(ours))


def test_fields_become_quantities_that_there_are() -> None:
    assert {*QUANTITY_FIELDS, *STATUS_QUANTITIES.values()} <= set(QUANTITIES)


def test_every_field_with_a_meaning_is_one_that_some_model_says() -> None:
    said = {field for model in models() for field in all_fields(model)}
    meant = {*SETTINGS, *REPORTS, *(name for names in QUANTITY_FIELDS.values() for name in names)}

    assert meant - said == set()


def all_fields(model: str) -> list[str]:
    """Every field that any frame of the model can have."""
    table = MODELS[model]
    said: dict[str, Any] = {}
    for code, answer in table.answers.items():
        rest = bytes(answer.length_in(bytes([4] * 8)))
        said |= decode_frame(table, bytes([code]) + rest).fields if table.keepalives else answer.read(rest)
    for keepalive in table.keepalives:
        said |= decode_frame(table, bytes([keepalive.code]) + bytes(keepalive.length - 1)).fields
    if not table.keepalives:
        said |= decode_frame(table, bytes(2)).fields | decode_frame(table, bytes(5)).fields
        said |= decode_frame(table, bytes(3)).fields
    return list(said)
