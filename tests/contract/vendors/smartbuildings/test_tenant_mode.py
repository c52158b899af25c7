"""SmartBuildings' switch of tenant mode: its envelopes, its order of faults, what it changes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from openapi_spec_validator import validate

from ownclimate.core.access import Permission
from ownclimate.core.devices import get_device
from ownclimate.core.errors import Unauthenticated
from ownclimate.core.partitions import OUTBOX, owner_partition
from ownclimate.core.sites import create_site
from ownclimate.core.things import Ability, Device, SiteKind
from ownclimate.vendors.smartbuildings.face.dialect import smartbuildings_dialect
from ownclimate.web.openapi import document_of
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.http import Answered, Client

SERIAL = "511863314842"
SETPOINTS = frozenset({Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT})


@pytest.fixture
async def households(clock: FakeClock, entropy: SeededEntropy) -> Households:
    """Anna's company has a building with one thermostat, which holds what a tenant might have set."""
    made = Households(memory_ports(clock, entropy))
    await made.add("anna")
    await made.add("bela")
    await add_thermostat(made, "anna", SERIAL, SiteKind.BUILDING)
    return made


async def add_thermostat(
    households: Households, owner: str, serial: str, kind: SiteKind, **more: Any
) -> Device:
    owner_id = households.accounts[owner].owner_id
    site = await create_site(households.ports, owner_id, ACTOR, name="Office", kind=kind)
    more.setdefault("abilities", SETPOINTS)
    return await households.device(
        owner,
        "ecobee_thermostat",
        serial,
        vendor="ecobee",
        site_id=site.id,
        given_aliases={"smartbuildings": serial},
        settings={"display_name": "Bela's", "climate_mode": "cool", "installed_by": "Carl"},
        **more,
    )


@pytest.fixture
def client(households: Households) -> Client:
    return households.client(smartbuildings_dialect(), token="anna")


def path_of(thermostat_id: str) -> str:
    return f"/api/v1/thermostats/{thermostat_id}/tenantMode"


async def switch(client: Client, value: Any = True, thermostat_id: str = SERIAL) -> Answered:
    return await client.request("PATCH", path_of(thermostat_id), json_body={"isTenantMode": value})


async def settings_of(households: Households) -> dict[str, Any]:
    owner_id = households.accounts["anna"].owner_id
    return (await get_device(households.ports.directory, owner_id, SERIAL)).settings


async def test_on_is_stored_and_answered_204_without_a_body(households: Households, client: Client) -> None:
    answer = await switch(client)

    assert (answer.status, answer.body) == (204, b"")
    settings = await settings_of(households)
    assert (settings["tenant_mode"], settings["climate_mode"]) == (True, "cool")


async def test_off_leaves_nothing_of_the_tenant(households: Households, client: Client) -> None:
    await switch(client, True)

    await switch(client, False)

    assert await settings_of(households) == {"tenant_mode": False, "installed_by": "Carl"}


async def test_setting_what_is_set_resets_nothing(households: Households, client: Client) -> None:
    assert (await switch(client, False)).status == 204

    assert (await settings_of(households))["display_name"] == "Bela's"


async def test_a_change_is_audited_with_who_made_it(households: Households, client: Client) -> None:
    await switch(client)
    await switch(client)

    owner_id = households.accounts["anna"].owner_id
    entries = await households.ports.directory.scan(owner_partition(owner_id), OUTBOX)
    (entry,) = [d.body for d in entries if d.body["verb"] == "set_tenant_mode"]
    assert entry["actor"] == {
        "account_id": households.accounts["anna"].id,
        "client_id": "client-of-anna",
        "via": "token",
    }


@pytest.mark.parametrize("value", ["true", 1, None, {}, []])
async def test_only_a_boolean_is_a_boolean(client: Client, value: Any) -> None:
    answer = await switch(client, value)

    assert answer.status == 422
    assert answer.json == {"status": "fail", "data": {"isTenantMode": "must be a boolean"}}


@pytest.mark.parametrize(
    ("body", "content_type", "field"),
    [
        (b"{}", "application/json", "isTenantMode"),
        (b"", "application/json", "isTenantMode"),
        (b'{"isTenantmode":true}', "application/json", "isTenantMode"),
        (b"{", "application/json", "body"),
        (b"[true]", "application/json", "body"),
        (b"isTenantMode=true", "application/x-www-form-urlencoded", "body"),
    ],
)
async def test_bad_input_fails_naming_the_field(
    client: Client, body: bytes, content_type: str, field: str
) -> None:
    answer = await client.request("PATCH", path_of(SERIAL), body=body, headers={"content-type": content_type})

    assert (answer.status, answer.json["status"], list(answer.json["data"])) == (422, "fail", [field])


async def test_an_id_that_is_no_serial_fails_naming_it(client: Client) -> None:
    answer = await switch(client, thermostat_id="5d67ec8293d7eb0013d04f8e")

    assert (answer.status, list(answer.json["data"])) == (422, ["thermostatId"])


