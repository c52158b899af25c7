"""How much of each API a client may use: the operator's settings as quotas of the dialects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ownclimate.config import Settings
from ownclimate.ingest.doors import NAME as DOORS
from ownclimate.vendors.mclimate.face.dialect import NAME as MCLIMATE
from ownclimate.vendors.netatmo.face.dialect import NAME as NETATMO
from ownclimate.vendors.smartbuildings.face.dialect import NAME as SMARTBUILDINGS
from ownclimate.web.limits import COMMAND, INGEST, READ, By, Quota, Window

MINUTE_S = 60


def quotas_of(settings: Settings) -> Mapping[tuple[str, str], Sequence[Quota]]:
    """The quotas by dialect and limit class; quotas of 0 limit nothing."""
    commands = (
        _each_minute(settings.commands_per_token, By.TOKEN),
        _each_minute(settings.commands_per_client, By.CLIENT),
    )
    return {
        (MCLIMATE, READ): (
            _fixed(settings.mclimate_requests_per_token, settings.mclimate_minute_s, By.TOKEN),
            _fixed(settings.mclimate_requests_per_client, settings.mclimate_minute_s, By.CLIENT),
        ),
        (NETATMO, READ): (
            _sliding(settings.netatmo_requests_per_user_10s, settings.netatmo_burst_s, By.TOKEN),
            _sliding(settings.netatmo_requests_per_user_hour, settings.netatmo_hour_s, By.TOKEN),
            _sliding(settings.netatmo_requests_per_app_10s, settings.netatmo_burst_s, By.CLIENT),
            _sliding(settings.netatmo_requests_per_app_hour, settings.netatmo_hour_s, By.CLIENT),
        ),
        # Its tokens are the client's own, so there is no user to count under.
        (SMARTBUILDINGS, READ): (_each_minute(settings.smartbuildings_requests_per_client, By.CLIENT),),
        (DOORS, INGEST): (_each_minute(settings.door_requests_per_key, By.CLIENT),),
        **{(dialect, COMMAND): commands for dialect in (MCLIMATE, NETATMO, SMARTBUILDINGS)},
    }


def _each_minute(count: int, by: By) -> Quota:
    return _fixed(count, MINUTE_S, by)


def _fixed(count: int, span_s: int, by: By) -> Quota:
    return Quota(count=count, span_s=span_s, by=by)


def _sliding(count: int, span_s: int, by: By) -> Quota:
    return Quota(count=count, span_s=span_s, by=by, window=Window.SLIDING)
