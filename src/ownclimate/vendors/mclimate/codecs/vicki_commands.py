"""What Vicki, the radiator thermostat, can be told.

Source: the vendor's documents, "Vicki LoRaWAN", "Commands cheat sheet"; for `FROM_THE_PACKAGE` npm
mclimate-payload-helper 1.6.0 alone. Where the two disagree the document holds: `06` has five bytes in all
(the package writes the difference twice), and the last byte of `49` is whole degrees (the package
multiplies it by ten).
"""

from __future__ import annotations

from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.mclimate.codecs.arguments import Constant, Packed, Plain, Values, bits, byte, word
from ownclimate.vendors.mclimate.codecs.blocks import CHILD_LOCK, TEMPERATURE_RANGE
from ownclimate.vendors.mclimate.codecs.commands import Alias, Command, Row, commands
from ownclimate.vendors.mclimate.codecs.parameters import (
    Days,
    Digits,
    Flag,
    Hex,
    Number,
    choice,
    flag,
    tenths,
    whole,
)

GAIN_UNIT = 131_072
"""2^17: gains travel as fixed-point numbers with 17 binary places."""

OPEN_WINDOW_STEP_MIN = 5
RESTORE_STEP_MIN = 10

MOST_STEPS = 800
LEAST_MOVE_STEPS = 17
"""The motor does not move for less."""
OPENNESS_SLACK_PCT = 3
"""What that is of a usual range of some 600 steps."""
LEAST_VALVE_SPAN_PCT = 10
OFFSET_UNIT_C = 0.176
LOWEST_OFFSET_C = -4.928
"""28 units below none: 1C is 0 °C."""

_POSITION = whole("position", 0, MOST_STEPS, "steps")
_TARGET_C = whole("targetTemperature", 5, 30, "°C")
_TARGET_TENTHS = tenths("targetTemperature", 5, 30)
_EXTERNAL_TENTHS = tenths("temp", 0.1, 255)
_TARGET_NAMES = (
    # Homebridge and the vendor's own Node-RED node send the target under the name of the motor.
    Alias(name="set_motor_position", parameters={"position": "targetTemperature"}),
)
_MODES = Digits(
    name="mode",
    words={
        "00": "manual",
        "01": "automatic",
        "02": "automatic with external temperature",
        "03": "automatic with paired sensor",
    },
)
_KEY_BYTES = 16
_EUI_BYTES = 8
_DAYS_OF_MONTH = 31


def _gain(name: str) -> Plain:
    return Plain(Number(name=name, low=0, high=127, step=0, per=GAIN_UNIT, is_cut=True), 3)


def _get(name: str, code: int, *aliases: str, since: str = "", until: str = "") -> Command:
    return Command(
        name=f"Get{name}",
        code=code,
        aliases=tuple(Alias(name=alias) for alias in aliases),
        since=since,
        until=until,
    )


def _valve_span(values: Values) -> None:
    if values["max"] - values["min"] < LEAST_VALVE_SPAN_PCT:
        raise InvalidInput("max", f"expected at least {LEAST_VALVE_SPAN_PCT} % above min")


