"""The guides' blocks, run as they are written, but for the ports and the folder of data."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.server import Server

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVES = re.compile(r"^((?:\w+=\S+ )*)ownclimate serve\b(.*)$")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One demo for every guide: making it is most of a start."""
    return tmp_path_factory.mktemp("guides") / "data"


@pytest.mark.parametrize("guide", sorted(GUIDES.glob("*.md")), ids=lambda guide: guide.stem)
def test_a_guide_works_as_written(guide: Path, tmp_path: Path, demo_data: Path) -> None:
    """A block that starts a server stops the one before; all others are one script, so that what one block
    found out the next one knows."""
    data, tls_port = demo_data, free_port()
    environment = {
        **os.environ,
        "OWNCLIMATE_DATA": str(data),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    known = tmp_path / "known"
    known.write_text("")
    server: Server | None = None
    blocks = BLOCK.findall(guide.read_text())
    assert len(blocks) >= 6
    try:
        for block in blocks:
            served = SERVES.match(block)
            if served:
                if server is not None:
                    server.stop()
                given = dict(pair.split("=") for pair in served[1].replace("8443", str(tls_port)).split())
                server = Server.start(data, *served[2].split(), OWNCLIMATE_DEMO_BROKER="off", **given)
                continue
            assert server is not None, "a guide begins with the server"
            shown = block.replace("http://127.0.0.1:8080", server.url).replace("8443", str(tls_port))
            script = f". {known}\n{shown}\ndeclare -p | grep -E '^declare -- [A-Z_]+=' > {known}"
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    finally:
        if server is not None:
            server.stop()
