"""A command's id goes through a network server's ids and comes back."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as some

from ownclimate.ingest.lorawan.correlation import command_in, command_of, command_uuid, correlation_id

IDS = some.binary(min_size=12, max_size=12).map(bytes.hex)


@given(IDS)
def test_an_id_comes_back_from_its_uuid(command_id: str) -> None:
    made = uuid.UUID(command_uuid(command_id))

    assert (made.version, made.variant) == (8, uuid.RFC_4122)
    assert command_of(str(made).upper()) == command_id


@given(some.uuids(version=4))
def test_a_servers_own_uuid_is_no_command(other: uuid.UUID) -> None:
    assert command_of(str(other)) == ""


@given(some.uuids())
def test_only_a_uuid_made_from_a_command_names_one(any_uuid: uuid.UUID) -> None:
    command_id = command_of(str(any_uuid))

    assert command_id == "" or command_uuid(command_id) == str(any_uuid)


@given(IDS, some.lists(some.text(max_size=30), max_size=3))
def test_ours_is_found_among_the_servers_own(command_id: str, others: list[str]) -> None:
    assert command_in([*others, correlation_id(command_id)]) == command_id