DOCUMENTED: tuple[Row, ...] = (
    Command(name="RecalibrateMotor", code=0x03),
    Command(
        name="SetOpenWindow",
        code=0x06,
        arguments=(
            byte(flag("enabled")),
            byte(whole("closeTime", 0, 255 * OPEN_WINDOW_STEP_MIN, "min", step=OPEN_WINDOW_STEP_MIN)),
            # The position's low byte, then its high four bits beside the difference.
            Packed(
                2,
                (
                    bits(whole("motorPosition", 0, MOST_STEPS, "steps"), (8, 8), (4, 4)),
                    bits(whole("delta", 0, 15, "°C"), (0, 4)),
                ),
            ),
        ),
        answer=0x13,
    ),
    _get("OpenWindowParams", 0x13, "GetOpenWindow"),
    CHILD_LOCK.set,
    CHILD_LOCK.get,
    TEMPERATURE_RANGE.set,
    TEMPERATURE_RANGE.get,
    Command(name="ForceClose", code=0x0B, aliases=(Alias(name="force_close_vicki"),)),
    Command(
        name="SetInternalAlgoParams",
        code=0x0C,
        arguments=tuple(byte(whole(name, 0, 255)) for name in ("period", "pFirstLast", "pNext")),
        aliases=(Alias(name="set_offline_algo_params"),),
        until="4.2",
        answer=0x16,
    ),
    _get("InternalAlgoParams", 0x16, "get_offline_algo_params", until="4.2"),
    Command(
        name="SetInternalAlgoTdiffParams",
        code=0x1A,
        # First how much too cold opens, then how much too warm closes. The package's builder names them
        # so; its reader, and so the answer's fields, have the names the other way round.
        arguments=(byte(whole("cold", 0, 255, "°C")), byte(whole("warm", 0, 255, "°C"))),
        aliases=(Alias(name="set_offline_algo_tdiff_params"),),
        until="4.2",
        answer=0x17,
    ),
    _get("InternalAlgoTdiffParams", 0x17, "get_offline_algo_tdiff_params", until="4.2"),
    Command(name="SetOperationalMode", code=0x0D, arguments=(byte(_MODES),), answer=0x18),
    _get("OperationalMode", 0x18),
    Command(
        name="SetTargetTemperature",
        code=0x0E,
        arguments=(byte(_TARGET_C),),
        aliases=_TARGET_NAMES,
        answer=0x2F,
    ),
    Command(
        name="SetTargetTemperature",
        code=0x51,
        arguments=(word(_TARGET_TENTHS),),
        since="4.3",
        answer=0x52,
    ),
    _get("TargetTemperature", 0x2F),
    _get("TargetTemperaturePrecisely", 0x52, since="4.3"),
    Command(
        name="SetExternalTemperature",
        code=0x0F,
        arguments=(byte(whole("temp", 1, 255, "°C")),),
        aliases=(Alias(name="set_ext_temp"),),
    ),
    Command(
        name="SetExternalTemperature",
        code=0x3C,
        arguments=(word(_EXTERNAL_TENTHS),),
        since="4.2",
        answer=0x44,
    ),
    Command(
        name="SetExternalTemperatureFloat",
        code=0x3C,
        arguments=(word(_EXTERNAL_TENTHS),),
        since="4.2",
        answer=0x44,
    ),
    _get("ExternalTemperature", 0x44, since="4.2"),
    Command(
        name="SetPrimaryOperationalMode",
        code=0x1E,
        arguments=(byte(Digits(name="mode", words={"00": "heating", "01": "cooling"})),),
        answer=0x1F,
    ),
    _get("PrimaryOperationalMode", 0x1F),
    Command(
        name="SetProportionalAlgorithmParameters",
        code=0x2A,
        arguments=(byte(whole("coefficient", 0, 20)), byte(whole("period", 0, 255, "min"))),
        since="4.0",
        until="4.3",
        answer=0x29,
    ),
    _get("ProportionalAlgorithmParameters", 0x29, since="4.0", until="4.3"),
    Command(
        name="SetTemperatureControlAlgorithm",
        code=0x2C,
        arguments=(
            byte(
                Digits(
                    name="algorithm",
                    words={"00": "proportional", "01": "equal", "02": "proportionalintegral"},
                )
            ),
        ),
        since="4.0",
        until="4.3",
        answer=0x2B,
    ),
    _get("TemperatureControlAlgorithm", 0x2B, since="4.0", until="4.3"),
    Command(
        name="SetMotorPositionOnly",
        code=0x2D,
        arguments=(word(_POSITION),),
        since="4.0",
        shows=lambda values, fields: abs(fields["motorPosition"] - values["position"]) < LEAST_MOVE_STEPS,
    ),
    Command(name="DeviceReset", code=0x30, may_be_confirmed=False),
    Command(
        name="SetTargetTemperatureAndMotorPosition",
        code=0x31,
        arguments=(word(whole("motorPosition", 0, MOST_STEPS, "steps")), byte(_TARGET_C)),
        shows=lambda values, fields: fields["targetTemperature"] == values["targetTemperature"],
    ),
    Command(
        name="SetAppEuiAndAppKey",
        code=0x33,
        arguments=(
            Plain(Hex(name="appEui", length=_EUI_BYTES), _EUI_BYTES),
            Plain(Hex(name="appKey", length=_KEY_BYTES, is_secret=True), _KEY_BYTES),
        ),
        since="4.1",
        # The device restarts with them and forgets that it had received the command.
        may_be_confirmed=False,
    ),
    Command(
        name="SetChildLockBehavior",
        code=0x35,
        arguments=(byte(choice("behavior", "lifts when offline", "stays")),),
        since="4.1",
        answer=0x34,
    ),
    _get("ChildLockBehavior", 0x34, since="4.1"),
    Command(
        name="SetProportionalGain",
        code=0x37,
        arguments=(_gain("proportionalGain"),),
        since="4.2",
        answer=0x36,
    ),
    _get("ProportionalGain", 0x36, since="4.2"),
    Command(name="SetIntegralGain", code=0x3E, arguments=(_gain("integralGain"),), since="4.2", answer=0x3D),
    _get("IntegralGain", 0x3D, since="4.2"),
    _get("IntegralValue", 0x3F, since="4.2"),
    Command(
        name="SetPiRunPeriod",
        code=0x41,
        arguments=(byte(whole("period", 0, 255, "min")),),
        since="4.2",
        answer=0x40,
    ),
    _get("PiRunPeriod", 0x40, since="4.2"),
    Command(
        name="SetTemperatureHysteresis",
        code=0x43,
        arguments=(byte(tenths("hysteresis", 0.2, 10)),),
        since="4.2",
        answer=0x42,
    ),
    _get("TemperatureHysteresis", 0x42, since="4.2"),
    Command(
        name="SetOpenWindowPrecisely",
        code=0x45,
        arguments=(
            byte(flag("enabled")),
            byte(whole("duration", 0, 255 * OPEN_WINDOW_STEP_MIN, "min", step=OPEN_WINDOW_STEP_MIN)),
            byte(tenths("delta", 0.2, 15)),
        ),
        since="4.2",
        answer=0x46,
    ),
    _get("OpenWindowPrecisely", 0x46, since="4.2"),
    Command(name="SetForceAttach", code=0x47, arguments=(byte(flag("enabled")),), since="4.2", answer=0x48),
    _get("ForceAttach", 0x48, since="4.2"),
    Command(
        name="SetAntiFreezeParams",
        code=0x49,
        arguments=(
            byte(tenths("activatedTemperature", 0, 25)),
            byte(tenths("deactivatedTemperature", 0, 25)),
            byte(whole("targetTemperature", 0, 30, "°C")),
        ),
        answer=0x4A,
    ),
    _get("AntiFreezeParams", 0x4A),
    Command(
        name="SetMaxAllowedIntegralValue",
        code=0x4C,
        arguments=(word(tenths("value", 0, 255, "")),),
        since="4.2",
        answer=0x4D,
    ),
    _get("MaxAllowedIntegralValue", 0x4D, since="4.2"),
    Command(
        name="SetValveOpennessInPercentage",
        code=0x4E,
        arguments=(byte(whole("value", 0, 100, "%")),),
        shows=lambda values, fields: abs(fields["valveOpenness"] - values["value"]) <= OPENNESS_SLACK_PCT,
    ),
    Command(
        name="SetValveOpennessRangeInPercentage",
        code=0x4F,
        # Counted from closed: 20 to 60 % open travel as 40 and 80.
        arguments=tuple(
            byte(Number(name=name, low=0, high=100, per=-1, zero=100, unit="%")) for name in ("max", "min")
        ),
        answer=0x50,
        check=_valve_span,
    ),
    _get("ValveOpennessRangeInPercentage", 0x50),
    Command(
        name="SetTemperatureOffset",
        code=0x53,
        arguments=(
            byte(
                Number(
                    name="value",
                    low=-5,
                    high=5,
                    step=0,
                    per=1 / OFFSET_UNIT_C,
                    zero=LOWEST_OFFSET_C,
                    unit="°C",
                )
            ),
        ),
        answer=0x54,
    ),
    _get("TemperatureOffset", 0x54),
)

