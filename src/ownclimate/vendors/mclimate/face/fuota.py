"""`/v1/fuota/{serial}`: updating a device's firmware over the air (contract §3, §13)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ownclimate.core.access import Permission
from ownclimate.core.errors import NotFound
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate import mapping, wire
from ownclimate.vendors.mclimate.face import controllers, hal
from ownclimate.vendors.mclimate.face.resources import Resource
from ownclimate.vendors.mclimate.face.scopes import BASIC, CONTROL
from ownclimate.vendors.mclimate.firmware import FINISHED, Job, list_jobs, request_update
from ownclimate.vendors.mclimate.wire import Link, Links
from ownclimate.web.call import Answer, Call
from ownclimate.web.limits import COMMAND
from ownclimate.web.tables import Certainty, Endpoint, Success, Unknown

PATH = "/v1/fuota"
JOB: Resource[wire.FirmwareUpdate] = Resource(
    "fuota",
    wire.FirmwareUpdate,
    {
        "id": str,
        "serial_number": str,
        "state": str,
        "detail": str,
        "firmware_version": str,
        "created": str,
    },
)
TO_DO = "Start the update at the device's network server; it alone can send the image"
DONE = "The device has reported another firmware since"


class FuotaPath(Struct, kw_only=True):
    serial: str


class FuotaQuery(hal.CollectionQuery, kw_only=True):
    serial: str


class JobQuery(hal.EntityQuery, kw_only=True):
    serial: str
    job_id: str


def rows(totals: hal.Totals) -> tuple[Endpoint, ...]:
    async def list_updates(call: Call, query: FuotaQuery) -> Any:
        device = await controllers.device_of(call, query.serial)
        shown = [_shown(device, job) for job in await list_jobs(call.ports.directory, device)]
        return JOB.listed(call, query, shown, _links, totals)

    return (
        Endpoint(
            operation_id="startFirmwareUpdate",
            path=f"{PATH}/{{serial}}",
            methods=("POST",),
            handler=start_update,
            params=FuotaPath,
            successes=(Success(status=202, item=JOB.entity, headers=("Location",)),),
            permission=Permission.DEVICE_CONTROL,
            scopes=CONTROL,
            owned=("serial",),
            errors=(404,),
            is_repeatable=False,
            limit_class=COMMAND,
            audit="create",
            summary="Asks for a firmware update; the job says who has to do what",
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="listFirmwareUpdates",
            path=f"{PATH}/{{serial}}",
            handler=list_updates,
            params=FuotaQuery,
            unknown=Unknown.COLLECT,
            successes=(Success(item=JOB.collection),),
            permission=Permission.DEVICE_READ,
            scopes=BASIC,
            owned=("serial",),
            errors=(404,),
            is_conditional=True,
            summary="The firmware updates that were asked for",
            examples={"sort": "-created"},
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="getFirmwareUpdate",
            path=f"{PATH}/{{serial}}/{{job_id:hex24}}",
            handler=get_update,
            params=JobQuery,
            successes=(Success(item=JOB.entity),),
            permission=Permission.DEVICE_READ,
            scopes=BASIC,
            owned=("serial", "job_id"),
            errors=(404,),
            is_conditional=True,
            summary="Where a firmware update stands",
            certainty=Certainty.RULED,
        ),
    )


async def start_update(call: Call, path: FuotaPath) -> Answer:
    device = await controllers.device_of(call, path.serial)
    job = await request_update(call.ports, call.actor, device)
    shown = _shown(device, job)
    links = _links(shown)
    return Answer(body=JOB.told(shown, links), headers=(("location", links["self"].href),))


async def get_update(call: Call, query: JobQuery) -> Any:
    device = await controllers.device_of(call, query.serial)
    jobs = await list_jobs(call.ports.directory, device)
    job = next((job for job in jobs if job.id == query.job_id), None)
    if job is None:
        raise NotFound("fuota")
    shown = _shown(device, job)
    return JOB.shown(query, shown, _links(shown))


def _shown(device: Device, job: Job) -> wire.FirmwareUpdate:
    state = job.state_for(device)
    return wire.FirmwareUpdate(
        id=job.id,
        serial_number=mapping.serial_of(device),
        state=state,
        detail=DONE if state == FINISHED else TO_DO,
        firmware_version=device.firmware,
        created=mapping.moment(job.created_ms),
    )


def _links(job: wire.FirmwareUpdate) -> Links:
    assert isinstance(job.serial_number, str), "a job is built whole"
    serial = hal.segment(job.serial_number)
    return {
        "self": Link(f"{PATH}/{serial}/{job.id}"),
        "controller": Link(f"{controllers.PATH}/{serial}"),
    }
