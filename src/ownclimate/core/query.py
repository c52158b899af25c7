"""Use cases that give readings out."""

from __future__ import annotations

from collections.abc import Sequence

from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.readings import Interval, Series
from ownclimate.core.sites import get_site
from ownclimate.core.things import Device


async def history(
    ports: Ports,
    owner_id: OwnerId,
    device: Device,
    interval: Interval,
    quantities: Sequence[str] | None = None,
    step: str | None = None,
) -> Series:
    """Readings of a device as they are, or one row a `step` in the zone of its site.

    With a step each quantity is aggregated as its kind demands (a mean, rain's sum, a contact's last
    state) and a row's instant is the start of its bucket.
    """
    if step is None:
        return await ports.series.read(device.number, interval, quantities)
    if quantities is None:
        latest = await ports.series.latest([device.number])
        quantities = [name for name in QUANTITIES if name in latest.get(device.number, {})]
    functions = {name: QUANTITIES[name].aggregation.value for name in quantities}
    zone = await zone_of(ports, owner_id, device)
    wanted = sorted(set(functions.values()))
    buckets = await ports.series.aggregate(device.number, quantities, interval, step, zone, wanted)
    columns = {name: buckets.columns[name, function] for name, function in functions.items()}
    return Series(times_ms=buckets.starts_ms, columns=columns)


async def zone_of(ports: Ports, owner_id: OwnerId, device: Device) -> str:
    """The IANA zone of the device's site; UTC for a device without one."""
    if device.site_id is None:
        return "UTC"
    return (await get_site(ports.directory, owner_id, device.site_id)).time_zone
