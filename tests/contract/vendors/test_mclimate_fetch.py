"""`POST /v1/provider/fetch`: each type tells exactly the fields of its page."""

from __future__ import annotations

import pytest

from ownclimate.core.things import Ability, Report
from ownclimate.vendors.mclimate.codecs import FrameTable, decode
from ownclimate.vendors.mclimate.codecs.table import ABILITIES
from ownclimate.vendors.mclimate.decoded import decoded_fields
from tests.contract.vendors.mclimate_world import World
from tests.fakes.households import Households, memory_ports

DEV_EUI = "70B3D52DD3000001"
VICKI_BEHIND_GATEWAY = (
    "mac version uptime displayDigits temperature humidity motorRange motorPosition batteryVoltage ip port"
    " openWindow childLock pendingCommandStatus online timeOfRecord"
)
RADIO = "network_provider rssi spf"
PAGES = {
    "melissa": "temp raw_temperature humidity raw_humidity",
    "bobbie": "cold hot home energy voltage current relay_state load",
    "smart_plug": "online power",
    "vicki": (
        "mac displayDigits temperature humidity motorRange motorPosition batteryVoltage openWindow childLock"
        " highMotorConsumption lowMotorConsumption rssi temeprature_range_settings keepalive_time"
        " open_window_params operational_mode internal_algo_params tdiff_params uplink_type"
        " join_retry_period network_provider spf deviceVersions watchDogParams frameCount joinRequestCount"
        " lastActive extSensorOn extSensorIs thermostatIs application proportionalAlgorithmParameters"
        " temperatureControlAlgorithm attachedBackplate calibrationFailed perceiveAsOnline"
        " childLockBehavior activeFrom online scheduleInfo"
    ),
    "ht_sensor": (
        f"{RADIO} sensorTemperature relativeHumidity batteryVoltage createdAt lastActive keepAliveTime"
        " joinRetryPeriod deviceVersions uplinkType online mac"
    ),
    "co2_sensor": (
        f"{RADIO} extSensorOn extSensorIs CO2 temperature humidity voltage uplinkType keepAliveTime"
        " joinRetryPeriod deviceVersions watchDogParams createdAt lastActive boundaryLevels autoZeroValue"
        " notifyPeriod measurementPeriod buzzerNotification ledNotification autoZeroPeriod online mac"
    ),
    "t_valve": (
        f"{RADIO} valveState boxTamper floodDetectionWireState flood magnet alarmValidated"
        " manualOpenIndicator manualCloseIndicator closeTime openTime waterTemp ambientTemp battery"
        " createdAt lastActive online"
    ),
    "wireless_thermostat": (
        "joinRequestCount activeFrom application batteryVoltage frameCount lastActive network_provider"
        " relativeHumidity rssi sensorTemperature spf uplinkType targetTemperature"
        " thermistorProperlyConnected deviceVersions displayRefreshPeriod joinRetryPeriod keepAliveTime"
        " sendTargetTempDelay watchDogParams childLock heatingStatus mac online scheduleInfo"
    ),
    "co2_display": (
        "joinRequestCount CO2 activeFrom application batteryVoltage deviceVersions frameCount keepAliveTime"
        " lastActive lux network_provider pir powerSourceStatus relativeHumidity rssi sensorTemperature spf"
        " uplinkType currentTemperatureVisibility measurementBlindTime displayRefreshPeriod imagesVisibility"
        " joinRetryPeriod watchDogParams mac online scheduleInfo"
    ),
}
"""By type the fields of its page. Source: the vendor's API documents, "Provider", a page a type."""


@pytest.fixture
async def world(clock, entropy) -> World:
    households = Households(memory_ports(clock, entropy))
    await households.add("ada")
    return World(households)


@pytest.mark.parametrize("model", PAGES)
async def test_a_type_tells_exactly_the_fields_of_its_page(world, model) -> None:
    serial = DEV_EUI if model in ABILITIES else ""
    device = await world.heard(await world.device(model, serial), temperature_c=21.5)

    answer = await world.fetch(device)

    assert answer.status == 200
    assert set(answer.json["provider"]) == set(PAGES[model].split())
    assert answer.json["_links"] == {"self": {"href": "/v1/provider/fetch"}}


