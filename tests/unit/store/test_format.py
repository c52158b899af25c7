"""The bytes that docs/store-format.md promises. A test here may only change together with the format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import lmdb
import pytest

from ownclimate.core.ports import Delete, Put, RawEntry
from ownclimate.store.lmdb import open_store
from tests.fakes import FakeClock, SeededEntropy

OWNER = b"\xc3\xb6"
"""The owner ö in UTF-8."""
PREFIX = OWNER + b"\0rooms\0"


@pytest.fixture
async def generation(tmp_path: Path) -> Path:
    """A closed store of two documents and one payload."""
    store = open_store(
        tmp_path, clock=FakeClock(), entropy=SeededEntropy(1), map_bytes=16 << 20, reserve_bytes=0
    )
    async with store:
        await store.directory.write(
            "ö",
            [
                Put(table="rooms", key="a", body={"n": -1, "x": 0.5}),
                Put(table="rooms", key="b", body={}),
                Put(table="gone", key="c", body={}),
            ],
            "v1",
        )
        await store.directory.write("ö", [Delete(table="gone", key="c")], "v2")
        await store.raw.keep(
            RawEntry(
                owner="ö",
                source="s",
                kind="frame",
                received_ms=258,
                payload=b"",
                digest=b"\x01\x02",
                devices=("d",),
                note="n",
            )
        )
    return tmp_path / "1"


def rows(folder: Path, database: str) -> dict[bytes, bytes]:
    """All rows, after checking and removing the checksums."""

    def unsealed() -> Iterator[tuple[bytes, bytes]]:
        with lmdb.open(str(folder), max_dbs=20, readonly=True) as env:
            handle = env.open_db(database.encode(), create=False)
            with env.begin(db=handle) as transaction:
                for key, stored in transaction.cursor():
                    value, checksum = stored[:-4], stored[-4:]
                    assert checksum == crc32(key + value).to_bytes(4, "little")
                    yield key, value

    return dict(unsealed())


def test_documents(generation: Path) -> None:
    assert rows(generation / "main", "documents") == {
        PREFIX + b"a": b"\x02v1" + b"\x82\xa1n\xff\xa1x\xcb\x3f\xe0\0\0\0\0\0\0",
        PREFIX + b"b": b"\x02v1" + b"\x80",
    }
    assert rows(generation / "main", "document_counts") == {PREFIX: b"\x02\0\0\0\0\0\0\0"}


def test_raw_entries(generation: Path) -> None:
    place = b"\0\0\0\0\0\0\x01\x02" + b"\0\0\0\0\0\0\0\x01"
    prefix = OWNER + b"\0s\0"
    header = b"\x95\xa5frame\xc4\x02\x01\x02\x91\xa1d\xa1n\x00"
    ((key, value),) = rows(generation / "raw", "raw_entries").items()

    assert key == prefix + place
    assert value.startswith(len(header).to_bytes(4, "little") + header + b"\x28\xb5\x2f\xfd")
    assert rows(generation / "raw", "raw_digests") == {prefix + b"\x01\x02": place}
    assert rows(generation / "raw", "raw_counts") == {
        prefix: b"\x01\0\0\0\0\0\0\0",
        b"\0sequence": b"\x01\0\0\0\0\0\0\0",
    }


@pytest.mark.parametrize("environment", ["main", "raw"])
def test_identity(generation: Path, environment: str) -> None:
    store_id = SeededEntropy(1)(12).hex()

    assert rows(generation / environment, "meta") == {
        b"identity": b"\x83\xa8store_id\xb8" + store_id.encode() + b"\xa6format\x01\xadoldest_reader\x01"
    }


def test_the_folder(generation: Path) -> None:
    assert (generation.parent / "current").read_bytes() == b"1\n"
    assert sorted(path.name for path in generation.iterdir()) == ["main", "raw"]
    assert (generation / "main" / "data.mdb").stat().st_mode & 0o777 == 0o600
