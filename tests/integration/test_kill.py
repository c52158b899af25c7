"""What was acknowledged survives `kill -9` at any moment, and the store opens at once.

A client posts readings over HTTP while the server is killed at random moments, with tiny blocks so
that sealing and merging are always under way. After each kill the server starts on the same folder
and every acknowledged row must be there, once.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.fakes.server import Server, run, run_json

ROUNDS = 500 if os.environ.get("TEST_FULL") else 20
START_MS = 1_767_225_600_000
SMALL_BLOCKS = {"OWNCLIMATE_STORE_HEAD_ROWS": "8", "OWNCLIMATE_STORE_BLOCK_ROWS": "64"}
DEVICES = 3
CHECKED_EVERY = 4
"""Rounds: looking for damage is a third of a start. The last check reads every byte."""


class Poster:
    """Posts calls of differing sizes for a few devices and remembers what was acknowledged."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.random = random.Random(7)
        self.next = 0
        self.acknowledged: dict[tuple[str, int], float] = {}
        self.sent: dict[tuple[str, int], float] = {}

    def post_until_refused(self, url: str) -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            while True:
                rows = [self._row() for _ in range(self.random.choice((1, 1, 2, 5, 30)))]
                for device, at, value in rows:
                    self.sent[device, at] = value
                body = {"readings": [{"device": d, "at": a, "temperature_c": v} for d, a, v in rows]}
                connection.request("POST", "/hooks/readings", json.dumps(body), headers)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200, answer.status
                for device, at, value in rows:
                    self.acknowledged[device, at] = value
        except (OSError, http.client.HTTPException):
            return

    def _row(self) -> tuple[str, int, float]:
        self.next += 1
        late = self.random.randrange(40) * 1000 if self.random.random() < 0.2 else 0
        at = START_MS + self.next * 60_000 - late
        return f"sensor-{self.next % DEVICES}", at, self.next % 500 / 10


def test_every_acknowledged_row_survives_kill_9(tmp_path: Path) -> None:
    data = tmp_path / "data"
    run(data, "user", "add", "a@example.org", stdin="correct horse battery\n")
    key = run_json(data, "hook", "add", "--owner", "a@example.org")["key"]
    for number in range(DEVICES):
        run(data, "device", "add", "--owner", "a@example.org", "--model", "x", "--id", f"sensor-{number}")
    moments = random.Random(11)
    poster = Poster(key)

    for number in range(ROUNDS):
        is_checked = str(number % CHECKED_EVERY == 0)
        server = Server.start(data, **SMALL_BLOCKS, OWNCLIMATE_STORE_CHECK=is_checked)
        thread = threading.Thread(target=poster.post_until_refused, args=(server.url,))
        thread.start()
        time.sleep(moments.uniform(0.02, 0.4))
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        thread.join()

    found: dict[tuple[str, int], float] = {}
    for number in range(DEVICES):
        device = f"sensor-{number}"
        text = run(data, "readings", device, "--format", "csv").stdout.splitlines()
        for line in text[1:]:
            _, at, value = line.split(",")
            instant = _epoch_ms(at)
            assert (device, instant) not in found, "a row came back twice"
            found[device, instant] = float(value)
    missing = [row for row in poster.acknowledged if found.get(row) != poster.acknowledged[row]]
    assert len(poster.acknowledged) > ROUNDS
    assert missing == []
    assert found.keys() <= poster.sent.keys()
    assert run(data, "store", "check").returncode == 0


def _epoch_ms(text: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1000)
