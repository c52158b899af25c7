"""The temperature and humidity sensors: HT sensor, HT Mini, and the HT display Lite.

Source: the vendor's documents of the three; the compensations and the pairing of the HT sensor are from
npm mclimate-payload-helper 1.6.0 alone. The package loses a digit of the display's light below 16 lx in
its low byte; the document's 16 bits hold.
"""

from __future__ import annotations

from ownclimate.vendors.mclimate.codecs import parts
from ownclimate.vendors.mclimate.codecs.arguments import byte
from ownclimate.vendors.mclimate.codecs.blocks import CHILD_LOCK, DISPLAY
from ownclimate.vendors.mclimate.codecs.commands import COMMON, Row, product, restart, setting
from ownclimate.vendors.mclimate.codecs.engine import KeepAlive
from ownclimate.vendors.mclimate.codecs.extractors import flag as said_flag
from ownclimate.vendors.mclimate.codecs.parameters import flag, tenths, whole

_HT_PARTS = (
    parts.temperature_16("sensorTemperature", 1),
    parts.humidity("relativeHumidity", 3),
    parts.volts_8("batteryVoltage", 4),
)

LED_BRIGHTNESS = setting("LedBrightness", 0x21, 0x22, "ledBrightness", byte(whole("value", 0, 100, "%")))

_COMPENSATION: tuple[Row, ...] = (
    setting(
        "TemperatureCompensation",
        0x31,
        0x32,
        "temperatureCompensation",
        byte(flag("negativeCompensation")),
        byte(tenths("compensation", 0, 25.5)),
    ),
    setting(
        "HumidityCompensation",
        0x33,
        0x34,
        "humidityCompensation",
        byte(flag("negativeCompensation")),
        byte(whole("compensation", 0, 255, "%")),
    ),
)

_PAIRING: tuple[Row, ...] = (
    setting(
        "D2dCommunicationState",
        0xA9,
        0xAA,
        "d2dCommunicationState",
        byte(flag("enabled")),
        told=said_flag("d2dCommunicationState", true=1),
    ),
    setting(
        "D2dCommunicationPeriod", 0xAB, 0xAC, "d2dCommunicationPeriod", byte(whole("period", 1, 8, "min"))
    ),
)

HT_SENSOR = product(
    "ht_sensor",
    keepalives=(
        KeepAlive(
            code=0x01,
            length=7,
            parts=(*_HT_PARTS, parts.probe("extThermistorTemperature", 5, value_if_broken=parts.no_value)),
        ),
        # Units sold without the input for a thermistor.
        KeepAlive(code=0x01, length=5, parts=_HT_PARTS),
    ),
    rows=(*COMMON, *_COMPENSATION, *_PAIRING),
)

HT_MINI = product(
    "ht_mini",
    keepalives=(
        KeepAlive(
            code=0x01,
            length=5,
            parts=(
                parts.temperature_10("sensorTemperature", 1),
                parts.humidity("relativeHumidity", 3),
                parts.volts_f("batteryVoltage", 4),
            ),
        ),
    ),
    rows=(*COMMON, LED_BRIGHTNESS, restart()),
)

HT_DISPLAY_LITE = product(
    "ht_display_lite",
    keepalives=(
        KeepAlive(
            code=0x01,
            length=9,
            parts=(
                parts.temperature_16("sensorTemperature", 1),
                parts.humidity("relativeHumidity", 3),
                parts.word("lux", 4),
                parts.volts_16("batteryVoltage", 6),
                parts.byte("powerSourceStatus", 8),
            ),
        ),
    ),
    rows=(
        *COMMON,
        CHILD_LOCK,
        *DISPLAY,
        setting(
            "MeasurementBlindTime", 0x46, 0x47, "measurementBlindTime", byte(whole("time", 0, 255, "min"))
        ),
        setting("MeasurementPeriod", 0x48, 0x49, "measurementPeriod", byte(whole("period", 1, 255, "min"))),
    ),
)
