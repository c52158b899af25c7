"""Names of partitions and tables, in one place.

Bounded things of an owner share the owner's partition, so that they change together atomically.
Unbounded ones live in (owner, kind, month).
"""

from __future__ import annotations

import calendar
import hashlib
import time
from collections.abc import Iterator

OWNER = "owner"
MEMBERS = "member"
SITES = "site"
ROOMS = "room"
DEVICES = "device"
ALIASES = "alias"
SOURCES = "source"
SCHEDULES = "schedule"
ROUTINES = "routine"
PROFILES = "routine_profile"
STANDINGS = "routine_standing"
THERMOSTATS = "relay_thermostat"
GEOFENCES = "geofence"
FOLLOWERS = "follower"
FORECASTS = "forecast"
"""By site the weather to come, as the last to tell it did."""
OUTBOX = "outbox"
HOOKS = "webhook"
PUSHES = "push"
"""Messages that wait for a webhook."""
SYNC = "sync"
"""What is remembered of the clouds that sources collect from; keys begin with the source's id."""
KEYS = "access_key"
INVITES = "invite"

HOUSEHOLDS = "household"
"""In an account's partition: the households that it was invited to."""

AUDIT = "audit"
MONTHLY = (AUDIT,)
"""What lives in an owner's partitions by month, each in a table of its own name."""

NUMBERS_PARTITION = "numbers"

CLAIM_SHARDS = 64
"""Claims of one kind are spread over this many partitions: 10,000 rows each hold 640,000 names."""


def owner_partition(owner_id: str) -> str:
    return f"owner:{owner_id}"


def account_partition(account_id: str) -> str:
    return f"account:{account_id}"


def month_partition(owner_id: str, kind: str, at_ms: int) -> str:
    moment = time.gmtime(at_ms / 1000)
    return f"owner:{owner_id}:{kind}:{moment.tm_year:04d}-{moment.tm_mon:02d}"


def months(last_ms: int, first_ms: int) -> Iterator[int]:
    """An instant in each month from the last down to the first."""
    last, first = time.gmtime(last_ms / 1000), time.gmtime(first_ms / 1000)
    for place in range(last.tm_year * 12 + last.tm_mon - 1, first.tm_year * 12 + first.tm_mon - 2, -1):
        yield calendar.timegm((place // 12, place % 12 + 1, 1, 0, 0, 0)) * 1000


def picture_partition(picture_id: str) -> str:
    return f"picture:{picture_id}"


def grant_partition(grant_id: str) -> str:
    return f"grant:{grant_id}"


def claim_partition(kind: str, name: str) -> str:
    digest = hashlib.blake2b(name.encode(), digest_size=2).digest()
    return claim_shard(kind, int.from_bytes(digest, "big") % CLAIM_SHARDS)


def claim_shard(kind: str, shard: int) -> str:
    return f"claim:{kind}:{shard:02x}"
