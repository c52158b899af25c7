"""Looks at the machine for what would hurt later: file systems, limits, space, clock, zones, ports, TLS."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import sys
import time
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

from ownclimate.certificates import served_files, valid_until
from ownclimate.config import Settings
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.errors import InvalidInput
from ownclimate.core.ports import Ports
from ownclimate.demo_broker import AUTO, find_mosquitto
from ownclimate.sync.status import list_silent

NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph"})
"""LMDB needs locks and mmap that agree between processes; its documentation rules these out."""
OPEN_FILES = 1024
RENEW = timedelta(days=30)
BUILT_EPOCH_S = 1_790_000_000
"""September 2026: a clock before the first release is wrong."""


class Level(Enum):
    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    topic: str
    text: str


def examine(data: Path, settings: Settings) -> Iterator[Finding]:
    """One finding a topic; the store itself is looked at by `store check`."""
    yield _python()
    yield from _folder(data, settings)
    yield _open_files()
    yield _clock()
    yield _zones()
    yield _port(settings.host, settings.port)
    if settings.tls_port:
        yield _port(settings.host, settings.tls_port, topic="TLS port")
        yield _certificate(data, settings)
    if settings.demo_broker == AUTO:
        yield _mosquitto()


async def examine_sources(ports: Ports) -> list[Finding]:
    """A warning for each cloud that has not answered for a day, though it is asked."""
    now_ms = ports.clock.now_ms()
    return [
        Finding(
            Level.WARNING,
            "cloud",
            f"{source.name} has not answered since {datetime.fromtimestamp(since_ms / 1000, UTC):%Y-%m-%d}: "
            f"ownclimate source show {source.id}",
        )
        for owner_id in await list_owner_ids(ports.directory)
        for source, since_ms in await list_silent(ports.directory, owner_id, now_ms)
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    is_64_bit = sys.maxsize > 2**32
    if not is_64_bit:
        return Finding(Level.FAILURE, "python", f"{version} is a 32-bit build: the store's map needs 64 bits")
    return Finding(Level.OK, "python", version)


def _folder(data: Path, settings: Settings) -> Iterator[Finding]:
    existing = next(path for path in (data, *data.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        yield Finding(Level.FAILURE, "data folder", f"{existing} is not writable for this user")
        return
    kind = file_system_of(existing)
    if kind in NETWORK_FILE_SYSTEMS:
        yield Finding(
            Level.FAILURE,
            "file system",
            f"{data} lies on a network file system ({kind}): the store needs a local one",
        )
    else:
        yield Finding(Level.OK, "file system", kind or "unknown kind")
    free_mib = shutil.disk_usage(existing).free >> 20
    reserve = settings.store_reserve_mib
    if free_mib < reserve:
        text = f"{free_mib} MiB free, below the reserve of {reserve} MiB: new data is refused (503)"
        yield Finding(Level.FAILURE, "disk space", text)
    elif free_mib < 4 * reserve:
        yield Finding(Level.WARNING, "disk space", f"only {free_mib} MiB free")
    else:
        yield Finding(Level.OK, "disk space", f"{free_mib} MiB free")


def file_system_of(path: Path) -> str:
    """The kind of file system that holds the path, empty where the system does not tell."""
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    resolved = str(path.resolve())
    best, kind = "", ""
    for line in lines:
        _, mount, this, *_ = line.split(" ")
        mount = mount.replace("\\040", " ")
        inside = resolved == mount or resolved.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, this
    return kind


def _open_files() -> Finding:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < OPEN_FILES:
        text = f"only {soft} files may be open: raise it to {OPEN_FILES} or more (ulimit -n)"
        return Finding(Level.WARNING, "open files", text)
    return Finding(Level.OK, "open files", str(soft))


def _clock() -> Finding:
    if time.time() < BUILT_EPOCH_S:
        text = "the system clock is in the past: readings would be refused as lying ahead"
        return Finding(Level.FAILURE, "clock", text)
    return Finding(Level.OK, "clock", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))


def _zones() -> Finding:
    try:
        zoneinfo.ZoneInfo("Europe/Sofia")
    except zoneinfo.ZoneInfoNotFoundError:
        return Finding(Level.FAILURE, "time zones", "no time zone data: install the package tzdata")
    return Finding(Level.OK, "time zones", f"{len(zoneinfo.available_timezones())} known")


def _port(host: str, port: int, topic: str = "port") -> Finding:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    where = f"{host}:{port}"
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return Finding(Level.WARNING, topic, f"{where} cannot be bound: {error.strerror}")
    return Finding(Level.OK, topic, f"{where} is free")


def _certificate(data: Path, settings: Settings) -> Finding:
    try:
        certificate, _ = served_files(data, settings)
        ends = valid_until(certificate)
    except (InvalidInput, ValueError) as error:
        return Finding(Level.FAILURE, "certificate", str(error))
    now = datetime.now(UTC)
    if ends <= now:
        return Finding(Level.FAILURE, "certificate", f"{certificate} ended on {ends:%Y-%m-%d}: make another")
    if ends - now < RENEW:
        return Finding(Level.WARNING, "certificate", f"{certificate} ends on {ends:%Y-%m-%d}")
    return Finding(Level.OK, "certificate", f"{certificate}, until {ends:%Y-%m-%d}")


def _mosquitto() -> Finding:
    found = find_mosquitto()
    if found is None:
        text = "not installed: `serve --demo` shows its devices, but they cannot be controlled"
        return Finding(Level.WARNING, "mosquitto", text)
    return Finding(Level.OK, "mosquitto", found)
