"""One model at a time: what its document says, and the rulings where documents disagree.

The frames are made by hand from the formulas of the vendor's device documents.
"""

from __future__ import annotations

from typing import Any

import pytest

from ownclimate.vendors.mclimate.codecs import FrameTable, decode
from ownclimate.vendors.mclimate.codecs.mapping import Understood


def understood(model: str, frame: str) -> Understood:
    codec = FrameTable().named(model)
    assert codec is not None
    return codec.read(bytes.fromhex(frame))


KEEPALIVES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "HT sensor": (
        "ht_sensor",
        "010275" + "80" + "B0" + "00D2",
        {
            "sensorTemperature": 22.9,
            "relativeHumidity": 50.0,
            "batteryVoltage": 3.01,
            "thermistorProperlyConnected": True,
            "extThermistorTemperature": 21.0,
        },
    ),
    "HT sensor, sold without the input": (
        "ht_sensor",
        "01016580B0",
        {"sensorTemperature": -4.3, "relativeHumidity": 50.0, "batteryVoltage": 3.01},
    ),
    "HT Mini": (
        "ht_mini",
        "01028880C8",
        {"sensorTemperature": 24.8, "relativeHumidity": 50.0, "batteryVoltage": 3.33},
    ),
    "HT Mini, whose upper bits are not temperature": (
        "ht_mini",
        "01FE8880C8",
        {"sensorTemperature": 24.8, "relativeHumidity": 50.0, "batteryVoltage": 3.33},
    ),
    "HT display, dim light": (
        "ht_display_lite",
        "010288" + "80" + "0105" + "0A45" + "02",
        {
            "sensorTemperature": 24.8,
            "relativeHumidity": 50.0,
            "lux": 261,
            "batteryVoltage": 2.63,
            "powerSourceStatus": 2,
        },
    ),
    "CO2 display, two bytes in the right order": (
        "co2_display",
        "010288800A451B00003701",
        {
            "sensorTemperature": 24.8,
            "relativeHumidity": 50.0,
            "batteryVoltage": 2.63,
            "CO2": 27,
            "powerSourceStatus": 0,
            "lux": 55,
            "pir": True,
        },
    ),
    "CO2 display Lite": (
        "co2_display_lite",
        "01026E320C1EB908012C",
        {
            "sensorTemperature": 22.2,
            "relativeHumidity": 19.53,
            "batteryVoltage": 3.1,
            "CO2": 441,
            "powerSourceStatus": 0,
            "lux": 300,
        },
    ),
    "flood sensor below zero": (
        "t_flood",
        "42BE85",
        {"reason": "floodDetected", "boxTamper": False, "flood": True, "battery": 3.04, "temperature": -5},
    ),
    "flood sensor before 1.3": (
        "t_flood",
        "08BE",
        {"reason": "keepalive", "boxTamper": True, "flood": False, "battery": 3.04},
    ),
    "flood sensor asked for its parameters": (
        "t_flood",
        "00BE1415",
        {
            "reason": "keepalive",
            "boxTamper": False,
            "flood": False,
            "battery": 3.04,
            "temperature": 20,
            "firmwareVersion": 15,
        },
    ),
    "T-Valve, short": (
        "t_valve",
        "2CC0",
        {"reason": "keepalive", "waterTemp": 22.0, "valveState": True, "ambientTemp": 22.0},
    ),
    "T-Valve, long, from 1.6 on": (
        "t_valve",
        "8851FF05A4",
        {
            "reason": "fraudDetected",
            "boxTamper": True,
            "floodDetectionWireState": False,
            "flood": False,
            "magnet": False,
            "alarmValidated": False,
            "manualOpenIndicator": True,
            "manualCloseIndicator": False,
            "manualControl": {"enableOpen": True, "enableClose": False},
            "softwareVersion": 17,
            "deviceVersions": {"hardware": 0, "software": 17},
            "closeTime": 255,
            "openTime": 5,
            "openCloseTime": {"openingTime": 5, "closingTime": 255},
            "battery": 2.91,
        },
    ),
    "open/close below zero": (
        "open_close_sensor",
        "20C2" + "0832" + "000101" + "FE",
        {
            "event": "reed switch",
            "batteryVoltage": 3.15,
            "thermistorProperlyConnected": True,
            "sensorTemperature": -5.0,
            "counter": 257,
            "status": 0,
        },
    ),
    "button pressed twice": (
        "mc_button",
        "01B000D202",
        {
            "batteryVoltage": 3.01,
            "sensorTemperature": 21.0,
            "pressEvent": 2,
            "thermistorProperlyConnected": True,
        },
    ),
    "wireless thermostat to 1.3": (
        "wireless_thermostat",
        "01027F880DB41D01001401",
        {
            "sensorTemperature": 23.9,
            "relativeHumidity": 53.12,
            "batteryVoltage": 3.51,
            "targetTemperature": 29,
            "powerSourceStatus": 1,
            "lux": 20,
            "pir": True,
        },
    ),
    "wireless thermostat from 1.4 on": (
        "wireless_thermostat",
        "81027F880DB400D702001400",
        {
            "sensorTemperature": 23.9,
            "relativeHumidity": 53.12,
            "batteryVoltage": 3.51,
            "targetTemperature": 21.5,
            "powerSourceStatus": 2,
            "lux": 20,
            "pir": False,
        },
    ),
    "16ASPM below zero, after many years": (
        "relay_16",
        "0185FFFFFFFF05D9E7195200",
        {
            "internalTemperature": -5,
            "energy": 4294967.295,
            "power": 1497,
            "acVoltage": 231,
            "acCurrent": 6482,
            "relayState": False,
        },
    ),
    "PIR Mini without light": (
        "pir_mini",
        "010288800000C80103E8",
        {
            "sensorTemperature": 24.8,
            "relativeHumidity": 50.0,
            "lux": 0,
            "luxStatus": "ok",
            "batteryVoltage": 3.33,
            "occupied": True,
            "pirTriggerCount": 1000,
        },
    ),
    "Melissa, ten bytes": (
        "melissa_lorawan",
        "01027E46E0012C000596",
        {
            "sensorTemperature": 23.8,
            "relativeHumidity": 27.34,
            "isIrCodeRecordingRequested": True,
            "occupied": True,
            "powerSource": "battery",
            "lorawanClass": "A",
            "lux": 300,
            "pirTriggerCount": 5,
            "batteryVoltage": 4.0,
        },
    ),
    "T-Ring": (
        "thermostat",
        "01D70001DC0050",
        {
            "reason": 1,
            "temperature": 21.5,
            "relay_status": True,
            "target_temperature": 22.0,
            "battery_status": 80,
        },
    ),
    "T-Ring's first frame": (
        "thermostat",
        "FF0A0503DC0050",
        {
            "reason": 255,
            "keepAliveTime": 10,
            "temp_span": 0.5,
            "temp_sampling": 3,
            "target_temperature": 22.0,
            "battery_status": 80,
        },
    ),
    "VRV relay": (
        "dsk_device",
        "01B000D201",
        {
            "powerSupplyVoltage": 3.01,
            "sensorTemperature": 21.0,
            "thermistorProperlyConnected": True,
            "status": 1,
        },
    ),
}