FROM_THE_PACKAGE: tuple[Row, ...] = (
    Command(
        name="SetBatteryRangesBoundaries",
        code=0x20,
        arguments=tuple(word(whole(f"Boundary{place}", 0, 65_535, "mV")) for place in (1, 2, 3)),
        answer=0x21,
    ),
    _get("BatteryRangesBoundaries", 0x21),
    Command(
        name="SetBatteryRangesOverVoltage",
        code=0x22,
        arguments=(
            Constant(b"\x0e"),
            *(byte(whole(f"Range{place}", 0, 255)) for place in (1, 2, 3)),
        ),
        answer=0x23,
    ),
    _get("BatteryRangesOverVoltage", 0x23),
    _get("Debug", 0x25),
    Command(name="SetOvac", code=0x26, arguments=(byte(whole("ovac", 0, 255)),), answer=0x27),
    _get("Ovac", 0x27),
    Command(
        name="SetLedDisplayTempUnits",
        code=0x55,
        arguments=(byte(choice("value", "celsius", "fahrenheit", "levels")),),
        answer=0x56,
    ),
    _get("LedDisplayTempUnits", 0x56),
    Command(
        name="SetTargetTemperatureFahrenheit",
        code=0x57,
        arguments=(byte(whole("targetTemperature", 41, 86, "°F")),),
    ),
    Command(
        name="SetHeatingEvent",
        code=0x59,
        arguments=(
            byte(whole("eventIndex", 0, 19)),
            byte(whole("startHour", 0, 23)),
            byte(whole("startMinute", 0, 59)),
            word(_TARGET_TENTHS),
            byte(Days(name="daysActive")),
        ),
    ),
    _get("HeatingEvent", 0x5A),
    Command(
        name="SetHeatingSchedule",
        code=0x5B,
        # Months count from 0; a day 0 switches the season off.
        arguments=(
            byte(whole("startMonth", 0, 11)),
            byte(whole("startDay", 0, _DAYS_OF_MONTH)),
            byte(whole("endMonth", 0, 11)),
            byte(whole("endDay", 0, _DAYS_OF_MONTH)),
        ),
        answer=0x5C,
    ),
    _get("HeatingSchedule", 0x5C),
    Command(
        name="SetDeviceTime",
        code=0x5D,
        arguments=(Plain(whole("timestamp", 0, 0xFFFF_FFFF, "s"), 4),),
        answer=0x5E,
    ),
    _get("DeviceTime", 0x5E),
    Command(
        name="SetDeviceTimeZone",
        code=0x5F,
        arguments=(byte(Number(name="offsetHours", low=-12, high=12, unit="h", bits=8)),),
        answer=0x60,
    ),
    _get("DeviceTimeZone", 0x60),
    Command(
        name="SetAutomaticSetpointRestore",
        code=0x61,
        arguments=(byte(whole("time", 0, 255 * RESTORE_STEP_MIN, "min", step=RESTORE_STEP_MIN)),),
        answer=0x62,
    ),
    _get("AutomaticSetpointRestore", 0x62),
    Command(
        name="SetLedIndicationDuration",
        code=0x63,
        arguments=(byte(Number(name="duration", low=0.5, high=20, step=0.5, per=2, unit="s")),),
        answer=0x64,
    ),
    _get("LedIndicationDuration", 0x64),
    Command(
        name="SetOfflineTargetTemperature",
        code=0x65,
        arguments=(word(tenths("targetTemperature", 5, 30, also=(0,))),),
        answer=0x66,
    ),
    _get("OfflineTargetTemperature", 0x66),
    Command(
        name="SetInternalAlgoTemporaryState",
        code=0x67,
        arguments=(byte(Flag(name="enabled", is_inverse=True)),),
        answer=0x68,
    ),
    _get("InternalAlgoTemporaryState", 0x68),
    Command(
        name="SetTemperatureLevels",
        code=0x69,
        arguments=tuple(word(tenths(f"level{place}", 5, 30)) for place in range(6)),
        answer=0x6A,
    ),
    _get("TemperatureLevels", 0x6A),
    Command(
        name="SetHeatingEventState",
        code=0x6B,
        arguments=(byte(whole("eventIndex", 0, 19)), byte(flag("active"))),
    ),
    _get("HeatingEventState", 0x6C),
    Command(name="SetTimeRequestByMACcommand", code=0x6D, arguments=(byte(flag("enabled")),), answer=0x6E),
    _get("TimeRequestByMACcommand", 0x6E),
    Command(
        name="SetD2dNotificationDeviceAppKey",
        code=0x6F,
        arguments=(Plain(Hex(name="appKey", length=_KEY_BYTES, is_secret=True), _KEY_BYTES),),
        answer=0x70,
    ),
    _get("D2dNotificationDeviceAppKey", 0x70),
    Command(name="RequestListenForD2dNotificationDevice", code=0x71),
)

COMMANDS = commands((*DOCUMENTED, *FROM_THE_PACKAGE))
