"""The real command: `serve` as a process of its own on a free port, the others inside this process.

A server is a process like any other, but its code is loaded already: it is forked from one that has loaded
the command and has opened nothing, which saves the 1.4 s that a new interpreter loads for.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ownclimate import cli
from tests.fakes import server_child
from tests.fakes.processes import PROCESSES

COMMAND = [sys.executable, "-m", "ownclimate.cli"]
START_S = 60
ADDRESS = re.compile(r'"address": "(http://[^"]+)"')


def environment(**more: str) -> dict[str, str]:
    """The process environment without settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OWNCLIMATE_")}
    return kept | {"OWNCLIMATE_LOG_FORMAT": "json"} | more


def run(data: Path, *arguments: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end; all but `serve` without the second that a new interpreter takes."""
    command = ["--data", str(data), *arguments]
    done = _run_apart(command, stdin) if arguments[0] == "serve" else _run_here(command, stdin)
    if check and done.returncode != 0:
        raise AssertionError(f"{arguments} exited with {done.returncode}: {done.stderr}")
    return done


def _run_apart(command: list[str], stdin: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *command],
        input=stdin,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=120,
        check=False,
    )


def _run_here(command: list[str], stdin: str) -> subprocess.CompletedProcess[str]:
    """What `main` would do, with streams of its own. An exception that it lets through fails the test."""
    out, err = io.StringIO(), io.StringIO()
    streams = sys.stdin
    settings = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("OWNCLIMATE_")}
    sys.stdin = io.StringIO(stdin)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.run(command)
    finally:
        sys.stdin = streams
        os.environ.update(settings)
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


def run_json(data: Path, *arguments: str, stdin: str = "") -> Any:
    return json.loads(run(data, *arguments, "--json", stdin=stdin).stdout)


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Process:
    """A command under way in a process of its own, to be handled like a `subprocess.Popen`."""

    def __init__(self, arguments: list[str], log_file: Path, settings: dict[str, str]) -> None:
        self._child = PROCESSES.Process(
            target=server_child.main, args=(arguments, log_file, settings), daemon=True
        )
        self._child.start()
        assert self._child.pid is not None
        self.pid = self._child.pid

    @property
    def returncode(self) -> int | None:
        return self._child.exitcode

    def poll(self) -> int | None:
        return self._child.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._child.join(timeout)
        code = self._child.exitcode
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired([*COMMAND, "serve"], timeout)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _new_interpreter(
    arguments: list[str], log_file: Path, settings: dict[str, str]
) -> subprocess.Popen[bytes]:
    with log_file.open("wb") as log:
        return subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=settings,
        )


@cache
def _demo() -> Path:
    """A demo's folder after its first start, whose year takes seconds to make: once for each process."""
    folder = Path(tempfile.mkdtemp(prefix="ownclimate-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    data = folder / "data"
    data.mkdir()  # A folder that is there is not copied to.
    Server.start(data, "--demo", OWNCLIMATE_DEMO_BROKER="off").stop()
    return data


@dataclass
class Server:
    """A running `ownclimate serve`. What it wrote is in `log_file`."""

    data: Path
    process: Process | subprocess.Popen[bytes]
    url: str
    log_file: Path

    @classmethod
    def start(cls, data: Path, *arguments: str, is_loaded: bool = True, **settings: str) -> Server:
        """`is_loaded` False: by a new interpreter, as people start it.

        A demo that is loaded goes on from one that was made before.
        """
        if "--demo" in arguments and is_loaded and not data.exists():
            shutil.copytree(_demo(), data)
        data.mkdir(parents=True, exist_ok=True)
        log_file = data.parent / f"{data.name}.log"
        log_file.write_bytes(b"")
        command = ["--data", str(data), "serve", "--port", "0", *arguments]
        start = Process if is_loaded else _new_interpreter
        process = start(command, log_file, environment(**settings))
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            found = ADDRESS.search(log_file.read_text())
            if found:
                return cls(data, process, found[1], log_file)
            if process.poll() is not None:
                break
            time.sleep(0.02)
        process.kill()
        process.wait()
        raise AssertionError(f"the server did not start: {log_file.read_text()}")

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request; `body` is sent as JSON unless it is bytes already."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        if data is not None:
            request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, answer.read(), dict(answer.headers))
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read(), dict(error.headers))

    def stop(self) -> str:
        """Asks the server to stop and waits; returns what it wrote."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        return self.log_file.read_text()

    def start_again(self, *arguments: str) -> None:
        """After a stop, at the same address, for the tests that come after the one that stopped it."""
        port = self.url.rpartition(":")[2]
        self.process = Server.start(self.data, *arguments, "--port", port).process

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=30)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        written = self.stop()
        if kind is not None:
            sys.stderr.write(written[-4000:])
