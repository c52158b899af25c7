"""Who is taken for the client of a request that a reverse proxy forwarded."""

from __future__ import annotations

import pytest

from ownclimate.serving import BehindProxies

FORWARDED = [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-proto", b"https")]


@pytest.mark.parametrize(
    ("peer", "headers", "client", "scheme"),
    [
        ("127.0.0.1", FORWARDED, "203.0.113.9", "https"),
        ("192.0.2.1", FORWARDED, "192.0.2.1", "http"),
        ("127.0.0.1", [(b"host", b"x")], "127.0.0.1", "http"),
    ],
    ids=["a proxy on this machine", "anybody else", "nothing forwarded"],
)
async def test_only_a_proxy_on_this_machine_may_say_whom_it_speaks_for(peer, headers, client, scheme) -> None:
    seen = []

    async def application(scope, receive, send) -> None:
        seen.append((scope["client"][0], scope["scheme"]))

    scope = {"type": "http", "client": (peer, 5000), "scheme": "http", "headers": headers}
    await BehindProxies(application)(scope, None, None)

    assert seen == [(client, scheme)]
