"""Webhooks: `/api/addwebhook`, `/api/dropwebhook`, and the newer resource `/webhooks/v1` (contract §9.1).

An app has one webhook for each of its users. Any token that may read devices may register one; what it is
then told, its scopes decide.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.errors import Conflict, InvalidInput
from ownclimate.core.ids import AccountId
from ownclimate.push.addresses import AddressPolicy, PortNotAllowed
from ownclimate.push.hooks import Hook, drop_hook, find_hook, register_hook
from ownclimate.vendors.netatmo.face.faults import Refusal
from ownclimate.vendors.netatmo.face.methods import BODIES, method
from ownclimate.vendors.netatmo.pushes import ACTIVATION
from ownclimate.vendors.netatmo.vocabulary import DIALECT
from ownclimate.vendors.netatmo.wire import PLAIN
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success

PATH: Final = "/webhooks/v1"
EXISTS: Final = "WH009"

Url = Annotated[str, msgspec.Meta(description="Where to post, at one of the allowed ports")]


class WebhookQuery(msgspec.Struct, kw_only=True):
    url: Url
    app_types: list[str] | msgspec.UnsetType = msgspec.UNSET


class DropQuery(msgspec.Struct, kw_only=True):
    app_types: list[str] | msgspec.UnsetType = msgspec.UNSET


class NewWebhook(msgspec.Struct, kw_only=True):
    url: Url


class Webhook(msgspec.Struct, kw_only=True):
    url: str


def rows(policy: AddressPolicy) -> tuple[Endpoint, ...]:
    """`policy` says which addresses a webhook may have."""

    async def add(call: Call, query: WebhookQuery) -> None:
        """Takes the place of one that is there already."""
        await _register(call, policy, query.url, replaces=True)

    async def create(call: Call, query: NewWebhook) -> None:
        """Raises Refusal when there is one already."""
        try:
            await _register(call, policy, query.url, replaces=False)
        except Conflict as error:
            raise Refusal("webhook limit reached", code=EXISTS, status=409) from error

    permission: dict[str, Any] = {"permission": Permission.DEVICE_READ}
    # Written as a number, so that nothing need be resolved to try it.
    example = {"url": "https://1.1.1.1/netatmo"}
    return (
        method(
            "addwebhook",
            add,
            params=WebhookQuery,
            successes=(PLAIN,),
            audit="create",
            summary="Register the address that this app's user is told about at",
            examples=example,
            certainty=Certainty.SEEN,
            **permission,
        ),
        method(
            "dropwebhook",
            drop_webhook,
            params=DropQuery,
            successes=(PLAIN,),
            audit="delete",
            summary="Take the webhook away, if there is one",
            certainty=Certainty.SEEN,
            **permission,
        ),
        Endpoint(
            operation_id="createWebhook",
            path=PATH,
            methods=("POST",),
            handler=create,
            params=NewWebhook,
            bodies=BODIES,
            successes=(PLAIN,),
            errors=(409,),
            is_repeatable=False,
            audit="create",
            summary="Register the webhook of this app's user",
            examples=example,
            certainty=Certainty.SEEN,
            **permission,
        ),
        Endpoint(
            operation_id="listWebhooks",
            path=PATH,
            handler=list_webhooks,
            successes=(Success(item=list[Webhook]),),
            summary="The webhook of this app's user, banned or not",
            certainty=Certainty.SEEN,
            **permission,
        ),
        Endpoint(
            operation_id="deleteWebhook",
            path=PATH,
            methods=("DELETE",),
            handler=drop_webhook,
            bodies=BODIES,
            successes=(PLAIN,),
            audit="delete",
            summary="Take the webhook away, if there is one",
            certainty=Certainty.SEEN,
            **permission,
        ),
    )


async def drop_webhook(call: Call, query: DropQuery | None) -> None:
    hook = await _present(call)
    if hook is not None:
        await drop_hook(call.ports, call.actor, hook)


async def list_webhooks(call: Call, query: None) -> list[Webhook]:
    hook = await _present(call)
    return [] if hook is None else [Webhook(url=hook.url)]


async def _register(call: Call, policy: AddressPolicy, url: str, *, replaces: bool) -> None:
    access = call.access
    hook = Hook(
        id="",
        owner_id=access.owner_id,
        account_id=access.account_id or AccountId(""),
        client_id=access.client_id,
        dialect=DIALECT,
        url=await _checked(policy, url),
        is_personal=access.is_personal,
    )
    await register_hook(call.ports, call.actor, hook, ACTIVATION, replaces=replaces)


async def _checked(policy: AddressPolicy, url: str) -> str:
    try:
        return await policy.checked_url(url)
    except PortNotAllowed as error:
        *first, last = map(str, sorted(error.ports))
        listed = f"{', '.join(first)} and {last}" if first else last
        raise Refusal(f"Allowed ports for webhooks are {listed}.") from error
    except InvalidInput as error:
        raise Refusal("Invalid url parameter") from error


async def _present(call: Call) -> Hook | None:
    access = call.access
    return await find_hook(call.ports.directory, access.owner_id, access.client_id, access.account_id or "")
