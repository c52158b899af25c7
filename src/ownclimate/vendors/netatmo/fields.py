"""What each field of Netatmo's answers is in the core: the only place that knows both names.

A table for each pair of a thing and a method. A field becomes a report (what the source says of its
thing), a setting (what a person chose), a quantity (a measured value), or is kept as it came because
our model has no word for it. What no table names is kept too, and counted as unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ownclimate.vendors.netatmo import vocabulary
from ownclimate.vendors.netatmo.words import (
    EPOCH,
    FLAG,
    INTEGER,
    LOCATION,
    MINUTES,
    NUMBER,
    PEOPLE,
    TENTHS,
    TEXT,
    TEXTS,
    Word,
    choice,
)


class Slot(Enum):
    REPORT = "report"
    SETTING = "setting"
    QUANTITY = "quantity"
    KEPT = "kept"


class Method(Enum):
    """Who says it. Each method's last statement about a thing replaces its earlier ones whole."""

    STATION = "station"
    """getstationsdata and gethomecoachsdata."""
    TOPOLOGY = "topology"
    """homesdata."""
    STATUS = "status"
    """homestatus."""
    SECURITY = "security"
    """gethomedata."""
    FAULT = "fault"
    """The errors beside a homestatus."""


@dataclass(frozen=True, slots=True)
class Field:
    path: str
    slot: Slot
    name: str
    word: Word


Table = dict[str, Field]


def _table(*fields: Field, kept: str = "") -> Table:
    table = {field.path: field for field in fields}
    for path in kept.split():
        table.setdefault(path, Field(path, Slot.KEPT, path, TEXT))
    return table


def _report(path: str, name: str, word: Word) -> Field:
    return Field(path, Slot.REPORT, name, word)


def _setting(path: str, name: str, word: Word) -> Field:
    return Field(path, Slot.SETTING, name, word)


def _quantities(prefix: str, names: dict[str, str]) -> list[Field]:
    return [Field(prefix + wire, Slot.QUANTITY, name, NUMBER) for wire, name in names.items()]


MEASURED_AT: Final = "measured_at_ms"
"""Report with the instant of the values that the same statement measured."""

DASHBOARD: Final = "dashboard_data"
PLACE: Final = "place"
NESTED: Final = (DASHBOARD, PLACE)
"""Objects whose members are fields of their own, as `place.city`."""

_RADIO = (
    _report("rf_status", "radio_attenuation", INTEGER),
    _report("wifi_status", "wifi_attenuation", INTEGER),
    _report("rf_strength", "radio_attenuation", INTEGER),
    _report("wifi_strength", "wifi_attenuation", INTEGER),
    _report("rf_state", "radio_state", TEXT),
    _report("wifi_state", "wifi_state", TEXT),
)

