"""What a forked process does that stands for `python -m ownclimate.cli`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ownclimate import cli
from ownclimate.cli import serving, session  # noqa: F401  All that `serve` loads, loaded once.


def main(arguments: list[str], log_file: Path, settings: dict[str, str]) -> None:
    """Runs one command with these settings and nothing of ours: nothing on its standard input, what it
    says in the file, its exit code that of the process."""
    os.environ.clear()
    os.environ.update(settings)
    sys.argv = ["ownclimate", *arguments]
    nothing, log = os.open(os.devnull, os.O_RDONLY), os.open(log_file, os.O_WRONLY | os.O_APPEND)
    for taken, standard in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(taken, standard)
    os.close(nothing)
    os.close(log)
    sys.stdin = os.fdopen(0, "r", encoding="utf-8")
    sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1)
    cli.main(arguments)
