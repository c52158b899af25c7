"""Shapes exactly as MClimate's API has them on the wire.

Fields of a resource are optional here because `fields=` may leave any of them out; a field that was
not asked for is unset, one without a value is null. Source: the vendor's API documents, "HAL",
"Controllers" and "Users"; RFC 7807 for problems.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

T = TypeVar("T")

Moment = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")]
"""UTC without a mark: "2018-01-16 18:02:36"."""
Instant = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""ISO 8601 with milliseconds: "2018-01-16T18:02:36.735Z"."""


class Link(Struct, omit_defaults=True, frozen=True):
    href: str
    templated: bool = False


Links = dict[str, Link]


class LastCommand(Struct, kw_only=True):
    """State of an AC as last commanded: `state` 0 off 1 on; `mode` 0 auto 1 fan 2 heat 3 cool 4 dry."""

    state: int
    mode: int
    temp: int
    fan: int


class RelatedRoom(Struct, kw_only=True):
    id: int
    name: str


class RelatedBrand(Struct, kw_only=True):
    id: int
    name: str


class ControllerRelation(Struct, kw_only=True):
    """All but the last command only for those who ask for related data."""

    command_log: LastCommand | UnsetType = UNSET
    room: RelatedRoom | UnsetType | None = UNSET
    brand: RelatedBrand | UnsetType | None = UNSET


class Controller(Struct, kw_only=True):
    id: int | UnsetType = UNSET
    user_id: int | UnsetType = UNSET
    serial_number: str | UnsetType = UNSET
    mac: str | UnsetType = UNSET
    firmware_version: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    room_id: int | UnsetType | None = UNSET
    created: Moment | UnsetType = UNSET
    deleted_at: Moment | UnsetType | None = UNSET
    online: bool | UnsetType = UNSET
    brand_id: int | UnsetType | None = UNSET
    controller_log: dict[str, Any] | Annotated[list[Any], msgspec.Meta(max_length=0)] | UnsetType = UNSET
    """The last reading; the vendor writes an empty array where there is none."""
    relay_state: int | UnsetType = UNSET
    relation: ControllerRelation | UnsetType = msgspec.field(name="_relation", default=UNSET)


class ControllerItem(Controller, kw_only=True):
    links: Links = msgspec.field(name="_links")


class ControllerEntity(Struct, kw_only=True):
    controller: Controller
    links: Links = msgspec.field(name="_links")


class Controllers(Struct, kw_only=True):
    controller: list[ControllerItem]


class Logs(Struct, kw_only=True):
    controller_log: list[dict[str, Any]]


class Collection(Struct, Generic[T], kw_only=True):
    """A page of a collection. The vendor answers an empty one in the form of an entity: then there is
    no `_embedded`, no `total`, and the resource's name holds an empty array. `_links` come last in both."""

    embedded: T | UnsetType = msgspec.field(name="_embedded", default=UNSET)
    total: int | UnsetType = UNSET


class ControllerCollection(Collection[Controllers], kw_only=True):
    controller: list[Any] | UnsetType = UNSET
    links: Links = msgspec.field(name="_links")


class LogCollection(Collection[Logs], kw_only=True):
    controller_log: list[Any] | UnsetType = UNSET
    links: Links = msgspec.field(name="_links")


class Country(Struct, kw_only=True):
    id: int | None = None
    geoname_id: int | None = None
    continent_code: str = ""
    continent_name: str = ""
    country_code: str = ""
    country_name: str = ""
    city_name: str = ""
    time_zone: str


class UserRelation(Struct, kw_only=True):
    country: Country


class User(Struct, kw_only=True):
    user_id: int | UnsetType = UNSET
    username: str | UnsetType = UNSET
    firstname: str | UnsetType = UNSET
    lastname: str | UnsetType = UNSET
    phone: str | UnsetType | None = UNSET
    country_id: int | UnsetType | None = UNSET
    created: Moment | UnsetType = UNSET
    relation: UserRelation | UnsetType = msgspec.field(name="_relation", default=UNSET)


class UserEntity(Struct, kw_only=True):
    users: User
    links: Links = msgspec.field(name="_links")


class ProviderEntity(Struct, kw_only=True):
    """What a device tells, by its type; of a command four bytes or what its queue has."""

    provider: dict[str, Any] | list[int]
    links: Links = msgspec.field(name="_links")


class QueuedCommand(Struct, kw_only=True):
    """A command on its way: `pending`, `sent`, `delivered` or `failed`."""

    status: str | UnsetType = UNSET
    id: str | UnsetType = msgspec.field(name="_id", default=UNSET)
    command_name: str | UnsetType = msgspec.field(name="commandName", default=UNSET)
    command_params: dict[str, Any] | list[Any] | UnsetType = msgspec.field(
        name="commandParams", default=UNSET
    )
    device_id: str | UnsetType = msgspec.field(name="deviceId", default=UNSET)
    created_at: Instant | UnsetType = msgspec.field(name="createdAt", default=UNSET)
    version: int | UnsetType = msgspec.field(name="__v", default=UNSET)


class LoggedCommand(Struct, kw_only=True):
    """A command and what became of it: `pending`, `sent`, `delivered` or `failed`, and then why."""

    id: str | UnsetType = UNSET
    controller_id: int | UnsetType = UNSET
    user_id: int | UnsetType = UNSET
    command: str | UnsetType = UNSET
    executed_resource: dict[str, Any] | UnsetType = UNSET
    executor: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    reason: str | UnsetType | None = UNSET
    created: Instant | UnsetType = UNSET


class CodeSet(Struct, kw_only=True):
    """What a family of remotes can say; `modes` and `fans` as in `send_ir_code`."""

    id: int
    min_temp: int
    max_temp: int
    modes: list[int]
    fans: list[int]


class Brand(Struct, kw_only=True):
    id: int | UnsetType = UNSET
    name: str | UnsetType = UNSET
    code_sets: list[CodeSet] | UnsetType = UNSET


class Building(Struct, kw_only=True):
    """A home or a building; `kind` says which."""

    id: int | UnsetType = UNSET
    name: str | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    address: str | UnsetType = UNSET
    city: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    created: Moment | UnsetType = UNSET


class Floor(Struct, kw_only=True):
    id: int | UnsetType = UNSET
    name: str | UnsetType = UNSET
    building_id: int | UnsetType = UNSET


class Space(Struct, kw_only=True):
    id: int | UnsetType = UNSET
    name: str | UnsetType = UNSET
    building_id: int | UnsetType = UNSET
    floor_id: int | UnsetType | None = UNSET


class Room(Struct, kw_only=True):
    id: int | UnsetType = UNSET
    name: str | UnsetType = UNSET
    building_id: int | UnsetType = UNSET
    floor_id: int | UnsetType | None = UNSET
    space_id: int | UnsetType | None = UNSET
    created: Moment | UnsetType = UNSET


class FirmwareUpdate(Struct, kw_only=True):
    """A job that only a network server can do: what it is told, and where it stands."""

    id: str | UnsetType = UNSET
    serial_number: str | UnsetType = UNSET
    state: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    firmware_version: str | UnsetType = UNSET
    created: Moment | UnsetType = UNSET


class EntryPoint(Struct, kw_only=True):
    links: Links = msgspec.field(name="_links")


class Problem(Struct, kw_only=True, omit_defaults=True):
    """RFC 7807. `validation` names the fields at fault."""

    type: str
    status: int
    title: str
    detail: str
    validation: dict[str, str] = msgspec.field(default_factory=dict)
