"""`ownclimate sync …`: collecting from clouds by hand, and how far it is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from typing import Any

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from ownclimate.cli.plain import plain
from ownclimate.cli.session import Session, console, json_option, print_rows
from ownclimate.cli.source_rows import advised, cloud_row, with_words
from ownclimate.cli.vaults import vault_of
from ownclimate.clocks import sleep_of
from ownclimate.collecting import CLOUD_KINDS, open_engine
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.errors import AppError, Conflict, InvalidInput, NotFound
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import CLOUDS, Vault, find_linked, list_linked, open_secrets
from ownclimate.core.ports import Ports
from ownclimate.core.things import Source
from ownclimate.sync.engine import Engine
from ownclimate.sync.status import status_of
from ownclimate.sync.turn import turn

PARTLY = 2
SHOW_EVERY_S = 0.5
LOOK_EVERY_S = 1.0
COLUMNS = {
    "name": "NAME",
    "state": "STATE",
    "percent": "KNOWN %",
    "rows": "ROWS",
    "oldest": "OLDEST",
    "newest": "NEWEST",
    "missing": "MISSING",
    "calls": "CALLS",
    "refused": "REFUSED",
    "saved": "SAVED",
    "relayed": "RELAYED",
    "left": "LEFT",
    "last_error": "LAST ERROR",
    "id": "ID",
}
source_option = click.option("--source", "source_id", default="", metavar="ID", help="Only this one.")


@click.group()
def sync() -> None:
    """Collecting from vendors' clouds."""


@sync.command("run")
@source_option
@click.option("--once", is_flag=True, help="End when nothing is due any more.")
@click.pass_obj
def run(session: Session, source_id: str, once: bool) -> int:
    """Do by hand what `serve` does by itself: collect from the clouds that are connected.

    A source that a running server works is left to it. With --once the exit code is 2 when it had to give
    up before all was collected.
    """
    settings = session.settings()
    vault = vault_of(session)
    screen = console(stderr=True)
    columns = (
        TextColumn("{task.fields[name]}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[doing]}", markup=False),
    )

    async def work(ports: Ports) -> int:
        found = [pair for pair in await _clouds(ports, source_id) if not pair[1].is_paused]
        if not found:
            raise InvalidInput("", "no cloud to collect from: ownclimate source add netatmo --help")
        bars = Progress(*columns, console=screen, disable=not screen.is_terminal)
        with bars:
            outcomes = await asyncio.gather(
                *(_work(ports, vault, owner_id, source, settings, once, bars) for owner_id, source in found)
            )
        return 0 if all(outcomes) else PARTLY

    return session.run(work)


@sync.command("status")
@source_option
@json_option
@click.pass_obj
def status(session: Session, source_id: str, as_json: bool) -> None:
    """How far each cloud is collected, which calls were made, and what is missing.

    LEFT is how many calls the fullest window still allows. `ownclimate source show ID` tells more of one.
    """

    async def work(ports: Ports) -> list[dict[str, Any]]:
        now_ms = ports.clock.now_ms()
        vault = vault_of(session)
        return [
            await cloud_row(ports, vault, owner_id, source, now_ms)
            for owner_id, source in await _clouds(ports, source_id)
        ]

    empty = "no clouds are connected: ownclimate source add netatmo --help"
    rows = session.run(work)
    shown = rows if as_json else [with_words(row) for row in rows]
    print_rows(shown, COLUMNS, empty=empty, as_json=as_json)


async def _work(
    ports: Ports, vault: Vault, owner_id: OwnerId, source: Source, settings: Any, once: bool, bars: Progress
) -> bool:
    """Whether all of it could be collected; what could not is told on stderr."""
    bar = bars.add_task("", total=1.0, name=plain(source.name), doing="")
    try:
        async with turn(ports, source.id, f"sync run {os.getpid()}"):
            engine = open_engine(
                ports, vault, owner_id, source, open_secrets(source, vault), sleep_of(settings)
            )
            shown = asyncio.create_task(_show(ports, engine, owner_id, source, bars, bar))
            try:
                is_done = await _unless_changed(ports, owner_id, source, _run(engine, once=once))
            finally:
                shown.cancel()
                await asyncio.gather(shown, return_exceptions=True)
                await _show_now(ports, engine, owner_id, source, bars, bar)
    except AppError as error:
        _tell(source, error.message)
        return False
    if not is_done:
        _tell(source, engine.live.last_error)
    return is_done


async def _run(engine: Engine, *, once: bool) -> bool:
    if not once:
        await engine.run()
    return await engine.run_once()


async def _unless_changed(
    ports: Ports, owner_id: OwnerId, source: Source, work: Coroutine[Any, Any, bool]
) -> bool:
    """The work's outcome. Raises Conflict once the source is paused, changed or removed, as a server would
    stop working it then."""
    working = asyncio.create_task(work)
    try:
        while not working.done():
            await asyncio.wait({working}, timeout=LOOK_EVERY_S)
            if await find_linked(ports.directory, owner_id, source.id) != source and not working.done():
                raise Conflict("source", source.id, "it was paused, changed or removed meanwhile")
        return working.result()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


def _tell(source: Source, failure: str) -> None:
    click.echo(plain(f"ownclimate: {source.name}: {advised(failure, source.id)}"), err=True)


async def _show(
    ports: Ports, engine: Engine, owner_id: OwnerId, source: Source, bars: Progress, bar: Any
) -> None:
    while True:
        await _show_now(ports, engine, owner_id, source, bars, bar)
        await asyncio.sleep(SHOW_EVERY_S)


async def _show_now(
    ports: Ports, engine: Engine, owner_id: OwnerId, source: Source, bars: Progress, bar: Any
) -> None:
    if bars.disable:
        return
    found = await status_of(ports.directory, owner_id, source, ports.clock.now_ms())
    doing = f"{found.rows} rows  {engine.calls} calls  {found.live.activity}"
    known_part = found.known_part
    if not CLOUD_KINDS[source.kind].keeps_history:
        known_part = len(engine.tasks.keys() & engine.plan.keys()) / max(1, len(engine.plan))
    bars.update(bar, completed=known_part, doing=plain(doing))


async def _clouds(ports: Ports, source_id: str) -> list[tuple[OwnerId, Source]]:
    """Raises NotFound when one is named that is none."""
    found = [
        (owner_id, source)
        for owner_id in await list_owner_ids(ports.directory)
        for source in await list_linked(ports.directory, owner_id)
        if source.kind in CLOUDS and source_id in ("", source.id)
    ]
    if source_id and not found:
        raise NotFound("source", source_id)
    return found
