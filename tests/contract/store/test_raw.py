"""The docstrings of `core.ports.RawArchive`, executed against every adapter."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ownclimate.core.errors import InvalidInput
from ownclimate.core.ports import RawArchive, RawEntry
from ownclimate.store.memory import MemoryRawArchive
from tests.contract.store.conftest import open_raw_archive

FULL = os.environ.get("TEST_FULL") == "1"


def entry(payload: bytes, *, at: int = 1000, owner: str = "o", source: str = "s", **more: object) -> RawEntry:
    return RawEntry(
        owner=owner,
        source=source,
        kind="frame",
        received_ms=at,
        payload=payload,
        digest=hashlib.blake2b(payload, digest_size=16).digest(),
        **more,  # type: ignore[arg-type]  Only `devices` and `note` are left to give.
    )


@pytest.mark.parametrize("payload", [b"", b"\x00\xff", b"{}" * 50_000], ids=["empty", "binary", "large"])
async def test_a_payload_comes_back_as_it_came(raw: RawArchive, payload: bytes) -> None:
    kept = entry(payload, devices=("d1", "d2"), note="odd")

    assert await raw.keep(kept) == 1000
    assert [kept] == await raw.scan("o")
    assert [kept] == await raw.scan("o", "s")


async def test_a_repeated_digest_keeps_its_first_arrival_and_note(raw: RawArchive) -> None:
    first = entry(b"x", at=1000, note="first")
    await raw.keep(first)

    assert await raw.keep(entry(b"x", at=2000, note="second")) == 1000
    assert [first] == await raw.scan("o")


async def test_sources_and_owners_do_not_share_digests(raw: RawArchive) -> None:
    assert await raw.keep(entry(b"x", at=1, source="s1")) == 1
    assert await raw.keep(entry(b"x", at=2, source="s2")) == 2
    assert await raw.keep(entry(b"x", at=3, owner="o2", source="s1")) == 3

    assert [kept.received_ms for kept in await raw.scan("o")] == [1, 2]
    assert [kept.received_ms for kept in await raw.scan("o2")] == [3]
    assert await raw.scan("o", "s") == []


async def test_entries_are_scanned_in_order_of_arrival_over_all_sources(raw: RawArchive) -> None:
    for number, at in enumerate([50, 10, 30, 10, 40, 300]):
        await raw.keep(entry(b"%d" % number, at=at, source=f"s{number % 2}"))

    assert [kept.payload for kept in await raw.scan("o")] == [b"1", b"3", b"2", b"4", b"0", b"5"]
    assert [kept.payload for kept in await raw.scan("o", start_ms=30, limit=3)] == [b"2", b"4", b"0"]
    assert [kept.payload for kept in await raw.scan("o", "s1")] == [b"1", b"3", b"5"]
    assert await raw.scan("o", start_ms=301) == []


async def test_a_source_or_a_device_is_deleted_alone(raw: RawArchive) -> None:
    await raw.keep(entry(b"1", source="s1", devices=("d1",)))
    await raw.keep(entry(b"2", source="s1", devices=("d1", "d2")))
    await raw.keep(entry(b"3", source="s2", devices=("d2",)))
    await raw.keep(entry(b"4", source="s1", owner="o2", devices=("d1",)))

    assert await raw.delete("o", source="s2", device="d2") == 1
    assert await raw.delete("o", device="d1") == 2
    assert await raw.delete("o") == 0

    assert await raw.scan("o") == []
    assert [kept.payload for kept in await raw.scan("o2")] == [b"4"]


async def test_a_deleted_payload_may_come_again(raw: RawArchive) -> None:
    await raw.keep(entry(b"x", at=1))
    await raw.delete("o")

    assert await raw.keep(entry(b"x", at=2)) == 2


async def test_old_entries_expire_whoever_owns_them(raw: RawArchive) -> None:
    for number in range(1200):
        await raw.keep(entry(b"%d" % number, at=number, owner=f"o{number % 3}", source=f"s{number % 2}"))

    assert await raw.expire(1100) == 1100
    assert await raw.expire(1100) == 0

    left = [kept.received_ms for owner in ("o0", "o1", "o2") for kept in await raw.scan(owner)]
    assert list(range(1100, 1200)) == sorted(left)


async def test_size_grows_with_what_is_kept(raw: RawArchive) -> None:
    empty = await raw.size_bytes()
    for number in range(50):
        await raw.keep(entry(hashlib.sha512(b"%d" % number).digest() * 40, at=number))
    full = await raw.size_bytes()
    await raw.delete("o")

    assert empty < full > await raw.size_bytes()


@pytest.mark.parametrize(
    "bad",
    [entry(b"x", owner=""), entry(b"x", owner="o\0"), entry(b"x", source="s" * 300), entry(b"x", at=-1)],
    ids=["no owner", "NUL", "long source", "before 1970"],
)
async def test_an_entry_that_cannot_be_kept_is_refused(raw: RawArchive, bad: RawEntry) -> None:
    with pytest.raises(InvalidInput):
        await raw.keep(bad)

    assert await raw.scan(bad.owner) == []


DRAFTS = st.tuples(
    st.sampled_from(["o", "op"]),
    st.sampled_from(["s", "st", "t"]),
    st.integers(0, 5),
    st.integers(0, 20),
    st.sets(st.sampled_from(["d1", "d2"])),
)
CALLS = st.lists(
    st.tuples(st.just("keep"), DRAFTS)
    | st.tuples(st.just("delete"), DRAFTS)
    | st.tuples(st.just("expire"), st.integers(0, 10))
    | st.tuples(st.just("scan"), DRAFTS),
    max_size=30,
)


async def answers(raw: RawArchive, calls: list[tuple[str, object]]) -> list[object]:
    """What an archive says to the calls, and what it holds in the end."""
    said: list[object] = []
    for verb, details in calls:
        if verb == "expire":
            said.append(await raw.expire(details))
            continue
        owner, source, content, at, devices = details
        if verb == "keep":
            payload = b"%d" % content
            kept = entry(payload, at=at, owner=owner, source=source, devices=tuple(sorted(devices)))
            said.append(await raw.keep(kept))
        elif verb == "delete":
            some = source if content % 2 else None
            said.append(await raw.delete(owner, source=some, device=min(devices, default=None)))
        else:
            some = source if content % 2 else None
            said.append(await raw.scan(owner, some, start_ms=at, limit=content))
    return [*said, await raw.scan("o"), await raw.scan("op")]


@settings(max_examples=1000 if FULL else 40, deadline=None)
@given(calls=CALLS)
def test_any_sequence_of_calls_agrees_with_the_reference(calls: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder, open_raw_archive(Path(folder)) as raw:
        assert asyncio.run(answers(raw, calls)) == asyncio.run(answers(MemoryRawArchive(), calls))
