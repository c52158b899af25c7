"""The table of this API: what every row has in common, and the rows of each resource."""

from __future__ import annotations

from ownclimate.vendors.mclimate import wire
from ownclimate.vendors.mclimate.face import (
    brands,
    buildings,
    command_log,
    controllers,
    entry,
    floors,
    fuota,
    geofences,
    hal,
    keeping,
    logs,
    rooms,
    schedule_profiles,
    schedules,
    thermostat_mode,
    users,
)
from ownclimate.vendors.mclimate.face.numbers import Numbers
from ownclimate.vendors.mclimate.face.problems import CONTENT_TYPE, problems
from ownclimate.vendors.mclimate.face.provider import rows as provider
from ownclimate.vendors.mclimate.face.provider.sending import DEFAULT_WAIT_S
from ownclimate.web.tables import Dialect, Unknown

NAME = "mclimate"


def mclimate_dialect(
    *, contact: str = "", total_mode: str = "page", wait_s: float = DEFAULT_WAIT_S
) -> Dialect:
    """The API under `/v1`. `contact` is named in the answer to a 500; `total_mode` is one of `hal.Totals`;
    `wait_s` is how long a command waits to be handed to a device that is awake."""
    numbers, totals = Numbers(), hal.Totals(total_mode)
    controllers_face = controllers.ControllersFace(numbers, totals)
    return Dialect(
        name=NAME,
        title="MClimate API",
        version="1",
        prefixes=("/v1",),
        endpoints=(
            *entry.rows(),
            *users.rows(),
            *controllers.rows(controllers_face),
            *keeping.rows(controllers_face),
            *command_log.rows(numbers, totals),
            *brands.rows(totals),
            *buildings.rows(totals),
            *floors.rows(totals),
            *rooms.rows(totals),
            *fuota.rows(totals),
            *logs.rows(totals),
            *provider.rows(totals, wait_s=wait_s),
            *schedules.rows(totals),
            *schedule_profiles.rows(numbers, totals),
            *thermostat_mode.rows(numbers, totals),
            *geofences.rows(numbers, totals),
        ),
        fault=problems(contact),
        fault_shape=wire.Problem,
        fault_type=CONTENT_TYPE,
        fault_statuses=(400, 401, 403, 429, 500, 503),
        content_type="application/hal+json; charset=utf-8",
        unknown=Unknown.REFUSE,
    )
