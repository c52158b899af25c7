"""What things are called on pages, and how instants and values read."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ownclimate.core import orders
from ownclimate.core.access import Permission
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.things import CommandState, Role

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S

QUANTITY_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "temperature_c": "Temperature",
        "temperature_external_c": "External probe",
        "humidity_pct": "Humidity",
        "co2_ppm": "CO₂",
        "noise_db": "Noise",
        "pressure_sea_hpa": "Pressure",
        "pressure_station_hpa": "Pressure at the station",
        "rain_mm": "Rain",
        "wind_speed_kmh": "Wind",
        "wind_direction_deg": "Wind from",
        "gust_speed_kmh": "Gusts",
        "gust_direction_deg": "Gusts from",
        "illuminance_lux": "Light",
        "voc_ppb": "VOC",
        "iaq_index": "Air quality index",
        "pm25_ugm3": "Fine dust",
        "motion": "Motion",
        "occupancy": "Occupied",
        "contact_open": "Contact",
        "water_leak": "Water",
        "setpoint_c": "Set to",
        "setpoint_cool_c": "Cooling set to",
        "valve_pct": "Valve",
        "heating_demand_pct": "Heating demand",
        "heating_on": "Heating",
        "cooling_on": "Cooling",
        "fan_on": "Fan",
        "relay_on": "Switch",
        "power_w": "Power",
        "energy_wh": "Energy",
        "energy_total_wh": "Meter",
        "voltage_v": "Voltage",
        "current_a": "Current",
        "battery_v": "Battery voltage",
        "battery_pct": "Battery",
        "rssi_dbm": "Signal",
        "snr_db": "Signal to noise",
        "health_index": "Comfort",
        "open_window": "Open window",
        "position_pct": "Position",
        "brightness_pct": "Brightness",
        "water_temperature_c": "Water temperature",
        "motion_count": "Movements",
        "contact_count": "Openings",
        "press_count": "Presses",
        "climate_mode": "Mode",
    }
)

STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "motion": ("none", "seen"),
        "occupancy": ("no", "yes"),
        "contact_open": ("closed", "open"),
        "water_leak": ("dry", "leak"),
        "heating_on": ("off", "on"),
        "cooling_on": ("off", "on"),
        "fan_on": ("off", "on"),
        "relay_on": ("off", "on"),
        "open_window": ("no", "yes"),
    }
)
"""Words for 0 and for anything else."""
COMFORT = ("healthy", "fine", "fair", "poor", "unhealthy")

ROLE_NAMES: Mapping[Role, str] = MappingProxyType(
    {Role.OWNER: "Owner", Role.MEMBER: "Member", Role.GUEST: "Guest"}
)
ROLE_MEANINGS: Mapping[Role, str] = MappingProxyType(
    {
        Role.OWNER: "does everything, also people, apps and deletion",
        Role.MEMBER: "sees and operates devices, connects apps of their own",
        Role.GUEST: "sees devices and readings",
    }
)

PERMISSION_NAMES: Mapping[Permission, str] = MappingProxyType(
    {
        Permission.SITE_READ: "See sites and rooms",
        Permission.DEVICE_READ: "See devices and their readings",
        Permission.DEVICE_CONTROL: "Operate devices",
        Permission.ACCOUNT_READ: "See the name and e-mail of the account",
        Permission.SOURCE_MANAGE: "Manage where readings come from",
        Permission.INGEST: "Send readings",
    }
)

DONE: Mapping[str, str] = MappingProxyType(
    {
        "registered": "Almost there: sign in with the e-mail and password you chose. "
        "If that does not work, the e-mail may have an account already.",
        "signed-out": "You are signed out.",
        "password": "Your password is changed. Every other browser is signed out.",
        "saved": "Saved.",
        "others-out": "Every other browser is signed out.",
        "erased": "The account and everything that was its are gone.",
        "revoked": "Revoked. It stopped working at once.",
        "disconnected": "Disconnected. The app can no longer reach anything here.",
        "deleted": "Deleted.",
        "removed": "Removed. Their apps and tokens stopped working here.",
        "withdrawn": "The invitation is withdrawn.",
        "joined": "Welcome. You are now looking at this household.",
        "left": "You left the household.",
        "switched-on": "Switched on. Its tokens work again.",
        "switched-off": "Switched off. None of its tokens works until it is switched on again.",
        "asked": "Your request waits for an administrator.",
        "approved": "Approved.",
        "declined": "Declined.",
        "public": "Public. Every app of this server may see what it measures outdoors.",
        "private": "Private again, from now on.",
        "source-connected": "Connected. Collecting begins within seconds.",
        "source-removed": "Disconnected. Its credentials are forgotten; what was collected stays.",
        "source-leaving": "Disconnected. Another process still works it; its data goes within the hour.",
        "paused": "Paused. Nothing is asked or heard until you resume it.",
        "resumed": "Resumed.",
        "relays": "Commands to its devices now go to the cloud.",
        "relays-not": "Commands to its devices no longer go to the cloud.",
        "ordered": "Ordered. Below you see what becomes of it.",
    }
)
"""What a page says at its top after a redirect; the address holds only the key."""

_VERBS: Mapping[str, str] = MappingProxyType(
    {
        "create": "created",
        "change": "changed",
        "delete": "deleted",
        "remove": "removed",
        "revoke": "revoked",
        "update": "changed",
        "rotate_secret": "renewed the secret of",
        "ask_for_scope": "asked for a scope for",
        "approve_scopes": "approved scopes of",
        "refuse_scope": "refused a scope of",
        "forget": "removed",
        "switch_on": "switched on",
        "happen": "reported",
        "release": "released",
        "switch_off": "switched off",
        "set_setpoint": "set the temperature of",
        "end_setpoint": "let the home decide on the temperature of",
        "follow": "moved the timetable on in",
        "set_mode": "changed the mode of",
        "end_mode": "ended the mode of",
        "switch_schedule": "selected another schedule for",
        "rename": "renamed",
        "publish": "made public",
        "unpublish": "made private",
        "join": "joined as",
        "appoint": "appointed",
        "dismiss": "dismissed",
        "grant": "connected",
        "pause": "paused",
        "resume": "resumed",
    }
)
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "owner": "the household",
        "token": "a personal token",
        "hook": "a device key",
        "site": "a site",
        "room": "a room",
        "device": "a device",
        "source": "a source of readings",
        "schedule": "a schedule",
        "invite": "an invitation",
        "member": "a member",
        "client": "a client",
        "grant": "an app",
        "event": "something that happened",
        "webhook": "a webhook",
        "password": "the password",
        "administrator": "an administrator",
    }
)


def deed(verb: str, kind: str) -> str:
    """What was done, as the rest of a sentence about whoever did it."""
    return f"{_VERBS.get(verb, verb)} {_KINDS.get(kind, kind)}"


_COMMAND_STATES: Mapping[CommandState, tuple[str, bool]] = MappingProxyType(
    {
        CommandState.ACCEPTED: ("Waiting to be sent", False),
        CommandState.SENDING: ("Being sent", False),
        CommandState.SENT: ("Sent", False),
        CommandState.CONFIRMED: ("Done", False),
        CommandState.REFUSED: ("Refused", True),
        CommandState.FAILED: ("Failed", True),
        CommandState.EXPIRED: ("Came too late", True),
        CommandState.UNKNOWN: ("Sent, but its arrival is not known", False),
    }
)


def command_state(state: CommandState) -> tuple[str, bool]:
    """What to say of a command, and whether it came to nothing."""
    return _COMMAND_STATES[state]


_ORDERS: Mapping[str, str] = MappingProxyType(
    {
        orders.SET_SETPOINT: "Heat to",
        orders.SET_COOLING_SETPOINT: "Cool to",
        orders.SET_CLIMATE_MODE: "Mode",
        orders.SET_FAN: "Fan",
        orders.SET_RELAY: "Switch",
        orders.SET_AIR_CONDITIONER: "Air conditioner",
        orders.SET_POSITION: "Move to",
        orders.SET_BRIGHTNESS: "Brightness",
        orders.SET_LIGHT: "Signal light",
        orders.SET_CHILD_LOCK: "Child lock",
        orders.SET_MONITORING: "Watch",
        orders.SET_FLOODLIGHT: "Floodlight",
        orders.SET_PILOT_WIRE: "Heater",
        orders.HOLD: "Room",
        orders.SET_HOME_MODE: "Home",
        orders.SELECT_SCHEDULE: "Select a schedule",
        orders.CREATE_SCHEDULE: "Make a schedule",
        orders.WRITE_SCHEDULE: "Change a schedule",
        orders.RENAME_SCHEDULE: "Rename a schedule",
        orders.REMOVE_SCHEDULE: "Remove a schedule",
    }
)


_IN_ORDER = (
    *("is_on", "channel", "mode", "temperature_c", "position_pct", "brightness_pct", "move", "speed", "fan"),
    orders.UNTIL,
)
_UNSAID = frozenset({"schedule_id"})


def order_text(name: str, fields: Mapping[str, Any]) -> str:
    """An order as a person reads it: Heat to 21 °C; Air conditioner on, cool, 24 °C, fan auto."""
    said = [_said(field, fields[field]) for field in _IN_ORDER if fields.get(field) is not None]
    said += [f"{field} {fields[field]}" for field in sorted(fields.keys() - {*_IN_ORDER, *_UNSAID})]
    return f"{_ORDERS.get(name, name.partition('.')[2] or name)} {', '.join(said)}".strip()


def _said(field: str, value: Any) -> str:
    if field == "is_on":
        return "on" if value else "off"
    if field == "fan":
        return f"fan {value}"
    if field == "temperature_c":
        return f"{round(value, 1):g} °C"
    if field.endswith("_pct"):
        return f"{value:g} %"
    if field == orders.UNTIL:
        return f"until {_utc_text(value)}" if value else "for good"
    return str(value).replace("_", " ")


def _utc_text(at_ms: int) -> str:
    return f"{datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC):%Y-%m-%d %H:%M} UTC"


def quantity_name(name: str) -> str:
    return QUANTITY_NAMES.get(name, name)


def value_text(name: str, value: float) -> str:
    """A value with its unit, rounded as a person reads it: 21.4 °C, 612 ppm, open."""
    if name in STATES:
        return STATES[name][value != 0]
    if name == "climate_mode":
        modes = orders.CLIMATE_MODES
        return modes[max(0, min(len(modes) - 1, round(value)))].replace("_", " ")
    if name == "health_index":
        return COMFORT[max(0, min(len(COMFORT) - 1, round(value)))]
    quantity = QUANTITIES.get(name)
    unit = quantity.unit if quantity else ""
    if name == "energy_total_wh" or (name == "energy_wh" and abs(value) >= 1000):
        value, unit = value / 1000, "kWh"
    digits = 2 if unit == "V" else 1 if unit in ("°C", "mm", "kWh", "A", "dB", "km/h") else 0
    # Adding zero turns -0.0, which rounding leaves of small negative values, into 0.0.
    number = f"{round(value, digits) + 0.0:,.{digits}f}".replace(",", " ").replace("-", "−")
    return f"{number}{'' if unit in ('', '°') else ' '}{unit}"


def age_text(at_ms: int, now_ms: int) -> str:
    """How long ago: just now, 5 min ago, 3 h ago, 2 days ago."""
    if at_ms <= 0:
        return "never"
    age_s = (now_ms - at_ms) // 1000
    if age_s < MINUTE_S:
        return "just now"
    if age_s < HOUR_S:
        return f"{age_s // MINUTE_S} min ago"
    if age_s < 2 * DAY_S:
        return f"{age_s // HOUR_S} h ago"
    return f"{age_s // DAY_S} days ago"


def zone_of(name: str) -> datetime.tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return datetime.UTC


def moment_text(at_ms: int, zone: datetime.tzinfo) -> str:
    """21 Nov 2026, 12:05, in the zone."""
    moment = datetime.datetime.fromtimestamp(at_ms / 1000, zone)
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def machine_text(at_ms: int) -> str:
    """RFC 3339, for the `datetime` attribute."""
    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def grouped(number: int) -> str:
    """1 234 567: digits by threes, kept on one line."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def span_text(seconds: int) -> str:
    """A span in its largest whole unit: 10 minutes, 3 hours, 30 days."""
    for unit_s, unit in ((DAY_S, "day"), (HOUR_S, "hour"), (MINUTE_S, "minute")):
        if seconds >= unit_s and seconds % unit_s == 0:
            count = seconds // unit_s
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"


def browser_name(user_agent: str) -> str:
    """Firefox on Linux; good enough to tell one's own browsers apart."""
    browsers = (
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    )
    browser = next((name for mark, name in browsers if mark in user_agent), "A browser")
    system = next((name for mark, name in systems if mark in user_agent), "")
    return f"{browser} on {system}" if system else browser
