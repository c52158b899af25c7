"""MClimate's mapping: instants, identifiers and readings as the vendor writes them."""

from __future__ import annotations

import pytest

from ownclimate.core.ids import DeviceId, DeviceNumber, OwnerId
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate import mapping, vocabulary


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("2026-11-21T10:00:00Z", 1_795_255_200_000),
        ("2026-11-21T10:00:00.123Z", 1_795_255_200_123),
        ("2026-11-21T10:00:00.1239Z", 1_795_255_200_123),
        ("2026-11-21T11:00:00+01:00", 1_795_255_200_000),
        ("2026-11-21T11:00:00 01:00", 1_795_255_200_000),
        ("2026-11-21t10:00:00z", 1_795_255_200_000),
        ("2026-11-21T10:00:00", None),
        ("2026-11-21", None),
        ("1795255200", None),
        ("", None),
        ("0001-01-01T00:00:00+14:00", -62_135_647_200_000),
    ],
)
def test_an_instant_needs_its_offset(text: str, at_ms: int | None) -> None:
    assert mapping.instant_ms(text) == at_ms


def test_an_instant_comes_back_as_it_was_written() -> None:
    for at_ms in (0, 1, 999, 1_795_255_200_123):
        assert mapping.instant_ms(mapping.instant(at_ms)) == at_ms


@pytest.mark.parametrize(
    ("mac", "vendor_id", "bare"),
    [
        ("5e:cf:7f:00:00:01", "x", "5ECF7F000001"),
        ("5E-CF-7F-00-00-01", "x", "5ECF7F000001"),
        ("", "70b3d52dd3000001", "70B3D52DD3000001"),
        ("", "shed", ""),
    ],
)
def test_a_mac_is_upper_case_hex_without_separators_or_nothing(mac: str, vendor_id: str, bare: str) -> None:
    device = Device(
        id=DeviceId("0" * 24),
        number=DeviceNumber(1),
        owner_id=OwnerId("1" * 24),
        vendor="mclimate",
        model="vicki",
        vendor_id=vendor_id,
        mac=mac,
    )

    assert mapping.bare_mac(device) == bare


@pytest.mark.parametrize("type_name", [*vocabulary.WORDS, "NAMain"])
def test_no_type_calls_two_quantities_by_one_name(type_name: str) -> None:
    """A log's fields are filtered and sorted by name, so a name must lead back to one quantity."""
    names = [vocabulary.word_for(type_name, quantity).name for quantity in QUANTITIES]

    assert len(names) == len(set(names))
    assert not {"id", "controller_id", "created", "raw_temperature", "raw_humidity"} & set(names)


def test_whole_numbers_are_written_without_a_fraction() -> None:
    log = mapping.written_log("vicki", {"temperature_c": 21.0, "humidity_pct": 40.5}, 0)

    assert repr(log["temperature"]) == "21"
    assert log["humidity"] == 40.5


def test_raw_codes_are_those_of_the_sensors_data_sheet() -> None:
    """The data sheet's own end points: code 0 is -46.85 °C and -6 %, full scale 128.87 °C and 119 %."""
    assert vocabulary.raw_temperature(-46.85) == 0
    assert vocabulary.raw_temperature(-46.85 + 175.72) == 65_536
    assert vocabulary.raw_humidity(-6) == 0
    assert vocabulary.raw_humidity(119) == 65_536
