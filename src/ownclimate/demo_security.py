"""The demo's cameras and alarms: the people of its home, and a day of what was noticed there.

What they notice comes in by the door's own code, so that everything that can be asked of events has an
answer in the demo.
"""

from __future__ import annotations

from typing import Final

from ownclimate.core.devices import create_device, find_device
from ownclimate.core.ports import Ports
from ownclimate.core.sites import list_sites
from ownclimate.core.things import Site, SiteKind
from ownclimate.ingest.events import MODELS, Happening, Seen, take_event
from ownclimate.ingest.keys import HookKey, key_actor
from ownclimate.ingest.readings import GENERIC_VENDOR

HALL: Final = "demo-hall-camera"
GARDEN: Final = "demo-garden-camera"
SMOKE: Final = "demo-smoke-alarm"
_DEVICES: Final = (
    (HALL, "generic_camera", "Hall camera"),
    (GARDEN, "generic_outdoor_camera", "Garden camera"),
    (SMOKE, "generic_smoke_alarm", "Kitchen smoke alarm"),
)
"""The alarm comes last: where it is, all of it was made."""
_ANNA, _BORIS = Seen(id="anna", name="Anna"), Seen(id="boris", name="Boris")
_STRANGER: Final = Seen(id="the postman")
_DAY: Final = (
    (1380, Happening(device=HALL, kind="person", persons=[_ANNA, _BORIS])),
    (900, Happening(device=GARDEN, kind="animal", category="animal", message="A cat in the garden")),
    (610, Happening(device=HALL, kind="person", persons=[_STRANGER])),
    (420, Happening(device=GARDEN, kind="vehicle", category="vehicle", message="A car in the drive")),
    (95, Happening(device=HALL, kind="movement", message="Movement in the hall")),
    (30, Happening(device=HALL, kind="person", persons=[_ANNA])),
)
"""Minutes before the demo was made, and what happened then."""
_MINUTE_MS: Final = 60_000


async def furnish(ports: Ports, key: HookKey) -> None:
    """Puts cameras and an alarm into the demo's home, once; an interrupted making is completed."""
    sites = await list_sites(ports.directory, key.owner_id)
    home = next((site for site in sites if site.kind is SiteKind.HOME), None)
    if home is None or await find_device(ports.directory, key.owner_id, SMOKE) is not None:
        return
    *cameras, alarm = _DEVICES
    for vendor_id, model, name in cameras:
        await _make(ports, key, home, vendor_id, model, name)
    for place, (minutes, happening) in enumerate(_DAY):
        at_ms = home.created_ms - minutes * _MINUTE_MS
        await take_event(ports, key, _at(happening, at_ms, f"demo-{place}"))
    await _make(ports, key, home, *alarm)


async def _make(ports: Ports, key: HookKey, home: Site, vendor_id: str, model: str, name: str) -> None:
    if await find_device(ports.directory, key.owner_id, vendor_id) is None:
        await create_device(
            ports,
            key.owner_id,
            key_actor(key),
            vendor=GENERIC_VENDOR,
            model=model,
            vendor_id=vendor_id,
            serial=vendor_id,
            name=name,
            site_id=home.id,
            abilities=MODELS[model],
        )


def _at(happening: Happening, at_ms: int, sender_id: str) -> Happening:
    return Happening(
        device=happening.device,
        kind=happening.kind,
        at=at_ms,
        id=sender_id,
        message=happening.message,
        category=happening.category,
        persons=happening.persons,
    )