@pytest.mark.parametrize("model", sorted(ABILITIES.keys() - PAGES.keys()))
async def test_other_lorawan_types_tell_what_every_one_of_them_has(world, model) -> None:
    device = await world.heard(await world.device(model, DEV_EUI))

    told = (await world.fetch(device)).json["provider"]

    assert set(f"{RADIO} frameCount lastActive online mac scheduleInfo".split()) <= told.keys()
    assert (told["mac"], told["online"], told["rssi"]) == (DEV_EUI, True, -60)


async def test_a_melissa_tells_the_codes_of_its_sensor_too(world) -> None:
    device = await world.heard(await world.device("melissa"), temperature_c=26.8, humidity_pct=18.7)

    assert (await world.fetch(device)).json["provider"] == {
        "temp": 26.8,
        "raw_temperature": 27468,
        "humidity": 18.7,
        "raw_humidity": 12950,
    }


async def test_a_bobbie_tells_kilowatt_hours_and_whether_anything_draws_current(world) -> None:
    device = await world.heard(
        await world.device("bobbie"),
        temperature_c=20, temperature_external_c=12.5, water_temperature_c=55, energy_total_wh=17_240,
        voltage_v=231, current_a=8.1, relay_on=1,
    )  # fmt: skip

    assert (await world.fetch(device)).json["provider"] == {
        "cold": 12.5,
        "hot": 55,
        "home": 20,
        "energy": 17.24,
        "voltage": 231,
        "current": 8.1,
        "relay_state": 1,
        "load": True,
    }


@pytest.mark.parametrize("model", ["smart_plug", "shelly_1", "shelly_1pm", "shelly_em"])
async def test_plugs_tell_an_array_of_watts(world, model) -> None:
    device = await world.heard(await world.device(model), power_w=61.5)

    assert (await world.fetch(device)).json["provider"] == {"online": True, "power": [61.5]}


async def test_a_vicki_behind_its_gateway_tells_what_became_of_its_last_commands(world) -> None:
    device = await world.device("vicki", "VICKI1", mac="aa:bb:cc:00:00:01", firmware="1.9")
    await world.heard(device, setpoint_c=20, temperature_c=19.5)
    await world.send(device, "set_motor_position", position="23")

    told = (await world.fetch(device)).json["provider"]

    assert set(told) == set(VICKI_BEHIND_GATEWAY.split())
    assert (told["mac"], told["version"], told["displayDigits"]) == ("AABBCC000001", "1.9", 20)
    assert told["timeOfRecord"] == "2026-11-21 10:00:00"
    assert told["pendingCommandStatus"] == {
        "statusOfLastDisplayDigitsCommand": "pending",
        "statusOfLastMotorPositionCommand": "",
        "pendingDisplayDigits": 23,
        "pendingMotorPosition": 0,
        "lastUnsentToDeviceCommand": "set_target_temperature",
    }


@pytest.mark.parametrize(
    ("model", "frame"),
    [
        ("vicki", "1301041C23 1401 15051E 1801 1F00 1B01 1D0218 1214 042643 34 01 46010A0A 4A3C5A07"),
        ("co2_sensor", "1F038405DC 210190 23000A0A 250A0A0A 2BC0 1B00 1978"),
        ("wireless_thermostat", "1401 340C 360A 1B01 1D0018"),
        ("co2_display", "340C 8307 1D0218 4101 1F038405DC"),
        ("fan_coil_thermostat", "0505 1402 491E64 5F01 650F28 510A0C 6101"),
        ("relay_16", "1F5F46 5F01 5C01"),
        ("ht_pir_lite", "3701 390014"),
    ],
)
async def test_what_a_frame_set_is_told_under_the_decoders_names_again(world, model, frame) -> None:
    """What goes into the core's words comes out of them as the vendor had it."""
    codec = FrameTable().named(model)
    understood = codec.read(bytes.fromhex(frame))
    decoded = decode(model, bytes.fromhex(frame))
    assert decoded.warnings == ()
    device = await world.device(
        model,
        DEV_EUI,
        settings=dict(understood.settings),
        reports={name: Report(value=value, at_ms=0) for name, value in understood.reports.items()},
        kept={"lorawan": dict(understood.kept)},
        firmware=understood.firmware,
        keepalive_s=understood.keepalive_s,
    )

    told = decoded_fields(device, {})

    assert {name: told.get(name) for name in decoded.fields} == decoded.fields


