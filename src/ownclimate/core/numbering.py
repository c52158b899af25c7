"""Small integers, each given once, for series keys and for dialects that number things."""

from __future__ import annotations

from ownclimate.core.errors import Conflict, OutcomeUnknown
from ownclimate.core.partitions import NUMBERS_PARTITION
from ownclimate.core.ports import ABSENT, Ports, Put
from ownclimate.core.writes import fresh_version

ATTEMPTS = 100
TABLE = "counter"
KEY = "number"
LAST_NUMBER = 2**30 - 1
"""Origin numbers spend two of 32 bits on their kind."""


async def take_numbers(ports: Ports, count: int) -> range:
    """`count` consecutive numbers that nobody has had. A crash afterwards leaves them unused."""
    for _ in range(ATTEMPTS):
        found = await ports.directory.find(NUMBERS_PARTITION, TABLE, KEY)
        first = 1 if found is None else int(found.body["next"])
        if first + count > LAST_NUMBER:
            raise Conflict("number", message="every number has been given out")
        put = Put(
            table=TABLE,
            key=KEY,
            body={"next": first + count},
            expect=ABSENT if found is None else found.version,
        )
        try:
            await ports.directory.write(NUMBERS_PARTITION, [put], fresh_version(ports))
        except (Conflict, OutcomeUnknown):
            # After an unknown outcome the range may be ours or not; taking the next one is always safe.
            continue
        return range(first, first + count)
    raise Conflict("number", message="numbers are being taken faster than one can be had")
