"""The demo's own MQTT broker: a Mosquitto that lives as long as the server and not a moment longer."""

from __future__ import annotations

import asyncio
import base64
import getpass
import hashlib
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import Entropy
from ownclimate.links.mqtt import broker_address

AUTO: Final = "auto"
OFF: Final = "off"

FOLDER: Final = "demo-broker"
USER: Final = "demo"
PASSWORD_BYTES: Final = 18
MORE_PLACES: Final = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
"""Where Mosquitto is installed without being on an ordinary user's PATH."""
START_S: Final = 5.0
STOP_S: Final = 10.0
ATTEMPTS: Final = 3
"""Between finding a free port and Mosquitto's taking it, somebody else may."""

HASH_ROUNDS: Final = 101
HASH_SALT_BYTES: Final = 12

KEEPER: Final = """
exec 3<&0
"$1" -c "$2" </dev/null 3<&- & broker=$!
(read -r _ <&3; kill "$broker") & keeper=$!
wait "$broker"
kill "$keeper" 2>/dev/null
"""
"""Ends the broker when its standard input ends, which it does however the server dies, by kill -9 too."""

log = structlog.get_logger("ownclimate")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBroker:
    """Where the simulated devices and the server meet."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)


def checked_setting(text: str) -> str:
    """The setting `demo_broker` when it can be one. Raises InvalidInput."""
    if text not in (AUTO, OFF):
        try:
            broker_address(text)
        except InvalidInput as error:
            reason = f"expected auto, off or mqtt://host[:port], found {text!r}"
            raise InvalidInput("demo_broker", reason) from error
    return text


def find_mosquitto() -> str | None:
    return shutil.which("mosquitto", path=os.pathsep.join((os.environ.get("PATH", ""), *MORE_PLACES)))


@asynccontextmanager
async def open_broker(data: Path, setting: str, entropy: Entropy) -> AsyncIterator[DemoBroker | None]:
    """The broker that the setting names, or one of our own while this is open; None when there is none.

    `setting` is `auto`, `off` or the address of a broker that lets anybody in. Raises InvalidInput.
    """
    if setting == OFF:
        yield None
        return
    if checked_setting(setting) != AUTO:
        yield DemoBroker(url=setting)
        return
    program = find_mosquitto()
    if program is None:
        log.warning("demo_without_broker", advice="commands to simulated devices need Mosquitto: install it")
        yield None
        return
    folder = data / FOLDER
    password = base64.urlsafe_b64encode(entropy(PASSWORD_BYTES)).decode()
    started = await _start(program, folder, password, entropy)
    if started is None:
        log.warning("demo_without_broker", advice=f"Mosquitto does not start; see {folder / 'log'}")
        yield None
        return
    keeper, port = started
    try:
        yield DemoBroker(url=f"mqtt://127.0.0.1:{port}", user=USER, password=password)
    finally:
        await asyncio.to_thread(_stop, keeper)


async def _start(
    program: str, folder: Path, password: str, entropy: Entropy
) -> tuple[subprocess.Popen[bytes], int] | None:
    for _ in range(ATTEMPTS):
        port = _free_port()
        keeper = await asyncio.to_thread(_launch, program, folder, port, password, entropy)
        if await _listens(keeper, port):
            return keeper, port
        await asyncio.to_thread(_stop, keeper)
    return None


def _launch(
    program: str, folder: Path, port: int, password: str, entropy: Entropy
) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _configure(folder, port, password, entropy)
    with (folder / "log").open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - our own program and file
            ["/bin/sh", "-c", KEEPER, "sh", program, str(folder / "mosquitto.conf")],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for the server, which then ends the broker after its devices.
            start_new_session=True,
        )


async def _listens(keeper: subprocess.Popen[bytes], port: int) -> bool:
    for _ in range(round(START_S / 0.05)):
        if keeper.poll() is not None:
            return False
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return True
    return False


def _stop(keeper: subprocess.Popen[bytes]) -> None:
    assert keeper.stdin is not None, "it was started with a pipe"
    keeper.stdin.close()
    try:
        keeper.wait(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()


def _configure(folder: Path, port: int, password: str, entropy: Entropy) -> None:
    passwords = folder / "passwords"
    passwords.unlink(missing_ok=True)
    _write_private(passwords, f"{USER}:{_password_hash(password, entropy(HASH_SALT_BYTES))}\n")
    lines = (
        f"listener {port} 127.0.0.1",
        "allow_anonymous false",
        f"password_file {passwords}",
        # Started by root it would become somebody who may not read this folder.
        f"user {getpass.getuser()}",
        # What waits for devices and for the server outlives a restart.
        "persistence true",
        f"persistence_location {folder}/",
        "autosave_interval 60",
        "set_tcp_nodelay true",
    )
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")


def _password_hash(password: str, salt: bytes) -> str:
    """As `mosquitto_passwd` of Mosquitto 2 writes it: PBKDF2 with SHA-512."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, HASH_ROUNDS)
    return f"$7${HASH_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _write_private(file: Path, text: str) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
