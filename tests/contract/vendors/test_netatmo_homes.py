"""homesdata and homestatus: recordings come back from the core, and whatever else stands in a home too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ownclimate.core.access import ALL_PERMISSIONS, Access
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.netatmo.recognise import recognise
from ownclimate.vendors.netatmo.words import is_same
from ownclimate.web.dispatch import Application
from tests.contract.vendors.netatmo_world import OWNER, World, payload
from tests.fakes.http import Client


def client(world: World, **changes: Any) -> Client:
    """A client of the world's owner; `scopes` narrow it."""
    dialect, entries = netatmo_dialect(), []
    access = Access(owner_id=OWNER, account_id=None, client_id="test", permissions=ALL_PERMISSIONS, **changes)

    async def authenticate(token: str) -> Access:
        return access

    app = Application(
        dialects=(dialect,),
        ports=world.ports,
        authenticators={"token": authenticate},
        observers=[entries.append],
    )
    found = Client(app, entries, (dialect,))
    found.headers["authorization"] = "Bearer any"
    return found


@pytest.fixture
def world() -> World:
    return World()


def differences(told: Any, said: Any, where: str = "") -> list[str]:
    """Where what is told is not what was said; what is told besides is no difference."""
    if isinstance(said, dict) and isinstance(told, dict):
        found = []
        for name, value in said.items():
            if name not in told:
                found.append(f"{where}.{name} is missing: {value!r}"[:200])
            else:
                found += differences(told[name], value, f"{where}.{name}")
        return found
    if isinstance(said, list) and isinstance(told, list) and len(told) == len(said):
        return [
            d for place, item in enumerate(said) for d in differences(told[place], item, f"{where}[{place}]")
        ]
    return [] if is_same(told, said) else [f"{where}: told {told!r}, said {said!r}"[:300]]


async def served(world: World, kind: str, said: dict[str, Any]) -> Any:
    http = client(world)
    if kind == "homesdata":
        return (await http.get("/api/homesdata")).json["body"]
    home = said["home"].get("id") or (await world.sites())[0].aliases["netatmo"]
    return (await http.get(f"/api/homestatus?home_id={home}")).json["body"]


@pytest.mark.parametrize("name", ["homesdata", "homestatus"])
async def test_what_was_imported_is_served_field_for_field(world: World, name: str) -> None:
    await world.take(payload(name))

    said = payload(name)["body"]
    assert differences(await served(world, name, said), said) == []


async def test_every_recorded_home_is_served_as_it_was_recorded(corpus: Path) -> None:
    checked = 0
    for file in sorted((corpus / "netatmo").rglob("*.json")):
        found = recognise(file.read_bytes())
        if found.kind not in ("homesdata", "homestatus") or not isinstance(found.body, dict):
            continue
        if found.kind == "homestatus" and "id" not in found.body.get("home", {}):
            continue
        world = World()
        await world.take(file.read_bytes())
        if not found.body.get("errors"):
            # An empty list of errors says nothing, and is sent now and then.
            found.body.pop("errors", None)
        assert differences(await served(world, found.kind, found.body), found.body) == [], file.name
        checked += 1
    assert checked >= 8
