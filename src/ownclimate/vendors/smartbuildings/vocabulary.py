"""SmartBuildings' words: scopes, and what counts as a thermostat.

Source: ecobee's SmartBuildings API guide and OpenAPI document 1.7.0.
"""

from __future__ import annotations

from typing import Final

from ownclimate.core.things import Ability

WRITE_TENANT_MODE: Final = "write:tenantmode"

THERMOSTAT_ABILITIES: Final = frozenset({Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT})
"""A device with one of these, in a building, is a thermostat."""

THERMOSTAT_ID_PATTERN: Final = r"^[0-9]+$"
"""The serial number on the thermostat, in practice twelve digits; always text in JSON."""

TENANT_MODE: Final = "tenant_mode"
"""Our setting: a tenant runs the thermostat as a home user while the manager keeps an overview."""

TENANTS_SETTINGS: Final = frozenset(
    {
        "alert_limits",
        "comfort_settings",
        "display_name",
        "fan_hold",
        "heating_hold",
        "cooling_hold",
        "humidity_range_pct",
        "hvac_mode",
        "setpoint_range_c",
    }
)
"""Our settings that go back to the device's default when a tenant leaves, so that nothing of theirs stays.

The guide says "most settings" and lists none. What identifies the device to its manager (building,
portal name, equipment) stays.
"""
