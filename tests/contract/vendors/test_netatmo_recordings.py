"""Every recorded answer, imported into a fresh household and asked for again through the face.

What comes back is compared field by field with the recording, and nothing may stand beside it. What
differs all the same is listed in `DIFFERENT`, each with its reason. It comes from the core: other tests
change one thing there and see one field change.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ownclimate.core.sites import list_sites
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.netatmo.importer import import_payload
from ownclimate.vendors.netatmo.recognise import (
    COACHES,
    HOMES,
    STATIONS,
    STATUS,
    Recognised,
    recognise,
)
from ownclimate.vendors.netatmo.words import is_same
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports

SERVED: Final = (STATIONS, COACHES, HOMES, STATUS)

DIFFERENT: Final = {
    r"/user/(mail|email|id): ": "the account that asks is one of ours",
    r"/user(/administrative)?(/\w+)?: told .*, said nothing": "what was not said of it is metric",
    r"/home/id: told .*, said nothing": "one recording lacks it, and was found by its modules",
    r"/home: said \{'id': '[0-9a-f]+'\}, told nothing": "a home without modules has no body (§6.2)",
    r"/errors: said \[\], told nothing": "an empty list of errors says nothing",
}
"""Differences between a recorded body and ours that are meant, and why."""

VARIANTS: Final = 40 if os.environ.get("TEST_FULL") else 3
"""How many further recordings are made of each by leaving members out: others will not have the same."""
IDENTIFYING: Final = frozenset({"id", "_id", "type", "code", "user", "bridge", "room_id", "module_ids"})
WHOLE: Final = frozenset({"devices", "modules", "rooms", "homes", "home", "schedules"})
"""Members that variants keep."""


def recordings(corpus: Path) -> Iterator[tuple[Path, Recognised]]:
    for file in sorted((corpus / "netatmo").rglob("*.json")):
        found = recognise(file.read_bytes())
        if found.kind in SERVED and isinstance(found.body, dict):
            yield file, found


def variant(said: Any, chance: random.Random, *, moves: bool = True) -> Any:
    """The recording as another household might have made it: some members missing, with `moves` some
    values others."""
    if isinstance(said, dict):
        return {
            name: variant(value, chance, moves=moves)
            for name, value in said.items()
            if name in IDENTIFYING | WHOLE or chance.random() > 0.12
        }
    if isinstance(said, list):
        return [variant(item, chance, moves=moves) for item in said]
    if not moves:
        return said
    if isinstance(said, bool):
        return said is (chance.random() > 0.1)
    is_moved = isinstance(said, (int, float)) and chance.random() < 0.05
    return said + 1 if is_moved else said


async def served(kind: str, *payloads: bytes) -> Any:
    """The body that the face answers with after the payloads were imported, in their order."""
    homes = Households(memory_ports(FakeClock(), SeededEntropy(4)))
    account = await homes.add("ada")
    for payload in payloads:
        await import_payload(homes.ports, account.owner_id, ACTOR, payload)
    target = f"/api/{kind}"
    if kind == STATIONS:
        target += "?get_favorites=true"
    elif kind == STATUS:
        (site,) = await list_sites(homes.ports.directory, account.owner_id)
        target += f"?home_id={site.aliases['netatmo']}"
    answered = await homes.client(netatmo_dialect(), token="ada").get(target)
    assert answered.status == 200, answered.body
    return answered.json.get("body", {})


def differences(said: Any, told: Any, path: str = "") -> Iterator[str]:
    if isinstance(said, dict) and isinstance(told, dict):
        for name in dict.fromkeys([*said, *told]):
            at = f"{path}/{name}"
            if name not in told:
                yield f"{at}: said {said[name]!r}, told nothing"
            elif name not in said:
                yield f"{at}: told {told[name]!r}, said nothing"
            else:
                yield from differences(said[name], told[name], at)
    elif isinstance(said, list) and isinstance(told, list) and len(said) == len(told):
        for place, (left, right) in enumerate(zip(said, told, strict=True)):
            yield from differences(left, right, f"{path}[{place}]")
    elif not is_same(said, told):
        yield f"{path}: said {said!r}, told {told!r}"


def unexplained(said: Any, told: Any) -> list[str]:
    return [
        found for found in differences(said, told) if not any(re.match(known, found) for known in DIFFERENT)
    ]


def topologies(corpus: Path, status: Recognised) -> list[bytes]:
    """For a status that does not say which home it is of: the recorded homes that have its modules."""
    if "id" in status.body.get("home", {}):
        return []
    modules = {module["id"] for module in status.body["home"].get("modules", ())}
    return [
        file.read_bytes()
        for file, found in recordings(corpus)
        if found.kind == HOMES
        and any(modules & {m["id"] for m in home.get("modules", ())} for home in found.body["homes"])
    ]


async def test_every_recorded_answer_is_served_as_it_was_recorded(corpus: Path) -> None:
    found = {}
    for file, recorded in recordings(corpus):
        before = topologies(corpus, recorded) if recorded.kind == STATUS else []
        told = await served(recorded.kind, *before, file.read_bytes())
        if differing := unexplained(recorded.body, told):
            found[file.name] = differing[:8]

    assert found == {}


async def test_so_are_recordings_that_lack_some_of_their_members(corpus: Path) -> None:
    found = {}
    for file, recorded in recordings(corpus):
        for number in range(VARIANTS):
            body = variant(recorded.body, random.Random(f"{file.name} {number}"))
            if recorded.kind == STATUS and "id" not in body.get("home", {}):
                continue
            said = {"status": "ok", "time_server": 1_700_000_000 + number, "body": body}
            told = await served(recorded.kind, json.dumps(said).encode())
            if differing := unexplained(body, told):
                found[f"{file.name} {number}"] = differing[:8]

    assert found == {}


async def test_a_newer_recording_takes_the_place_of_an_older_one(corpus: Path) -> None:
    found = {}
    for file, recorded in recordings(corpus):
        if recorded.kind == STATUS and "id" not in recorded.body.get("home", {}):
            continue
        older = variant(recorded.body, random.Random(file.name), moves=False)
        pair = [
            json.dumps({"status": "ok", "time_server": at, "body": body}).encode()
            for at, body in ((1_790_000_000, recorded.body), (1_600_000_000, older))
        ]
        for order in (pair, pair[::-1]):
            if differing := unexplained(recorded.body, await served(recorded.kind, *order)):
                found[file.name] = differing[:8]

    assert found == {}
