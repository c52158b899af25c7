"""Damaged answers: whatever a field turns into, an import neither fails nor forgets what it took."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ownclimate.vendors.netatmo.recognise import COACHES, HOMES, STATIONS, STATUS, Recognised, recognise
from tests.contract.vendors.netatmo_world import World, payload
from tests.contract.vendors.test_netatmo_happenings import PUSH
from tests.contract.vendors.test_netatmo_import import assert_restated

MUTANTS = 5000 if os.environ.get("TEST_FULL") else 200

ODDITIES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    -(2**80),
    1e300,
    99999999999999,
    "",
    " ",
    "12 :34: 56:36:fd:3c",
    "70:ee:50:xx:xx:xx",
    "0009999992",
    "ac_home_id",
    "1795254900",
    "21.5",
    "\x00\x01",
    "ü" * 300,
    "Mars/Olympus",
    [],
    {},
    [None],
    [[]],
    {"": None},
    {"sec": 1650000000, "usec": 12},
    {"id": "x", "_id": "x", "type": 5},
    ["a", 1, {"b": []}],
)


def mutate(said: Any, chance: random.Random) -> Any:
    """A copy with one to six of its members dropped, replaced, doubled or wrapped."""
    mutant = copy.deepcopy(said)
    for _ in range(chance.randint(1, 6)):
        places = list(_places(mutant))
        if not places:
            return mutant
        holder, key = chance.choice(places)
        match chance.randrange(6):
            case 0:
                del holder[key]
            case 1:
                holder[key] = [holder[key]]
            case 2:
                holder[key] = {"value": holder[key]}
            case 3:
                other, name = chance.choice(places)
                holder[key] = copy.deepcopy(other[name]) if _has(other, name) else None
            case _:
                holder[key] = copy.deepcopy(chance.choice(ODDITIES))
    return mutant


def _has(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from _places(item)


async def import_mutants(originals: list[Any], seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(MUTANTS // 20):
        world = World()
        for _ in range(10):
            report = await world.take(json.dumps(mutate(chance.choice(originals), chance)).encode())
            assert report.lines()


async def test_damaged_answers_of_ours_never_fail() -> None:
    names = ("station", "coach", "homesdata", "homestatus", "gethomedata", "getevents")
    await import_mutants([*(payload(name) for name in names), PUSH], seed=11)


async def test_damaged_recordings_never_fail(corpus: Path) -> None:
    files = sorted((corpus / "netatmo").rglob("*.json"))
    originals = [json.loads(file.read_bytes()) for file in files if file.stat().st_size < 20_000]
    await import_mutants(originals, seed=12)


@pytest.mark.parametrize("seed", range(6 if not os.environ.get("TEST_FULL") else 200))
async def test_a_damaged_answer_imported_again_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)
    for name in ("station", "homesdata", "homestatus", "coach"):
        world = World()
        mutant = json.dumps(mutate(payload(name), chance)).encode()
        await world.take(mutant)
        before = await world.versions()

        report = await world.take(mutant)

        assert await world.versions() == before
        assert report.readings == 0


async def test_truncated_and_garbled_bytes_never_fail() -> None:
    chance = random.Random(3)
    whole = json.dumps(payload("station")).encode()
    world = World()
    for _ in range(MUTANTS // 4):
        cut = bytearray(whole[: chance.randrange(len(whole))])
        if cut:
            cut[chance.randrange(len(cut))] = chance.randrange(256)
        assert (await world.take(bytes(cut))).lines()


IDENTIFYING = frozenset({"id", "_id", "devices", "homes", "home", "modules", "rooms", "schedules", "errors"})
"""Members by which a thing is found: without them there is nothing that the rest could belong to."""
UNTOLD = (2**63, -(2**80))
"""Whole numbers beyond 64 bits are kept as text."""


def damaged(said: Any, chance: random.Random) -> Any:
    """A copy of an answer's body with one to four of its fields gone or something else."""
    body = copy.deepcopy(said)
    for _ in range(chance.randint(1, 4)):
        places = [place for place in _places(body) if _is_free(*place)]
        if places:
            holder, key = chance.choice(places)
            if chance.random() < 0.3:
                del holder[key]
            else:
                odd = [value for value in ODDITIES if not (isinstance(value, int) and value in UNTOLD)]
                holder[key] = copy.deepcopy(chance.choice(odd))
    return body


def _is_free(holder: Any, key: Any) -> bool:
    return isinstance(holder, dict) and key not in IDENTIFYING


async def assert_nothing_is_lost(originals: Iterable[tuple[str, Any]], seed: int) -> None:
    """Every field that was not damaged is told again, and so is every damaged one."""
    for name, original in originals:
        for number in range(MUTANTS // 50):
            said = damaged(original, random.Random(f"{name} {seed} {number}"))
            content = json.dumps({"status": "ok", "time_server": 1_795_255_150, "body": said}).encode()
            world = World()
            report = await world.take(content, method=name.partition("/")[0])
            assert report.is_taken, name
            try:
                await assert_restated(world, report.kind, said)
            except AssertionError as wrong:
                raise AssertionError(f"{name} {number}: {str(wrong)[:500]}") from None


async def test_a_damaged_field_takes_no_other_along() -> None:
    names = {"station": STATIONS, "homesdata": HOMES, "homestatus": STATUS, "coach": COACHES}
    await assert_nothing_is_lost(((kind, payload(name)["body"]) for name, kind in names.items()), seed=5)


async def test_nor_does_one_of_a_recording(corpus: Path) -> None:
    files = sorted((corpus / "netatmo").rglob("*.json"))
    found = [(file.name, recognise(file.read_bytes())) for file in files]
    own = [(f"{one.kind}/{name}", one.body) for name, one in found if one.kind in KINDS and _is_named(one)]
    await assert_nothing_is_lost(own, seed=6)


KINDS = (STATIONS, HOMES, STATUS, COACHES)


def _is_named(found: Recognised) -> bool:
    """A home without an id has rooms that nobody can find again."""
    return found.kind != STATUS or "id" in found.body.get("home", {})
