"""Two processes write to one store and are killed again and again, one while the other goes on.

Every acknowledged write is there, whole and once; the survivor is not held up by the lock that the
dead one held; the store opens at once.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from ownclimate.store.lmdb.directory import LMDBDirectory
from tests.fakes.processes import PROCESSES
from tests.integration import writer_child
from tests.integration.writer_child import TASKS, open_environment

ROUNDS = 500 if os.environ.get("TEST_FULL") else 20
NAMES = ("a", "b")


class Writer:
    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.log = folder.with_name(f"{name}.log")
        self.log.write_bytes(b"")
        self.child = PROCESSES.Process(target=writer_child.run, args=(folder, name, self.log), daemon=True)
        self.child.start()

    def wait_for_acknowledgements(self) -> None:
        """At least one since the call."""
        length = self.log.stat().st_size
        deadline_s = time.monotonic() + 20
        while self.log.stat().st_size == length:
            assert self.child.is_alive(), "the writer ended by itself; see its output"
            assert time.monotonic() < deadline_s, f"writer {self.name} is held up"
            time.sleep(0.005)

    def kill(self) -> dict[str, int]:
        """The last acknowledged number of each task, from whole lines only."""
        self.child.kill()
        self.child.join()
        last: dict[str, int] = {}
        for line in self.log.read_text().split("\n")[:-1]:
            partition, _, number = line.rpartition(" ")
            last[partition] = int(number)
        return last


async def require_whole(folder: Path, acknowledged: dict[str, int]) -> None:
    environment = open_environment(folder, read_only=True)
    directory = LMDBDirectory(environment)
    for partition in [f"{name} {task}" for name in NAMES for task in range(TASKS)]:
        # One writer may be going on; what its counter says now is all there afterwards.
        counter = await directory.find(partition, "counter", "last")
        count = counter.body["number"] if counter else 0
        left = await directory.scan(partition, "left")
        right = await directory.scan(partition, "right")
        assert count >= acknowledged.get(partition, 0)
        assert [(row.body["number"], row.version) for row in left] == [
            (number, f"v{number}") for number in range(1, len(left) + 1)
        ]
        assert count <= len(left) <= len(right)
        assert left == right[: len(left)]
    environment.close()


async def test_no_acknowledged_write_is_lost_by_killing(tmp_path: Path) -> None:
    folder = tmp_path / "main"
    chance = random.Random(11)
    acknowledged: dict[str, int] = {}
    writers = {name: Writer(folder, name) for name in NAMES}
    for writer in writers.values():
        writer.wait_for_acknowledgements()

    for number in range(ROUNDS):
        name = NAMES[number % 2]
        writers[name].wait_for_acknowledgements()
        time.sleep(chance.random() * 0.05)
        acknowledged |= writers[name].kill()
        writers[name] = Writer(folder, name)
        writers[NAMES[1 - number % 2]].wait_for_acknowledgements()
        if number % (ROUNDS // 4) == 0:
            await require_whole(folder, acknowledged)

    for writer in writers.values():
        acknowledged |= writer.kill()
    await require_whole(folder, acknowledged)
    assert min(acknowledged.values()) > 0
