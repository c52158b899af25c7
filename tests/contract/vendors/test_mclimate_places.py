"""Controllers, rooms, buildings, floors, spaces and brands: made, changed, taken away, linked."""

from __future__ import annotations

import dataclasses

import pytest

from ownclimate.core.devices import edit_device
from ownclimate.core.sites import create_room, create_site
from ownclimate.core.things import SiteKind
from tests.contract.vendors.mclimate_world import World
from tests.fakes.households import ACTOR, Households, memory_ports

NEW = {"serial_number": "UV4X00000001", "mac": "5e:cf:7f:00:00:01", "type": "melissa", "name": "Parlour"}
DEV_EUI = "70B3D52DD3000001"


@pytest.fixture
async def world(clock, entropy) -> World:
    households = Households(memory_ports(clock, entropy))
    await households.add("ada")
    return World(households)


@pytest.fixture
async def house(world):
    owner_id = world.households.accounts["ada"].owner_id
    return await create_site(world.ports, owner_id, ACTOR, name="House")


async def put(world: World, path: str, **body: object):
    return await world.client.request("PUT", f"/v1/{path}", json_body=body)


async def delete(world: World, path: str):
    return await world.client.request("DELETE", f"/v1/{path}")


async def get(world: World, path: str):
    return await world.client.get(f"/v1/{path}")


def narrowed(world: World, *sites) -> None:
    access = dataclasses.replace(world.households.accesses["ada"], sites=frozenset(site.id for site in sites))
    world.households.accesses["narrow"] = access
    world.client.headers["authorization"] = "Bearer narrow"


# Controllers


async def test_a_controller_is_made_and_found_where_its_answer_says(world) -> None:
    made = await world.post("controllers", NEW | {"brand_id": 9})

    assert made.status == 201
    assert made.headers["location"] == "/v1/controllers/UV4X00000001"
    controller = (await world.client.get(made.headers["location"])).json["controller"]
    assert made.json["controller"] == controller
    shown = {
        name: controller[name] for name in ("serial_number", "mac", "type", "name", "brand_id", "online")
    }
    assert shown == NEW | {"mac": "5ECF7F000001", "brand_id": 9, "online": False}


async def test_an_uplink_of_a_controller_that_was_made_by_hand_is_its_own(world) -> None:
    await world.post("controllers", {"serial_number": DEV_EUI, "mac": DEV_EUI, "type": "vicki"})

    answer = await get(world, f"controllers/{DEV_EUI.lower()}")

    assert answer.json["controller"]["mac"] == DEV_EUI


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"serial_number": None}, "serial_number"),
        ({"serial_number": " "}, "serial_number"),
        ({"mac": "nonsense"}, "mac"),
        ({"type": "toaster"}, "type"),
        ({"name": "x\ny"}, "name"),
        ({"room_id": 1}, "room_id"),
        ({"brand_id": 99}, "brand_id"),
        ({"online": True}, "online"),
        ({"type": "vicki", "mac": DEV_EUI}, "serial_number"),
    ],
    ids=str,
)
async def test_a_controller_that_cannot_be_is_400_naming_the_field(world, changes, field) -> None:
    body = {name: value for name, value in (NEW | changes).items() if value is not None}

    answer = await world.post("controllers", body)

    assert (answer.status, list(answer.json["validation"])) == (400, [field])
    assert (await get(world, "controllers")).json["controller"] == []


async def test_a_serial_in_use_is_400(world) -> None:
    await world.post("controllers", NEW)

    assert (await world.post("controllers", NEW)).status == 400


async def test_a_repeated_request_under_one_key_makes_one_controller(world) -> None:
    answers = [await world.post("controllers", NEW, idempotency_key="k") for _ in range(2)]

    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body == answers[1].body
    assert (await world.post("controllers", NEW | {"name": "x"}, idempotency_key="k")).status == 400


async def test_a_controller_changes_its_name_room_building_and_brand_and_nothing_else(world, house) -> None:
    await world.post("controllers", NEW)
    owner_id = world.households.accounts["ada"].owner_id
    room = await create_room(world.ports, owner_id, ACTOR, site_id=house.id, name="Hall")

    changed = await put(world, "controllers/UV4X00000001", name="Hall", room_id=room.number, brand_id=3)
    shown = {name: changed.json["controller"][name] for name in ("name", "room_id", "brand_id")}
    assert shown == {"name": "Hall", "room_id": room.number, "brand_id": 3}
    assert changed.json["_links"]["room"] == {"href": f"/v1/rooms/{room.number}"}
    again = await put(world, "controllers/UV4X00000001", room_id=None, building_id=house.number)
    assert (again.json["controller"]["room_id"], again.json["controller"]["name"]) == (None, "Hall")
    refused = await put(world, "controllers/UV4X00000001", firmware_version="2")
    assert (refused.status, list(refused.json["validation"])) == (400, ["firmware_version"])


