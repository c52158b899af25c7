"""What stands between a data folder and an open store: length, format, identity, locks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import lmdb
import msgspec
import pytest

from ownclimate.core.errors import StoreCorrupt, StoreUnavailable, Unsupported
from ownclimate.store.lmdb import LMDBStore, folders, open_store
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.pages import check_length
from ownclimate.store.values import seal
from tests.fakes import FakeClock, SeededEntropy
from tests.unit.store.conftest import OpenEnvironment


def open_test_store(folder: Path, *, as_server: bool = False) -> LMDBStore:
    return open_store(
        folder,
        clock=FakeClock(),
        entropy=SeededEntropy(3),
        as_server=as_server,
        map_bytes=16 << 20,
        reserve_bytes=0,
    )


@pytest.fixture
def data_file(open_environment: OpenEnvironment) -> Path:
    """Of a closed environment with a few hundred rows."""
    environment = open_environment()
    rows = environment.database("rows")

    def apply(transaction: lmdb.Transaction) -> None:
        for number in range(300):
            transaction.put(b"%03d" % number, bytes(100), db=rows)

    environment.committer.submit_and_wait(apply, size_bytes=1)
    environment.close()
    return environment.folder / "data.mdb"


def test_a_sound_file_is_as_long_as_its_meta_page_counts(data_file: Path) -> None:
    meta = check_length(data_file)

    assert meta is not None
    assert meta.transaction == 2
    assert (meta.last_page + 1) * meta.page_bytes == data_file.stat().st_size
    assert check_length(data_file.with_name("absent")) is None


def test_a_file_cut_anywhere_is_refused_before_it_is_mapped(data_file: Path) -> None:
    content = data_file.read_bytes()
    for length in [*range(0, len(content), 1000), len(content) - 1]:
        data_file.write_bytes(content[:length])
        with pytest.raises(StoreCorrupt, match="truncated"):
            Environment.open(data_file.parent, databases=("rows",))


@pytest.mark.parametrize("offset", [16, 20, 10, 4096 + 16, 40], ids=str)
def test_a_damaged_meta_page_is_named(data_file: Path, offset: int) -> None:
    content = bytearray(data_file.read_bytes())
    content[offset] ^= 0xFF
    data_file.write_bytes(content)

    with pytest.raises(StoreCorrupt, match="meta page"):
        check_length(data_file)


def test_a_database_that_is_missing_later_is_lost_and_not_new(open_environment: OpenEnvironment) -> None:
    open_environment().close()

    with pytest.raises(StoreCorrupt, match="lost its database 'others'"):
        open_environment(databases=("rows", "others"))


async def test_a_store_keeps_its_identity(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        identity = store.identity
    async with open_test_store(tmp_path) as store:
        assert store.identity == identity


async def test_a_store_of_a_newer_program_is_refused_with_advice(tmp_path: Path) -> None:
    async with open_test_store(tmp_path):
        pass
    value = msgspec.msgpack.encode({"store_id": "x", "format": 9, "oldest_reader": 8, "from the future": 1})
    with lmdb.open(str(tmp_path / "1" / "main"), max_dbs=20) as env, env.begin(write=True) as transaction:
        meta = env.open_db(b"meta", txn=transaction)
        transaction.put(b"identity", seal(b"identity", value), db=meta)

    with pytest.raises(Unsupported, match=r"format 9 .* upgrade"):
        open_test_store(tmp_path)


async def test_environments_of_different_stores_are_not_mixed(tmp_path: Path) -> None:
    async with open_test_store(tmp_path / "a"):
        pass
    other = open_store(
        tmp_path / "b", clock=FakeClock(), entropy=SeededEntropy(4), map_bytes=16 << 20, reserve_bytes=0
    )
    await other.close()
    (tmp_path / "a" / "1" / "raw" / "data.mdb").write_bytes(
        (tmp_path / "b" / "1" / "raw" / "data.mdb").read_bytes()
    )

    with pytest.raises(StoreCorrupt, match="different stores"):
        open_test_store(tmp_path / "a")


@pytest.mark.parametrize("text", ["", "2", "../..", "1\n1", "one", "\u00b2"], ids=ascii)
async def test_a_generation_that_is_not_there_is_damage_and_not_a_new_store(
    tmp_path: Path, text: str
) -> None:
    async with open_test_store(tmp_path):
        pass
    (tmp_path / "current").write_text(text, "utf-8")

    with pytest.raises(StoreCorrupt, match="current"):
        open_test_store(tmp_path)


async def test_a_store_without_a_current_generation_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    async with open_test_store(tmp_path):
        pass
    (tmp_path / "current").unlink()

    with pytest.raises(StoreCorrupt, match="current is missing"):
        open_test_store(tmp_path)


HOLD = """
import sys
from pathlib import Path
from ownclimate.store.lmdb import folders
with folders.{lock}(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["serving", "in_use"])
def holder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Another process that holds one of the folder's locks."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(lock=request.param), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    yield request.param, child
    child.kill()
    child.wait()


async def test_a_folder_in_use_refuses_a_second_server_by_its_process_but_no_command(
    holder: tuple[str, subprocess.Popen[str]], tmp_path: Path
) -> None:
    lock, child = holder
    async with open_test_store(tmp_path):
        pass
    if lock == "serving":
        with pytest.raises(StoreUnavailable, match=f"process {child.pid}"):
            open_test_store(tmp_path, as_server=True)
    else:
        async with open_test_store(tmp_path, as_server=True):
            pass
    with pytest.raises(StoreUnavailable), folders.unused(tmp_path):
        pass

    child.kill()
    child.wait()
    async with open_test_store(tmp_path, as_server=True):
        pass
