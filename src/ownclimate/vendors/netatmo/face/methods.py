"""What every method of this API has in common: it answers GET and POST, with any encoding of a body."""

from __future__ import annotations

from typing import Any, Final

from ownclimate.web.tables import BodyKind, Endpoint, LoopOrThread

BODIES: Final = (BodyKind.FORM, BodyKind.JSON)


def method(name: str, handler: LoopOrThread, **more: Any) -> Endpoint:
    """The row of `/api/<name>`; `more` are further members of `Endpoint`."""
    return Endpoint(
        operation_id=name.replace("/", "_"),
        path=f"/api/{name}",
        methods=("GET", "POST"),
        handler=handler,
        bodies=BODIES,
        **more,
    )
