"""Who asks, as the answers tell of it: address and preferences of the account (contract §5.1, §6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ownclimate.core.accounts import load_account
from ownclimate.core.sources import find_standing_source
from ownclimate.core.things import Account
from ownclimate.vendors.netatmo.recognise import HOMES
from ownclimate.vendors.netatmo.vocabulary import IMPORTED
from ownclimate.web.call import Call

METRIC: Final = {"unit": 0, "windunit": 0, "pressureunit": 0, "feel_like_algo": 0}
METRIC_HOMES: Final = {"feel_like_algorithm": 0, "unit_pressure": 0, "unit_system": 0, "unit_wind": 0}


async def account_of(call: Call) -> Account | None:
    """The account behind the token; None for a token that is nobody's in particular."""
    account_id = call.access.account_id
    return None if account_id is None else await load_account(call.ports.directory, account_id)


async def said_of_user(call: Call, method: str) -> Mapping[str, Any]:
    """What the vendor's cloud last said of its account in answers of the method; empty when nothing."""
    source = await find_standing_source(call.ports.directory, call.access.owner_id, IMPORTED)
    if source is None:
        return {}
    said = source.settings.get("users", {}).get(method, {}).get("as_said", {})
    return said if isinstance(said, Mapping) else {}


async def weather_user(call: Call, method: str) -> dict[str, Any]:
    """`body.user` of stations and air monitors: the account's address, with the preferences that the
    vendor's cloud told of, else metric ones."""
    account = await account_of(call)
    said = await said_of_user(call, method)
    language = "en" if account is None else account.language
    told = said.get("administrative")
    preferences = {"lang": language, "reg_locale": language, **METRIC}
    if isinstance(told, Mapping):
        preferences |= told
    mail = said.get("mail", "") if account is None else account.email
    return {"mail": str(mail), "administrative": preferences}


async def home_user(call: Call) -> dict[str, Any]:
    """`body.user` of homes: as `weather_user`, in the words of that answer."""
    account = await account_of(call)
    said = await said_of_user(call, HOMES)
    language = "en" if account is None else account.language
    told = dict(said) or {"language": language, "locale": language, **METRIC_HOMES}
    if account is not None:
        told |= {"email": account.email, "id": account.id}
    return {"email": "", **told}
