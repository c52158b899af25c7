"""A crash between any two steps of taking in an uplink is repaired by the network server's next attempt."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest

from ownclimate.core.devices import list_devices
from ownclimate.core.ports import Ports
from ownclimate.ingest.lorawan.things_stack import take_message
from ownclimate.ingest.lorawan.ways import through
from ownclimate.vendors.mclimate.codecs import FrameTable
from tests.unit.ingest.conftest import House, envelope

MESSAGE = msgspec.json.encode(envelope("12031401" + "811BAF4BAB2A129030"))
VERBS = ("write", "record", "keep")
STEPS = range(1, 8)
"""Number, device, raw payload, readings, what the device said of itself, and beyond the last."""


class PowerCut(BaseException):
    """Not an Exception: nothing may catch it and go on."""


class Counted:
    """A port that cuts the power before or after the given one of all counted calls."""

    def __init__(self, inner: Any, count: list[int], cut_at: int, *, is_after: bool) -> None:
        self._inner, self._count, self._cut_at, self._is_after = inner, count, cut_at, is_after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name not in VERBS:
            return method

        async def counted(*arguments: Any) -> Any:
            self._count[0] += 1
            is_last = self._count[0] == self._cut_at
            if is_last and not self._is_after:
                raise PowerCut
            result = await method(*arguments)
            if is_last:
                raise PowerCut
            return result

        return counted


def failing(ports: Ports, cut_at: int, *, is_after: bool) -> tuple[Ports, list[int]]:
    count = [0]

    def wrapped(inner: Any) -> Any:
        return Counted(inner, count, cut_at, is_after=is_after)

    changed = {name: wrapped(getattr(ports, name)) for name in ("directory", "series", "raw")}
    return dataclasses.replace(ports, **changed), count


async def state(house: House) -> dict[str, Any]:
    (device,) = await list_devices(house.ports.directory, house.key.owner_id)
    raw = await house.ports.raw.scan(house.key.owner_id)
    return {
        "settings": device.settings,
        "reports": device.reports,
        "keepalive_s": device.keepalive_s,
        "rows": await house.rows(device.id),
        "raw": [entry.payload for entry in raw],
    }


async def test_the_steps_are_all_cut(house: House) -> None:
    counting, count = failing(house.ports, 0, is_after=False)

    await take_message(counting, house.key, MESSAGE, FrameTable(), way=through(""))

    assert count[0] == STEPS[-1] - 2


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("cut_at", STEPS)
async def test_a_redelivery_completes_whatever_a_crash_left(
    house: House, cut_at: int, is_after: bool
) -> None:
    cut, _ = failing(house.ports, cut_at, is_after=is_after)
    try:
        await take_message(cut, house.key, MESSAGE, FrameTable(), way=through(""))
    except PowerCut:
        house.clock.advance(5)

    await take_message(house.ports, house.key, MESSAGE, FrameTable(), way=through(""))

    found = await state(house)
    assert found["settings"]["child_lock"] is False
    assert found["reports"]["motor_range_steps"].value == 554
    assert found["keepalive_s"] == 180
    assert [row["temperature_c"] for row in found["rows"]] == [25.88]
    assert found["raw"] == [MESSAGE]
