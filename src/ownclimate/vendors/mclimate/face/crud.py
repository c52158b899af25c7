"""The five rows of a resource that people make, change and take away: list, get, create, update, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from ownclimate.core.access import Permission
from ownclimate.vendors.mclimate.face import hal
from ownclimate.vendors.mclimate.face.resources import Resource
from ownclimate.vendors.mclimate.face.scopes import BASIC, CONTROL
from ownclimate.web.tables import BodyKind, Certainty, Endpoint, Success, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is a row's own. `owned` are its owned parameters beside the one that names the thing."""

    handler: Callable[..., Any]
    summary: str
    params: type[Struct] = hal.CollectionQuery
    owned: tuple[str, ...] = ()
    examples: Mapping[str, Any] | None = None


def five_rows(
    kind: str,
    path: str,
    parameter: str,
    resource: Resource[Any],
    *,
    listing: Row,
    get: Row,
    create: Row,
    update: Row,
    delete: Row,
) -> tuple[Endpoint, ...]:
    """`kind` is the thing's name in operation ids, `parameter` the number in its path."""
    one = f"{path}/{{{parameter}:digits}}"
    made = Success(status=201, item=resource.entity, headers=("Location",))
    reading: dict[str, Any] = {
        "permission": Permission.SITE_READ,
        "scopes": BASIC,
        "is_conditional": True,
        "certainty": Certainty.RULED,
    }
    changing: dict[str, Any] = {
        "permission": Permission.DEVICE_CONTROL,
        "scopes": CONTROL,
        "certainty": Certainty.RULED,
    }
    return (
        Endpoint(
            operation_id=f"list{kind}s",
            path=path,
            unknown=Unknown.COLLECT,
            successes=(Success(item=resource.collection),),
            **_own(listing) | {"examples": {"sort": "name"}} | reading,
        ),
        Endpoint(
            operation_id=f"get{kind}",
            path=one,
            successes=(Success(item=resource.entity),),
            errors=(404,),
            **_own(get, parameter) | reading,
        ),
        Endpoint(
            operation_id=f"create{kind}",
            path=path,
            methods=("POST",),
            bodies=(BodyKind.JSON,),
            successes=(made,),
            is_repeatable=False,
            audit="create",
            **_own(create) | changing,
        ),
        Endpoint(
            operation_id=f"update{kind}",
            path=one,
            methods=("PUT",),
            bodies=(BodyKind.JSON,),
            successes=(Success(item=resource.entity),),
            errors=(404,),
            audit="change",
            **_own(update, parameter) | changing,
        ),
        Endpoint(
            operation_id=f"delete{kind}",
            path=one,
            methods=("DELETE",),
            successes=(Success(status=204),),
            errors=(404,),
            audit="delete",
            **_own(delete, parameter) | changing,
        ),
    )


def _own(row: Row, *named: str) -> dict[str, Any]:
    return {
        "handler": row.handler,
        "summary": row.summary,
        "params": row.params,
        "owned": (*named, *row.owned),
        "examples": dict(row.examples or {}),
    }
