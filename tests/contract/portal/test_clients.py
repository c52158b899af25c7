"""Clients, connected apps, tokens and keys through their pages."""

from __future__ import annotations

import pytest

from ownclimate.core.errors import Unauthenticated
from ownclimate.oauth.clients import ClientForm, ask_for_scope, create_client, get_client
from ownclimate.oauth.grants import GrantTerms, give, list_grants
from ownclimate.oauth.keys import check_hook, check_token
from ownclimate.oauth.tokens import check
from ownclimate.web.client_use import ClientUse, ClientUses
from ownclimate.web.dispatch import RequestEntry
from tests.contract.portal.browser import Browser, Server, Shown
from tests.contract.portal.test_consent import ticked
from tests.fakes import FakeClock
from tests.fakes.households import ACTOR

NEW = {"name": "Wetterbox", "dialect": "netatmo", "redirect_uris": "http://localhost:9/cb"}


async def create(browser: Browser, **fields: str) -> Shown:
    return await browser.submit("/clients", on="/clients/new", **NEW | fields)


async def test_a_developer_sees_the_secret_of_a_new_client_once(server: Server) -> None:
    browser = await server.signed_in("anna")

    made = await create(browser)
    client_id, secret = made.element("client-id"), made.element("client-secret")
    later = await browser.get(f"/clients/{client_id}")

    client = await get_client(server.authorization, client_id)
    assert client.is_secret(secret, server.clock.now_ms())
    assert client.redirect_uris == ("http://localhost:9/cb",)
    assert secret not in later.text
    assert client_id in later.text


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " "}, "name"),
        ({"redirect_uris": "javascript:alert(1)"}, "redirect_uris"),
        ({"redirect_uris": "https://a.example/x#y"}, "redirect_uris"),
        ({"support_url": "mailto:me"}, "support_url"),
        ({"scopes": "read_station brew_coffee", "dialect": "netatmo"}, "scopes"),
    ],
)
async def test_a_wrong_field_is_named_and_what_was_typed_stays(
    server: Server, fields: dict[str, str], field: str
) -> None:
    browser = await server.signed_in("anna")

    shown = await create(browser, description="kept as typed", **fields)

    assert shown.status == 422
    wrong = shown.text.partition('aria-invalid="true"')[0].rpartition('id="')[2]
    assert wrong.startswith(f'{field}"')
    assert "kept as typed" in shown.text


async def test_one_of_several_redirect_uris_can_be_the_default(server: Server) -> None:
    browser = await server.signed_in("anna")
    uris = "https://a.example/x\nhttps://b.example/y"
    client_id = (await create(browser, redirect_uris=uris)).element("client-id")
    typed = {"name": "Wetterbox", "scope": ["read_station"], "redirect_uris": uris}

    await browser.submit(
        f"/clients/{client_id}",
        on=f"/clients/{client_id}",
        default_redirect_uri="https://b.example/y",
        **typed,
    )
    chosen = await get_client(server.authorization, client_id)
    await browser.submit(
        f"/clients/{client_id}",
        default_redirect_uri="https://b.example/y",
        **typed | {"redirect_uris": "https://a.example/x"},
    )
    gone = await get_client(server.authorization, client_id)

    assert (chosen.default_redirect_uri, chosen.scopes) == ("https://b.example/y", ("read_station",))
    assert gone.default_redirect_uri == ""


async def test_scopes_can_be_named_when_the_client_is_made(server: Server) -> None:
    browser = await server.signed_in("anna")

    made = await create(browser, dialect="netatmo", scopes=" read_station  read_thermostat ")

    client = await get_client(server.authorization, made.element("client-id"))
    assert client.scopes == ("read_station", "read_thermostat")


async def test_scopes_are_narrowed_on_the_clients_page_and_all_of_them_stand_for_all(server: Server) -> None:
    browser = await server.signed_in("anna")
    client_id = (await create(browser, dialect="smartbuildings", redirect_uris="")).element("client-id")
    page = await browser.get(f"/clients/{client_id}")
    every = ticked(page, "scope")

    async def saved(scopes: list[str]) -> tuple[int, tuple[str, ...]]:
        shown = await browser.submit(
            f"/clients/{client_id}", on=f"/clients/{client_id}", name="Wetterbox", scope=scopes
        )
        return shown.status, (await get_client(server.authorization, client_id)).scopes

    assert await saved(every[:2]) == (200, tuple(every[:2]))
    assert await saved([]) == (422, tuple(every[:2])), "nothing ticked must not come to mean everything"
    assert await saved(every) == (200, ())


async def test_a_rotated_secret_overlaps_with_the_one_before(server: Server, clock: FakeClock) -> None:
    browser = await server.signed_in("anna")
    made = await create(browser)
    client_id, old = made.element("client-id"), made.element("client-secret")

    rotated = await browser.submit(f"/clients/{client_id}/rotate", on=f"/clients/{client_id}")
    new = rotated.element("client-secret")

    client = await get_client(server.authorization, client_id)
    assert [client.is_secret(text, clock.now_ms()) for text in (old, new)] == [True, True]
    clock.advance(25 * 3600)
    assert [client.is_secret(text, clock.now_ms()) for text in (old, new)] == [False, True]


