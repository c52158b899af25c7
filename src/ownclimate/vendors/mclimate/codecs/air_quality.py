"""AQI sensor and notifier, and the multisensor.

Source: the vendor's document of the AQI sensor, whose frame the package reads wrongly (it takes decimal
text for bits); the multisensor is from npm mclimate-payload-helper 1.6.0 alone. The document's example
`05460046` of the LEDs fits the behaviours 1 on, 2 fast, 3 slow, and 0 or 4 off.
"""

from __future__ import annotations

from ownclimate.vendors.mclimate.codecs import parts
from ownclimate.vendors.mclimate.codecs.arguments import Packed, bits, byte, word
from ownclimate.vendors.mclimate.codecs.blocks import BUZZER
from ownclimate.vendors.mclimate.codecs.commands import (
    COMMON,
    Command,
    Row,
    Setting,
    product,
    restart,
    setting,
)
from ownclimate.vendors.mclimate.codecs.engine import Fields, KeepAlive, Part
from ownclimate.vendors.mclimate.codecs.extractors import flag as said_flag
from ownclimate.vendors.mclimate.codecs.parameters import Number, flag, whole

BEHAVIOURS = {0: "off", 1: "on", 2: "fast", 3: "slow", 4: "off"}
LED_STEP_S = 10
MOST_LED_S = 31 * LED_STEP_S


def _indexes(b: bytes) -> Fields:
    return {"sAQI": (b[1] << 1 | b[2] >> 7) * 16, "AQI": (b[2] >> 2 & 0x1F) * 16}


def _pressure(b: bytes) -> Fields:
    return {"pressure": ((b[6] << 3 | b[7] >> 5) * 40 + 30_000) / 100}


def _temperature(b: bytes) -> Fields:
    return {
        "temperature": (((b[7] & 0x1F) << 6 | b[8] >> 2) - parts.ABSOLUTE_ZERO_TENTHS) / 10,
        "accuracy_aqi": b[8] & 0x03,
    }


def _led(colour: str) -> Packed:
    """Three bits of behaviour, five of tens of seconds; 0 of them is until told otherwise."""
    return Packed(
        1,
        (
            bits(Number(name=f"{colour}Behavior", low=0, high=4, words=BEHAVIOURS), (5, 3)),
            bits(whole(f"{colour}Duration", 0, MOST_LED_S, "s", step=LED_STEP_S), (0, 5)),
        ),
    )


AQI_SENSOR = product(
    "aqi_sensor",
    keepalives=(
        KeepAlive(
            code=0x01,
            length=10,
            parts=(
                Part(last_byte=2, read=_indexes),
                Part(last_byte=3, read=lambda b: {"CO2eq": ((b[2] & 0x03) << 8 | b[3]) * 32}),
                Part(last_byte=4, read=lambda b: {"VOC": b[4] * 4}),
                Part(last_byte=5, read=lambda b: {"relative_humidity": b[5] * 4 / 10}),
                Part(last_byte=7, read=_pressure),
                Part(last_byte=8, read=_temperature),
                parts.volts_8("voltage", 9),
            ),
        ),
    ),
    rows=(
        *COMMON,
        BUZZER,
        Command(name="SetAqiLed", code=0x05, arguments=(_led("red"), _led("green"), _led("blue"))),
    ),
)


def _multisensor_temperatures(b: bytes) -> Fields:
    average = (b[2] << 8 & 0x100 | b[3]) / 10
    return {
        "averageTemperature": average,
        "minTemperature": round(average - (b[1] & 0x7F) / 10, 1),
        "maxTemperature": round(average + (b[2] >> 1) / 10, 1),
    }


def _multisensor_air(b: bytes) -> Fields:
    return {
        "pressure": round(b[5] * 390 / 255 + 700, 2),
        "staticAQI": round(b[6] * 500 / 255),
        "eCO2": round(b[7] * 4600 / 255 + 400, 2),
    }


def _multisensor_state(b: bytes) -> Fields:
    return {
        "pir": b[14] & 0x10 != 0,
        "hallSensorEvent": b[14] & 0x08 != 0,
        "staticAQIAccuracy": b[14] >> 1 & 0x03,
        "powerSourceStatus": b[14] & 0x01,
    }


_MULTISENSOR_PARTS = (
    Part(last_byte=3, read=_multisensor_temperatures),
    parts.byte("relativeHumidity", 4),
    Part(last_byte=7, read=_multisensor_air),
    parts.word("bVOC", 8),
    Part(last_byte=10, read=lambda b: {"lightLevel": round(b[10] * 1000 / 255)}),
    parts.byte("noiseLevel", 11),
    parts.byte("pirTriggerCount", 12),
    parts.volts_f("batteryVoltage", 13),
    Part(last_byte=14, read=_multisensor_state),
)


def _part(name: str, set_code: int, get_code: int, said_as: str) -> Setting:
    """A part of the multisensor that can be switched off."""
    told = said_flag(said_as, true=1)
    return setting(name, set_code, get_code, said_as, byte(flag("enabled")), told=told)


_MULTISENSOR_ROWS: tuple[Row, ...] = (
    _part("LightState", 0x1E, 0x1F, "lightEnabled"),
    _part("HallState", 0x20, 0x21, "hallEnabled"),
    setting("HallBlindPeriod", 0x22, 0x23, "hallBlindPeriod", word(whole("period", 0, 65_535))),
    _part("MicrophoneState", 0x24, 0x25, "microphoneEnabled"),
    setting(
        "MicrophoneSamplingPeriod", 0x26, 0x27, "microphoneSamplingPeriod", word(whole("period", 0, 65_535))
    ),
    _part("GasState", 0x28, 0x29, "gasEnabled"),
    setting(
        "GasMeasurementPeriod",
        0x2A,
        0x2B,
        "gasMeasurementPeriodMinutes",
        byte(whole("minutes", 0, 255, "min")),
    ),
    _part("PirState", 0x2C, 0x2D, "pirEnabled"),
    setting("PirActiveReportingPeriod", 0x2E, 0x2F, "pirBlindPeriod", word(whole("time", 0, 65_535))),
    restart(name="Restart", also=("RestartDevice",)),
)

MULTISENSOR = product(
    "multisensor",
    keepalives=tuple(KeepAlive(code=code, length=15, parts=_MULTISENSOR_PARTS) for code in (0x81, 0x82)),
    rows=(*COMMON, *_MULTISENSOR_ROWS),
)
