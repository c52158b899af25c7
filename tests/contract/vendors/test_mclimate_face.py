"""MClimate's API as a whole: entry point, user, problems, conditional requests, document."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from openapi_spec_validator import validate

from ownclimate.core.access import Permission
from ownclimate.core.devices import get_device
from ownclimate.core.errors import StoreUnavailable
from ownclimate.core.ports import Document
from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from ownclimate.web.openapi import document_of
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import Households, memory_ports
from tests.fakes.http import Client

W3 = "http://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"


@pytest.fixture
async def households(clock: FakeClock, entropy: SeededEntropy) -> Households:
    made = Households(memory_ports(clock, entropy))
    await made.add("anna")
    device = await made.device("anna", "vicki", "70B3D52DD3000001", name="Hall")
    await made.record(device, [clock.now_ms()], {"temperature_c": [21.5]})
    return made


@pytest.fixture
def client(households: Households) -> Client:
    return households.client(mclimate_dialect(contact="ops@example.org"), token="anna")


async def test_the_entry_point_says_how_controllers_can_be_asked_for(client: Client) -> None:
    link = (await client.get("/v1")).json["_links"]["controllers"]

    assert link["templated"] is True
    for name in ("type", "online", "fields", "sort", "limit", "page"):
        assert name in link["href"]


@pytest.mark.parametrize("path", ["/v1/users/me", "/v1/users"])
async def test_the_user_keeps_the_vendors_odd_envelope_and_links(
    households: Households, client: Client, path: str
) -> None:
    answer = await client.get(path)

    assert answer.json == {
        "users": {
            "user_id": households.accounts["anna"].number,
            "username": "anna@example.org",
            "firstname": "Anna",
            "lastname": "",
            "phone": None,
            "country_id": None,
            "created": "2026-11-21 10:00:00",
        },
        "_links": {
            "self": {"href": "/v1/users"},
            "controller": {"href": "/v1/controller/{serial_number}", "templated": True},
        },
    }


@pytest.mark.parametrize(
    ("asked", "is_there"), [("Advanced", True), ("advanced", True), ("", False), ("x", False)]
)
async def test_related_data_come_only_when_asked_for(client: Client, asked: str, is_there: bool) -> None:
    users = (await client.get("/v1/users/me", accept_response=asked)).json["users"]

    assert ("_relation" in users) is is_there
    if is_there:
        assert users["_relation"]["country"]["time_zone"] == "UTC"


async def test_fields_of_the_user_can_be_chosen_too(client: Client) -> None:
    answer = await client.get("/v1/users/me?fields=username,_relation", accept_response="Advanced")

    assert set(answer.json["users"]) == {"username", "_relation"}


async def test_an_unknown_controller_is_the_documented_problem(client: Client) -> None:
    answer = await client.get("/v1/controllers/none")

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json == {
        "type": W3,
        "status": 404,
        "title": "Not Found",
        "detail": "Controller not found",
    }


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic YTpi", "anna"])
@pytest.mark.parametrize("path", ["/v1", "/v1/controllers", "/v1/controllers/x", "/v1/users/me"])
async def test_without_a_good_token_every_path_is_401_and_says_bearer(
    client: Client, path: str, authorization: str
) -> None:
    answer = await client.get(path, authorization=authorization)

    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert (answer.json["status"], answer.json["title"]) == (401, "Unauthorized")


async def test_the_scheme_is_compared_without_case(client: Client) -> None:
    assert (await client.get("/v1/controllers", authorization="bEARER anna")).status == 200


async def test_a_token_that_may_not_read_devices_is_403(households: Households, client: Client) -> None:
    whole = households.accesses["anna"]
    households.accesses["anna"] = dataclasses.replace(whole, permissions=frozenset({Permission.ACCOUNT_READ}))

    assert (await client.get("/v1/controllers")).status == 403
    assert (await client.get("/v1/users/me")).status == 200


async def test_a_grant_without_the_vendors_scope_is_403(households: Households, client: Client) -> None:
    households.accesses["anna"] = dataclasses.replace(
        households.accesses["anna"], scopes=frozenset({"read_station"})
    )

    assert (await client.get("/v1/controllers")).status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_method_that_is_not_there_is_405_with_allow(client: Client, method: str) -> None:
    answer = await client.request(method, "/v1/users/me")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/none", "/v1/controllers/a/b", "/v1/", "/v1//controllers"])
async def test_an_unknown_path_is_a_problem_too(client: Client, path: str) -> None:
    answer = await client.get(path)

    assert (answer.status, answer.json["type"]) == (404, W3)


async def test_a_500_names_the_request_and_the_operator_and_nothing_else(
    households: Households, clock: FakeClock
) -> None:
    broken = breaking(households, RuntimeError("the cellar is flooded"))

    answer = await broken.get("/v1/controllers", x_request_id="req-7")

    assert answer.status == 500
    assert "req-7" in answer.json["detail"]
    assert "ops@example.org" in answer.json["detail"]
    assert b"cellar" not in answer.body


async def test_a_store_that_cannot_answer_is_503_with_retry_after(households: Households) -> None:
    answer = await breaking(households, StoreUnavailable("full", retry_after_s=7)).get("/v1/controllers")

    assert (answer.status, answer.headers["retry-after"]) == (503, "7")
    assert answer.headers["content-type"] == "application/problem+json"


def breaking(households: Households, error: Exception) -> Client:
    """A client whose server finds no document without raising."""

    class Broken:
        async def scan(self, *args: Any, **options: Any) -> list[Document]:
            raise error

    ports = dataclasses.replace(households.ports, directory=Broken())  # type: ignore[arg-type]
    broken = Households(ports)
    broken.accesses = households.accesses
    return broken.client(mclimate_dialect(contact="ops@example.org"), token="anna")


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v1/controllers", "/v1/controllers/70B3D52DD3000001", "/v1/controller_log/70B3D52DD3000001",
     "/v1/users/me"],
)  # fmt: skip
async def test_every_get_has_an_etag_and_the_same_answer_is_304(client: Client, path: str) -> None:
    etag = (await client.get(path)).headers["etag"]

    for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        answer = await client.get(path, if_none_match=known)
        assert (answer.status, answer.body) == (304, b"")


async def test_a_new_reading_changes_the_etag(
    households: Households, client: Client, clock: FakeClock
) -> None:
    path = "/v1/controllers/70B3D52DD3000001"
    device = await get_device(
        households.ports.directory, households.accounts["anna"].owner_id, "70B3D52DD3000001"
    )
    etag = (await client.get(path)).headers["etag"]

    await households.record(device, [clock.now_ms() + 1], {"temperature_c": [22]})

    answer = await client.get(path, if_none_match=etag)
    assert (answer.status, answer.json["controller"]["controller_log"]["temperature"]) == (200, 22)


async def test_clients_that_send_a_content_type_with_get_are_not_minded(client: Client) -> None:
    answer = await client.get("/v1/controllers", content_type="application/json", accept="text/html")

    assert answer.status == 200


def test_the_document_is_valid_openapi_and_lists_every_row() -> None:
    document = document_of(mclimate_dialect())

    validate(document)
    assert set(document["paths"]) >= {
        "/v1",
        "/v1/users",
        "/v1/users/me",
        "/v1/controllers",
        "/v1/controllers/{serial}",
        "/v1/controller/{serial}",
        "/v1/controllers/{serial}/controller_log",
        "/v1/controller_log/{serial}",
        "/v1/command_log/{serial}",
        "/v1/provider/fetch",
        "/v1/provider/send",
        "/v1/provider/pending/{serial}",
        "/v1/fuota/{serial}",
        "/v1/rooms",
        "/v1/brands/{brand_id}",
    }