async def test_a_client_is_deleted_with_all_that_people_gave_it(server: Server) -> None:
    browser = await server.signed_in("anna")
    client_id = (await create(browser)).element("client-id")
    berta = await server.person("berta")
    client = await get_client(server.authorization, client_id)
    terms = GrantTerms(client=client, owner_id=berta.owner_id, account_id=berta.id, scopes=("read_station",))
    await give(server.authorization, ACTOR, terms)

    unsure = await browser.submit(f"/clients/{client_id}/delete", on=f"/clients/{client_id}", name="Wetter")
    await browser.submit(f"/clients/{client_id}/delete", name="Wetterbox")

    assert unsure.status == 422
    assert (await browser.get(f"/clients/{client_id}")).status == 404
    assert await list_grants(server.ports.directory, berta.owner_id) == []


@pytest.mark.parametrize("what", ["", "/rotate", "/delete", "/ask", "/tokens"])
async def test_another_households_client_is_not_there(server: Server, what: str) -> None:
    client_id = (await create(await server.signed_in("anna"))).element("client-id")
    browser = await server.signed_in("mallory")

    shown = await browser.submit(f"/clients/{client_id}{what}", on="/account", name="Wetterbox")

    assert shown.status == 404
    assert (await get_client(server.authorization, client_id)).name == "Wetterbox"


async def test_a_scope_is_asked_for_with_a_reason_and_approved_by_an_administrator(server: Server) -> None:
    browser = await server.signed_in("anna")
    admin = await server.signed_in("root", is_admin=True)
    client_id = (await create(browser)).element("client-id")

    await browser.submit(
        f"/clients/{client_id}/ask",
        on=f"/clients/{client_id}",
        scope="access_camera",
        reason="To see the cat.",
    )
    waiting = await admin.get("/admin/approvals")
    await admin.submit(f"/admin/approvals/{client_id}", scope="access_camera", decision="approve")

    assert "To see the cat." in waiting.text
    assert (await get_client(server.authorization, client_id)).approved == ("access_camera",)
    assert "approved" in (await browser.get(f"/clients/{client_id}")).text


async def test_asking_without_a_reason_is_refused(server: Server) -> None:
    browser = await server.signed_in("anna")
    client_id = (await create(browser)).element("client-id")

    shown = await browser.submit(
        f"/clients/{client_id}/ask", on=f"/clients/{client_id}", scope="access_camera", reason=" "
    )

    assert (shown.status, "say what the app needs it for" in shown.text) == (422, True)


async def test_a_developer_cannot_approve_for_themselves(server: Server) -> None:
    browser = await server.signed_in("anna")
    client_id = (await create(browser)).element("client-id")
    await ask_for_scope(server.authorization, ACTOR, client_id, "access_camera", "because")

    shown = await browser.submit(
        f"/admin/approvals/{client_id}", on="/account", scope="access_camera", decision="approve"
    )

    assert shown.status == 403
    assert (await get_client(server.authorization, client_id)).approved == ()


async def test_the_generator_makes_tokens_for_ones_own_app_without_a_redirect(server: Server) -> None:
    browser = await server.signed_in("anna")
    client_id = (await create(browser)).element("client-id")

    shown = await browser.submit(
        f"/clients/{client_id}/tokens", on=f"/clients/{client_id}/tokens", scope=["read_station"]
    )

    text = shown.element("access-token")
    access = await check(server.ports.directory, server.authorization.dialects, text, server.clock.now_ms())
    assert (access.client_id, access.scopes) == (client_id, frozenset({"read_station"}))
    assert shown.element("refresh-token") != text
    assert text not in (await browser.get(f"/clients/{client_id}/tokens")).text


async def test_the_generator_gives_no_scope_that_waits_for_approval(server: Server) -> None:
    browser = await server.signed_in("anna")
    client_id = (await create(browser)).element("client-id")

    shown = await browser.submit(
        f"/clients/{client_id}/tokens", on=f"/clients/{client_id}/tokens", scope=["access_camera"]
    )

    assert (shown.status, "Tick at least one" in shown.text) == (422, True)


async def test_a_connected_app_is_listed_in_plain_words_and_can_be_disconnected(server: Server) -> None:
    browser = await server.signed_in("anna")
    client_id = (await create(browser)).element("client-id")
    text = (
        await browser.submit(
            f"/clients/{client_id}/tokens", on=f"/clients/{client_id}/tokens", scope=["read_station"]
        )
    ).element("access-token")

    page = await browser.get("/apps")
    grant_id = page.text.partition("/apps/")[2].partition("/revoke")[0]
    await browser.submit(f"/apps/{grant_id}/revoke")

    assert "Wetterbox" in page.text
    assert "see your weather stations" in page.text
    with pytest.raises(Unauthenticated):
        await check(server.ports.directory, server.authorization.dialects, text, server.clock.now_ms())
    assert "No app is connected" in (await browser.get("/apps")).text


