"""`serve --demo`: a household with simulated devices, the credentials to look at it, and calls to try."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec
import structlog
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ownclimate.authorization import KEY_FILE, open_authorization
from ownclimate.config import Settings
from ownclimate.core.accounts import find_account, register_account, set_password
from ownclimate.core.errors import InvalidInput, StoreUnavailable, Unauthenticated
from ownclimate.core.forecasts import Forecasts
from ownclimate.core.ports import Ports
from ownclimate.core.readings import OriginKind
from ownclimate.core.things import Account
from ownclimate.core.writes import Actor
from ownclimate.demo_broker import AUTO, OFF, checked_setting, find_mosquitto
from ownclimate.demo_clients import DemoClient, demo_clients
from ownclimate.demo_devices import DevicesAtBroker, devices_with_memory
from ownclimate.demo_meeting import MeetingPlace
from ownclimate.demo_security import furnish
from ownclimate.links.devices import native
from ownclimate.oauth.encryption import Cipher, load_key
from ownclimate.oauth.keys import KeyKind, check_hook, check_token, create_key
from ownclimate.oauth.passwords import hash_password
from ownclimate.sim.demo import build_demo
from ownclimate.sim.devices import SimulatedDevices
from ownclimate.sim.forecast import SimulatedForecasts
from ownclimate.sim.live import run_live
from ownclimate.sim.plan import plan
from ownclimate.sim.world import World

EMAIL = "demo@example.org"
FILE = "demo.json"
SEED = 1
AIR_CONDITIONER = "home/ac"
HISTORY_MS = 365 * 24 * 3_600_000
ACTOR = Actor(via="demo")
POST_TIMEOUT_S = 10
NO_BROKER = "ownclimate demo: commands to simulated devices need Mosquitto; install it and start again"

log = structlog.get_logger("ownclimate")


class Access(msgspec.Struct, kw_only=True):
    """What stands in demo.json: how to get in as the demo's owner."""

    base_url: str
    email: str
    password: str
    token: str
    hook_key: str
    clients: dict[str, DemoClient] = {}


@dataclass(frozen=True, slots=True)
class Welcome:
    """A prepared demo: shows how to try it and simulates on."""

    access: Access
    file: Path
    world: World
    ports: Ports
    door_url: str
    after_ms: int
    """History ends here; live simulation goes on from it."""
    devices: SimulatedDevices
    meeting: MeetingPlace

    @property
    def forecasts(self) -> Forecasts:
        """The weather to come in the demo's world, for the faces that tell it."""
        return SimulatedForecasts(self.world, self.ports.clock)

    def show(self) -> None:
        """Prints calls to try, with the token, on a terminal; elsewhere only where it is kept."""
        if self.meeting.setting == AUTO and find_mosquitto() is None:
            click.echo(NO_BROKER)
        if not sys.stdout.isatty():
            click.echo(f"ownclimate demo: {self.access.base_url} (how to get in: {self.file})")
            return
        setting = self.meeting.setting
        can_hear = setting != OFF and (setting != AUTO or find_mosquitto() is not None)
        air = self.world.device(AIR_CONDITIONER).serial
        click.echo(_guide(self.access, self.file, air if can_hear else ""))

    async def live(self) -> None:
        """Sends what the simulated devices measure through the doors that real ones use, and has them hear
        commands at the broker, if there is one."""
        async with self.meeting.open() as broker:
            if broker is None:
                await self._simulate(None)
                return
            at_broker = DevicesAtBroker.over(
                self.devices, broker, self.ports.clock, self.ports.entropy, native.PREFIX
            )
            async with at_broker.connected():
                await self._simulate(at_broker)

    async def _simulate(self, at_broker: DevicesAtBroker | None) -> None:
        async def post(body: dict[str, Any]) -> None:
            if at_broker is None or not await at_broker.send(body):
                await asyncio.to_thread(_post, self.door_url, self.access.hook_key, body)

        def trouble(message: str) -> None:
            log.warning("simulation_delayed", reason=message)

        await run_live(
            self.world,
            post,
            self.ports.clock,
            after_ms=self.after_ms,
            trouble=trouble,
            devices=self.devices,
        )


async def prepare(data: Path, settings: Settings, ports: Ports) -> Welcome:
    """Makes the demo on first use and continues an interrupted making; otherwise only finds it."""
    file, broker = data / FILE, checked_setting(settings.demo_broker)
    account, access = await _account(ports, data, settings)
    world = plan(SEED)
    devices = devices_with_memory(SimulatedDevices(world), data)
    hook = await check_hook(ports.directory, access.hook_key)
    started, now_ms = time.perf_counter(), ports.clock.now_ms()
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        bar = progress.add_task("simulating a year", total=1.0)
        await build_demo(
            ports,
            account.owner_id,
            ACTOR,
            world,
            hook.source_number,
            history_ms=HISTORY_MS,
            now_ms=now_ms,
            progress=lambda fraction, text: progress.update(bar, completed=fraction, description=text),
            orders=devices.orders,
        )
    await furnish(ports, hook)
    log.info("demo_ready", duration_s=round(time.perf_counter() - started, 1))
    meeting = MeetingPlace(
        data,
        broker,
        ports,
        Cipher(load_key(data / KEY_FILE, ports.entropy), ports.entropy),
        account.owner_id,
        ACTOR,
        [device.vendor_id for device in devices.controllable],
    )
    door_url = f"{settings.local_url}/hooks/readings"
    return Welcome(access, file, world, ports, door_url, now_ms - 1, devices, meeting)


