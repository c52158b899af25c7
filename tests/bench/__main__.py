"""`make bench`: every `bench_*.py` beside this file, or those named as arguments (`… series web`).

Each prints its figures beside a baseline measured in the same run: read the ratios, not the figures.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from pathlib import Path


def main(names: list[str]) -> None:
    found = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    unknown = sorted(set(names) - set(found))
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(found)}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for name in names or found:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"tests.bench.bench_{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
