"""Parameters: taken from their places, coerced, validated, and named when they are wrong."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import msgspec
import pytest

from ownclimate.web.call import Call
from ownclimate.web.tables import ABSENT, BodyKind, Check, Credential, Parameter, Place, Success, Unknown
from tests.unit.web.dialects import PLAIN, client_of, row, toy

Small = Annotated[int, msgspec.Meta(ge=1, le=10)]


class Many(msgspec.Struct, kw_only=True, rename={"is_on": "isOn"}):
    id: str
    count: Small = 5
    is_on: bool | None = None
    style: Annotated[str, Place.HEADER] = "none"
    names: list[str] = msgspec.field(default_factory=list)


async def echo(call: Call, params: Any) -> Any:
    return params


ECHO = row("/toy/{id}", echo, params=Many, successes=(Success(item=Many),), methods=("GET", "POST"))
FORM = "application/x-www-form-urlencoded"


def both(**more: Any) -> Any:
    endpoint = changed(ECHO, bodies=(BodyKind.JSON, BodyKind.FORM))
    return client_of(toy(endpoint, default_place=Place.ANYWHERE, **more))


def changed(endpoint: Any, **changes: Any) -> Any:
    return dataclasses.replace(endpoint, **changes)


async def test_each_parameter_comes_from_its_own_place() -> None:
    answer = await client_of(toy(ECHO)).get("/toy/x?count=7&isOn=true&style=query", style="header")

    assert answer.json == {"id": "x", "count": 7, "isOn": True, "style": "header", "names": []}


async def test_defaults_count_where_nothing_is_given() -> None:
    answer = await client_of(toy(ECHO)).get("/toy/x")

    assert answer.json == {"id": "x", "count": 5, "isOn": None, "style": "none", "names": []}


@pytest.mark.parametrize("query", ["count=0", "count=11", "count=x", "count=", "isOn=maybe"])
async def test_a_bad_value_is_named(query: str) -> None:
    answer = await client_of(toy(ECHO)).get(f"/toy/x?{query}")

    assert answer.status == 400
    assert answer.json["trouble"].startswith(query.partition("=")[0])


@pytest.mark.parametrize(
    ("query", "trouble"),
    [
        ("count=x", "count: expected a whole number"),
        ("count=11", "count: expected a whole number <= 10"),
        ("isOn=maybe", "isOn: expected true or false or null"),
    ],
)
async def test_a_bad_value_is_told_in_words_of_no_language(query: str, trouble: str) -> None:
    assert (await client_of(toy(ECHO)).get(f"/toy/x?{query}")).json["trouble"] == trouble


async def test_a_missing_parameter_is_told_apart_and_named() -> None:
    class Required(msgspec.Struct):
        home_id: str

    answer = await client_of(toy(row("/toy", echo, params=Required))).get("/toy")

    assert (answer.status, answer.json) == (400, {"trouble": "home_id: is required"})


async def test_unknown_parameters_are_ignored_refused_or_collected_as_the_table_says() -> None:
    async def extra(call: Call, params: Any) -> list[tuple[str, str]]:
        return call.extra

    ignoring = client_of(toy(ECHO))
    refusing = client_of(toy(ECHO, unknown=Unknown.REFUSE))
    taker = row("/toy/{id}", extra, params=Many, unknown=Unknown.COLLECT, successes=(Success(item=list),))
    collecting = client_of(toy(taker))

    assert (await ignoring.get("/toy/x?colour=red")).status == 200
    assert (await refusing.get("/toy/x?colour=red")).json["trouble"].startswith("colour: ")
    assert (await refusing.get("/toy/x?access_token=t")).status == 200
    assert (await collecting.get("/toy/x?colour=red&count=3&a=b&a=c")).json == [
        ["colour", "red"],
        ["a", "b"],
        ["a", "c"],
    ]


async def test_body_and_query_merge_and_the_body_wins() -> None:
    client = both()

    from_json = await client.request("POST", "/toy/x?count=1&isOn=1", json_body={"count": 2})
    from_form = await client.request("POST", "/toy/x?isOn=0", body=b"count=3", headers={"content-type": FORM})

    assert (from_json.json["count"], from_json.json["isOn"]) == (2, True)
    assert (from_form.json["count"], from_form.json["isOn"]) == (3, False)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json; charset=utf-8", b'{"count":2}', 200),
        ("application/problem+json", b'{"count":2}', 200),
        ("", b'{"count":2}', 200),
        (FORM.upper() + ";charset=UTF-8", b"count=2", 200),
        ("application/json", b"", 200),
        ("text/plain", b"", 200),
        ("text/plain", b"x", 415),
        ("application/json", b"{", 400),
        ("application/json", b"[1]", 400),
        ("application/json", b"\xff", 400),
        ("application/json", b"[" * 5000, 400),
        (FORM, b"\xff", 400),
    ],
)
async def test_a_body_is_read_as_its_type_says(content_type: str, body: bytes, status: int) -> None:
    answer = await both().request("POST", "/toy/x", body=body, headers={"content-type": content_type})

    assert answer.status == status


async def test_a_dialect_coerces_in_its_own_way() -> None:
    def coerce(value: Any, parameter: Parameter) -> Any:
        if value == "None":
            return ABSENT
        return value.split(",") if parameter.is_list else value

    client = client_of(toy(ECHO, coerce=coerce))

    answer = await client.get("/toy/x?names=a,b&isOn=None")

    assert (answer.json["names"], answer.json["isOn"]) == (["a", "b"], None)


async def test_a_million_parameters_are_refused_cheaply() -> None:
    answer = await client_of(toy(ECHO)).get("/toy/x?" + "a=&" * 2000)

    assert answer.status == 400


async def test_a_token_may_be_in_query_or_body_where_the_dialect_says_so() -> None:
    endpoint = changed(ECHO, bodies=(BodyKind.FORM,), is_public=False)
    client = client_of(
        toy(
            endpoint,
            credentials=(Credential.BEARER, Credential.QUERY, Credential.BODY),
            checks=(Check.BODY, Check.AUTHENTICATE, Check.SCOPE, Check.PARAMETERS),
        )
    )
    body = f"access_token={PLAIN}".encode()

    assert (await client.get(f"/toy/x?access_token={PLAIN}")).status == 200
    assert (await client.request("POST", "/toy/x", body=body)).status == 200
    assert (await client.get("/toy/x", authorization=f"bearer {PLAIN}")).status == 200
    assert (await client.get("/toy/x")).status == 401
    answer = await client.get(f"/toy/x?access_token={PLAIN}", authorization="Bearer wrong")
    assert answer.status == 401, "the first place that holds a token counts"


def test_a_path_parameter_without_a_field_is_found_when_the_table_is_read() -> None:
    with pytest.raises(ValueError, match="in no field"):
        client_of(toy(row("/toy/{id}/{other}", echo, params=Many)))
