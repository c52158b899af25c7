"""How clients of this API write parameters, and what becomes of each spelling (contract §1.2, §2.3)."""

from __future__ import annotations

import dataclasses
import json
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from ownclimate.core.errors import Conflict, Forbidden, NotFound, Unauthenticated, Unsupported
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.netatmo.face.faults import Refusal, faults
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.parameters import is_wire_id, wire_id
from ownclimate.web.call import Call
from ownclimate.web.faults import HttpFault, MissingInput
from ownclimate.web.limits import By, QuotaUsedUp
from ownclimate.web.tables import Dialect, FaultContext, Success
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import Households, memory_ports
from tests.fakes.http import Answered


class RoomTemperature(msgspec.Struct, kw_only=True):
    id: str
    therm_setpoint_temperature: float


class Zone(msgspec.Struct, kw_only=True):
    id: int
    rooms: list[RoomTemperature] = msgspec.field(default_factory=list)


class Query(msgspec.Struct, kw_only=True):
    home_id: str
    mode: str
    endtime: int | msgspec.UnsetType = msgspec.UNSET
    selected: bool | msgspec.UnsetType = msgspec.UNSET
    person_ids: list[str] | msgspec.UnsetType = msgspec.UNSET
    zones: list[Zone] | msgspec.UnsetType = msgspec.UNSET
    home: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


def echoing() -> Dialect:
    """This dialect with one method, which answers with its parameters."""

    async def echo(call: Call, query: Query) -> Any:
        return msgspec.to_builtins(query)

    row = method("echo", echo, params=Query, successes=(Success(item=dict),))
    return dataclasses.replace(netatmo_dialect(), endpoints=(row,))


async def ask(query: str = "", body: bytes = b"", content_type: str = "") -> Answered:
    homes = Households(memory_ports(FakeClock(), SeededEntropy(2)))
    await homes.add("ada")
    client = homes.client(echoing(), token="ada")
    headers = {"content-type": content_type} if content_type else {}
    return await client.request("POST", f"/api/echo{query}", body=body, headers=headers)


FORM = "application/x-www-form-urlencoded"
BASE = "home_id=5f&mode=away"
ZONES = [{"id": 1, "rooms": [{"id": "100000001", "therm_setpoint_temperature": 19.5}]}]
BRACKETS = (
    "zones[0][id]=1&zones[0][rooms][0][id]=100000001&zones[0][rooms][0][therm_setpoint_temperature]=19.5"
)


@pytest.mark.parametrize(
    ("query", "body", "content_type"),
    [
        pytest.param(f"?{BASE}&{BRACKETS}", b"", "", id="brackets-in-query"),
        pytest.param("", f"{BASE}&{BRACKETS}".encode(), FORM, id="brackets-in-form"),
        pytest.param(
            "", f"{BASE}&{quote(BRACKETS, safe='=&')}".encode(), FORM, id="encoded-brackets-in-form"
        ),
        pytest.param("", f"{BASE}&zones={quote(json.dumps(ZONES))}".encode(), FORM, id="json-text-in-form"),
        pytest.param(f"?{BASE}&zones={quote(json.dumps(ZONES))}", b"", "", id="json-text-in-query"),
        pytest.param(
            f"?{BASE}", json.dumps({"zones": ZONES}).encode(), "application/json", id="query-and-json"
        ),
        pytest.param(
            f"?{BASE}",
            json.dumps({"zones": json.dumps(ZONES)}).encode(),
            "application/json;charset=utf-8",
            id="json-in-json",
        ),
        pytest.param(f"?{BASE}&zones[]={quote(json.dumps(ZONES[0]))}", b"", "", id="a-list-of-json-texts"),
    ],
)
async def test_nested_lists_may_come_in_every_spelling(query: str, body: bytes, content_type: str) -> None:
    answered = await ask(query, body, content_type)

    assert answered.status == 200, answered.body
    assert answered.json["body"]["zones"] == ZONES