@pytest.mark.parametrize(("model", "frame", "fields"), KEEPALIVES.values(), ids=KEEPALIVES.keys())
def test_a_keepalive_means_what_the_document_says(model: str, frame: str, fields: dict[str, Any]) -> None:
    decoded = decode(model, bytes.fromhex(frame))

    assert decoded.warnings == ()
    assert decoded.fields == fields


ANSWERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a code of another length elsewhere": ("wireless_thermostat", "2F15" + "120A", {"targetTemperature": 21}),
    "the same with two bytes": ("fan_coil_thermostat", "2F0102" + "120A", {"targetTemperature": 25.8}),
    "the same with a truth": ("co2_pir_lite", "2F01" + "120A", {"uplinkSendingOnButtonPress": 1}),
    "the multisensor's": ("multisensor", "2F003C" + "120A", {"pirBlindPeriod": 60}),
    "1F of a CO2 sensor": (
        "co2_sensor",
        "1F038405DC" + "120A",
        {"boundaryLevels": {"good_medium": 900, "medium_bad": 1500}},
    ),
    "1F of a switch": (
        "relay_16_dry",
        "1F5F46" + "120A",
        {"overheatingThresholds": {"trigger": 95, "recovery": 70}},
    ),
    "25 of a switch": ("relay_16", "250E60" + "120A", {"overpowerThreshold": 3680}),
    "25 of a CO2 sensor": (
        "co2_sensor",
        "250A0B0C" + "120A",
        {"measurementPeriod": {"good_zone": 10, "medium_zone": 11, "bad_zone": 12}},
    ),
    "asked by the lower code": ("co2_display", "800E" + "120A", {"measurementBlindTime": 14}),
    "pictures": (
        "co2_display",
        "8306" + "120A",
        {"imagesVisibility": {"chart": 1, "digital_value": 1, "emoji": 0}},
    ),
    "set by hand, in tenths": (
        "wireless_thermostat",
        "5400D7" + "120A",
        {"manualTargetTemperatureUpdate": 21.5},
    ),
    "a negative compensation": (
        "wireless_thermostat",
        "560115" + "120A",
        {"sensorCompensationTemperature": -2.1},
    ),
    "a temperature below zero": ("relay_16", "7285" + "120A", {"overcurrentRecoveryTemp": -5}),
    "the timers": (
        "relay_16",
        "5601012C" + "58000A00" + "120A",
        {
            "relayTimerInMilliseconds": {"state": 1, "time": 300},
            "relayTimerInSeconds": {"state": 0, "time": 2560},
        },
    ),
    "counters": ("mc_button", "B1000102" + "120A", {"singlePressEventCounter": 258}),
    "events": ("pir_mini", "40" + "120A", {"event": "pirTrigger"}),
    "a code that is recorded": (
        "melissa_lorawan",
        "0B05002FABCDEF" + "120A",
        {"irCodeData": {"chunkSize": 3, "address": 47, "chunkData": "abcdef"}},
    ),
    "a watchdog that is off": (
        "ht_sensor",
        "1D0018" + "120A",
        {"watchDogParams": {"wdpC": False, "wdpUc": 24}},
    ),
    "buzzer times": (
        "co2_sensor",
        "27000000026550046550" + "120A",
        {
            "buzzerNotification": {
                "duration_good_beeping": 0,
                "duration_good_loud": 0,
                "duration_good_silent": 0,
                "duration_medium_beeping": 2,
                "duration_medium_loud": 1010,
                "duration_medium_silent": 800,
                "duration_bad_beeping": 4,
                "duration_bad_loud": 1010,
                "duration_bad_silent": 800,
            }
        },
    ),
    "notifications": (
        "vicki",
        "580200" + "120A",
        {
            "notifications": {
                "temperatureRestoredAfterManualBoost": False,
                "temperatureChangedByHeatingSchedule": True,
            }
        },
    ),
}


