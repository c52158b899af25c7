"""Single values both ways: read leniently, written back exactly or kept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownclimate.vendors.netatmo import fields, vocabulary
from ownclimate.vendors.netatmo.fields import Slot
from ownclimate.vendors.netatmo.statements import TABLES
from ownclimate.vendors.netatmo.words import (
    EPOCH,
    FLAG,
    INTEGER,
    LOCATION,
    MINUTES,
    NUMBER,
    PEOPLE,
    TENTHS,
    TEXT,
    Word,
    choice,
    is_same,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
MODES = choice(vocabulary.SETPOINT_MODES)


@pytest.mark.parametrize(
    ("word", "wire", "core", "is_exact"),
    [
        pytest.param(NUMBER, 21.4, 21.4, True, id="number"),
        pytest.param(NUMBER, "21.4", 21.4, False, id="number-as-text"),
        pytest.param(NUMBER, True, None, False, id="true-is-no-number"),
        pytest.param(NUMBER, "nan", None, False, id="nan"),
        pytest.param(INTEGER, 27.0, 27, True, id="whole-float"),
        pytest.param(INTEGER, 27.5, None, False, id="fraction"),
        pytest.param(INTEGER, 2**64, None, False, id="beyond-64-bits"),
        pytest.param(FLAG, False, False, True, id="false"),
        pytest.param(FLAG, 1, True, False, id="one"),
        pytest.param(FLAG, "maybe", None, False, id="maybe"),
        pytest.param(EPOCH, 1795254900, 1795254900_000, True, id="epoch"),
        pytest.param(EPOCH, {"sec": 1650000000, "usec": 250000}, 1650000000_250, False, id="sec-usec"),
        pytest.param(EPOCH, 0, 0, True, id="never"),
        pytest.param(EPOCH, -5, None, False, id="before-the-epoch"),
        pytest.param(EPOCH, 10**15, None, False, id="milliseconds"),
        pytest.param(LOCATION, [8.84, 50.12], {"longitude": 8.84, "latitude": 50.12}, True, id="location"),
        pytest.param(LOCATION, [50.12, 130.4], None, False, id="latitude-beyond-the-pole"),
        pytest.param(TENTHS, 205, 20.5, True, id="tenths"),
        pytest.param(MINUTES, 180, 10_800, True, id="minutes"),
        pytest.param(MODES, "hg", "frost_guard", True, id="mode"),
        pytest.param(MODES, "party", None, False, id="unknown-mode"),
        pytest.param(
            PEOPLE, [{"id": "p", "pseudo": "Ada"}], [{"maker_id": "p", "name": "Ada"}], True, id="people"
        ),
    ],
)
def test_a_value_is_read_and_known_to_come_back_or_not(
    word: Word, wire: Any, core: Any, is_exact: bool
) -> None:
    read = word.to_core(wire)

    assert read == core
    if read is not None:
        assert word.is_exact(wire, read) is is_exact


@given(json_values)
def test_no_value_breaks_a_word(wire: Any) -> None:
    for word in (NUMBER, INTEGER, FLAG, EPOCH, LOCATION, TENTHS, MINUTES, PEOPLE, TEXT, MODES):
        read = word.to_core(wire)
        if read is not None and word.is_exact(wire, read):
            assert is_same(word.from_core(read), wire)


def test_equality_is_jsons() -> None:
    assert is_same(1, 1.0)
    assert not is_same(1, True)
    assert not is_same(1, "1")
    assert not is_same([1], [True])
    assert not is_same({"a": 1}, {"a": True})


@pytest.mark.parametrize("key", TABLES, ids=lambda key: f"{key[0].__name__}-{key[1].value}")
def test_no_two_fields_of_a_table_share_a_name(key: Any) -> None:
    """But for the two spellings that no answer has together, and what cameras and their modules both say:
    there a path begins with whose it is."""
    twins = {"radio_attenuation", "wifi_attenuation"}
    names = [
        (field.path.rpartition(":")[0], field.name)
        for field in TABLES[key].values()
        if field.slot is not Slot.KEPT and field.name not in twins
    ]
    assert len(set(names)) == len(names)


def test_our_names_are_not_the_vendors() -> None:
    """Nothing of this dialect's spelling leaves the room by way of a report or setting."""
    for table in TABLES.values():
        for field in table.values():
            if field.slot is not Slot.KEPT:
                assert not any(word in field.name for word in ("therm", "hg", "vp", "netatmo", "netcom"))
    assert fields.MEASURED_AT == "measured_at_ms"
