"""Programmes that are run elsewhere: by the vendor's cloud that a device is collected from.

Such a device is reached through its cloud (`Device.link`). The cloud moves its schedules on, ends what
was held, knows what holds while nobody is in. Did we so as well, each step of time would come to the device
as a set-point chosen by hand, and stop the very programme that it copies. Therefore

- time orders nothing of such a device: `control` passes it over, whatever room or routine it follows;
- what somebody chose is an order to it, given once, where it is chosen (`ordering`, `operate`), and only
  where the owner of the source allows it: else nothing is changed, and the choice is refused;
- what the cloud says later of its rooms and devices counts, whatever was chosen here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from ownclimate.core.errors import Unsupported
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import CLOUDS, NETATMO, SMARTBUILDINGS, list_linked
from ownclimate.core.ports import Directory
from ownclimate.core.things import Device, Source

RELAYS: Final = "relays"
"""Setting of a source that collects from a cloud: its owner allows that commands go there."""

BY_ROOM: Final = frozenset({NETATMO})
"""Kinds of sources whose clouds hold set-points by room: an order to one device is for all in its room."""
RESUMING: Final = frozenset({NETATMO, SMARTBUILDINGS})
"""Kinds of sources whose clouds can be told to end what is held and to go on with their programme."""

Clouds = Mapping[str, Source]
"""The owner's sources that collect from clouds, by id."""


class NotRelayed(Unsupported):
    """The device can only be told through a cloud to which its owner lets no command go."""

    def __init__(self) -> None:
        super().__init__("relay", "commands are not relayed to this cloud: its owner did not allow it")


async def list_clouds(directory: Directory, owner_id: OwnerId) -> Clouds:
    """Paused ones too: a cloud goes on running its programmes while nobody asks it."""
    return {source.id: source for source in await list_linked(directory, owner_id) if source.kind in CLOUDS}


def is_run_elsewhere(device: Device, clouds: Collection[str]) -> bool:
    """Whether a cloud (`clouds` by id) runs what the device does by the clock."""
    return device.link.get("source", "") in clouds


def is_relayed(source: Source) -> bool:
    """Whether the owner lets commands go to the cloud."""
    return source.settings.get(RELAYS) is True


def check_relayed(device: Device, clouds: Clouds) -> None:
    """Raises NotRelayed for a device of a cloud that takes no commands from here."""
    source = clouds.get(device.link.get("source", ""))
    if source is not None and not is_relayed(source):
        raise NotRelayed()


def collected_link(device: Device, source_id: str, linked: Collection[str]) -> dict[str, str]:
    """The way to a device after a cloud told of it: a way that there is already stays, since it is nearer
    or as good. `linked` are the ids of the owner's connected sources (`linking.list_linked`)."""
    return device.link if device.link.get("source", "") in linked else {"source": source_id}
