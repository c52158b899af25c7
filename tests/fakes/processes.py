"""Where the tests' processes come from: forked from one that has loaded everything and opened nothing.

So they start in milliseconds, and no open LMDB environment is ever forked, which would break it. The
standard library keeps one such process for all contexts, and what it is told to load counts only before
its first child, so this is the one place that tells it.
"""

from __future__ import annotations

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        "tests.fakes.server_child",
        "tests.integration.collector_child",
        "tests.integration.damage_worker",
        "tests.integration.links_child",
        "tests.integration.timetable_child",
        "tests.integration.writer_child",
    ]
)
"""A name that is not found is passed over, so that a child then loads for itself."""
