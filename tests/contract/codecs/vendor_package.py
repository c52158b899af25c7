"""The vendor's own payload package (npm mclimate-payload-helper), asked through one long-lived Node."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

HERE = Path(__file__).parent
PACKAGE = HERE.parents[2] / "node_modules" / "mclimate-payload-helper" / "package.json"
VERSION = "1.6.0"

AT_A_TIME = 100

REFUSED = object()
"""What the package gives for a question that it throws at."""


class VendorPackage:
    """Questions go out and answers come back a line each, in order."""

    def __init__(self, node: str) -> None:
        self._process = subprocess.Popen(
            [node, str(HERE / "payload_helper.cjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def decode(self, model: str, frames: Sequence[bytes]) -> list[Any]:
        return self._ask([{"decode": [frame.hex().upper(), model]} for frame in frames])

    def encode(self, model: str, command: str, params: Sequence[dict[str, Any]]) -> list[str | None]:
        """The frames as upper-case hex; None where the package throws, or writes a fraction of a byte."""
        answers = self._ask([{"encode": [model, command, each]} for each in params])
        return [None if answer is REFUSED or "." in answer else answer.upper() for answer in answers]

    def commands(self, model: str) -> list[dict[str, Any]]:
        """Every builder of a model: its name, and by parameter what the package's schema takes."""
        (builders,) = self._ask([{"commands": model}])
        return list(builders)

    def _ask(self, questions: Sequence[dict[str, Any]]) -> list[Any]:
        """Many at a time, for speed, and few enough that no pipe fills before it is read."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        answers: list[Any] = []
        for start in range(0, len(questions), AT_A_TIME):
            lines = [msgspec.json.encode(q).decode() + "\n" for q in questions[start : start + AT_A_TIME]]
            self._process.stdin.write("".join(lines))
            self._process.stdin.flush()
            for _ in lines:
                answer = msgspec.json.decode(self._process.stdout.readline())
                answers.append(REFUSED if "refused" in answer else answer.get("value"))
        return answers


def opened_package() -> Iterator[VendorPackage]:
    """Skipped by name where Node or the package is absent, which CI forbids."""
    node = shutil.which("node")
    missing = "node" if node is None else "" if PACKAGE.is_file() else str(PACKAGE)
    if node is None or missing:
        message = f"{missing} absent: the codecs are not compared with the vendor's package (run npm ci)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    found = msgspec.json.decode(PACKAGE.read_bytes())["version"]
    assert found == VERSION, f"the differences are listed for {VERSION}, this is {found}"
    package = VendorPackage(node)
    yield package
    package.close()
