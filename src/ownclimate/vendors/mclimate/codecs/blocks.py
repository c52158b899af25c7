"""Rows that several models share: child lock, displays, the PIR block, CO2 measuring, buzzers and LEDs.

Source: the vendor's documents, "Commands" of each model; the names of commands, parameters and fields are
those of npm mclimate-payload-helper 1.6.0.
"""

from __future__ import annotations

from ownclimate.vendors.mclimate.codecs.arguments import Packed, bits, byte, word
from ownclimate.vendors.mclimate.codecs.commands import Alias, Command, Row, Setting, ascending, setting
from ownclimate.vendors.mclimate.codecs.parameters import Number, choice, flag, tenths, whole

LOWEST_TARGET_C = 5
HIGHEST_TARGET_C = 30

SWITCH = ("off", "on")
VISIBILITY = ("hide", "show")
ZONES = ("good", "medium", "bad")

CHILD_LOCK = setting("ChildLock", 0x07, 0x14, "childLock", byte(flag("enabled")))

TEMPERATURE_RANGE = setting(
    "TemperatureRange",
    0x08,
    0x15,
    "temperatureRangeSettings",
    byte(whole("min", LOWEST_TARGET_C, HIGHEST_TARGET_C, "°C")),
    byte(whole("max", LOWEST_TARGET_C, HIGHEST_TARGET_C, "°C")),
    aliases=(Alias(name="set_range"),),
    get_aliases=("get_range",),
    check=ascending("min", "max"),
)


def switch(
    name: str, set_code: int, get_code: int, said_as: str, *, parameter: str = "state", since: str = ""
) -> Setting:
    """Something that is off or on; the device says it as 0 or 1."""
    return setting(name, set_code, get_code, said_as, byte(choice(parameter, *SWITCH)), since=since)


def _visibility(name: str, set_code: int, get_code: int, said_as: str) -> Setting:
    return setting(name, set_code, get_code, said_as, byte(choice("state", *VISIBILITY)))


REFRESH_PERIOD = setting(
    "DisplayRefreshPeriod", 0x33, 0x34, "displayRefreshPeriod", byte(whole("period", 1, 24, "h"))
)
TEMPERATURE_VISIBILITY = _visibility(
    "CurrentTemperatureVisibility", 0x40, 0x41, "currentTemperatureVisibility"
)
HUMIDITY_VISIBILITY = _visibility("HumidityVisibility", 0x42, 0x43, "humidityVisibility")

DISPLAY: tuple[Row, ...] = (
    REFRESH_PERIOD,
    Command(name="SetDeepSleepMode", code=0x3B, arguments=(byte(whole("state", 1, 1)),)),
    TEMPERATURE_VISIBILITY,
    HUMIDITY_VISIBILITY,
    _visibility("LightIntensityVisibility", 0x44, 0x45, "lightIntensityVisibility"),
)

LEAST_SENSITIVITY = 12
"""Below it the sensor triggers on its own noise."""

PIR: tuple[Row, ...] = (
    switch("PIRSensorStatus", 0x3C, 0x3D, "pirSensorStatus"),
    setting(
        "PIRSensorSensitivity",
        0x3E,
        0x3F,
        "pirSensorSensitivity",
        byte(whole("sensitivity", LEAST_SENSITIVITY, 255)),
    ),
    setting("PIRInitPeriod", 0x46, 0x47, "pirInitPeriod", byte(whole("time", 0, 255, "s"))),
    setting("PIRMeasurementPeriod", 0x48, 0x49, "pirMeasurementPeriod", byte(whole("time", 3, 255, "s"))),
    setting("PIRCheckPeriod", 0x4A, 0x4B, "pirCheckPeriod", word(whole("time", 0, 65_535, "s"))),
    setting("PIRBlindPeriod", 0x4C, 0x4D, "pirBlindPeriod", word(whole("time", 15, 65_535, "s"))),
)
"""The motion sensor of the thermostat and the CO2 display."""

BUTTON_UPLINK = switch(
    "UplinkSendingOnButtonPress", 0x2E, 0x2F, "uplinkSendingOnButtonPress", parameter="value"
)

