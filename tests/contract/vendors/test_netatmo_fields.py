"""Every field of every recorded answer is mapped or listed as kept raw, and neither is a lie.

A field that is not listed is changed, one at a time, and the answer imported into a fresh household: what the
core holds must then be another, or the field be listed now (an event names its camera twice: when the second
name differs from the first, it is kept as it came). What only repeats the source's words is no difference.
"""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ownclimate.core import events
from ownclimate.core.months import partitions_of
from ownclimate.core.partitions import owner_partition
from ownclimate.core.readings import Interval
from ownclimate.vendors.netatmo.accounting import shown
from ownclimate.vendors.netatmo.recognise import EVENTS_LIST, SECRETS, STATUS, recognise
from tests.contract.vendors.netatmo_world import OWNER, World, payload
from tests.contract.vendors.test_netatmo_import_fuzz import damaged

FULL = bool(os.environ.get("TEST_FULL"))
CHANGED = 10_000 if FULL else 5
"""Fields that are changed of each recording."""
OWN = ("station", "coach", "homesdata", "homestatus", "gethomedata", "getevents", "wiring_homesdata")
RAW = frozenset({"kept", "said"})
"""Of a stored thing, what its source said as it came."""
MEASURES = {
    "weatherstation_measure.json": {"types": ["temperature"], "scale": "max", "device": "70:ee:50:0c:00:01"},
    "getmeasure_energy": {
        "types": [f"sum_energy_buy_from_grid{end}" for end in ("", "$0", "$1", "$2")],
        "scale": "30min",
        "device": "70:ee:50:0c:00:02",
        "module": "00:04:74:00:00:0c:00:03",
    },
}
"""What recorded bodies without a request answered."""

Place = tuple[Any, Any]
"""An object or list and the name or number of a value in it."""


def leaves(value: Any, path: str = "", at: Place | None = None) -> Iterator[tuple[str, Place]]:
    """The fields of a JSON value in the words of a report: an empty object or list is one too."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            if not (name in SECRETS and isinstance(item, str)):
                yield from leaves(item, f"{path}.{shown(name)}".lstrip("."), (value, name))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from leaves(item, f"{path}[]", (value, number))
    elif at is not None:
        yield path, at


def other(value: Any) -> Any:
    """Another value, of the same sort where that has one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return 0 if abs(value) > 2**53 else value - 1 if value > 5 else value + 1
    if isinstance(value, str):
        return value[:-1] + ("a" if value[-1:] != "a" else "b")
    return 7 if value is None else None


async def state_of(world: World) -> Any:
    """Everything that the core holds for the owner, but for what merely repeats a source."""
    found: dict[str, Any] = {}
    for table in ("site", "room", "device", "schedule", "source"):
        for document in await world.directory.scan(owner_partition(OWNER), table):
            found[f"{table} {document.key}"] = _without_raw(document.body)
    for partition in await partitions_of(world.directory, OWNER, events.KIND):
        for document in await world.directory.scan(partition, events.TABLE):
            found[f"event {document.key}"] = _without_raw(document.body)
    for device in await world.devices():
        series = await world.ports.series.read(device.number, Interval())
        found[f"series {device.number}"] = [
            series.times_ms.tolist(),
            {name: column.tolist() for name, column in sorted(series.columns.items())},
        ]
    return json.dumps(found, sort_keys=True)


def _without_raw(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_raw(item) for name, item in value.items() if name not in RAW}
    return [_without_raw(item) for item in value] if isinstance(value, (list, tuple)) else value


async def outcome(said: Any, before: list[bytes], **request: Any) -> tuple[tuple[str, ...], Any]:
    """The fields that were kept raw, and the state after the import."""
    world = World()
    for one in before:
        await world.take(one)
    report = await world.take(said, **request)
    return report.kept_fields, await state_of(world)


async def lies(
    said: Any, chance: random.Random, before: list[bytes], count: int = CHANGED, **request: Any
) -> list[str]:
    """What is wrong with the account of an answer's fields."""
    kept, state = await outcome(said, before, **request)
    all_paths = {path for path, _ in leaves(said)}
    wrong = [f"{path} is listed and not there" for path in kept if path not in all_paths]
    mapped = [path for path, _ in leaves(said) if path not in kept]
    for number in sorted(chance.sample(range(len(mapped)), min(count, len(mapped)))):
        changed = copy.deepcopy(said)
        path, (holder, name) = [leaf for leaf in leaves(changed) if leaf[0] not in kept][number]
        holder[name] = other(holder[name])
        kept_now, state_now = await outcome(changed, before, **request)
        if state_now == state and path not in kept_now:
            wrong.append(f"{path} is not listed and changes nothing")
    return wrong


def recordings(corpus: Path) -> Iterator[tuple[Path, Any]]:
    for file in sorted((corpus / "netatmo").rglob("*.json")):
        yield file, json.loads(file.read_bytes())


def needed_before(corpus: Path, said: Any) -> list[bytes]:
    """For answers that do not say which home they are about: the homes that were recorded, as if long ago."""
    found = recognise(json.dumps(said).encode())
    is_nameless = found.kind == STATUS and "id" not in found.body.get("home", {})
    if not is_nameless and found.kind != EVENTS_LIST:
        return []
    kinds = ("homesdata",) if is_nameless else ("gethomedata",)
    answers = [said | {"time_server": 1_000_000_000} for _, said in recordings(corpus) if "body" in said]
    contents = [json.dumps(answer).encode() for answer in answers]
    return [content for content in contents if recognise(content).kind in kinds]


async def test_two_imports_of_one_answer_leave_the_same_behind() -> None:
    """Else every field would seem to change something."""
    assert await outcome(payload("homesdata"), []) == await outcome(payload("homesdata"), [])


@pytest.mark.parametrize("name", OWN)
async def test_every_field_of_an_answer_of_ours_is_mapped_or_listed(name: str) -> None:
    assert await lies(payload(name), random.Random(name), []) == []


async def test_every_recorded_field_is_mapped_or_listed(corpus: Path) -> None:
    found = {}
    for file, said in recordings(corpus):
        request = next((asked for name, asked in MEASURES.items() if file.name.startswith(name)), {})
        before = needed_before(corpus, said)
        if wrong := await lies(said, random.Random(file.name), before, **request):
            found[file.name] = wrong

    assert found == {}


@pytest.mark.parametrize("seed", range(60 if FULL else 3))
async def test_so_is_every_field_of_a_damaged_answer(seed: int) -> None:
    found = {}
    for name in OWN:
        chance = random.Random(f"{name} {seed}")
        said = payload(name)
        if wrong := await lies(said | {"body": damaged(said["body"], chance)}, chance, [], 3):
            found[name] = wrong

    assert found == {}


async def test_what_is_listed_tells_no_values(corpus: Path) -> None:
    for _, said in recordings(corpus):
        kept = (await World().take(said)).kept_fields

        assert list(kept) == sorted(set(kept))
        assert not any(character in path for path in kept for character in " @/\"'%\n")
        assert not any(len(part) >= 12 and part.isdecimal() for path in kept for part in path.split("."))
