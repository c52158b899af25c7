"""The doors: a device key reaches its own household and cannot tell what another one has."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ownclimate.core.devices import find_device
from ownclimate.core.readings import Interval
from tests.contract.isolation.neighbours import Town, told
from tests.fakes.http import Answered

READINGS, THINGS_STACK = "/hooks/readings", "/hooks/lorawan/things-stack"
KEEPALIVE = bytes.fromhex("811BAF4BAB2A129030")


async def post(town: Town, path: str, body: Any, *, key: str) -> Answered:
    headers = {"authorization": f"Bearer {key}"}
    return await town.http.request("POST", path, headers=headers, body=json.dumps(body).encode())


def rows(device: str) -> dict[str, Any]:
    return {"readings": [{"device": device, "at": "2026-11-21T09:58:00Z", "temperature_c": 19.5}]}


def uplink(eui: str, name: str) -> dict[str, Any]:
    return {
        "end_device_ids": {"device_id": name, "dev_eui": eui, "application_ids": {"application_id": "app"}},
        "received_at": "2026-11-21T10:00:00Z",
        "uplink_message": {
            "f_port": 2,
            "f_cnt": 9,
            "frm_payload": base64.b64encode(KEEPALIVE).decode(),
            "received_at": "2026-11-21T10:00:00Z",
        },
    }


async def readings_of_ben(town: Town) -> list[int]:
    series = town.households.ports.series
    devices = town.homes["ben"].devices.values()
    return [len(await series.read(device.number, Interval())) for device in devices]


@pytest.mark.parametrize("use", ["valve", "station", "module", "thermostat", "sensor"])
async def test_rows_for_a_neighbours_device_are_refused_like_rows_for_none(town: Town, use: str) -> None:
    ada, device = town.homes["ada"], town.homes["ben"].devices[use]
    before = await readings_of_ben(town)
    for named in {device.id, device.vendor_id, str(device.number), *device.aliases.values()}:
        unknown = town.unknown_like(named)
        asked, never = [await post(town, READINGS, rows(n), key=ada.device_key) for n in (named, unknown)]

        assert asked.status == 400
        assert told(asked, named, unknown) == told(never, named, unknown)
    assert await readings_of_ben(town) == before


async def test_a_device_under_a_neighbours_id_becomes_one_of_ones_own(town: Town) -> None:
    ada, ben = town.homes["ada"], town.homes["ben"]
    before, theirs = await readings_of_ben(town), ben.devices["sensor"].vendor_id
    answers = [
        await post(town, f"{READINGS}?device_model=generic_sensor", rows(named), key=ada.device_key)
        for named in (theirs, town.unknown_like(theirs))
    ]

    assert [(answer.status, answer.json) for answer in answers] == [(200, {"stored": 1, "unchanged": 0})] * 2
    assert await readings_of_ben(town) == before
    made = await find_device(town.directory, ada.account.owner_id, theirs)
    assert made is not None
    assert made.id != ben.devices["sensor"].id


async def test_a_frame_of_a_neighbours_radio_becomes_ones_own_and_never_theirs(town: Town) -> None:
    ada, ben = town.homes["ada"], town.homes["ben"]
    before, theirs = await readings_of_ben(town), ben.devices["valve"].vendor_id
    path = f"{THINGS_STACK}?model=vicki"
    answers = [
        await post(town, path, uplink(named, f"radio-{place}"), key=ada.device_key)
        for place, named in enumerate((theirs, town.unknown_like(theirs)))
    ]

    assert [told(answer) for answer in answers] == [told(answers[1])] * 2
    assert answers[0].status == 202
    assert await readings_of_ben(town) == before


@pytest.mark.parametrize("path", ["/hooks/lorawan/chirpstack?event=up", "/broker/chirpstack?event=up"])
async def test_an_event_of_a_neighbours_radio_becomes_ones_own_and_never_theirs(
    town: Town, path: str
) -> None:
    ada, ben = town.homes["ada"], town.homes["ben"]
    before, theirs = await readings_of_ben(town), ben.devices["valve"].vendor_id
    answers = []
    for named in (theirs, town.unknown_like(theirs)):
        event = {
            "deduplicationId": named,
            "time": "2026-11-21T10:00:00Z",
            "deviceInfo": {"devEui": named.lower(), "deviceProfileName": "Vicki"},
            "fPort": 2,
            "data": base64.b64encode(KEEPALIVE).decode(),
        }
        headers = {"authorization": f"Bearer {ada.device_key}", "m-token": ada.device_key}
        answers.append(
            await town.http.request("POST", path, headers=headers, body=json.dumps(event).encode())
        )

    assert [answer.status for answer in answers] == [202, 202]
    assert told(answers[0]) == told(answers[1])
    assert await readings_of_ben(town) == before
    assert await find_device(town.directory, ada.account.owner_id, theirs) is not None


async def test_payloads_are_kept_for_the_owner_of_the_key_alone(town: Town) -> None:
    ada, ben = town.homes["ada"].account, town.homes["ben"].account
    theirs = town.homes["ben"].devices["valve"].vendor_id
    await post(town, THINGS_STACK, uplink(theirs, "radio"), key=town.homes["ada"].device_key)

    raw = town.households.ports.raw
    assert len(await raw.scan(ada.owner_id)) == 1
    assert await raw.scan(ben.owner_id) == []


async def test_an_access_token_opens_no_door(town: Town) -> None:
    answer = await post(town, READINGS, rows("x"), key="ada")

    assert answer.status == 401
