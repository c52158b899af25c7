"""A real Mosquitto on a free loopback port, with one user, that tests can stop, kill and start again."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

USER, PASSWORD = "gate", "a broker's password"
START_S = 20
PLACES = "/usr/sbin:/usr/local/sbin"


def find_mosquitto() -> str:
    """Its path; skipped by name where the machine lacks it, which CI forbids."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{PLACES}")
    if found is None:
        message = "Mosquitto absent: apt-get install mosquitto"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Mosquitto:
    """`url`, `user` and `password` let a client in. Sessions survive `restart`, not `kill`."""

    folder: Path
    port: int = field(default_factory=free_port)
    user: str = USER
    password: str = PASSWORD
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self, *settings: str) -> Mosquitto:
        """`settings` are further lines of its configuration file."""
        program = find_mosquitto()
        self.folder.mkdir(parents=True, exist_ok=True)
        passwords = self.folder / "passwords"
        if not passwords.exists():
            passwords.write_text(f"{self.user}:{self.password}\n")
            passwords.chmod(0o700)
            subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True, capture_output=True)
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous false",
            f"password_file {passwords}",
            # Started by root it would become somebody who may not read the test's folder.
            f"user {getpass.getuser()}",
            "persistence true",
            f"persistence_location {self.folder}/",
            "set_tcp_nodelay true",
            *settings,
        ]
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text("\n".join(lines) + "\n")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, "-c", str(configuration)], stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return self
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise AssertionError(f"Mosquitto did not start: {(self.folder / 'log').read_text()}")

    def stop(self) -> None:
        """Lets it write what it keeps, and waits."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=30)
            self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def __enter__(self) -> Mosquitto:
        return self.start() if self.process is None else self

    def __exit__(self, *_: object) -> None:
        self.stop()
