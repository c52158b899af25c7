"""CO2 sensor and notifier, CO2 display and CO2 display Lite.

Source: the vendor's documents of the three. The display's worked example reads the two bytes of CO2 in the
wrong order; its own table, The Things Network and the vendor's package agree on the formula used here.
"""

from __future__ import annotations

from ownclimate.vendors.mclimate.codecs import parts
from ownclimate.vendors.mclimate.codecs.arguments import Bits, Packed, bits, byte
from ownclimate.vendors.mclimate.codecs.blocks import (
    BUTTON_UPLINK,
    CHILD_LOCK,
    CO2_MEASURING,
    CO2_NOTIFYING,
    DISPLAY,
    PIR,
)
from ownclimate.vendors.mclimate.codecs.commands import COMMON, Row, Setting, product, restart, setting
from ownclimate.vendors.mclimate.codecs.engine import Answer, Fields, KeepAlive, Part
from ownclimate.vendors.mclimate.codecs.extractors import record
from ownclimate.vendors.mclimate.codecs.parameters import Flag, flag, whole

CO2_SENSOR = product(
    "co2_sensor",
    keepalives=(
        KeepAlive(
            code=0x01,
            length=7,
            parts=(
                parts.word("CO2", 1),
                parts.temperature_16("temperature", 3),
                parts.humidity("humidity", 5),
                parts.volts_8("voltage", 6),
            ),
        ),
    ),
    rows=(*COMMON, *CO2_MEASURING, *CO2_NOTIFYING),
)


def _co2_and_power(b: bytes) -> Fields:
    return {"CO2": (b[7] & 0xF8) << 5 | b[6], "powerSourceStatus": b[7] & 0x07}


_DISPLAY_PARTS = (
    parts.temperature_16("sensorTemperature", 1),
    parts.humidity("relativeHumidity", 3),
    parts.volts_16("batteryVoltage", 4),
    Part(last_byte=7, read=_co2_and_power),
    parts.word("lux", 8),
)

_IMAGES: Answer = record(
    "imagesVisibility",
    1,
    lambda d: {"chart": d[0] >> 2 & 1, "digital_value": d[0] >> 1 & 1, "emoji": d[0] & 1},
)
"""The device says 0 and 1 here, as the package reads it."""


def _images(*fields: Bits) -> Setting:
    """The pictures that can be shown, each by its bit."""
    return setting(
        "Co2ImagesVisibility",
        0x82,
        0x83,
        "imagesVisibility",
        Packed(1, fields),
        told=_IMAGES,
    )


_PICTURES = (bits(flag("digital_value"), (1, 1)), bits(flag("emoji"), (0, 1)))
_CHART = bits(flag("chart"), (2, 1))
_NO_CHART = bits(Flag(name="chart", default=False))
"""The Lite has none; the package wants it said all the same."""

_CO2_DISPLAY: tuple[Row, ...] = (
    *COMMON,
    CHILD_LOCK,
    *CO2_MEASURING,
    *DISPLAY,
    # Of this pair alone the lower code asks and the higher sets.
    setting(
        "Co2MeasurementBlindTime", 0x81, 0x80, "measurementBlindTime", byte(whole("time", 0, 255, "min"))
    ),
)

CO2_DISPLAY = product(
    "co2_display",
    keepalives=(KeepAlive(code=0x01, length=11, parts=(*_DISPLAY_PARTS, parts.truth("pir", 10))),),
    rows=(*_CO2_DISPLAY, _images(_CHART, *_PICTURES), *PIR),
)

CO2_DISPLAY_LITE = product(
    "co2_display_lite",
    keepalives=(KeepAlive(code=0x01, length=10, parts=_DISPLAY_PARTS),),
    rows=(*_CO2_DISPLAY, _images(_NO_CHART, *_PICTURES), BUTTON_UPLINK, restart(since="1.2")),
)