DEVICE_STATION: Final = _table(
    _report("_id", "maker_id", TEXT),
    _report("type", "model", TEXT),
    _report("module_name", "name", TEXT),
    _report("station_name", "station_name", TEXT),
    _report("name", "plain_name", TEXT),
    _report("home_id", "site", TEXT),
    _report("home_name", "site_name", TEXT),
    _report("date_setup", "set_up_at_ms", EPOCH),
    _report("last_setup", "last_set_up_at_ms", EPOCH),
    _report("last_upgrade", "upgraded_at_ms", EPOCH),
    _report("last_status_store", "contact_at_ms", EPOCH),
    _report("last_message", "last_message_at_ms", EPOCH),
    _report("last_seen", "last_seen_at_ms", EPOCH),
    _report("firmware", "firmware", INTEGER),
    *_RADIO,
    _report("reachable", "reachable", FLAG),
    _report("co2_calibrating", "co2_calibrating", FLAG),
    _report("read_only", "is_guest", FLAG),
    _report("favorite", "is_favourite", FLAG),
    _report("data_type", "measures", TEXTS),
    _report("battery_percent", "battery_pct", NUMBER),
    _report("battery_vp", "battery_mv", INTEGER),
    _report("main_device", "gateway", TEXT),
    _report("place.altitude", "altitude_m", NUMBER),
    _report("place.city", "city", TEXT),
    _report("place.country", "country", TEXT),
    _report("place.timezone", "time_zone", TEXT),
    _report("place.location", "location", LOCATION),
    _report("dashboard_data.time_utc", MEASURED_AT, EPOCH),
    *_quantities("dashboard_data.", vocabulary.WEATHER_QUANTITIES),
    _report("dashboard_data.min_temp", "day_min_temperature_c", NUMBER),
    _report("dashboard_data.max_temp", "day_max_temperature_c", NUMBER),
    _report("dashboard_data.date_min_temp", "day_min_temperature_at_ms", EPOCH),
    _report("dashboard_data.date_max_temp", "day_max_temperature_at_ms", EPOCH),
    _report("dashboard_data.temp_trend", "temperature_trend", TEXT),
    _report("dashboard_data.pressure_trend", "pressure_trend", TEXT),
    _report("dashboard_data.sum_rain_1", "rain_1h_mm", NUMBER),
    _report("dashboard_data.sum_rain_24", "rain_24h_mm", NUMBER),
    _report("dashboard_data.max_wind_str", "day_max_wind_kmh", NUMBER),
    _report("dashboard_data.max_wind_angle", "day_max_wind_deg", NUMBER),
    _report("dashboard_data.date_max_wind_str", "day_max_wind_at_ms", EPOCH),
    # Very old answers have the wind's maxima beside the dashboard, some in both places.
    _report("max_wind_str", "day_max_wind_kmh_apart", NUMBER),
    _report("max_wind_angle", "day_max_wind_deg_apart", NUMBER),
    _report("date_max_wind_str", "day_max_wind_at_ms_apart", EPOCH),
    kept=(
        "cipher_id access_code invitation_disable alarm_config meteo_alarms user_owner public_ext_data "
        "place.geoip_city place.improveLocProposed place.trust_location place.street "
        "dashboard_data.WindHistoric WindHistoric friend_users"
    ),
)

DEVICE_TOPOLOGY: Final = _table(
    _report("id", "maker_id_plain", TEXT),
    _report("type", "model", TEXT),
    _report("name", "name", TEXT),
    _report("setup_date", "set_up_at_ms", EPOCH),
    _report("room_id", "room", TEXT),
    _report("bridge", "gateway", TEXT),
    _report("modules_bridged", "bridged", TEXTS),
    _report("reachable", "reachable", FLAG),
    _report("category", "category", TEXT),
    _report("appliance_type", "appliance", TEXT),
    _report("hardware_version", "hardware", INTEGER),
    _report("velux_type", "cover_kind", TEXT),
    kept=(
        "customer_id network_lock use_pincode hk_device_id capabilities max_modules_nb quick_display_zone "
        "public_ext_data public_ext_counter alarm_config module_offset subtype pincode_enabled "
        "schedule_limits"
    ),
)

DEVICE_STATUS: Final = _table(
    _report("id", "maker_id_plain", TEXT),
    _report("type", "model", TEXT),
    _report("bridge", "gateway", TEXT),
    _report("firmware_revision", "firmware", INTEGER),
    *_RADIO,
    _report("reachable", "reachable", FLAG),
    _report("battery_state", "battery_state", TEXT),
    _report("battery_level", "battery_mv", INTEGER),
    _report("battery_percent", "battery_pct", NUMBER),
    _report("last_seen", "last_seen_at_ms", EPOCH),
    _report("last_message", "last_message_at_ms", EPOCH),
    _report("last_activity", "last_activity_at_ms", EPOCH),
    _report("ts", MEASURED_AT, EPOCH),
    *_quantities("", vocabulary.STATUS_QUANTITIES),
    _report("sum_rain_1", "rain_1h_mm", NUMBER),
    _report("sum_rain_24", "rain_24h_mm", NUMBER),
    _report("outdoor_temperature", "outdoor_temperature_c", NUMBER),
    _report("boiler_status", "heating_on", FLAG),
    _report("cooler_status", "cooling_on", FLAG),
    _report("boiler_valve_comfort_boost", "comfort_boost", FLAG),
    _report("anticipating", "anticipating", FLAG),
    _report("on", "relay_on", FLAG),
    _report("power", "power_w", NUMBER),
    _report("brightness", "brightness_pct", NUMBER),
    _report("current_position", "position_pct", NUMBER),
    _report("target_position", "target_position_pct", NUMBER),
    _report("fan_speed", "fan_speed", NUMBER),
    _report("offload", "is_load_shed", FLAG),
    _report("status", "condition", TEXT),
    _report("monitoring", "monitoring", TEXT),
    _report("is_raining", "is_raining", FLAG),
    _report("hardware_version", "hardware", INTEGER),
    _report("velux_type", "cover_kind", TEXT),
    kept=(
        "boiler_control boiler_error dhw_control sequence_id radio_id fan_mode fan_end_time "
        "fan_setpoint_from vertical_fan_swing_mode sd_status alim_status locked vpn_url is_local floodlight "
        "siren_status timelapse_available connection homekit_status network_lock firmware_name "
        "last_ftp_event websocket_connected max_peers_reached use_pincode contactor_mode "
        "target_position:step target_position_step locking secure busy calibrating pairing "
        "firmware_revision_netatmo firmware_revision_thirdparty mode silent manufacturer offload_meters "
        "appliance_type configured"
    ),
)

