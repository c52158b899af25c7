"""Every row × every scope of its dialect: what the table says is needed is needed, and is enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from ownclimate.authorization import TOKEN_DIALECTS
from ownclimate.core.access import ALL_PERMISSIONS, Permission
from ownclimate.oauth.dialects import expanded
from ownclimate.oauth.grants.grant import permissions_of
from tests.contract.isolation.neighbours import FACES, NARROWED, Row, Town, succeeded

SCOPES = {dialect.name: dialect.scopes for dialect in TOKEN_DIALECTS}
TOKENS = {dialect.name: dialect for dialect in TOKEN_DIALECTS}


def _suffice(row: Row, scopes: frozenset[str], permissions: frozenset[Permission]) -> bool:
    """Whether the table lets a token with these use the row, for the things that the tests name."""
    endpoint = row.endpoint
    narrowed = NARROWED[endpoint.operation_id] if endpoint.narrowed_scopes else frozenset()
    has_some = not endpoint.any_scopes or not scopes.isdisjoint(endpoint.any_scopes)
    has_all = scopes >= narrowed | set(endpoint.scopes)
    return has_some and has_all and endpoint.permission in {None, *permissions}


@pytest.mark.parametrize("row", FACES, ids=str)
async def test_a_scope_opens_the_rows_that_name_it_and_no_other(town: Town, row: Row, tmp_path: Path) -> None:
    dialect, ids = TOKENS[row.dialect.name], row.ids(town.homes["ada"])
    opened: dict[str, bool] = {}
    for name in dialect.scopes:
        if row.method in ("PUT", "DELETE") and any(opened.values()):
            # What was renamed or taken away is not there for the next scope.
            town = await Town.build(tmp_path / name)
            ids = row.ids(town.homes["ada"])
        scopes = expanded(dialect.scopes, [name])
        permissions = permissions_of(dialect, scopes)
        token = town.narrowed("ada", scopes=scopes, permissions=permissions)
        answer = await town.ask(row, ids, token=token)

        opened[name] = succeeded(row, answer)
        assert opened[name] == _suffice(row, scopes, permissions), f"{name}: {answer.status}"
        if not opened[name]:
            assert answer.status == 403, f"{name}: {answer.status}"
    endpoint = row.endpoint
    if endpoint.scopes or endpoint.any_scopes or endpoint.narrowed_scopes or endpoint.permission:
        assert not all(opened.values())


async def test_a_refusal_for_its_scope_comes_before_anything_is_looked_up(town: Town) -> None:
    """A refusal changes nothing, so one town does for every row."""
    token = town.narrowed("ada", scopes=frozenset(), permissions=frozenset())
    for row in (row for row in FACES if row.endpoint.permission is not None):
        ids = row.ids(town.homes["ada"])
        asked = [
            await town.ask(row, given, token=token)
            for given in (ids, {name: town.unknown_like(text) for name, text in ids.items()})
        ]

        assert [answer.status for answer in asked] == [403, 403], row


@pytest.mark.parametrize("row", [row for row in FACES if row.endpoint.permission is None], ids=str)
async def test_what_needs_no_permission_opens_without_any(town: Town, row: Row) -> None:
    token = town.narrowed("ada", scopes=frozenset(), permissions=frozenset())

    assert succeeded(row, await town.ask(row, row.ids(town.homes["ada"]), token=token))


@pytest.mark.parametrize("row", FACES, ids=str)
async def test_a_token_of_permissions_opens_the_rows_that_need_no_other(town: Town, row: Row) -> None:
    ids = row.ids(town.homes["ada"])
    for permission in sorted(ALL_PERMISSIONS, key=lambda permission: permission.value):
        token = town.narrowed("ada", scopes=None, permissions=frozenset({permission}))
        answer = await town.ask(row, ids, token=token)

        assert succeeded(row, answer) == (row.endpoint.permission in (None, permission)), permission
        assert succeeded(row, answer) or answer.status == 403


@pytest.mark.parametrize("row", FACES, ids=str)
def test_every_scope_that_a_row_names_can_be_granted(row: Row) -> None:
    named = {*row.endpoint.scopes, *row.endpoint.any_scopes, *row.endpoint.narrowed_scopes}
    assert named <= SCOPES[row.dialect.name].keys()
    narrowed = NARROWED.get(row.endpoint.operation_id, frozenset())
    assert bool(narrowed) == bool(row.endpoint.narrowed_scopes), "say in NARROWED what the examples need"
    assert narrowed <= set(row.endpoint.narrowed_scopes)


async def test_a_device_key_opens_no_row_of_a_face(town: Town) -> None:
    ada = town.homes["ada"]
    for row in FACES:
        answer = await town.ask(row, row.ids(ada), token=ada.device_key)

        assert answer.status in (401, 403), row
