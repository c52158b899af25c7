"""What controllers were told, and what they do by themselves: logs of commands, schedules, thermostats,
geofences. A cloud that has no such thing, or does not show it to this app, is asked again all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ownclimate.vendors.mclimate.collector_activity import Activity
from ownclimate.vendors.mclimate.collector_calls import Calls
from ownclimate.vendors.mclimate.collector_ledger import Ledger
from ownclimate.vendors.mclimate.collector_lists import LIST_ROWS
from ownclimate.vendors.mclimate.collector_reading import items_of, last_page, whole_of
from ownclimate.vendors.mclimate.collector_routines import Routines
from ownclimate.vendors.mclimate.face import hal

MOST_PAGES: Final = 10_000
"""Of what a controller was told; of a log that grows for ever no more are asked for."""


@dataclass(slots=True, kw_only=True)
class Orderly:
    calls: Calls
    ledger: Ledger
    activity: Activity
    routines: Routines

    async def read_activity(self, serial: str) -> bool:
        """The newest page of what a controller was told; all of it when nothing was known before."""
        _, known = await self.ledger.device_of(serial)
        found = await self._take_activity(serial, 1)
        if found is None:
            return False
        is_new, has_more = found
        if not known.is_activity_known or (is_new and has_more):
            await self.ledger.note(serial, is_activity_known=True, activity_page=2 if has_more else 0)
        return is_new

    async def read_earlier(self, serial: str) -> bool:
        """The next page of the past, until what was known, or the end. What came since moved entries on to
        it that were read already, so these alone do not end it."""
        _, known = await self.ledger.device_of(serial)
        found = await self._take_activity(serial, known.activity_page)
        has_more = found is not None and found[1]
        await self.ledger.note(serial, activity_page=known.activity_page + 1 if has_more else 0)
        return True

    async def _take_activity(self, serial: str, page: int) -> tuple[bool, bool] | None:
        """Whether all of a page was new, and whether there are more; None where there is no such log."""
        device, _ = await self.ledger.device_of(serial)
        query = {"sort": "-created", "limit": LIST_ROWS, "page": str(page)}
        path = f"/v1/command_log/{hal.segment(serial)}"
        heard = await self.calls.tolerated(path, f"what {serial} was told", query)
        if heard is None:
            return None
        await self.calls.keep(heard, "command_log", device)
        items = items_of(heard.document, "command_log")
        is_new = await self.activity.take(device, items)
        has_more = bool(items) and page < min(last_page(heard.document), MOST_PAGES)
        return is_new and bool(items), has_more

    async def read_schedules(self, serial: str) -> bool:
        device, _ = await self.ledger.device_of(serial)
        query = {"limit": LIST_ROWS}
        heard = await self.calls.tolerated(
            f"/v1/schedules/{hal.segment(serial)}", f"schedules of {serial}", query
        )
        if heard is None:
            return False
        await self.calls.keep(heard, "schedules", device)
        items = items_of(heard.document, "schedules")
        await self.routines.take_schedules(device, items)
        return bool(items)

    async def read_thermostat(self, serial: str) -> bool:
        device, _ = await self.ledger.device_of(serial)
        path = f"/v1/thermostat_mode/{hal.segment(serial)}"
        heard = await self.calls.tolerated(path, f"thermostat of {serial}")
        if heard is None:
            return False
        await self.calls.keep(heard, "thermostat_mode", device)
        account = await self.ledger.account()
        is_any = False
        for item in items_of(heard.document, "thermostat_mode"):
            sensor_serial = account.number_of(whole_of(item.get("sensor_id")) or 0)
            sensor = await self.ledger.find(sensor_serial) if sensor_serial else None
            is_any |= await self.routines.take_thermostat(device, item, sensor)
        return is_any

    async def read_fences(self) -> bool:
        heard = await self.calls.tolerated("/v1/geofences", "geofences", {"limit": LIST_ROWS})
        if heard is None:
            return False
        await self.calls.keep(heard, "geofences")
        items = items_of(heard.document, "geofence")
        await self.routines.take_geofences(items, self.ledger.find)
        return bool(items)
