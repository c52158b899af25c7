"""Backups of a store in use, restoring them, rewriting a store: nothing is lost, nothing half done."""

from __future__ import annotations

import asyncio
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest

from ownclimate.core.errors import Conflict, InvalidInput, StoreUnavailable, Unsupported
from ownclimate.core.ports import Put, RawEntry
from ownclimate.store.lmdb import LMDBStore, folders, open_store
from ownclimate.store.lmdb.backup import backup, restore, rewrite
from ownclimate.store.lmdb.check import check, quick_check
from tests.fakes import FakeClock, SeededEntropy


def open_test_store(folder: Path) -> LMDBStore:
    return open_store(
        folder, clock=FakeClock(), entropy=SeededEntropy(3), map_bytes=64 << 20, reserve_bytes=0
    )


async def write(store: LMDBStore, number: int) -> None:
    body = {"number": number, "text": "x" * 300}
    await store.directory.write("o", [Put(table="t", key=f"{number:06}", body=body)], f"v{number}")


async def numbers(store: LMDBStore) -> list[int]:
    return [row.body["number"] for row in await store.directory.scan("o", "t")]


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A store of 200 documents and one payload."""
    async with open_test_store(tmp_path / "store") as store:
        await asyncio.gather(*(write(store, number) for number in range(200)))
        await store.raw.keep(
            RawEntry(owner="o", source="s", kind="k", received_ms=1, payload=b"payload", digest=b"d")
        )
    return tmp_path / "store"


async def require_whole(folder: Path, count: int = 200) -> None:
    async with open_test_store(folder) as store:
        assert await numbers(store) == list(range(count))
        assert [entry.payload for entry in await store.raw.scan("o")] == [b"payload"]
    assert check(folder).is_sound


async def test_what_is_restored_is_what_was_backed_up(folder: Path, tmp_path: Path) -> None:
    manifest = backup(folder, tmp_path / "b.zip", FakeClock())

    assert restore(tmp_path / "b.zip", tmp_path / "restored") == manifest
    assert "no keys" in manifest.keys
    await require_whole(tmp_path / "restored")


BACKUP = """
import sys
from pathlib import Path
from ownclimate.store.lmdb.backup import backup
from tests.fakes import FakeClock
backup(Path(sys.argv[1]), Path(sys.argv[2]), FakeClock())
"""


async def test_a_backup_beside_a_writing_server_is_one_moment_of_it(folder: Path, tmp_path: Path) -> None:
    async with open_test_store(folder) as store:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", BACKUP, str(folder), str(tmp_path / "b.zip"), cwd=Path(__file__).parents[2]
        )
        ended = asyncio.create_task(child.wait())
        count = 200
        while not ended.done():
            await write(store, count)
            count += 1
        assert await ended == 0
        assert await numbers(store) == list(range(count))

    restore(tmp_path / "b.zip", tmp_path / "restored")
    async with open_test_store(tmp_path / "restored") as store:
        kept = await numbers(store)
    assert 200 <= len(kept) < count
    assert kept == list(range(len(kept)))


async def test_a_restored_folder_must_be_empty(folder: Path, tmp_path: Path) -> None:
    backup(folder, tmp_path / "b.zip", FakeClock())

    with pytest.raises(Conflict, match="not empty"):
        restore(tmp_path / "b.zip", folder)
    with pytest.raises(Conflict, match="exists"):
        backup(folder, tmp_path / "b.zip", FakeClock())
    await require_whole(folder)


def test_a_damaged_backup_is_refused_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    backup(folder, file, FakeClock())
    content = file.read_bytes()
    places = range(0, len(content), max(1, len(content) // 60))
    damaged = [content[:place] for place in places]
    damaged += [content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :] for place in places]

    accepted = 0
    for number, mutant in enumerate(damaged):
        file.write_bytes(mutant)
        target = tmp_path / f"target {number}"
        try:
            restore(file, target)
            accepted += 1
        except (InvalidInput, Unsupported):
            assert list(target.iterdir()) == []
        else:
            # A flip in a field that nobody reads, such as a time of day, changes nothing restored.
            assert (target / "1/main/data.mdb").stat().st_size > 0
            assert check(target).is_sound

    assert accepted < len(damaged) // 10


def test_a_backup_of_a_newer_program_is_refused(folder: Path, tmp_path: Path) -> None:
    manifest = backup(folder, tmp_path / "b.zip", FakeClock())
    newer = msgspec.structs.replace(manifest, store_format=9, oldest_reader=9)
    with zipfile.ZipFile(tmp_path / "newer.zip", "w") as target:
        target.writestr("manifest.json", msgspec.json.encode(newer))

    with pytest.raises(Unsupported, match="upgrade"):
        restore(tmp_path / "newer.zip", tmp_path / "restored")


def test_a_backup_that_fails_leaves_no_file(folder: Path, tmp_path: Path) -> None:
    data = folder / "1" / "raw" / "data.mdb"
    data.write_bytes(data.read_bytes()[:-4096])

    with pytest.raises(Exception, match="truncated"):
        backup(folder, tmp_path / "b.zip", FakeClock())

    assert [tmp_path / "store"] == list(tmp_path.iterdir())


async def test_rewriting_switches_to_a_smaller_generation(folder: Path) -> None:
    async with open_test_store(folder) as store:
        with pytest.raises(StoreUnavailable):
            rewrite(folder)
        for number in range(200, 400):
            await write(store, number)

    before, after = rewrite(folder)

    assert after < before
    assert folders.current_generation(folder) == folder / "2"
    assert not (folder / "1").exists()
    await require_whole(folder, 400)


async def test_a_rewrite_that_died_leaves_the_old_generation_current(folder: Path) -> None:
    half = folder / "2" / "main"
    half.mkdir(parents=True)
    (half / "data.mdb").write_bytes(b"half a copy")

    await require_whole(folder)
    rewrite(folder)
    await require_whole(folder)


@pytest.mark.parametrize("look", [check, quick_check])
async def test_a_check_beside_a_writing_server_finds_nothing(folder: Path, look) -> None:
    async with open_test_store(folder) as store:
        report = asyncio.create_task(asyncio.to_thread(look, folder))
        number = 200
        while not report.done():
            await write(store, number % 400)
            number += 1

        assert (await report).is_sound


@pytest.mark.parametrize("look", [check, quick_check])
def test_a_check_names_what_is_wrong(folder: Path, look) -> None:
    data = folder / "1" / "main" / "data.mdb"
    content = data.read_bytes()
    data.write_bytes(content.replace(b"x" * 300, b"y" + b"x" * 299))
    assert any("checksum" in line for line in look(folder).damage)

    data.write_bytes(content[: len(content) // 2])
    assert any("truncated" in line for line in look(folder).damage)

    data.unlink()
    assert any("data.mdb" in line for line in look(folder).damage)


def test_a_folder_without_a_store_is_sound(tmp_path: Path) -> None:
    report = quick_check(tmp_path)

    assert report.is_sound
    assert "no store" in report.notes[0]


def test_a_checker_that_dies_is_reported_as_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child is made to die by an interpreter that kills itself; LMDB does it by an assertion."""
    killer = tmp_path / "python"
    killer.write_text('#!/bin/sh\necho \'{"stage":"reading the documents of main"}\'\nkill -BUS $$\n')
    killer.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(killer))

    (line,) = check(tmp_path).damage

    assert "SIGBUS" in line
    assert "reading the documents of main" in line
    assert "restore" in line