async def _account(ports: Ports, data: Path, settings: Settings) -> tuple[Account, Access]:
    file = data / FILE
    account = await find_account(ports.directory, EMAIL)
    known = _read(file)
    if account is not None and known is not None and await _holds(ports, known):
        access = msgspec.structs.replace(known, base_url=settings.base_url)
    else:
        password = ports.entropy(9).hex()
        password_hash = await hash_password(password)
        if account is None:
            account = await register_account(
                ports,
                ACTOR,
                email=EMAIL,
                password_hash=password_hash,
                is_admin=True,
                time_zone="Europe/Sofia",
            )
        else:
            await set_password(ports, account.id, password_hash)
        _, token = await create_key(ports, ACTOR, account, kind=KeyKind.TOKEN, name="demo")
        _, hook_key = await create_key(
            ports,
            ACTOR,
            account,
            kind=KeyKind.HOOK,
            name="simulated devices",
            origin=OriginKind.SIMULATION,
        )
        access = Access(
            base_url=settings.base_url, email=EMAIL, password=password, token=token, hook_key=hook_key
        )
    server = open_authorization(ports, data, settings)
    access.clients = await demo_clients(server, ACTOR, account, access.clients)
    _write(file, access)
    return account, access


async def _holds(ports: Ports, access: Access) -> bool:
    try:
        await check_token(ports.directory, access.token)
        await check_hook(ports.directory, access.hook_key)
    except Unauthenticated:
        return False
    return True


def _read(file: Path) -> Access | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Access)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _write(file: Path, access: Access) -> None:
    """Readable by its owner only, from the first byte on."""
    text = msgspec.json.format(msgspec.json.encode(access), indent=1) + b"\n"
    temporary = file.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(text)
    temporary.replace(file)


def _post(door_url: str, hook_key: str, body: dict[str, Any]) -> None:
    """Posts one call. Raises InvalidInput when it is refused for good, StoreUnavailable for now."""
    request = urllib.request.Request(  # noqa: S310 - our own address
        door_url,
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {hook_key}", "Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=POST_TIMEOUT_S) as answer:  # noqa: S310
            answer.read()
    except urllib.error.HTTPError as error:
        with error:
            if error.code in (400, 413):
                raise InvalidInput("readings", f"the door answered {error.code}") from error
            raise StoreUnavailable(f"the door answered {error.code}") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise StoreUnavailable(f"the door did not answer: {error}") from error


def _guide(access: Access, file: Path, air_conditioner: str = "") -> str:
    """With a serial also how to switch that air conditioner."""
    header = f"-H 'Authorization: Bearer {access.token}'"
    query = "sort=-created&fields=serial_number,name,type,online,controller_log&limit=2"
    lines = [
        "",
        f"  ownclimate is ready at {access.base_url}",
        f"  a year of simulated data belongs to {access.email} (password and keys: {file})",
        "",
        f"  Open {access.base_url} in a browser and sign in as {access.email}.",
        "",
        "  Look at it through MClimate's API:",
        "",
        *(
            f"    curl -s {header} '{access.base_url}/v1/controllers?type={kind}&{query}'"
            for kind in ("vicki", "NAMain", "melissa")
        ),
        "",
        *(_switching(header, access.base_url, air_conditioner) if air_conditioner else ()),
        "  Send a reading of your own:",
        "",
        f"    curl -s -H 'Authorization: Bearer {access.hook_key}' -H 'Content-Type: application/json' \\",
        '      -d \'{"readings":[{"device":"my-sensor","at":'
        f'{int(time.time() * 1000)},"temperature_c":21.4}}]}}\' \\',
        f"      '{access.base_url}/hooks/readings?device_model=generic_sensor'",
        "",
        "  Stop with Ctrl-C.",
        "",
    ]
    return "\n".join(lines)


def _switching(header: str, base_url: str, serial: str) -> list[str]:
    told = {"serial_number": serial, "command": "send_ir_code", "state": 1, "mode": 2, "temp": 24, "fan": 0}
    return [
        "  Switch the air conditioner on, and see what became of it:",
        "",
        f"    curl -s {header} -H 'Content-Type: application/json' \\",
        f"      -d '{json.dumps(told)}' '{base_url}/v1/provider/send'",
        f"    curl -s {header} '{base_url}/v1/command_log/{serial}?sort=-created&limit=1'",
        "",
    ]
