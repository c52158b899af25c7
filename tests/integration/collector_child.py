"""A process that works the sources of a data folder like a server, to be killed at any moment."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

from ownclimate import data_folder
from ownclimate.app import HOLDER
from ownclimate.authorization import KEY_FILE
from ownclimate.collecting import cloud_openers
from ownclimate.config import Settings
from ownclimate.links.supervisor import Supervisor
from ownclimate.oauth.encryption import Cipher, load_key


def main(data: Path) -> None:
    asyncio.run(work(data))


async def work(data: Path) -> None:
    vault = Cipher(load_key(data / KEY_FILE, secrets.token_bytes), secrets.token_bytes)
    async with data_folder.open_ports(data, Settings(store_map_gib=1)) as ports:
        await Supervisor(ports, vault, cloud_openers(ports, vault), HOLDER, look_every_s=0.1).run()
