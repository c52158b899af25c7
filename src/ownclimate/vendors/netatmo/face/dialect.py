"""The table of this API: what every row has in common, and the rows of every module."""

from __future__ import annotations

from ownclimate.push.addresses import AddressPolicy
from ownclimate.vendors.netatmo import wire
from ownclimate.vendors.netatmo.face import (
    climate,
    control,
    events,
    homes,
    legacy,
    legacy_schedules,
    live,
    measure,
    persons,
    pictures,
    public,
    schedules,
    security,
    status,
    weather,
    webhooks,
)
from ownclimate.vendors.netatmo.face.faults import faults
from ownclimate.vendors.netatmo.face.parameters import coerce, gather
from ownclimate.web.tables import Check, Credential, Dialect, Envelope, Place

NAME = "netatmo"


def netatmo_dialect(
    *, limit_is_403: bool = False, webhook_addresses: AddressPolicy = AddressPolicy()
) -> Dialect:
    """Netatmo Connect under `/api`; every method answers GET and POST alike, with or without a body.

    `limit_is_403` see `faults`; `webhook_addresses` says where webhooks may be.
    """
    return Dialect(
        name=NAME,
        title="Netatmo Connect",
        version="1",
        prefixes=("/api", "/webhooks"),
        endpoints=(
            *weather.rows(),
            *public.rows(),
            *measure.rows(),
            *homes.rows(),
            *status.rows(),
            *control.rows(),
            *climate.rows(),
            *schedules.rows(),
            *legacy.rows(),
            *legacy_schedules.rows(),
            *security.rows(),
            *events.rows(),
            *persons.rows(),
            *pictures.rows(),
            *live.rows(),
            *webhooks.rows(webhook_addresses),
        ),
        fault=faults(limit_is_403=limit_is_403),
        fault_shape=wire.Error,
        fault_statuses=(400, 401, 403, 404, 406, 413, 429, 500, 503),
        envelope=Envelope(wrap=wire.enveloped, shape=wire.enveloped_shape),
        default_place=Place.ANYWHERE,
        gather=gather,
        coerce=coerce,
        credentials=(Credential.BEARER, Credential.QUERY, Credential.BODY),
        checks=(Check.BODY, Check.AUTHENTICATE, Check.SCOPE, Check.PARAMETERS),
        collapses_slashes=True,
    )