async def test_a_controller_that_was_taken_away_is_gone_and_its_history_kept(world) -> None:
    device = await world.heard(await world.device("melissa"), temperature_c=20)

    assert (await delete(world, "controllers/melissa1")).status == 204

    assert (await get(world, "controllers/melissa1")).status == 404
    assert (await delete(world, "controllers/melissa1")).status == 404
    assert len(await world.ports.series.read(device.number)) == 1


async def test_related_data_is_shown_to_those_who_ask_for_it(world, house) -> None:
    owner_id = world.households.accounts["ada"].owner_id
    room = await create_room(world.ports, owner_id, ACTOR, site_id=house.id, name="Hall")
    await world.device("melissa", site_id=house.id, room_id=room.id, settings={"brand_id": 3})

    plain = await get(world, "controllers/melissa1")
    advanced = await world.client.get("/v1/controllers/melissa1", accept_response="Advanced")

    assert plain.json["controller"]["_relation"].keys() == {"command_log"}
    relation = advanced.json["controller"]["_relation"]
    assert relation["room"] == {"id": room.number, "name": "Hall"}
    assert relation["brand"] == {"id": 3, "name": "Daikin"}


# Rooms, and what they are in


async def test_a_room_is_made_changed_and_taken_away_and_its_controllers_stay(world, house) -> None:
    made = await world.post("rooms", {"name": "Hall"})
    room_id = made.json["room"]["id"]
    await world.device("melissa")
    await put(world, "controllers/melissa1", room_id=room_id)

    assert made.status == 201
    assert made.headers["location"] == f"/v1/rooms/{room_id}"
    renamed = await put(world, f"rooms/{room_id}", name="Parlour")
    assert renamed.json["room"] == made.json["room"] | {"name": "Parlour"}
    assert (await get(world, f"rooms/{room_id}")).json["room"]["name"] == "Parlour"
    assert (await delete(world, f"rooms/{room_id}")).status == 204
    assert (await get(world, f"rooms/{room_id}")).status == 404
    assert (await get(world, "controllers/melissa1")).json["controller"]["room_id"] is None


async def test_a_room_is_in_the_oldest_building_where_none_is_named(world, house) -> None:
    mill = (await world.post("buildings", {"name": "Mill"})).json["building"]

    hall = (await world.post("rooms", {"name": "Hall"})).json["room"]
    loft = (await world.post("rooms", {"name": "Loft", "building_id": mill["id"]})).json["room"]
    assert (hall["building_id"], loft["building_id"]) == (house.number, mill["id"])


async def test_floors_and_spaces_hold_rooms_and_let_them_go(world, house) -> None:
    floor = (await world.post("floors", {"name": "First", "building_id": house.number})).json["floor"]
    space = (
        await world.post("spaces", {"name": "Flat 2", "building_id": house.number, "floor_id": floor["id"]})
    ).json["space"]
    body = {"name": "Hall", "floor_id": floor["id"], "space_id": space["id"]}
    room = (await world.post("rooms", body)).json["room"]

    assert (room["floor_id"], room["space_id"]) == (floor["id"], space["id"])
    assert space["floor_id"] == floor["id"]
    renamed = (await put(world, f"floors/{floor['id']}", name="Upper")).json["floor"]
    room = (await get(world, f"rooms/{room['id']}")).json["room"]
    assert room["floor_id"] == renamed["id"] != floor["id"]
    assert (await get(world, f"spaces/{space['id']}")).json["space"]["floor_id"] == renamed["id"]
    renamed_space = (await put(world, f"spaces/{space['id']}", name="Flat 3")).json["space"]
    found = (await get(world, f"rooms?space_id={renamed_space['id']}")).json["_embedded"]["room"]
    assert [item["id"] for item in found] == [room["id"]]
    assert (await delete(world, f"floors/{renamed['id']}")).status == 204
    assert (await delete(world, f"spaces/{renamed_space['id']}")).status == 204
    room = (await get(world, f"rooms/{room['id']}")).json["room"]
    assert (room["floor_id"], room["space_id"]) == (None, None)
    assert (await get(world, "floors")).json["floor"] == []
    assert (await get(world, "spaces")).json["space"] == []


