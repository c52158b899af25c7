"""Works the sources of a data folder and delivers commands until it is killed, by others or by itself."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ownclimate import data_folder
from ownclimate.authorization import KEY_FILE
from ownclimate.config import Settings
from ownclimate.control.delivery import Deliverer
from ownclimate.core.ports import Ports
from ownclimate.links import mqtt
from ownclimate.links.kinds import openers
from ownclimate.links.supervisor import Supervisor
from ownclimate.oauth.encryption import Cipher, load_key
from ownclimate.vendors.mclimate.codecs import FrameTable

LOOK_EVERY_S = 0.05
HOLDER = "server"


def vault_of(data: Path) -> Cipher:
    return Cipher(load_key(data / KEY_FILE, secrets.token_bytes), secrets.token_bytes)


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[Ports]:
    async with data_folder.open_ports(data, Settings(store_map_gib=1)) as ports:
        yield ports


def run(data: Path, dies_before_acknowledging: bool = False) -> None:
    """The life of the process."""
    if dies_before_acknowledging:
        mqtt._Acknowledgements.finish = _die  # type: ignore[method-assign]
    asyncio.run(_work(data))


async def _work(data: Path) -> None:
    async with opened(data) as ports:
        supervisor = Supervisor(
            ports, vault_of(data), openers(ports, FrameTable()), HOLDER, look_every_s=LOOK_EVERY_S
        )
        deliverer = Deliverer(ports, [supervisor], HOLDER, look_every_s=LOOK_EVERY_S)
        await asyncio.gather(supervisor.run(), deliverer.run())


def _die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
