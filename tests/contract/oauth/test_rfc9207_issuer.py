"""RFC 9207: a client that talks to several servers can tell whose answer it got (mix-up attack)."""

from __future__ import annotations

import pytest

from ownclimate.oauth import authorize
from ownclimate.oauth.errors import RedirectedError
from tests.contract.oauth.world import ISSUER, query_of


@pytest.mark.parametrize("dialect", ["standard", "netatmo", "mclimate"])
async def test_every_answer_names_the_issuer_of_the_metadata(world, anna, ben, dialect) -> None:
    app = await world.app(anna, dialect)
    request = await world.ask(app)
    metadata = (await world.http.get("/.well-known/oauth-authorization-server")).json

    accepted = await world.allow(request, ben)
    denied = query_of(authorize.deny(request))
    with pytest.raises(RedirectedError) as failed:
        await world.ask(app, response_type="token")

    assert metadata["authorization_response_iss_parameter_supported"]
    for answer in (accepted, denied, query_of(failed.value.location)):
        assert answer["iss"] == metadata["issuer"] == ISSUER
