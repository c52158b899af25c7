"""How long an order may wait depends on what it is and on whom it waits for."""

from __future__ import annotations

import pytest

from ownclimate.core.ids import DeviceId, DeviceNumber, OwnerId
from ownclimate.core.orders import LIFE_MS, SET_RELAY, SET_SETPOINT, SHORT_LIFE_MS, life_ms
from ownclimate.core.things import Ability, Device

HOUR_S = 3_600


@pytest.mark.parametrize(
    ("order", "abilities", "keepalive_s", "expected_ms"),
    [
        pytest.param(SET_RELAY, {Ability.RELAY}, 0, SHORT_LIFE_MS, id="a plug"),
        pytest.param(SET_RELAY, {Ability.RELAY}, 600, SHORT_LIFE_MS, id="a plug that reports"),
        pytest.param(SET_SETPOINT, {Ability.AIR_CONDITIONING}, 600, SHORT_LIFE_MS, id="an air conditioner"),
        pytest.param(SET_SETPOINT, {Ability.HEATING_SETPOINT}, 0, LIFE_MS, id="a thermostat"),
        pytest.param(
            SET_SETPOINT, {Ability.BATTERY}, 2 * HOUR_S, 8 * HOUR_S * 1000, id="a valve that sleeps for hours"
        ),
        pytest.param(SET_RELAY, {Ability.BATTERY}, 60, LIFE_MS, id="a relay on batteries"),
    ],
)
def test_an_order_lives(order: str, abilities: set[Ability], keepalive_s: int, expected_ms: int) -> None:
    device = Device(
        id=DeviceId("d"),
        number=DeviceNumber(1),
        owner_id=OwnerId("o"),
        vendor="",
        model="",
        vendor_id="d",
        abilities=frozenset(abilities),
        keepalive_s=keepalive_s,
    )

    assert life_ms(order, device) == expected_ms
