"""The table that the doors are handed: which model a name or a frame means, and what fields become."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ownclimate.core.quantities import QUANTITIES
from ownclimate.vendors.mclimate.codecs import FrameTable, models
from ownclimate.vendors.mclimate.codecs.mapping import QUANTITY_FIELDS, REPORTS, SETTINGS
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


@pytest.mark.parametrize(
    ("frame", "is_vicki"),
    [
        ("811BAF4BAB2A129030", True),
        ("011D5A78FA2C01F080", True),
        ("0102797F0012105802", False),
        ("811BAF4BAB2A1290", False),
        ("8140AF4BAB2A129030", False),
        ("", False),
    ],
    ids=["newer", "older", "an HT display's", "too short", "an impossible target", "nothing"],
)
def test_only_a_frame_that_no_other_model_sends_is_recognised(frame: str, is_vicki: bool) -> None:
    assert (TABLE.recognised(bytes.fromhex(frame)) is not None) == is_vicki


def test_a_model_without_a_table_is_known_and_cannot_be_read() -> None:
    unread = [model for model in ABILITIES if model not in models()]

    for model in unread:
        codec = TABLE.named(model)
        assert codec is not None
        assert not codec.can_read
        assert codec.read(b"\x01\x02").notes == (f"frames of {model} cannot be read yet",)


def test_every_other_name_means_a_model_there_is() -> None:
    assert set(OTHER_NAMES.values()) <= set(ABILITIES)


def test_no_two_fields_become_the_same_setting_or_report() -> None:
    ours = [*REPORTS.values(), *(name for name, _ in SETTINGS.values())]

    assert len(ours) == len(set(ours))


def test_fields_become_quantities_that_there_are() -> None:
    assert set(QUANTITY_FIELDS) <= set(QUANTITIES)
