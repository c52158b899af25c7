"""A small dialect for tests of the plumbing: what it declares is what is tested, nothing is a vendor's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ownclimate.core.access import ALL_PERMISSIONS, Access, Permission
from ownclimate.core.errors import Unauthenticated
from ownclimate.core.ids import AccountId, OwnerId, new_id
from ownclimate.web.asgi import ASGIApp
from ownclimate.web.call import Call, Reply
from ownclimate.web.dispatch import Application, RequestEntry
from ownclimate.web.faults import Fault, detail_of, status_of
from ownclimate.web.tables import Dialect, Endpoint, FaultContext
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import memory_ports
from tests.fakes.http import Client

NARROW = "narrow"
PLAIN = "plain"


class Problem(msgspec.Struct):
    trouble: str


def fault(fault: Fault, context: FaultContext) -> Reply:
    return Reply(status=status_of(fault), body=msgspec.json.encode(Problem(detail_of(fault))))


async def nothing(call: Call, params: Any) -> None:
    return None


def row(path: str = "/toy", handler: Callable[..., Any] = nothing, **more: Any) -> Endpoint:
    more.setdefault("is_public", True)
    return Endpoint(operation_id=more.pop("operation_id", path), path=path, handler=handler, **more)


def toy(*endpoints: Endpoint, **more: Any) -> Dialect:
    """Answers under `/toy`."""
    declared: dict[str, Any] = {
        "name": "toy",
        "title": "Toy",
        "version": "1",
        "prefixes": ("/toy",),
        "fault": fault,
        "fault_shape": Problem,
        "fault_statuses": (400, 401, 403, 404, 413, 415, 500, 503),
    }
    return Dialect(**(declared | {"endpoints": endpoints} | more))


async def authenticate(token: str) -> Access:
    """Knows two tokens: one may read devices in the vendor's scope `read`, one may do everything."""
    if token not in (NARROW, PLAIN):
        raise Unauthenticated("the token is unknown")
    return Access(
        owner_id=OwnerId(new_id(FakeClock(), SeededEntropy(1))),
        account_id=AccountId(new_id(FakeClock(), SeededEntropy(2))),
        client_id=f"client-{token}",
        permissions=ALL_PERMISSIONS if token == PLAIN else frozenset({Permission.DEVICE_READ}),
        scopes=None if token == PLAIN else frozenset({"read"}),
    )


def client_of(
    *dialects: Dialect,
    mounts: dict[str, ASGIApp] | None = None,
    operations: Sequence[Endpoint] = (),
    public_url: str = "",
) -> Client:
    entries: list[RequestEntry] = []
    app = Application(
        dialects=dialects,
        ports=memory_ports(FakeClock(), SeededEntropy(1)),
        authenticators={"token": authenticate},
        mounts=mounts,
        operations=operations,
        observers=[entries.append],
        public_url=public_url,
    )
    return Client(app, entries, dialects)