CAMERA: Final = "camera:"
CAMERA_MODULE: Final = "module:"
DETECTOR: Final = "detector:"
"""gethomedata has three lists of devices, with other words in each: their fields carry the list's prefix."""


def _identity(prefix: str) -> tuple[Field, ...]:
    return (
        _report(f"{prefix}id", "maker_id_plain", TEXT),
        _report(f"{prefix}type", "model", TEXT),
        _report(f"{prefix}name", "name", TEXT),
    )


DEVICE_SECURITY: Final = _table(
    *_identity(CAMERA),
    _report("camera:status", "monitoring", TEXT),
    _report("camera:sd_status", "memory_card", TEXT),
    _report("camera:alim_status", "mains", TEXT),
    _report("camera:vpn_url", "live_url", TEXT),
    _report("camera:is_local", "is_in_our_network", FLAG),
    _report("camera:use_pin_code", "needs_pin", FLAG),
    _report("camera:last_setup", "last_set_up_at_ms", EPOCH),
    _report("camera:light_mode_status", "floodlight", TEXT),
    *_identity(CAMERA_MODULE),
    _report("module:battery_percent", "battery_pct", NUMBER),
    _report("module:rf", "radio_attenuation", INTEGER),
    _report("module:status", "condition", TEXT),
    _report("module:monitoring", "monitoring", TEXT),
    _report("module:alim_source", "power_source", TEXT),
    _report("module:tamper_detection_enabled", "notices_tampering", FLAG),
    _report("module:last_activity", "last_activity_at_ms", EPOCH),
    *_identity(DETECTOR),
    _report("detector:last_setup", "last_set_up_at_ms", EPOCH),
)

DEVICE_FAULT: Final = _table(
    _report("id", "maker_id_plain", TEXT),
    _report("code", "fault_code", INTEGER),
    kept="message command",
)

LIVE_QUANTITIES: Final[tuple[str, ...]] = (
    "power_w",
    "relay_on",
    "heating_on",
    "cooling_on",
    "position_pct",
    "brightness_pct",
)
"""Reports of homestatus that are the device's state at the moment the cloud answered."""

ROOM_TOPOLOGY: Final = _table(
    _report("id", "maker_id", TEXT),
    _report("name", "name", TEXT),
    _report("type", "kind", TEXT),
    _report("module_ids", "devices", TEXTS),
    _report("therm_relay", "heating_relay", TEXT),
    _report("true_temperature_available", "can_correct_temperature", FLAG),
    _report("modules", "devices_again", TEXTS),
)

_MODE = choice(vocabulary.SETPOINT_MODES)

