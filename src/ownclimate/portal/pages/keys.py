"""Personal tokens for one's own scripts, and device keys for what sends readings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from ownclimate.core.access import ALL_PERMISSIONS, Permission
from ownclimate.core.errors import InvalidInput, NotFound
from ownclimate.core.members import ROLE_PERMISSIONS
from ownclimate.core.things import Role
from ownclimate.oauth.keys import Key, KeyKind, create_key, list_keys, revoke_key
from ownclimate.portal.routes import Route
from ownclimate.portal.visits import Answer, Page, Redirect, Visit
from ownclimate.portal.words import PERMISSION_NAMES

ORDER = (
    Permission.SITE_READ,
    Permission.DEVICE_READ,
    Permission.DEVICE_CONTROL,
    Permission.ACCOUNT_READ,
    Permission.SOURCE_MANAGE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """`what` is empty for a credential that may do everything its kind can."""

    id: str
    name: str
    what: tuple[str, ...]
    created_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionChoice:
    name: str
    words: str
    is_ticked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """`secret` is the text of a token that was just made, shown this once."""

    template: ClassVar[str] = "tokens.html"
    title: str = "Personal tokens"
    tokens: tuple[KeyRow, ...]
    choices: tuple[PermissionChoice, ...]
    base_url: str
    name: str = ""
    secret: str = field(default="", repr=False)
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKeys:
    template: ClassVar[str] = "device_keys.html"
    title: str = "Device keys"
    keys: tuple[KeyRow, ...]
    base_url: str
    name: str = ""
    secret: str = field(default="", repr=False)
    problem: str = ""


async def show_tokens(visit: Visit) -> Answer:
    return Page(view=await _tokens_view(visit))


async def create_token(visit: Visit) -> Answer:
    allowed = ROLE_PERMISSIONS[visit.household.role]
    wanted = [p for p in ORDER if p in allowed and p.value in visit.form.texts("scope")]
    if not wanted:
        view = await _tokens_view(visit)
        return Page(view=replace(view, problem="Tick at least one thing the token may do."), status=422)
    # No list at all stands for everything, also for what later versions add.
    scopes = [] if frozenset(wanted) == ALL_PERMISSIONS else [p.value for p in wanted]
    try:
        _, text = await create_key(
            visit.ports,
            visit.actor,
            replace(visit.account, owner_id=visit.owner_id),
            kind=KeyKind.TOKEN,
            name=visit.form.text("name"),
            scopes=scopes,
        )
    except InvalidInput as error:
        view = replace(await _tokens_view(visit), problem=f"Name: {error.reason}.")
        return Page(view=view, status=422)
    view = await _tokens_view(visit)
    return Page(view=replace(view, secret=text, name=""))


async def revoke_token(visit: Visit) -> Answer:
    await _revoke(visit, KeyKind.TOKEN)
    return Redirect(to="/tokens", done="revoked")


async def show_device_keys(visit: Visit) -> Answer:
    return Page(view=await _device_keys_view(visit))


async def create_device_key(visit: Visit) -> Answer:
    try:
        _, text = await create_key(
            visit.ports,
            visit.actor,
            replace(visit.account, owner_id=visit.owner_id),
            kind=KeyKind.HOOK,
            name=visit.form.text("name"),
        )
    except InvalidInput as error:
        view = replace(await _device_keys_view(visit), problem=f"Name: {error.reason}.")
        return Page(view=view, status=422)
    view = await _device_keys_view(visit)
    return Page(view=replace(view, secret=text, name=""))


async def revoke_device_key(visit: Visit) -> Answer:
    await _revoke(visit, KeyKind.HOOK)
    return Redirect(to="/device-keys", done="revoked")


async def _tokens_view(visit: Visit) -> Tokens:
    keys = await list_keys(visit.ports.directory, visit.owner_id, KeyKind.TOKEN)
    allowed = ROLE_PERMISSIONS[visit.household.role]
    ticked = visit.form.texts("scope") if visit.method == "POST" else tuple(p.value for p in ORDER)
    return Tokens(
        tokens=tuple(_row(key) for key in keys if key.account_id == visit.account.id),
        choices=tuple(
            PermissionChoice(name=p.value, words=PERMISSION_NAMES[p], is_ticked=p.value in ticked)
            for p in ORDER
            if p in allowed
        ),
        base_url=visit.base_url,
        name=visit.form.text("name"),
    )


async def _device_keys_view(visit: Visit) -> DeviceKeys:
    keys = await list_keys(visit.ports.directory, visit.owner_id, KeyKind.HOOK)
    return DeviceKeys(
        keys=tuple(_row(key) for key in keys),
        base_url=visit.base_url,
        name=visit.form.text("name"),
    )


async def _revoke(visit: Visit, kind: KeyKind) -> None:
    """Raises NotFound for a credential of another kind, household or, with tokens, person."""
    keys = await list_keys(visit.ports.directory, visit.owner_id, kind)
    key = next((key for key in keys if key.id == visit.ids["key"]), None)
    if key is None or (kind is KeyKind.TOKEN and key.account_id != visit.account.id):
        raise NotFound(kind.value, visit.ids["key"])
    await revoke_key(visit.ports, visit.actor, visit.owner_id, key.id)


def _row(key: Key) -> KeyRow:
    what = tuple(PERMISSION_NAMES[p] for p in ORDER if p.value in key.scopes)
    return KeyRow(id=key.id, name=key.name, what=what, created_ms=key.created_ms)


ROUTES = (
    Route(path="/tokens", show=show_tokens, submit=create_token),
    Route(path="/tokens/{key}/revoke", submit=revoke_token),
    Route(path="/device-keys", show=show_device_keys, submit=create_device_key, roles=(Role.OWNER,)),
    Route(path="/device-keys/{key}/revoke", submit=revoke_device_key, roles=(Role.OWNER,)),
)
