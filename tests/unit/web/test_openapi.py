"""The OpenAPI document says what the table says."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from openapi_spec_validator import validate

from ownclimate.core.access import Permission
from ownclimate.web.call import Call
from ownclimate.web.openapi import document_of
from ownclimate.web.tables import BodyKind, Dialect, Place, Success, Unknown
from tests.unit.web.dialects import client_of, row, toy


class Leaf(msgspec.Struct):
    degrees: float


class Tree(msgspec.Struct):
    leaves: list[Leaf]


class Asked(msgspec.Struct, kw_only=True, rename={"leaf_id": "leafId"}):
    leaf_id: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=9, description="how many")] = 3
    note: Annotated[str, Place.BODY]
    style: Annotated[str, Place.HEADER] = ""


async def tree(call: Call, params: Any) -> Tree:
    return Tree([])


def dialect() -> Dialect:
    return toy(
        row(
            "/toy/{leafId:digits}",
            tree,
            operation_id="growTree",
            aliases=("/toy/old/{leafId}",),
            methods=("POST", "PUT"),
            params=Asked,
            bodies=(BodyKind.JSON, BodyKind.FORM),
            successes=(Success(status=201, item=Tree, headers=("Location",)), Success(status=204)),
            permission=Permission.DEVICE_CONTROL,
            scopes=("write",),
            owned=("leafId",),
            is_public=False,
            unknown=Unknown.COLLECT,
            examples={"leafId": "7", "note": "x"},
            audit="grow",
        ),
        row("/toy/free", operation_id="free"),
    )


def operation(path: str = "/toy/{leafId}", method: str = "post") -> Any:
    return document_of(dialect())["paths"][path][method]


def test_the_document_is_valid_openapi() -> None:
    validate(msgspec.to_builtins(document_of(dialect())))


def test_parameters_stand_in_their_places_with_their_limits() -> None:
    shown = {p["name"]: p for p in operation()["parameters"]}

    assert {name: p["in"] for name, p in shown.items()} == {
        "leafId": "path",
        "limit": "query",
        "style": "header",
        "filters": "query",
    }
    assert shown["limit"]["schema"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 9,
        "description": "how many",
        "default": 3,
    }


def test_the_body_holds_what_is_taken_from_it_in_every_kind() -> None:
    body = operation()["requestBody"]

    assert body["required"]
    assert set(body["content"]) == {"application/json", "application/x-www-form-urlencoded"}
    assert body["content"]["application/json"]["schema"]["required"] == ["note"]


def test_aliases_and_further_methods_are_operations_of_their_own() -> None:
    ids = {
        operation(path, method)["operationId"]
        for path in ("/toy/{leafId}", "/toy/old/{leafId}")
        for method in ("post", "put")
    }

    assert len(ids) == 4


def test_successes_and_faults_are_listed_with_their_shapes() -> None:
    responses = operation()["responses"]

    assert set(responses) == {"201", "204", "400", "401", "403", "404", "413", "415", "500", "503"}
    assert responses["201"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Tree"}
    assert "content" not in responses["204"]


def test_a_public_row_needs_no_token_and_gives_no_401() -> None:
    free = operation("/toy/free", "get")

    assert "security" not in free
    assert "401" not in free["responses"]


def test_what_openapi_has_no_words_for_is_noted() -> None:
    notes = operation()["x-ownclimate"]

    assert (notes["permission"], notes["owned"], notes["audit"]) == ("device.control", ["leafId"], "grow")
    assert operation()["security"] == [{"token": ["write"]}]


def test_an_alias_may_hold_a_parameter_that_the_path_has_not() -> None:
    class Event(msgspec.Struct):
        event: str = "up"

    for params in (None, Event):
        document = document_of(toy(row("/toy", params=params, aliases=("/toy/{event}",))))
        validate(document)
        (shown,) = document["paths"]["/toy/{event}"]["get"]["parameters"]
        assert (shown["name"], shown["in"], shown["required"]) == ("event", "path", True)
        assert document["paths"]["/toy"]["get"]["parameters"] == []


def test_a_parameter_struct_is_no_component() -> None:
    assert set(document_of(dialect())["components"]["schemas"]) == {"Problem", "Tree", "Leaf"}


async def test_a_document_is_served() -> None:
    client = client_of(dialect())

    served = await client.get("/docs/toy/openapi.json")

    assert served.json["info"] == {"title": "Toy", "version": "1"}
    assert (await client.get("/docs/toy/openapi.json", if_none_match=served.headers["etag"])).status == 304
    assert (await client.get("/docs/none/openapi.json")).status == 404
