"""What can be said of a source that collects from a cloud, checked before it is written down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import InvalidInput
from ownclimate.links.addresses import check_base_url
from ownclimate.sync.quota import Allowance

CLIENT_SECRET: Final = "client_secret"  # noqa: S105 - a name, not a secret
REFRESH_TOKEN: Final = "refresh_token"  # noqa: S105 - a name, not a secret
USER_NAME: Final = "user_name"
PASSWORD: Final = "password"  # noqa: S105 - a name, not a secret
MOST_TEXT: Final = 200
_LIMIT: Final = re.compile(r"(?P<calls>[0-9]{1,9})/(?P<seconds>[0-9]{1,9}(\.[0-9]{1,3})?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSettings:
    """`base_url` empty: the vendor's own. `limits`: calls of a user, where they are not the vendor's.
    `relays`: the owner allows that commands go to the cloud."""

    client_id: str
    base_url: str = ""
    since_ms: int = 0
    limits: tuple[Allowance, ...] = ()
    relays: bool = False


def cloud_settings(settings: Mapping[str, Any]) -> CloudSettings:
    return from_body(CloudSettings, dict(settings))


def checked_cloud(
    *,
    client_id: str,
    base_url: str = "",
    since_ms: int = 0,
    limits: tuple[str, ...] = (),
    relays: bool = False,
) -> dict[str, Any]:
    """As they are written down; `limits` are texts such as `50/10`, calls in seconds.

    Raises InvalidInput naming the one that cannot be.
    """
    if not client_id.strip() or len(client_id) > MOST_TEXT or not client_id.isprintable():
        raise InvalidInput("client_id", "expected the id of your app at the vendor")
    if base_url:
        check_base_url(base_url)
    if since_ms < 0:
        raise InvalidInput("since", "expected an instant after 1970")
    allowances = tuple(_allowance(text) for text in limits)
    return to_body(
        CloudSettings(
            client_id=client_id.strip(),
            base_url=base_url,
            since_ms=since_ms,
            limits=allowances,
            relays=relays,
        )
    )


def changed_cloud(
    settings: Mapping[str, Any],
    *,
    client_id: str | None = None,
    since_ms: int | None = None,
    limits: tuple[str, ...] | None = None,
    relays: bool | None = None,
) -> dict[str, Any]:
    """The settings with what is given, checked likewise."""
    before = cloud_settings(settings)
    return checked_cloud(
        client_id=before.client_id if client_id is None else client_id,
        base_url=before.base_url,
        since_ms=before.since_ms if since_ms is None else since_ms,
        limits=limit_texts(before.limits) if limits is None else limits,
        relays=before.relays if relays is None else relays,
    )


def limit_texts(limits: Iterable[Allowance]) -> tuple[str, ...]:
    """As `checked_cloud` takes them."""
    return tuple(f"{allowed.calls}/{_seconds_text(allowed.span_ms)}" for allowed in limits)


def _seconds_text(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}".rstrip("0").rstrip(".")


def _allowance(text: str) -> Allowance:
    found = _LIMIT.fullmatch(text)
    span_ms = round(float(found["seconds"]) * 1000) if found else 0
    if found is None or not int(found["calls"]) or not span_ms:
        raise InvalidInput("limit", f"expected CALLS/SECONDS such as 50/10, not {text[:40]!r}")
    return Allowance(calls=int(found["calls"]), span_ms=span_ms)