async def test_an_absent_thermostat_is_404_with_a_message_that_is_an_object(client: Client) -> None:
    answer = await switch(client, thermostat_id="999")

    assert answer.status == 404
    assert answer.json == {"status": "error", "message": {"error": "Thermostat not found"}, "code": 404}


async def test_another_companys_thermostat_looks_absent(households: Households, client: Client) -> None:
    await add_thermostat(households, "bela", "411800000001", SiteKind.BUILDING)

    assert (await switch(client, thermostat_id="411800000001")).json == (
        await switch(client, thermostat_id="999")
    ).json
    bela = households.client(smartbuildings_dialect(), token="bela")
    assert (await switch(bela, thermostat_id="411800000001")).status == 204


@pytest.mark.parametrize(
    ("kind", "abilities", "status"),
    [
        (SiteKind.BUILDING, SETPOINTS, 204),
        (SiteKind.BUILDING, frozenset({Ability.HEATING_SETPOINT}), 204),
        (SiteKind.BUILDING, frozenset({Ability.TEMPERATURE}), 404),
        (SiteKind.HOME, SETPOINTS, 404),
    ],
)
async def test_a_thermostat_is_what_has_a_setpoint_in_a_building(
    households: Households, client: Client, kind: SiteKind, abilities: frozenset[Ability], status: int
) -> None:
    await add_thermostat(households, "anna", "1234", kind, abilities=abilities)

    assert (await switch(client, thermostat_id="1234")).status == status


async def test_a_foreign_thermostat_goes_by_its_allotted_twelve_digits(
    households: Households, client: Client
) -> None:
    owner_id = households.accounts["anna"].owner_id
    site = await create_site(households.ports, owner_id, ACTOR, name="Annex", kind=SiteKind.BUILDING)
    valve = await households.device("anna", "vicki", "70B3", site_id=site.id, abilities=SETPOINTS)

    serial = valve.aliases["smartbuildings"]

    assert len(serial) == 12
    assert (await switch(client, thermostat_id=serial)).status == 204


async def test_a_token_narrowed_to_other_sites_does_not_see_it(
    households: Households, client: Client
) -> None:
    households.accesses["anna"] = dataclasses.replace(households.accesses["anna"], sites=frozenset())

    assert (await switch(client)).status == 404


@pytest.mark.parametrize(
    "changes",
    [{"scopes": frozenset({"read:thermostat"})}, {"permissions": frozenset({Permission.DEVICE_READ})}],
)
async def test_without_the_scope_it_is_403_before_anything_is_read(
    households: Households, client: Client, changes: dict[str, Any]
) -> None:
    households.accesses["anna"] = dataclasses.replace(households.accesses["anna"], **changes)

    answer = await client.request("PATCH", path_of("none"), body=b"{")

    assert (answer.status, answer.json["status"], answer.json["code"]) == (403, "error", 403)
    assert isinstance(answer.json["message"], dict)


async def test_a_missing_token_is_refused_in_the_gateways_words(client: Client) -> None:
    client.headers["authorization"] = ""

    answer = await switch(client)

    assert (answer.status, answer.json) == (401, {"message": "Unauthorized"})


async def test_a_wrong_token_is_refused_outside_the_envelope(client: Client) -> None:
    client.headers["authorization"] = "Bearer wrong"

    answer = await switch(client)

    assert answer.status == 401
    assert answer.json["message"].startswith("Bad token; ")


@pytest.mark.parametrize(
    ("wraps", "body"),
    [
        (False, {"exp": "token expired"}),
        (
            True,
            {"status": "error", "message": {"exp": "token expired"}, "code": 401, "exp": "token expired"},
        ),
    ],
)
async def test_an_expired_token_is_told_as_the_setting_says(
    households: Households, wraps: bool, body: dict[str, Any]
) -> None:
    class Expiring(Households):
        async def authenticate(self, token: str) -> Any:
            raise Unauthenticated("too late", reason="expired")

    client = Expiring(households.ports).client(smartbuildings_dialect(wraps_expiry=wraps), token="anna")

    answer = await switch(client)

    assert (answer.status, answer.json) == (401, body)


async def test_unknown_paths_and_methods_are_answered_in_the_envelope(client: Client) -> None:
    unknown = await client.get("/api/v1/nothing")
    wrong_method = await client.get(path_of(SERIAL))

    assert (unknown.status, unknown.json["status"]) == (404, "error")
    assert (wrong_method.status, wrong_method.headers["allow"]) == (405, "OPTIONS, PATCH")
    assert wrong_method.json["code"] == 405


async def test_a_body_beyond_the_limit_is_413(client: Client) -> None:
    answer = await client.request("PATCH", path_of(SERIAL), body=b" " * 100_000)

    assert (answer.status, answer.json["code"]) == (413, 413)


def test_the_document_is_valid_openapi() -> None:
    document = document_of(smartbuildings_dialect())

    validate(document)
    operation = document["paths"]["/api/v1/thermostats/{thermostatId}/tenantMode"]["patch"]
    assert operation["security"] == [{"token": ["write:tenantmode"]}]
    assert operation["requestBody"]["required"]