@pytest.mark.parametrize(
    "zones",
    ["zones=everything", "zones[a]=1", "zones=%7B%7D", "zones=[1]", "zones=1&zones[0]=2", "zones=[[["],
)
async def test_what_is_no_list_of_objects_has_the_vendors_words(zones: str) -> None:
    answered = await ask(f"?{BASE}&{zones}")

    assert (answered.status, answered.json["error"]) == (400, {"code": 21, "message": "Invalid array arg"})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("person_ids[]=a&person_ids[]=b", {"person_ids": ["a", "b"]}, id="empty-brackets"),
        pytest.param("person_ids[0]=a&person_ids[1]=b", {"person_ids": ["a", "b"]}, id="numbered"),
        pytest.param("person_ids[1]=b&person_ids[0]=a", {"person_ids": ["a", "b"]}, id="out-of-order"),
        pytest.param("person_ids=a,%20b", {"person_ids": ["a", "b"]}, id="comma-list"),
        pytest.param("person_ids=", {}, id="empty-is-absent"),
        pytest.param("endtime=1795206499.4232552", {"endtime": 1795206499}, id="fraction"),
        pytest.param("endtime=None&selected=null", {}, id="words-for-nothing"),
        pytest.param("selected=True", {"selected": True}, id="python-flag"),
        pytest.param("selected=0", {"selected": False}, id="php-flag"),
        pytest.param("selected=YES", {"selected": True}, id="yes"),
        pytest.param("home=%7B%22id%22%3A%221%22%7D", {"home": {"id": "1"}}, id="object-as-text"),
        pytest.param("home[id]=1", {"home": {"id": "1"}}, id="object-in-brackets"),
        pytest.param("filtering=true", {}, id="unknown-is-ignored"),
    ],
)
async def test_values_may_come_in_every_spelling(query: str, expected: dict[str, Any]) -> None:
    answered = await ask(f"?{BASE}&{query}")

    assert answered.json["body"] == {"home_id": "5f", "mode": "away", **expected}


async def test_the_body_goes_before_the_query_unless_it_says_nothing() -> None:
    body = json.dumps({"mode": "hg", "home_id": None}).encode()

    answered = await ask("?home_id=5f&mode=away", body, "application/json")

    assert answered.json["body"] == {"home_id": "5f", "mode": "hg"}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?mode=away&endtime=soon", "Missing home_id"),
        ("?home_id=5f&endtime=soon", "mode is missing"),
        ("?home_id=None&mode=away", "Missing home_id"),
    ],
)
async def test_what_is_missing_is_told_before_what_is_wrong(query: str, message: str) -> None:
    answered = await ask(query)

    assert (answered.status, answered.json["error"]) == (400, {"code": 10, "message": message})


@pytest.mark.parametrize("wrong", ["endtime=soon", "selected=perhaps"])
async def test_what_is_wrong_is_named(wrong: str) -> None:
    answered = await ask(f"?{BASE}&{wrong}")

    name = wrong.partition("=")[0]
    assert (answered.status, answered.json["error"]) == (400, {"code": 21, "message": f"Invalid {name}"})


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("70:EE:50:0a:00:01", True),
        ("00:04:74:00:00:12:34:56", True),
        ("12 :34: 56:36:fd:3c", True),
        ("70:ee:50:0a:00:30#12", True),
        ("0009999992", True),
        ("70:ee:50", False),
        ("station", False),
        ("", False),
    ],
)
def test_an_id_of_a_device_is_known_by_its_shape(text: str, is_one: bool) -> None:
    assert is_wire_id(wire_id(text)) is is_one


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Unauthenticated(reason="missing"), (401, 1, "Access token is missing")),
        (Unauthenticated(), (403, 2, "Invalid access token")),
        (Unauthenticated(reason="expired"), (403, 3, "Access token expired")),
        (Unauthenticated(reason="switched_off"), (406, 5, "Application is deactivated")),
        (NotFound("device", "x"), (404, 9, "Device not found")),
        (MissingInput("home_id"), (400, 10, "Missing home_id")),
        (Forbidden("no"), (403, 13, "Operation is forbidden")),
        (HttpFault(405, "no"), (405, 31, "Method not found")),
        (HttpFault(404, "no"), (404, 404, "Not Found")),
        (Unsupported("cooling"), (400, 35, "Unable to execute")),
        (Conflict("home", "x"), (409, 409, "Conflict")),
        (RuntimeError, (500, 500, "Internal Server Error")),
        (Refusal("webhook limit reached", code="WH009", status=409), (409, "WH009", "webhook limit reached")),
        (
            QuotaUsedUp(3, By.TOKEN),
            (429, 26, "API limit exceeded. This could be your Application limit or User limit."),
        ),
    ],
    ids=lambda case: str(case[1]) if isinstance(case, tuple) else "",
)
def test_each_fault_has_its_number_and_words(fault: Any, expected: tuple[int, Any, str]) -> None:
    context = FaultContext(request_id="1", path="/api/x", endpoint=None)
    fault = HttpFault(500, "secret") if fault is RuntimeError else fault

    reply = faults()(fault, context)

    status, code, message = expected
    assert reply.status == status
    assert json.loads(reply.body) == {"error": {"code": code, "message": message}}
