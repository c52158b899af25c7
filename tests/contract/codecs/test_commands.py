"""What leaves for a device: built by name, read back by the same table, refused with a reason."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from ownclimate.core.errors import InvalidInput, Unsupported
from ownclimate.vendors.mclimate.codecs import (
    commands_of,
    decode,
    encode,
    encode_all,
    models,
    read_downlink,
)
from ownclimate.vendors.mclimate.codecs.commands import Command
from ownclimate.vendors.mclimate.codecs.downlinks import MOST_BYTES
from ownclimate.vendors.mclimate.codecs.models import PRODUCTS
from ownclimate.vendors.mclimate.codecs.names import snake
from ownclimate.vendors.mclimate.codecs.parameters import Number
from tests.contract.codecs.samples import random_params

ROUNDS = 1_000 if os.environ.get("TEST_FULL") else 10

SAID_OTHERWISE = {
    ("vicki", "SetHeatingSchedule"): "days of the year in words",
    ("vicki", "SetDeviceTime"): "a date in words",
    ("vicki", "SetInternalAlgoTdiffParams"): "published with the names of the two bytes the other way round",
}
"""Answers that say what was set in words of their own."""


@pytest.mark.parametrize("model", models())
def test_every_command_is_read_back_as_it_was_meant(model: str) -> None:
    source = random.Random(f"round trips of {model}")
    for command in PRODUCTS[model].commands:
        for _ in range(ROUNDS if command.parameters else 1):
            params = random_params(command, source)

            downlink = encode(model, command.name, params)

            (order,) = read_downlink(model, downlink.payload)
            assert order.command.name in (command.name, *same_code(model, command))
            for parameter in order.command.parameters:
                assert parameter.is_near(
                    parameter.accept(params[parameter.name]), order.values[parameter.name]
                )


def same_code(model: str, command: Command) -> set[str]:
    """Commands that are the same bytes under another name, or a form of the same name."""
    codes = {other.code for other in PRODUCTS[model].commands if other.name == command.name}
    return {other.name for other in PRODUCTS[model].commands if other.code in codes}


@pytest.mark.parametrize("model", models())
def test_what_is_set_is_what_the_device_answers_when_asked(model: str) -> None:
    source = random.Random(f"answers of {model}")
    table = PRODUCTS[model].reading
    for command in PRODUCTS[model].commands:
        if command.answer is None or (model, command.name) in SAID_OTHERWISE:
            continue
        for _ in range(ROUNDS):
            params = random_params(command, source)

            said = table.answers[command.answer].read(command.write(params)[1:])

            wanted = [leaf for value in params.values() for leaf in leaves(value)]
            assert sorted(map(plain, wanted)) == pytest.approx(
                sorted(plain(leaf) for leaf in leaves(said)), abs=resolution(command)
            ), (command.name, params, said)


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for member in value.values() for leaf in leaves(member)]
    return [value]


ALGORITHMS = {"proportional": 0.0, "equal": 1.0, "proportionalIntegral": 2.0}


def plain(value: Any) -> float:
    """A value as a number, whatever it is said in; the size of one whose sign is told beside it."""
    if isinstance(value, str):
        return ALGORITHMS[value] if value in ALGORITHMS else float(int(value, 16))
    return abs(float(value))


def resolution(command: Command) -> float:
    """How far a value may be from the one that was set: a step of the wire where the nearest is sent."""
    nearest = [abs(1 / p.per) for p in command.parameters if isinstance(p, Number) and not p.step]
    return max(nearest, default=0) + 1e-5


@pytest.mark.parametrize("model", models())
def test_a_value_beyond_either_end_is_refused_by_name_and_range(model: str) -> None:
    source = random.Random(f"ends of {model}")
    for command in PRODUCTS[model].commands:
        for parameter in command.parameters:
            if not isinstance(parameter, Number) or parameter.also:
                continue
            for value in (parameter.low - (parameter.step or 1), parameter.high + (parameter.step or 1)):
                params = {**random_params(command, source), parameter.name: value}
                with pytest.raises(InvalidInput) as refusal:
                    encode(model, command.name, params)
                assert refusal.value.field == parameter.name
                assert "expected" in refusal.value.reason


@pytest.mark.parametrize("model", models())
def test_every_command_is_listed_with_its_parameters(model: str) -> None:
    listed = {command.name: command for command in commands_of(model)}

    for command in PRODUCTS[model].commands:
        told = {parameter.name for parameter in listed[command.name].parameters}
        assert told == {parameter.name for parameter in command.parameters}


@pytest.mark.parametrize(
    "name",
    ["SetTargetTemperature", "set_target_temperature", "setTargetTemperature", "set-target-temperature"],
)
@pytest.mark.parametrize("parameter", ["targetTemperature", "target_temperature"])
def test_every_spelling_of_a_name_means_the_command(name: str, parameter: str) -> None:
    assert encode("vicki", name, {parameter: 22}).hex == "0E16"


CLIENTS_NAMES = {
    "the target under the motor's name": ("vicki", "set_motor_position", {"position": 22}, "0E16"),
    "the motor": ("vicki", "set_motor_position_only", {"position": 500}, "2D01F4"),
    "the keep-alive": ("vicki", "set_keepalive_time", {"time": 5}, "0205"),
    "the keep-alive asked": ("vicki", "get_keepalive_time", {}, "12"),
    "as text": ("vicki", "set_keepalive_time", {"time": "5"}, "0205"),
    "the range": ("vicki", "set_range", {"min": 16, "max": 24}, "081018"),
    "forced shut": ("vicki", "force_close_vicki", {}, "0B"),
    "an external temperature": ("vicki", "set_ext_temp", {"temp": 20}, "0F14"),
    "one in tenths": ("vicki", "set_ext_temp", {"temp": 25.8}, "3C0102"),
    "the old algorithm": (
        "vicki",
        "set_offline_algo_params",
        {"period": 19, "p_first_last": 17, "p_next": 17},
        "0C131111",
    ),
    "its differences": ("vicki", "set_offline_algo_tdiff_params", {"warm": 1, "cold": 2}, "1A0201"),
    "T-Valve's keep-alive": ("t_valve", "set_keepalive_time", {"time": 10}, "070A"),
    "T-Valve's long frame": ("t_valve", "request_full_data", {}, "08"),
    "T-Valve's cycle": ("t_valve", "set_open_close_time", {"opening_time": 2, "closing_time": 3}, "010203"),
    "the flood sensor's keep-alive": ("t_flood", "set_keepalive_time", {"time": 240}, "0500F0"),
    "a parameter that the package ignores": (
        "vicki",
        "SetKeepAlive",
        {"time": 5, "commandNumber": "02"},
        "0205",
    ),
    "a display without a chart": (
        "co2_display_lite",
        "SetCo2ImagesVisibility",
        {"digital_value": True, "emoji": False},
        "8202",
    ),
    "an event on some days": (
        "vicki",
        "set_heating_event",
        {
            "event_index": 3,
            "start_hour": 6,
            "start_minute": 30,
            "target_temperature": 21.5,
            "days_active": ["monday", "sunday"],
        },
        "5903061E00D741",
    ),
    "words for numbers": ("fan_coil_thermostat", "set_fct_operational_mode", {"value": "Cooling"}, "5202"),
    "words for digits": ("vicki", "set_uplink_type", {"type": "confirmed"}, "1101"),
    "a negative offset": ("vicki", "set_device_time_zone", {"offset_hours": -3}, "5FFD"),
    "a negative compensation": (
        "wireless_thermostat",
        "set_sensor_compensation_temperature",
        {"temperature": -2.1},
        "550115",
    ),
    "a gain, cut off": ("vicki", "set_integral_gain", {"integral_gain": 0.412678}, "3E00D34A"),
}


@pytest.mark.parametrize(
    ("model", "name", "params", "frame"), CLIENTS_NAMES.values(), ids=CLIENTS_NAMES.keys()
)
def test_what_clients_send_is_understood(model: str, name: str, params: dict[str, Any], frame: str) -> None:
    assert encode(model, name, params).hex == frame


@pytest.mark.parametrize(
    ("model", "name", "cloud"),
    [
        ("vicki", "set_keepalive_time", "SetKeepAlive"),
        ("vicki", "get_keep_alive", "GetKeepAliveTime"),
        ("t_valve", "set_keepalive_time", "SetPacketPeriod"),
        ("vicki", "set_motor_position", "SetTargetTemperature"),
    ],
)
def test_a_downlink_has_the_clouds_name(model: str, name: str, cloud: str) -> None:
    params = {"position": 22} if "motor" in name else {"time": 5} if name.startswith("set") else {}

    assert encode(model, name, params).name == cloud


REFUSED = {
    "an unknown command": ("vicki", "fly", {}, "command", "set_keep_alive"),
    "another model's": ("ht_mini", "set_child_lock", {"enabled": True}, "command", "ht_mini has no"),
    "0 minutes": ("vicki", "set_keep_alive", {"time": 0}, "time", "1 to 255 min, got 0"),
    "a fraction of a minute": ("vicki", "set_keep_alive", {"time": 1.5}, "time", "whole number"),
    "not a number": ("vicki", "set_keep_alive", {"time": "soon"}, "time", "'soon'"),
    "a truth for a number": ("vicki", "set_keep_alive", {"time": True}, "time", "whole number"),
    "endless": ("vicki", "set_keep_alive", {"time": float("inf")}, "time", "whole number"),
    "nothing": ("vicki", "set_keep_alive", {}, "time", "missing"),
    "nothing for a value": ("vicki", "set_keep_alive", {"time": None}, "time", "missing"),
    "too much": ("vicki", "set_keep_alive", {"time": 5, "day": 1}, "day", "it takes time"),
    "the same twice": ("vicki", "set_open_window_precisely", {"delta": 1, "Delta": 2}, "Delta", "twice"),
    "finer than tenths": (
        "vicki",
        "set_target_temperature",
        {"target_temperature": 21.55},
        None,
        "steps of 0.1",
    ),
    "a range swapped": ("vicki", "set_range", {"min": 24, "max": 16}, "max", "not below min (24)"),
    "a valve's ends too near": (
        "vicki",
        "set_valve_openness_range_in_percentage",
        {"min": 20, "max": 29},
        "max",
        "at least 10",
    ),
    "an unknown mode": ("vicki", "set_operational_mode", {"mode": "04"}, "mode", '"03"'),
    "neither true nor false": ("vicki", "set_child_lock", {"enabled": 2}, "enabled", "true or false"),
    "no day of the week": (
        "vicki",
        "set_heating_event",
        {
            "event_index": 0,
            "start_hour": 0,
            "start_minute": 0,
            "target_temperature": 20,
            "days_active": ["someday"],
        },
        "daysActive",
        "monday",
    ),
    "a chart on a display without one": (
        "co2_display_lite",
        "set_co2_images_visibility",
        {"chart": True, "digital_value": True, "emoji": True},
        "chart",
        "no room",
    ),
    "a sign that contradicts": (
        "fan_coil_thermostat",
        "set_temp_sensor_compensation",
        {"compensation": 0, "temperature": -1},
        "compensation",
        "negative",
    ),
    "an infrared code nowhere": (
        "melissa_lorawan",
        "emit_preloaded_ir_code",
        {"mode": 1},
        "position",
        "1 to 10",
    ),
    "a chunk too long for a frame": (
        "melissa_lorawan",
        "send_ir_code_data",
        {"offset": 0, "data": "00" * 60},
        "command",
        "51 bytes",
    ),
    "raw bytes that are none": ("vicki", "send_custom_hex_command", {"command": "041"}, "command", "pairs"),
    "raw bytes of no command": ("vicki", "send_custom_hex_command", {"command": "FF00"}, "command", "FF"),
    "raw bytes out of range": ("vicki", "send_custom_hex_command", {"command": "0200"}, "time", "1 to 255"),
    "raw bytes cut short": ("vicki", "send_custom_hex_command", {"command": "1202"}, "command", "cut short"),
    "no raw bytes": ("vicki", "send_custom_hex_command", {}, "command", "missing"),
    "more than raw bytes": (
        "vicki",
        "send_custom_hex_command",
        {"command": "12", "x": 1},
        "x",
        "nothing else",
    ),
}


@pytest.mark.parametrize(("model", "name", "params", "field", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_names_the_parameter_and_what_was_expected(
    model: str, name: str, params: dict[str, Any], field: str | None, reason: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        encode(model, name, params)

    assert refusal.value.field == (field or refusal.value.field)
    assert reason in refusal.value.message


def test_an_unknown_model_says_which_there_are() -> None:
    with pytest.raises(Unsupported, match="vicki"):
        encode("toaster", "set_keep_alive", {"time": 5})


def test_several_commands_are_one_frame_in_their_order() -> None:
    orders: list[tuple[str, dict[str, Any]]] = [
        ("set_keep_alive", {"time": 11}),
        ("set_temperature_range", {"min": 15, "max": 26}),
        ("set_operational_mode", {"mode": "01"}),
        ("set_target_temperature", {"target_temperature": 24}),
        ("get_keep_alive_time", {}),
        ("get_temperature_range", {}),
        ("get_operational_mode", {}),
    ]

    downlink = encode_all("vicki", orders)

    assert downlink.hex == "020B080F1A0D010E18121518"
    assert downlink.params["commands"][0] == {"name": "SetKeepAlive", "params": {"time": 11}}


def test_a_frame_holds_no_more_than_the_slowest_data_rate() -> None:
    fitting = [("set_keep_alive", {"time": 5})] * (MOST_BYTES // 2)

    assert len(encode_all("vicki", fitting).payload) == 2 * (MOST_BYTES // 2)
    with pytest.raises(InvalidInput, match="at most 51 bytes"):
        encode_all("vicki", [*fitting, ("set_keep_alive", {"time": 5})])


def test_a_t_ring_takes_one_command_a_frame() -> None:
    with pytest.raises(InvalidInput, match="one command"):
        encode_all("thermostat", [("set_thermostat_target", {"target": 21})] * 2)


@pytest.mark.parametrize("port", [0, 3, 225])
def test_a_port_that_no_device_listens_on_is_refused(port: int) -> None:
    with pytest.raises(InvalidInput, match="port"):
        encode("vicki", "get_keep_alive", port=port)


def test_a_restart_must_not_be_confirmed() -> None:
    assert not encode("ht_mini", "restart_device").may_be_confirmed
    assert not encode_all("ht_mini", [("get_region", {}), ("restart_device", {})]).may_be_confirmed
    assert not encode("ht_mini", "send_custom_hex_command", {"command": "A5"}).may_be_confirmed
    assert encode("ht_mini", "get_region").may_be_confirmed


def test_a_secret_key_is_shown_nowhere_but_in_the_frame() -> None:
    key = "112233445566778899AABBCCDDEEFF00"

    downlink = encode("vicki", "set_d2d_notification_device_app_key", {"app_key": key})
    raw = encode("vicki", "send_custom_hex_command", {"command": "6F" + key})

    assert downlink.hex == raw.hex == "6F" + key
    assert key not in repr(downlink) + repr(raw)
    with pytest.raises(InvalidInput) as refusal:
        encode("vicki", "set_d2d_notification_device_app_key", {"app_key": key[:-1]})
    assert key[:-1] not in str(refusal.value)


FIRMWARES = {
    "tenths, old": ("vicki", "set_target_temperature", {"target_temperature": 21.5}, "4.2", None),
    "tenths, new": ("vicki", "set_target_temperature", {"target_temperature": 21.5}, "4.3", "5100D7"),
    "whole, old": ("vicki", "set_target_temperature", {"target_temperature": 21}, "3.5", "0E15"),
    "gone": ("vicki", "set_internal_algo_params", {"period": 1, "pFirstLast": 8, "pNext": 8}, "4.2", None),
    "not yet gone": (
        "vicki",
        "set_internal_algo_params",
        {"period": 1, "pFirstLast": 8, "pNext": 8},
        "4.1",
        "0C010808",
    ),
    "two digits": ("vicki", "set_force_attach", {"enabled": True}, "4.10", "4701"),
}


@pytest.mark.parametrize(
    ("model", "name", "params", "firmware", "frame"), FIRMWARES.values(), ids=FIRMWARES.keys()
)
def test_a_firmware_is_told_only_what_it_knows(
    model: str, name: str, params: dict[str, Any], firmware: str, frame: str | None
) -> None:
    if frame is None:
        with pytest.raises((Unsupported, InvalidInput)):
            encode(model, name, params, firmware=firmware)
    else:
        assert encode(model, name, params, firmware=firmware).hex == frame


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SetTargetTemperature", "set_target_temperature"),
        ("SetLED", "set_led"),
        ("SetPIRSensorState", "set_pir_sensor_state"),
        ("SetCo2Led", "set_co2_led"),
        ("SetD2dCommunicationState", "set_d2d_communication_state"),
    ],
)
def test_a_name_in_snake_case_has_its_words_apart(name: str, words: str) -> None:
    assert snake(name) == words


def test_no_two_commands_of_a_model_share_a_spelling() -> None:
    for model in models():
        names = {command.name for command in PRODUCTS[model].commands}
        spellings = {snake(name).replace("_", "") for name in names}
        aliases = [snake(a.name).replace("_", "") for c in PRODUCTS[model].commands for a in c.aliases]

        assert len(spellings) == len(names)
        assert len(aliases) == len(set(aliases))
        assert not spellings & set(aliases)


def test_a_models_keepalive_period_is_answered_in_minutes() -> None:
    for model in models():
        if model != "thermostat":
            frame = encode(model, "set_keepalive_time", {"time": 7}).payload
            prefix = bytes.fromhex("646304089F") if model == "t_valve" else b""
            suffix = bytes.fromhex("08BE10") if model == "t_flood" else b""
            answer = prefix + bytes([0x12]) + frame[1:] + suffix
            assert decode(model, answer).fields["keepAliveTime"] == 7, model