async def test_a_device_that_fell_silent_tells_its_last_values(world, clock) -> None:
    device = await world.heard(await world.device("smart_plug"), power_w=5)
    clock.advance(3600)

    assert (await world.fetch(device)).json["provider"] == {"online": False, "power": [5]}


async def test_a_device_that_was_never_heard_is_503_and_may_be_asked_again(world) -> None:
    answer = await world.fetch(await world.device("melissa"))

    assert (answer.status, answer.headers["retry-after"]) == (503, "30")


async def test_other_makers_devices_tell_melissas_fields_and_the_rest_under_our_names(world) -> None:
    abilities = frozenset({Ability.TEMPERATURE, Ability.CO2})
    device = await world.device("NAMain", "70:ee:50:00:00:01", vendor="netatmo", abilities=abilities)
    await world.heard(device, temperature_c=21.5, humidity_pct=40, co2_ppm=600)

    told = (await world.fetch(device)).json["provider"]

    assert told == {
        "temp": 21.5,
        "raw_temperature": 25492,
        "humidity": 40,
        "raw_humidity": 24117,
        "co2_ppm": 600,
        "online": True,
    }


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [({}, 400, "serial_number"), ({"serial_number": "NOBODY"}, 404, None), ({"serial_number": 7}, 400, None)],
    ids=["missing", "unknown", "a number"],
)
async def test_a_serial_that_names_nothing_is_refused(world, body, status, field) -> None:
    answer = await world.post("provider/fetch", body)

    assert answer.status == status
    assert field is None or field in answer.json["validation"]


async def test_members_that_mean_nothing_here_are_not_minded(world) -> None:
    device = await world.heard(await world.device("melissa"), temperature_c=20)

    assert (await world.fetch(device, offset=True)).status == 200


async def test_a_t_valve_is_asked_for_all_it_knows_by_fetching_with_a_command(world) -> None:
    device = await world.heard(await world.device("t_valve", DEV_EUI))

    answer = await world.fetch(device, command="request_full_data")

    assert answer.status == 200, answer.body
    assert answer.json["_links"] == {"self": {"href": "/v1/provider/send"}}
    assert answer.json["provider"]["commandName"] == "RequestFullData"
    assert answer.json["provider"]["commandParams"] == []


async def test_a_fan_coil_thermostats_page_is_told_in_plain_units(world) -> None:
    codec = FrameTable().named("fan_coil_thermostat")
    # Cooling to 22.5 °C at the second fan speed, with its step and the range of the fan's voltage.
    understood = codec.read(bytes.fromhex("0505 491E64 01028A8000E10202020101"))
    device = await world.device(
        "fan_coil_thermostat",
        DEV_EUI,
        settings=dict(understood.settings),
        reports={name: Report(value=value, at_ms=0) for name, value in understood.reports.items()},
        kept={"lorawan": dict(understood.kept)},
    )
    await world.heard(device, **understood.values)

    told = (await world.fetch(device)).json["provider"]

    shown = {
        name: told[name]
        for name in (
            "targetTemperature", "operationalMode", "displayedFanSpeed", "fanSpeed", "actualFanSpeed",
            "deviceStatus", "valveStatus", "targetTemperatureStep", "ecmVoltageRange",
        )
    }  # fmt: skip
    assert shown == {
        "targetTemperature": 22.5,
        "operationalMode": 2,
        "displayedFanSpeed": 2,
        "fanSpeed": 2,
        "actualFanSpeed": 2,
        "deviceStatus": 1,
        "valveStatus": 1,
        "targetTemperatureStep": 0.5,
        "ecmVoltageRange": {"min": 3, "max": 10},
    }


@pytest.mark.parametrize(
    ("server", "shown"), [("things-stack", "the_things_network"), ("chirpstack", "chirpstack"), ("other", "")]
)
async def test_what_the_network_server_told_of_the_radio_is_told(world, server, shown) -> None:
    reports = {"network_server": server, "application": "app-1", "spreading_factor": 7}
    device = await world.device(
        "ht_mini", DEV_EUI, reports={n: Report(value=v, at_ms=0) for n, v in reports.items()}
    )
    await world.heard(device)

    told = (await world.fetch(device)).json["provider"]

    assert (told["network_provider"], told["application"], told["spf"]) == (shown, "app-1", "7")