MOST_BOUNDARY_PPM = 1500
CENTISECOND_MS = 10

NOTIFY_PERIOD = setting(
    "NotifyPeriod",
    0x22,
    0x23,
    "notifyPeriod",
    *(byte(whole(f"{zone}_zone", 0, 255, "min")) for zone in ZONES),
)

CO2_MEASURING: tuple[Row, ...] = (
    setting(
        "Co2BoundaryLevels",
        0x1E,
        0x1F,
        "boundaryLevels",
        word(whole("good_medium", 0, MOST_BOUNDARY_PPM, "ppm")),
        word(whole("medium_bad", 0, MOST_BOUNDARY_PPM, "ppm")),
        check=ascending("good_medium", "medium_bad"),
    ),
    setting("Co2AutoZeroValue", 0x20, 0x21, "autoZeroValue", word(whole("ppm", 0, MOST_BOUNDARY_PPM, "ppm"))),
    setting(
        "Co2MeasurementPeriod",
        0x24,
        0x25,
        "measurementPeriod",
        *(byte(whole(f"{zone}_zone", 0, 255, "min")) for zone in ZONES),
    ),
    setting("Co2AutoZeroPeriod", 0x2A, 0x2B, "autoZeroPeriod", byte(whole("hours", 0, 255, "h"))),
)

_LOUDNESS = ("loud", "silent")

CO2_NOTIFYING: tuple[Row, ...] = (
    NOTIFY_PERIOD,
    setting(
        "BuzzerNotification",
        0x26,
        0x27,
        "buzzerNotification",
        *(
            byte(parameter)
            for zone in ZONES
            for parameter in (
                whole(f"duration_{zone}_beeping", 0, 255, "s"),
                *(
                    whole(f"duration_{zone}_{what}", 0, 255 * CENTISECOND_MS, "ms", step=CENTISECOND_MS)
                    for what in _LOUDNESS
                ),
            )
        ),
    ),
    setting(
        "Co2Led",
        0x28,
        0x29,
        "ledNotification",
        *(
            argument
            for zone in ZONES
            for argument in (
                *(byte(whole(f"{colour}_{zone}", 0, 255)) for colour in ("red", "green", "blue")),
                word(
                    whole(f"duration_{zone}", 0, 65_535 * CENTISECOND_MS, "ms", step=CENTISECOND_MS),
                ),
            )
        ),
    ),
)
"""Buzzer and LEDs of the CO2 sensor. A colour is 0 none, 1 on, 2 fast, 3 slow; the package sends others."""

LED_BEHAVIOURS = {1: "on", 2: "fast", 3: "slow", 4: "off"}
MUTE = 15

BUZZER = Command(
    name="SetBuzzer",
    code=0x03,
    arguments=(
        Packed(
            1,
            (
                bits(whole("volume", 0, MUTE), (4, 4)),
                # In halves of a kHz above 1 kHz.
                bits(whole("frequency", 0, 10), (0, 4)),
            ),
        ),
        byte(whole("activeTime", 0, 255, "s")),
        byte(whole("onTime", 0, 255 * CENTISECOND_MS, "ms", step=CENTISECOND_MS)),
        byte(whole("offTime", 0, 255 * CENTISECOND_MS, "ms", step=CENTISECOND_MS)),
    ),
)
"""Volume 15 is off. Frequency 0 is 1 kHz, each step 0.5 kHz more."""

LED_STEP_S = 10

STATUS_LED = Command(
    name="SetLed",
    code=0x05,
    arguments=(
        byte(Number(name="behavior", low=1, high=4, words=LED_BEHAVIOURS)),
        byte(whole("duration", 0, 255 * LED_STEP_S, "s", step=LED_STEP_S)),
    ),
)
"""The one LED of a button or contact; a duration of 0 is until told otherwise."""


def step_of(set_code: int, get_code: int) -> Setting:
    """By how much a turn of the ring or a press changes the target."""
    return setting(
        "TargetTemperatureStep", set_code, get_code, "targetTemperatureStep", byte(tenths("value", 0.1, 10))
    )
