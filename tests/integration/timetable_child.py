"""The life of a process that does nothing but the timetable of a data folder, until it is killed."""

from __future__ import annotations

import asyncio
from multiprocessing.synchronize import Event
from pathlib import Path

from ownclimate import data_folder
from ownclimate.clocks import sleep_of
from ownclimate.config import Settings
from ownclimate.control.timetable import Timetable


def run(data: Path, settings: Settings, name: str, is_working: Event) -> None:
    async def work() -> None:
        async with data_folder.open_ports(data, settings) as ports:
            is_working.set()
            await Timetable(ports, name, sleep_of(settings)).run()

    asyncio.run(work())
