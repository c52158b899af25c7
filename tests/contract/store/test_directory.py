"""The docstrings of `core.ports.Directory`, executed against every adapter."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from ownclimate.core.errors import Conflict, InvalidInput
from ownclimate.core.ports import (
    ABSENT,
    MAX_ADDRESS_BYTES,
    MAX_BODY_BYTES,
    MAX_CHANGES,
    Change,
    Check,
    Delete,
    Directory,
    Document,
    Put,
)
from tests.contract.store.conftest import ADAPTERS, found, open_directory

BODY = {"name": "Hall", "level": 2, "open": None, "parts": [1, 2.5, {"raw": b"\x00\xff"}]}


async def put(directory: Directory, key: str, body: dict[str, object], version: str = "v1") -> None:
    await directory.write("owner", [Put(table="rooms", key=key, body=body)], version)


async def test_a_document_comes_back_with_its_version(directory: Directory) -> None:
    await put(directory, "a", BODY)

    assert Document("a", "v1", BODY) == await directory.find("owner", "rooms", "a")


async def test_what_was_never_written_is_not_found(directory: Directory) -> None:
    await put(directory, "b", BODY)

    assert await directory.find("owner", "rooms", "a") is None
    assert await directory.find("owner", "rooms", "c") is None
    assert await directory.find("owner", "homes", "b") is None
    assert await directory.find("other", "rooms", "b") is None
    assert await directory.scan("other", "rooms") == []


async def test_changing_a_body_changes_nothing_stored(directory: Directory) -> None:
    body = {"parts": [1]}
    await put(directory, "a", body)
    body["parts"].append(2)
    first = await directory.find("owner", "rooms", "a")
    assert first is not None
    first.body["parts"].append(3)

    again = await directory.find("owner", "rooms", "a")

    assert again is not None
    assert again.body == {"parts": [1]}


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -(2**63), 2**63 - 1, 0.1, 1e300, "", "é\U0001f321", b"", b"\x00", [], {}, [[{"": []}]]],
    ids=repr,
)
async def test_every_kind_of_value_survives(directory: Directory, value: object) -> None:
    await put(directory, "a", {"value": value})

    document = await directory.find("owner", "rooms", "a")

    assert document is not None
    assert document.body == {"value": value}
    assert type(document.body["value"]) is type(value)


async def test_a_scan_is_in_code_point_order(directory: Directory) -> None:
    keys = ["b", "a", "ab", "é", "\U0001f321", "￿", "B", "~", "\x01"]
    for key in keys:
        await put(directory, key, {"key": key})

    assert sorted(keys) == [document.key for document in await directory.scan("owner", "rooms")]


@pytest.mark.parametrize(
    ("start", "end", "reverse", "limit", "expected"),
    [
        ("", None, False, None, "abcd"),
        ("b", None, False, None, "bcd"),
        ("", "c", False, None, "ab"),
        ("b", "d", False, None, "bc"),
        ("bb", "cc", False, None, "c"),
        ("b", "d", True, None, "cb"),
        ("", None, True, 2, "dc"),
        ("", None, False, 3, "abc"),
        ("c", "c", False, None, ""),
        ("d", "b", False, None, ""),
        ("e", None, True, None, ""),
        ("", "a", True, None, ""),
        ("", None, False, 0, ""),
        ("\0", "\0", False, None, ""),
        ("\0", "b\0", True, None, "ba"),
        ("\ud800", None, False, None, ""),
        ("b" * 600, None, False, None, "cd"),
        ("", "b" * 600, True, None, "ba"),
    ],
    ids=lambda value: "long" if isinstance(value, str) and len(value) > 9 else ascii(value),
)
async def test_a_scan_holds_start_and_not_end(
    directory: Directory, start: str, end: str | None, reverse: bool, limit: int | None, expected: str
) -> None:
    for table in ("room", "rooms", "roomsx"):
        for key in "abcd":
            await directory.write("owner", [Put(table=table, key=key, body={"at": table})], "v")

    documents = await directory.scan("owner", "rooms", start=start, end=end, reverse=reverse, limit=limit)

    assert expected == "".join(document.key for document in documents)
    assert all(document.body == {"at": "rooms"} for document in documents)


async def test_a_long_scan_is_complete(directory: Directory) -> None:
    changes = [Put(table="rooms", key=f"{n:04d}", body={"n": n}) for n in range(700)]
    await directory.write("owner", changes, "v")

    assert [(change.key, change.body) for change in changes] == found(await directory.scan("owner", "rooms"))
    assert [change.key for change in reversed(changes)][:300] == [
        document.key for document in await directory.scan("owner", "rooms", reverse=True, limit=300)
    ]


async def test_partitions_and_tables_that_begin_alike_stay_apart(directory: Directory) -> None:
    addresses = [("a", "b", "c"), ("a", "bc", "c"), ("ab", "c", "c"), ("a", "b", "cc"), ("ab", "b", "c")]
    for partition, table, key in addresses:
        await directory.write(partition, [Put(table=table, key=key, body={"in": table})], partition)

    for partition, table, _ in addresses:
        expected = sorted(key for p, t, key in addresses if (p, t) == (partition, table))
        assert expected == [document.key for document in await directory.scan(partition, table)]


async def test_removing_what_is_not_there_succeeds(directory: Directory) -> None:
    await directory.write("owner", [Delete(table="rooms", key="a")], "v1")

    assert await directory.find("owner", "rooms", "a") is None


async def test_a_deleted_document_is_gone(directory: Directory) -> None:
    await put(directory, "a", BODY)
    await directory.write("owner", [Delete(table="rooms", key="a", expect="v1")], "v2")

    assert await directory.find("owner", "rooms", "a") is None
    assert await directory.scan("owner", "rooms") == []


FAILING = {
    "put absent, there": Put(table="rooms", key="there", body={}, expect=ABSENT),
    "put version, other": Put(table="rooms", key="there", body={}, expect="v0"),
    "put version, nothing there": Put(table="rooms", key="absent", body={}, expect="v1"),
    "delete version, other": Delete(table="rooms", key="there", expect="v0"),
    "delete version, nothing there": Delete(table="rooms", key="absent", expect="v1"),
    "check absent, there": Check(table="rooms", key="there", expect=ABSENT),
    "check version, other": Check(table="rooms", key="there", expect="v0"),
    "check version, nothing there": Check(table="rooms", key="absent", expect="v1"),
}


@pytest.mark.parametrize("failing", FAILING.values(), ids=FAILING.keys())
async def test_one_failed_expectation_undoes_the_whole_write(directory: Directory, failing: Change) -> None:
    await directory.write(
        "owner", [Put(table="rooms", key=key, body={"was": key}) for key in ("there", "kept")], "v1"
    )

    with pytest.raises(Conflict):
        await directory.write(
            "owner",
            [Put(table="homes", key="new", body={}), Delete(table="rooms", key="kept"), failing],
            "v2",
        )

    assert found(await directory.scan("owner", "rooms")) == [
        ("kept", {"was": "kept"}),
        ("there", {"was": "there"}),
    ]
    assert await directory.scan("owner", "homes") == []


async def test_expectations_that_hold_let_the_write_through(directory: Directory) -> None:
    await put(directory, "a", {"n": 1}, "v1")
    await put(directory, "c", {"n": 1}, "v1")
    await directory.write(
        "owner",
        [
            Put(table="rooms", key="a", body={"n": 2}, expect="v1"),
            Put(table="rooms", key="b", body={"n": 2}, expect=ABSENT),
            Check(table="rooms", key="c", expect="v1"),
            Check(table="rooms", key="d", expect=ABSENT),
        ],
        "v2",
    )

    documents = await directory.scan("owner", "rooms")

    assert [(d.key, d.version) for d in documents] == [("a", "v2"), ("b", "v2"), ("c", "v1")]


async def test_of_many_that_expect_the_same_version_one_wins(directory: Directory) -> None:
    await put(directory, "a", {"winner": -1}, "v1")

    async def contend(number: int) -> bool:
        change = Put(table="rooms", key="a", body={"winner": number}, expect="v1")
        try:
            await directory.write("owner", [change], f"contender {number}")
        except Conflict:
            return False
        return True

    results = await asyncio.gather(*(contend(number) for number in range(20)))

    document = await directory.find("owner", "rooms", "a")
    assert document is not None
    assert sum(results) == 1
    assert results[document.body["winner"]]


BAD_BODIES = {
    "integer over 64 bits": {"n": 2**63},
    "integer under 64 bits": {"n": -(2**63) - 1},
    "key that is not text": {"map": {1: 2}},
    "tuple": {"t": (1, 2)},
    "set": {"s": {1}},
    "object": {"o": object()},
    "half of a surrogate pair": {"text": "\ud800"},
    "too large": {"text": "x" * MAX_BODY_BYTES},
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_a_body_that_cannot_be_kept_is_refused(directory: Directory, body: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        await put(directory, "a", body)

    assert await directory.find("owner", "rooms", "a") is None


BAD_ADDRESSES = {
    "NUL in the partition": ("o\0", "t", "k"),
    "NUL in the table": ("o", "t\0", "k"),
    "NUL in the key": ("o", "t", "k\0"),
    "empty partition": ("", "t", "k"),
    "empty table": ("o", "", "k"),
    "empty key": ("o", "t", ""),
    "half of a surrogate pair": ("o", "t", "\udfff"),
    "one byte too long": ("o", "t", "k" * (MAX_ADDRESS_BYTES - 1)),
    "too long in bytes only": ("o", "t", "é" * (MAX_ADDRESS_BYTES // 2)),
}


@pytest.mark.parametrize("address", BAD_ADDRESSES.values(), ids=BAD_ADDRESSES.keys())
async def test_an_address_that_cannot_be_kept_is_refused_and_holds_nothing(
    directory: Directory, address: tuple[str, str, str]
) -> None:
    partition, table, key = address
    with pytest.raises(InvalidInput):
        await directory.write(partition, [Put(table=table, key=key, body={})], "v")

    assert await directory.find(partition, table, key) is None
    assert await directory.scan(partition, table) == []


async def test_the_longest_address_and_the_most_changes_fit(directory: Directory) -> None:
    long_key = "k" * (MAX_ADDRESS_BYTES - 2)
    await directory.write("o", [Put(table="t", key=long_key, body={"n": 1})], "v")
    await directory.write("o", [Put(table="u", key=str(n), body={}) for n in range(MAX_CHANGES)], "v")

    assert [(long_key, {"n": 1})] == found(await directory.scan("o", "t"))
    assert len(await directory.scan("o", "u")) == MAX_CHANGES


@pytest.mark.parametrize(
    "changes",
    [
        [Put(table="t", key="k", body={}), Delete(table="t", key="k")],
        [Put(table="t", key=str(n), body={}) for n in range(MAX_CHANGES + 1)],
    ],
    ids=["the same document twice", "too many changes"],
)
async def test_a_malformed_write_is_refused(directory: Directory, changes: list[Change]) -> None:
    with pytest.raises(InvalidInput):
        await directory.write("o", changes, "v")

    assert await directory.scan("o", "t") == []


@pytest.mark.parametrize("version", ["", "v" * 65], ids=["empty", "too long"])
async def test_a_version_must_be_short_text(directory: Directory, version: str) -> None:
    with pytest.raises(InvalidInput):
        await directory.write("o", [Put(table="t", key="k", body={})], version)


PARTITIONS = st.sampled_from(["p", "pq"])
TABLES = st.sampled_from(["t", "tu", "u"])
KEYS = st.text(st.sampled_from("abé\U0001f321"), min_size=1, max_size=2)
BOUNDS = st.text(st.sampled_from("\0abcé\U0001f321\U0010ffff"), max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
BODIES = st.dictionaries(st.text(max_size=5), VALUES, max_size=3)


class DirectoryMachine(RuleBasedStateMachine):
    """Compares an adapter with a dict, write for write and scan for scan."""

    adapter: str
    versions = Bundle("versions")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.model: dict[tuple[str, str, str], tuple[str, dict[str, object]]] = {}
        self.writes = 0
        self.open()

    def open(self) -> None:
        self.opened = open_directory(self.adapter, Path(self.folder.name))
        self.directory = self.opened.__enter__()

    def teardown(self) -> None:
        self.opened.__exit__(None, None, None)
        self.runner.close()
        self.folder.cleanup()

    @initialize(target=versions)
    def begin(self) -> str:
        return ABSENT

    @rule(
        target=versions,
        partition=PARTITIONS,
        drafts=st.lists(
            st.tuples(
                st.sampled_from([Put, Put, Delete, Check]),
                TABLES,
                KEYS,
                BODIES,
                st.none() | st.booleans() | versions,
            ),
            min_size=1,
            max_size=4,
            unique_by=lambda draft: draft[1:3],
        ),
    )
    def write(self, partition: str, drafts: list[tuple[type, str, str, dict[str, object], object]]) -> str:
        self.writes += 1
        version = f"version {self.writes}"
        changes: list[Change] = []
        holds = True
        for kind, table, key, body, wish in drafts:
            there = self.model.get((partition, table, key))
            # True wishes for what is there, so that expectations often hold.
            expect = (there[0] if there else ABSENT) if wish is True or wish is False else wish
            if kind is Check:
                expect = ABSENT if expect is None else expect
                changes.append(Check(table=table, key=key, expect=str(expect)))
            elif kind is Delete:
                expect = None if expect == ABSENT else expect
                changes.append(Delete(table=table, key=key, expect=expect))
            else:
                changes.append(Put(table=table, key=key, body=body, expect=expect))
            if expect is not None:
                holds = holds and expect == (there[0] if there else ABSENT)
        try:
            self.runner.run(self.directory.write(partition, changes, version))
            assert holds
        except Conflict:
            assert not holds
            return version
        for change in changes:
            if isinstance(change, Put):
                self.model[partition, change.table, change.key] = (version, change.body)
            elif isinstance(change, Delete):
                self.model.pop((partition, change.table, change.key), None)
        return version

    @rule(partition=PARTITIONS, table=TABLES, key=KEYS)
    def find(self, partition: str, table: str, key: str) -> None:
        there = self.model.get((partition, table, key))
        expected = None if there is None else Document(key, *there)

        assert expected == self.runner.run(self.directory.find(partition, table, key))

    @rule(
        partition=PARTITIONS,
        table=TABLES,
        start=BOUNDS,
        end=st.none() | BOUNDS,
        reverse=st.booleans(),
        limit=st.none() | st.integers(0, 5),
    )
    def scan(
        self, partition: str, table: str, start: str, end: str | None, reverse: bool, limit: int | None
    ) -> None:
        expected = self.rows(partition, table)
        expected = [row for row in expected if start <= row.key and (end is None or row.key < end)]
        if reverse:
            expected.reverse()

        assert expected[:limit] == self.runner.run(
            self.directory.scan(partition, table, start=start, end=end, reverse=reverse, limit=limit)
        )

    @rule()
    def reopen(self) -> None:
        if self.adapter == "lmdb":
            self.opened.__exit__(None, None, None)
            self.open()

    @invariant()
    def every_table_is_whole(self) -> None:
        for partition, table in {address[:2] for address in self.model}:
            assert self.rows(partition, table) == self.runner.run(self.directory.scan(partition, table))

    def rows(self, partition: str, table: str) -> list[Document]:
        return [
            Document(key, *there)
            for (p, t, key), there in sorted(self.model.items())
            if (p, t) == (partition, table)
        ]


async def test_a_scan_sees_one_moment_while_rows_move(directory: Directory) -> None:
    await directory.write("o", [Put(table="t", key=f"{n:03}", body={}) for n in range(0, 300, 2)], "v")
    await directory.write("o", [Put(table="t", key="001", body={"token": True})], "v")
    is_moving = True

    async def move() -> None:
        nonlocal is_moving
        for place in range(1, 299, 2):
            leave = Delete(table="t", key=f"{place:03}")
            arrive = Put(table="t", key=f"{place + 2:03}", body={"token": True})
            await directory.write("o", [leave, arrive], f"v{place}")
        is_moving = False

    async def watch() -> int:
        scans = 0
        while is_moving or not scans:
            rows = await directory.scan("o", "t", reverse=scans % 2 == 1)
            assert sum(row.body.get("token", False) for row in rows) == 1
            assert len(rows) == 151
            scans += 1
            await asyncio.sleep(0)
        return scans

    _, scans = await asyncio.gather(move(), watch())

    assert scans > 0


FULL = os.environ.get("TEST_FULL") == "1"


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_any_sequence_of_calls_agrees_with_a_dict(adapter: str) -> None:
    machine = type(f"{adapter}_machine", (DirectoryMachine,), {"adapter": adapter})
    case = machine.TestCase()
    case.settings = settings(
        max_examples=500 if FULL else 25,
        stateful_step_count=60 if FULL else 25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    case.runTest()
