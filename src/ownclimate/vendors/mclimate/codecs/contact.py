"""Open/close sensor and multipurpose button: a probe, a battery, and something that happened.

Source: the vendor's documents of the two; what clears and counts presses is from npm
mclimate-payload-helper 1.6.0 alone. The package takes no notice of the sign of the open/close sensor's
temperature, and says presses as text ("00" … "03"); here they are a number, as in the document.
"""

from __future__ import annotations

from ownclimate.vendors.mclimate.codecs import parts
from ownclimate.vendors.mclimate.codecs.arguments import byte
from ownclimate.vendors.mclimate.codecs.blocks import STATUS_LED
from ownclimate.vendors.mclimate.codecs.commands import (
    COMMON,
    KEEP_ALIVE,
    REGION,
    UNASKED,
    VERSIONS,
    Command,
    asked,
    join_retry,
    product,
    restart,
    setting,
)
from ownclimate.vendors.mclimate.codecs.engine import KeepAlive, Part
from ownclimate.vendors.mclimate.codecs.extractors import number
from ownclimate.vendors.mclimate.codecs.parameters import choice, whole

PROBE_NEGATIVE = 0x08

EVENTS = {0x01: "keepalive", 0x20: "reed switch", 0x21: "push button"}


def _event(word: str) -> Part:
    return Part(last_byte=0, read=lambda b: {"event": word})


OPEN_CLOSE_SENSOR = product(
    "open_close_sensor",
    keepalives=tuple(
        KeepAlive(
            code=code,
            length=8,
            parts=(
                _event(word),
                parts.volts_8("batteryVoltage", 1),
                parts.probe("sensorTemperature", 2, negative=PROBE_NEGATIVE),
                Part(last_byte=6, read=lambda b: {"counter": b[4] << 16 | b[5] << 8 | b[6]}),
                Part(last_byte=7, read=lambda b: {"status": b[7] & 0x01}),
            ),
        )
        for code, word in EVENTS.items()
    ),
    rows=(
        *COMMON,
        STATUS_LED,
        setting(
            "NotificationBlindTime", 0x1E, 0x1F, "notificationBlindTime", byte(whole("time", 0, 255, "min"))
        ),
    ),
)

MC_BUTTON = product(
    "mc_button",
    keepalives=(
        KeepAlive(
            code=0x01,
            length=5,
            parts=(
                parts.volts_8("batteryVoltage", 1),
                parts.probe("sensorTemperature", 2),
                parts.byte("pressEvent", 4),
            ),
        ),
    ),
    rows=(
        KEEP_ALIVE,
        VERSIONS,
        join_retry(0x10, 0x19),
        REGION,
        *UNASKED,
        STATUS_LED,
        setting(
            "SendEventLater", 0x1E, 0x1F, "sendEventLater", byte(choice("value", "never", "when allowed"))
        ),
        Command(
            name="ClearPressEventCounter",
            code=0x20,
            arguments=(byte(whole("value", 1, 7)),),
        ),
        asked("SinglePressEventCounter", 0xB1, number("singlePressEventCounter", 3)),
        asked("DoublePressEventCounter", 0xB2, number("doublePressEventCounter", 3)),
        asked("TriplePressEventCounter", 0xB3, number("triplePressEventCounter", 3)),
        restart(),
    ),
)
