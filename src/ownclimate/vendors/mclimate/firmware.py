"""Firmware updates over the air, as far as this server can take them.

An update is a multicast session that the network server runs with the vendor's image; nobody else can. So
a request for one is kept as a job for a person to start there, and is finished when the device says that
its firmware is another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Unsupported
from ownclimate.core.ids import new_id
from ownclimate.core.partitions import owner_partition
from ownclimate.core.ports import Directory, Ports, Put
from ownclimate.core.things import Device
from ownclimate.core.writes import Actor, Deed, commit
from ownclimate.vendors.mclimate.codecs.table import ABILITIES as LORAWAN_TYPES
from ownclimate.vendors.mclimate.vocabulary import VENDOR

TABLE: Final = "firmware_job"
"""In the owner's partition; at most one job a device is open, so there are as many as there were updates."""

WAITING: Final = "waiting_for_network_server"
FINISHED: Final = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`firmware` is what the device had when the update was asked for."""

    id: str
    device_id: str
    firmware: str = ""
    created_ms: int = 0

    def state_for(self, device: Device) -> str:
        return WAITING if device.firmware == self.firmware else FINISHED


def can_be_updated(device: Device) -> bool:
    return device.vendor == VENDOR and device.model in LORAWAN_TYPES


async def request_update(ports: Ports, actor: Actor, device: Device) -> Job:
    """The device's open job, made when there is none. Raises Unsupported for what is no LoRaWAN device."""
    if not can_be_updated(device):
        raise Unsupported("fuota", "only LoRaWAN devices are updated over the air")
    for job in await list_jobs(ports.directory, device):
        if job.state_for(device) == WAITING:
            return job
    job = Job(
        id=new_id(ports.clock, ports.entropy),
        device_id=device.id,
        firmware=device.firmware,
        created_ms=ports.clock.now_ms(),
    )
    deed = Deed(actor=actor, verb="create", kind="firmware_job", object_id=job.id)
    put = Put(table=TABLE, key=f"{device.id}:{job.id}", body=to_body(job))
    await commit(ports, device.owner_id, [put], deed)
    return job


async def list_jobs(directory: Directory, device: Device) -> list[Job]:
    """Oldest first."""
    documents = await directory.scan(
        owner_partition(device.owner_id), TABLE, start=f"{device.id}:", end=f"{device.id};"
    )
    return [from_body(Job, document.body) for document in documents]