ROOM_STATUS: Final = _table(
    _report("id", "maker_id", TEXT),
    _report("reachable", "reachable", FLAG),
    _report("anticipating", "anticipating", FLAG),
    _report("open_window", "open_window", FLAG),
    _report("heating_power_request", "heating_demand_pct", NUMBER),
    _report("humidity", "humidity_pct", NUMBER),
    _report("therm_measured_temperature", "temperature_c", NUMBER),
    _setting("therm_setpoint_temperature", "heating_setpoint_c", NUMBER),
    _setting("therm_setpoint_mode", "heating_setpoint_mode", _MODE),
    _setting("therm_setpoint_start_time", "heating_setpoint_since_ms", EPOCH),
    _setting("therm_setpoint_end_time", "heating_setpoint_until_ms", EPOCH),
    _setting("therm_setpoint_fp", "pilot_wire_order", TEXT),
    _setting("cooling_setpoint_temperature", "cooling_setpoint_c", NUMBER),
    _setting("cooling_setpoint_mode", "cooling_setpoint_mode", _MODE),
    _setting("cooling_setpoint_start_time", "cooling_setpoint_since_ms", EPOCH),
    _setting("cooling_setpoint_end_time", "cooling_setpoint_until_ms", EPOCH),
    _setting("auto_setpoint_temperature", "auto_setpoint_c", NUMBER),
    _setting("auto_setpoint_mode", "auto_setpoint_mode", _MODE),
    _setting("auto_setpoint_start_time", "auto_setpoint_since_ms", EPOCH),
    _setting("auto_setpoint_end_time", "auto_setpoint_until_ms", EPOCH),
    _report("temperature", "sensed_temperature_c", TENTHS),
    _report("co2", "co2_ppm", NUMBER),
    _report("lux", "illuminance_lux", NUMBER),
    kept=(
        "air_quality algo_status algo_schedule_start auto_close_ts max_comfort_co2 min_comfort_humidity "
        "max_comfort_humidity min_comfort_temperature max_comfort_temperature"
    ),
)
"""`temperature` is in tenths of a degree: only rooms of the window maker's gateway have it."""

ROOM_QUANTITIES: Final = {
    "temperature_c": "temperature_c",
    "humidity_pct": "humidity_pct",
    "heating_demand_pct": "heating_demand_pct",
    "open_window": "open_window",
    "heating_setpoint_c": "setpoint_c",
    "cooling_setpoint_c": "setpoint_cool_c",
}
"""What a room's status says that its one measuring device can be said to have measured or to hold."""

SENSED_QUANTITIES: Final = {
    "sensed_temperature_c": "temperature_c",
    "humidity_pct": "humidity_pct",
    "co2_ppm": "co2_ppm",
    "illuminance_lux": "illuminance_lux",
}
"""What such a room's status says in the place of its climate sensor, whose own status has no values."""

SITE_TOPOLOGY: Final = _table(
    _report("id", "maker_id", TEXT),
    _report("name", "name", TEXT),
    _report("altitude", "altitude_m", NUMBER),
    _report("coordinates", "location", LOCATION),
    _report("country", "country", TEXT),
    _report("timezone", "time_zone", TEXT),
    _setting("temperature_control_mode", "climate_mode", choice(vocabulary.CLIMATE_MODES)),
    _setting("therm_mode", "heating_mode", choice(vocabulary.HOME_MODES)),
    _setting("therm_mode_endtime", "heating_mode_until_ms", EPOCH),
    _setting("cooling_mode", "cooling_mode", choice(vocabulary.HOME_MODES)),
    _setting("therm_setpoint_default_duration", "setpoint_duration_s", MINUTES),
    _report("persons", "people", PEOPLE),
    kept="place share_info gone_after presence_record_humans",
)

SITE_STATUS: Final = _table(
    _report("id", "maker_id", TEXT),
    _report("persons", "presence", PEOPLE),
    kept="events",
)

SITE_SECURITY: Final = _table(
    _report("id", "maker_id", TEXT),
    _report("name", "name", TEXT),
    _report("place.city", "city", TEXT),
    _report("place.country", "country", TEXT),
    _report("place.timezone", "time_zone", TEXT),
    _report("persons", "faces", PEOPLE),
)

SCHEDULE_TOPOLOGY: Final = _table(
    _setting("id", "maker_id", TEXT),
    _setting("name", "name", TEXT),
    _setting("type", "kind", choice(vocabulary.SCHEDULE_KINDS)),
    _setting("selected", "is_selected", FLAG),
    _setting("default", "is_default", FLAG),
    _setting("away_temp", "away_c", NUMBER),
    _setting("hg_temp", "frost_guard_c", NUMBER),
    _setting("cooling_away_temp", "cooling_away_c", NUMBER),
    _setting("auto_away_temp", "auto_away_c", NUMBER),
    _setting("away_temperature_mode", "away_mode", TEXT),
    kept=(
        "timetable zones timetable_sunrise timetable_sunset tariff tariff_option power_threshold "
        "contract_power_unit version"
    ),
)