@pytest.mark.parametrize(("model", "frame", "fields"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_is_as_long_as_its_own_models_table_says(
    model: str, frame: str, fields: dict[str, Any]
) -> None:
    assert decode(model, bytes.fromhex(frame)).fields == {**fields, "keepAliveTime": 10}


FRAMINGS: dict[str, tuple[str, str, dict[str, Any], list[str]]] = {
    "an HT sensor's short keep-alive after answers": (
        "ht_sensor",
        "120A" + "01016580B0",
        {"keepAliveTime": 10, "sensorTemperature": -4.3},
        [],
    ),
    "its long one cut": ("ht_sensor", "01016580B000", {"sensorTemperature": -4.3}, ["trailing_bytes"]),
    "a thermostat's old keep-alive after garbage": (
        "wireless_thermostat",
        "9907" + "01027F880DB41D01001401",
        {"targetTemperature": 29},
        ["unknown_command"],
    ),
    "a thermostat's new one after garbage": (
        "wireless_thermostat",
        "9907" + "81027F880DB400D702001400",
        {"targetTemperature": 21.5},
        ["unknown_command"],
    ),
    "a T-Valve's answers after the keep-alive": (
        "t_valve",
        "8851FF05A4" + "120A" + "11320D",
        {"keepAliveTime": 10, "workingVoltage": 2000},
        ["unknown_command"],
    ),
    "half a T-Valve frame": ("t_valve", "885100", {"softwareVersion": 17}, ["truncated_keepalive"]),
    "a flood sensor's answers before it": (
        "t_flood",
        "12003C" + "0601" + "0026" + "14",
        {"keepAliveTime": 60, "alarmDuration": 1, "temperature": 20},
        [],
    ),
    "a flood sensor's garbage before it": (
        "t_flood",
        "12003C" + "9901" + "002614",
        {"keepAliveTime": 60, "temperature": 20},
        ["unknown_command"],
    ),
    "a flood sensor's answers alone": ("t_flood", "0601" + "0905", {"alarmDuration": 1}, []),
    "one byte of a flood sensor": ("t_flood", "42", {"flood": True}, ["truncated_keepalive"]),
    "a reed switch and a keep-alive": (
        "open_close_sensor",
        "1F00" + "20C2003200010101" + "01C2003200010100",
        {"event": "keepalive", "status": 0},
        ["unknown_command"],
    ),
    "a T-Ring frame of no kind": ("thermostat", "0501020304", {}, ["unknown_command"]),
    "an infrared code cut short": ("melissa_lorawan", "0B22000000", {}, ["truncated_command"]),
    "a Melissa's short frame after a code": (
        "melissa_lorawan",
        "0B05002FABCDEF" + "01027E4680",
        {"isIrCodeRecordingRequested": True},
        [],
    ),
}


@pytest.mark.parametrize(("model", "frame", "fields", "warnings"), FRAMINGS.values(), ids=FRAMINGS.keys())
def test_a_frame_falls_into_its_pieces(
    model: str, frame: str, fields: dict[str, Any], warnings: list[str]
) -> None:
    decoded = decode(model, bytes.fromhex(frame))

    assert fields.items() <= decoded.fields.items()
    assert [warning.kind for warning in decoded.warnings] == warnings


READINGS: dict[str, tuple[str, str, dict[str, float]]] = {
    "air quality": (
        "aqi_sensor",
        "0107A04D034BC8AA2BD6",
        {
            "iaq_index": 128,
            "co2_ppm": 2464,
            "voc_ppb": 12_000,
            "humidity_pct": 30.0,
            "pressure_station_hpa": 942.0,
            "temperature_c": 25.0,
            "battery_v": 3.31,
        },
    ),
    "a switch that measures": (
        "relay_16",
        "011C034A241805D9E7195201",
        {
            "energy_total_wh": 55_190_552,
            "power_w": 1497,
            "voltage_v": 231,
            "current_a": 6.482,
            "relay_on": 1,
        },
    ),
    "an open valve": (
        "t_valve",
        "2CC0",
        {"water_temperature_c": 22.0, "temperature_c": 22.0, "valve_pct": 100},
    ),
    "a leak": ("t_flood", "42BE14", {"water_leak": 1, "temperature_c": 20, "battery_v": 3.04}),
    "an open door": (
        "open_close_sensor",
        "20C2003200010101",
        {"battery_v": 3.15, "temperature_c": 5.0, "contact_open": 1, "contact_count": 257},
    ),
    "a heating fan coil": (
        "fan_coil_thermostat",
        "0102888001090102020101",
        {
            "temperature_c": 24.8,
            "humidity_pct": 50.0,
            "setpoint_c": 26.5,
            "fan_on": 1,
            "heating_on": 1,
            "cooling_on": 0,
        },
    ),
    "a cooling one": (
        "fan_coil_thermostat",
        "0102888001090207020101",
        {
            "temperature_c": 24.8,
            "humidity_pct": 50.0,
            "setpoint_c": 26.5,
            "setpoint_cool_c": 26.5,
            "fan_on": 1,
            "heating_on": 0,
            "cooling_on": 1,
        },
    ),
    "one that is off": (
        "fan_coil_thermostat",
        "0102888001090102020100",
        {
            "temperature_c": 24.8,
            "humidity_pct": 50.0,
            "setpoint_c": 26.5,
            "fan_on": 0,
            "heating_on": 0,
            "cooling_on": 0,
        },
    ),
    "a multisensor": (
        "multisensor",
        "820F17CB2DA80D0600040A3A01DD13",
        {
            "temperature_c": 45.9,
            "humidity_pct": 45,
            "pressure_station_hpa": 956.94,
            "iaq_index": 25,
            "co2_ppm": 508.24,
            "voc_ppb": 4,
            "illuminance_lux": 39,
            "noise_db": 58,
            "motion_count": 1,
            "battery_v": 3.51,
            "motion": 1,
        },
    ),
    "a T-Ring": (
        "thermostat",
        "01D70001DC0050",
        {"temperature_c": 21.5, "relay_on": 1, "setpoint_c": 22.0, "battery_pct": 80},
    ),
    "an external temperature alone": ("vicki", "7200FA", {"temperature_external_c": 25.0}),
}


@pytest.mark.parametrize(("model", "frame", "values"), READINGS.values(), ids=READINGS.keys())
def test_a_frame_becomes_readings(model: str, frame: str, values: dict[str, float]) -> None:
    assert understood(model, frame).values == pytest.approx(values)


BROKEN: dict[str, tuple[str, str, str]] = {
    "an HT sensor without its thermistor": (
        "ht_sensor",
        "01027580B00400",
        "temperature_external_c",
    ),
    "an open/close sensor without one": ("open_close_sensor", "20C2043200010101", "temperature_c"),
    "a button without one": ("mc_button", "01B004D202", "temperature_c"),
    "a VRV relay without one": ("dsk_device", "01B004D201", "temperature_c"),
    "a light sensor that failed": ("pir_mini", "01028880FFFCC80103E8", "illuminance_lux"),
    "one that is off": ("pir_mini", "01028880FFFFC80103E8", "illuminance_lux"),
    "a Vicki with a broken sensor": ("vicki", "811BAF4BAB2A129130", "temperature_c"),
    "its humidity": ("vicki", "811BAF4BAB2A129130", "humidity_pct"),
    "a fan coil's internal probe": (
        "fan_coil_thermostat",
        "7C01" + "0102888001090102020101",
        "temperature_c",
    ),
    "its external probe": ("fan_coil_thermostat", "7D01" + "3E00FA", "temperature_external_c"),
    "a leak wire that does not work": ("t_valve", "0451FF05A4", "water_leak"),
}


@pytest.mark.parametrize(("model", "frame", "quantity"), BROKEN.values(), ids=BROKEN.keys())
def test_a_sensor_that_calls_itself_broken_gives_no_reading(model: str, frame: str, quantity: str) -> None:
    found = understood(model, frame)

    assert quantity not in found.values
    assert any("left out" in note for note in found.notes)
    assert found.kept, "what it sent is kept"


def test_a_leak_is_believed_though_the_wire_does_not_work() -> None:
    assert understood("t_valve", "4651FF05A4").values["water_leak"] == 1


def test_a_value_outside_its_range_is_there_and_flagged() -> None:
    found = understood("co2_pir_lite", "81000080C800F801")

    assert (found.values["temperature_c"], found.implausible) == (-40.0, ())
    far = understood("ht_sensor", "01FFFF80B00000")
    assert (far.values["temperature_c"], far.implausible) == (6513.5, ("temperature_c",))


@pytest.mark.parametrize(
    ("mode", "is_on", "said"),
    [("00", "01", "ventilation"), ("01", "01", "heat"), ("02", "01", "cool"), ("01", "00", "off")],
)
def test_what_a_fan_coil_is_told_is_a_setting(mode: str, is_on: str, said: str) -> None:
    frame = "010288800109" + mode + "030201" + is_on

    assert understood("fan_coil_thermostat", frame).settings == {"climate_mode": said, "fan_speed": 3}


def test_firmware_and_period_come_from_their_answers() -> None:
    found = understood("ht_sensor", "042015" + "1205")

    assert (found.firmware, found.reports["hardware"], found.keepalive_s) == ("1.5", "2.0", 300)
    assert understood("t_valve", "8851FF05A4").firmware == "1.7"
    assert "hardware" not in understood("t_valve", "8851FF05A4").reports
    assert understood("t_flood", "00BE1415").firmware == "1.5"