async def test_two_parts_of_a_building_have_two_names(world, house) -> None:
    await world.post("floors", {"name": "First", "building_id": house.number})

    for path in ("floors", "spaces"):
        refused = await world.post(path, {"name": "First", "building_id": house.number})
        assert (refused.status, list(refused.json["validation"])) == (400, ["name"])


async def test_a_home_is_a_building_here_and_a_new_building_one_for_every_dialect(world, house) -> None:
    made = await world.post("buildings", {"name": "Mill", "time_zone": "Europe/Sofia", "city": "Sofia"})
    changed = await put(world, f"buildings/{made.json['building']['id']}", address="Mill Lane 3")

    kinds = [item["kind"] for item in (await get(world, "buildings")).json["_embedded"]["building"]]
    assert kinds == [SiteKind.HOME.value, SiteKind.BUILDING.value]
    assert changed.json["building"] == made.json["building"] | {"address": "Mill Lane 3"}


@pytest.mark.parametrize("body", [{"name": ""}, {"name": "M", "time_zone": "Sofia"}, {}], ids=str)
async def test_a_building_that_cannot_be_is_400(world, body) -> None:
    assert (await world.post("buildings", body)).status == 400


async def test_only_an_empty_building_is_taken_away(world, house) -> None:
    room = (await world.post("rooms", {"name": "Hall"})).json["room"]

    assert (await delete(world, f"buildings/{house.number}")).status == 400
    await delete(world, f"rooms/{room['id']}")
    assert (await delete(world, f"buildings/{house.number}")).status == 204
    assert (await get(world, f"buildings/{house.number}")).status == 404


async def test_a_token_for_one_home_makes_and_moves_things_within_it_only(world, house) -> None:
    mill = (await world.post("buildings", {"name": "Mill"})).json["building"]
    await world.device("melissa", site_id=house.id)
    narrowed(world, house)

    assert (await world.post("rooms", {"name": "Hall"})).status == 201
    assert (await world.post("rooms", {"name": "Hall", "building_id": mill["id"]})).status == 400
    assert (await world.post("buildings", {"name": "Third"})).status == 403
    assert (await world.post("controllers", NEW)).status == 403
    assert (await put(world, "controllers/melissa1", building_id=None)).status == 403
    assert [b["id"] for b in (await get(world, "buildings")).json["_embedded"]["building"]] == [house.number]


# Brands and firmware


async def test_a_brand_tells_what_its_remotes_can_say(world) -> None:
    assert (await get(world, "brands/9")).json["brand"] == {
        "id": 9,
        "name": "Midea",
        "code_sets": [
            {"id": 901, "min_temp": 17, "max_temp": 30, "modes": [0, 1, 2, 3, 4], "fans": [0, 1, 2, 3]},
            {"id": 902, "min_temp": 17, "max_temp": 30, "modes": [0, 1, 3, 4], "fans": [0, 1, 2, 3]},
        ],
    }
    assert (await get(world, "brands/999")).status == 404
    found = (await get(world, "brands?name=Daikin&fields=id")).json["_embedded"]["brand"]
    assert [item["id"] for item in found] == [3]


async def test_a_firmware_update_is_a_job_until_the_device_says_that_its_firmware_is_another(world) -> None:
    device = await world.device("vicki", DEV_EUI, firmware="4.2")
    started = await world.post(f"fuota/{DEV_EUI}", {})
    again = await world.post(f"fuota/{DEV_EUI}", {})

    assert (started.status, again.headers["location"]) == (202, started.headers["location"])
    job = (await world.client.get(started.headers["location"])).json["fuota"]
    assert (job["state"], job["firmware_version"]) == ("waiting_for_network_server", "4.2")
    await edit_device(
        world.ports,
        device.owner_id,
        ACTOR,
        device.id,
        lambda d: dataclasses.replace(d, firmware="4.3"),
    )
    assert (await world.client.get(started.headers["location"])).json["fuota"]["state"] == "finished"
    assert len((await get(world, f"fuota/{DEV_EUI}")).json["_embedded"]["fuota"]) == 1


async def test_only_lorawan_devices_are_updated_over_the_air(world) -> None:
    await world.device("melissa")

    assert (await world.post("fuota/melissa1", {})).status == 400
