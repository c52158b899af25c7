"""`/v1/users/me`: who the token's account is (contract §6)."""

from __future__ import annotations

from ownclimate.core.access import Permission
from ownclimate.core.accounts import load_account
from ownclimate.core.errors import NotFound
from ownclimate.core.things import Account
from ownclimate.vendors.mclimate import mapping, wire
from ownclimate.vendors.mclimate.face import hal
from ownclimate.vendors.mclimate.face.scopes import BASIC
from ownclimate.vendors.mclimate.wire import Link
from ownclimate.web.call import Call
from ownclimate.web.tables import Endpoint, Success

FIELDS = ("user_id", "username", "firstname", "lastname", "phone", "country_id", "created", "_relation")


def rows() -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            operation_id="getMe",
            path="/v1/users/me",
            aliases=("/v1/users",),
            handler=get_me,
            params=hal.EntityQuery,
            successes=(Success(item=wire.UserEntity),),
            permission=Permission.ACCOUNT_READ,
            scopes=BASIC,
            errors=(404,),
            is_conditional=True,
            summary="The user whose token this is",
        ),
    )


async def get_me(call: Call, query: hal.EntityQuery) -> wire.UserEntity:
    fields = hal.chosen_fields(query, FIELDS)
    account_id = call.access.account_id
    account = None if account_id is None else await load_account(call.ports.directory, account_id)
    if account is None:
        raise NotFound("user")
    user = _user_of(account, is_advanced=hal.is_advanced(call))
    if fields:
        user = wire.User(**{name: getattr(user, name) for name in (f.lstrip("_") for f in fields)})
    # The vendor's own links, its singular `controller` included; both paths are served.
    links = {
        "self": Link("/v1/users"),
        "controller": Link("/v1/controller/{serial_number}", templated=True),
    }
    return wire.UserEntity(users=user, links=links)


def _user_of(account: Account, *, is_advanced: bool) -> wire.User:
    user = wire.User(
        user_id=account.number,
        username=account.email,
        firstname=account.first_name,
        lastname=account.last_name,
        phone=None,
        country_id=None,
        created=mapping.moment(account.created_ms),
    )
    if is_advanced:
        user.relation = wire.UserRelation(country=wire.Country(time_zone=account.time_zone))
    return user