async def test_another_households_grant_cannot_be_revoked(server: Server) -> None:
    browser = await server.signed_in("anna")
    client_id = (await create(browser)).element("client-id")
    await browser.submit(
        f"/clients/{client_id}/tokens", on=f"/clients/{client_id}/tokens", scope=["read_station"]
    )
    grant_id = (await browser.get("/apps")).text.partition("/apps/")[2].partition("/revoke")[0]

    shown = await (await server.signed_in("mallory")).submit(f"/apps/{grant_id}/revoke", on="/account")

    assert shown.status == 404
    assert "Wetterbox" in (await browser.get("/apps")).text


async def test_a_token_can_do_what_was_ticked_until_it_is_revoked(server: Server) -> None:
    browser = await server.signed_in("anna")

    made = await browser.submit("/tokens", on="/tokens", name="backup script", scope=["device.read"])
    text = made.element("token")
    access = await check_token(server.ports.directory, text)
    await browser.submit(f"/tokens/{access.client_id}/revoke", on="/tokens")

    assert [permission.value for permission in access.permissions] == ["device.read"]
    with pytest.raises(Unauthenticated):
        await check_token(server.ports.directory, text)


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"scope": ["device.read"], "name": ""}, "Name"), ({"name": "x"}, "Tick at least one")],
)
async def test_a_token_needs_a_name_and_something_to_do(
    server: Server, fields: dict[str, str], words: str
) -> None:
    browser = await server.signed_in("anna")

    shown = await browser.submit("/tokens", on="/tokens", **fields)

    assert (shown.status, words in shown.text) == (422, True)


async def test_a_device_key_is_shown_once_and_revoked_at_once(server: Server) -> None:
    browser = await server.signed_in("anna")

    text = (await browser.submit("/device-keys", on="/device-keys", name="weather mast")).element("key")
    key = await check_hook(server.ports.directory, text)
    page = await browser.get("/device-keys")
    await browser.submit(f"/device-keys/{key.id}/revoke")

    assert "weather mast" in page.text
    assert text not in page.text
    with pytest.raises(Unauthenticated):
        await check_hook(server.ports.directory, text)


async def test_a_key_is_not_revoked_through_the_page_of_another_kind_or_household(server: Server) -> None:
    browser = await server.signed_in("anna")
    text = (await browser.submit("/device-keys", on="/device-keys", name="mast")).element("key")
    key = await check_hook(server.ports.directory, text)
    mallory = await server.signed_in("mallory")

    other_kind = await browser.submit(f"/tokens/{key.id}/revoke", on="/tokens")
    other_household = await mallory.submit(f"/device-keys/{key.id}/revoke", on="/device-keys")

    assert (other_kind.status, other_household.status) == (404, 404)
    assert await check_hook(server.ports.directory, text) == key


async def test_a_members_grant_is_seen_by_owners_and_by_themselves(server: Server) -> None:
    anna = await server.person("anna")
    client, _ = await create_client(
        server.authorization, ACTOR, anna, ClientForm(name="An app", dialect="netatmo", redirect_uris=())
    )
    stranger = await server.person("stranger")
    terms = GrantTerms(
        client=client, owner_id=anna.owner_id, account_id=stranger.id, scopes=("read_station",)
    )
    await give(server.authorization, ACTOR, terms)
    browser = server.browser()
    await browser.sign_in(anna.email)

    assert "stranger@example.org" in (await browser.get("/apps")).text


async def test_a_developer_sees_what_the_client_did_and_how_many_tokens_it_took(server: Server) -> None:
    browser = await server.signed_in("anna")
    client_id = (await create(browser)).element("client-id")
    for route, status in (
        ("/oauth2/token", 200),
        ("/v1/controllers", 200),
        ("/v1/controllers/{serial}", 404),
    ):
        server.services.client_uses.note(
            RequestEntry("id", "GET", route, "mclimate", status, 1.0, client_id, None)
        )

    shown = await browser.get(f"/clients/{client_id}")

    assert "<dt>Calls</dt><dd>2</dd>" in shown.text
    assert "one for 2.0 calls" in shown.text
    assert "<dt>Failed</dt><dd>1</dd>" in shown.text
    assert "GET /v1/controllers/{serial}" in shown.text


def test_the_use_of_clients_takes_bounded_memory(clock: FakeClock) -> None:
    uses = ClientUses(clock, ())
    for number in range(2_100):
        for _ in range(25 if number == 2_099 else 1):
            uses.note(RequestEntry("id", "GET", "/x", "d", 200, 1.0, f"client{number}", None))

    assert uses.of("client0") == ClientUse()
    assert (uses.of("client2099").calls, len(uses.of("client2099").recent)) == (25, 20)


async def test_a_client_is_switched_off_and_on_again_by_its_owner(server: Server) -> None:
    browser = await server.signed_in("anna")
    client_id = (await create(browser)).element("client-id")

    off = await browser.submit(f"/clients/{client_id}/off", on=f"/clients/{client_id}")
    assert "Switched off" in off.text
    assert (await get_client(server.authorization, client_id)).is_switched_off

    await browser.submit(f"/clients/{client_id}/on", on=f"/clients/{client_id}")
    assert not (await get_client(server.authorization, client_id)).is_switched_off
