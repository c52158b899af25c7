"""Sessions: how they begin and end, and what a cookie says."""

from __future__ import annotations

from ownclimate.core.ports import Directory
from tests.contract.portal.browser import PASSWORD, Browser, Server
from tests.fakes import FakeClock, SeededEntropy

COOKIE = "ownclimate_session"
DAY_S = 24 * 3600


async def _is_signed_in(browser: Browser) -> bool:
    return (await browser.get("/account", follow=False)).status == 200


async def test_signing_in_leads_back_to_the_page_that_asked_for_it(server: Server) -> None:
    await server.person("anna")
    browser = server.browser()

    asked = await browser.get("/activity?before=0123")
    shown = await browser.submit(
        "/sign-in", email="Anna@Example.org ", password=PASSWORD, next=asked.hidden("next")
    )

    assert asked.title == "Sign in"
    assert (shown.title, shown.path) == ("Activity", "/activity?before=0123")


async def test_a_session_planted_before_signing_in_never_becomes_valid(server: Server) -> None:
    """Fixation: the attacker knows a session text and puts it into the victim's browser."""
    await server.person("anna")
    attacker = await server.signed_in("mallory")
    planted = attacker.cookies[COOKIE]
    victim = server.browser(cookies={COOKIE: planted})

    await victim.sign_in("anna@example.org")

    assert victim.cookies[COOKIE] != planted
    assert "anna@example.org" in (await victim.get("/account")).text
    assert not await _is_signed_in(attacker), "the session that was replaced has ended"


async def test_a_made_up_session_is_nobody(server: Server) -> None:
    for text in ("x", "_", f"{'0' * 24}_{'1' * 64}", f"{'0' * 24}_", "é" * 10):
        browser = server.browser(cookies={COOKIE: text})

        assert not await _is_signed_in(browser)


async def test_signing_out_ends_the_session_itself_and_not_only_the_cookie(server: Server) -> None:
    browser = await server.signed_in("anna")
    copy = server.browser(cookies=dict(browser.cookies))

    shown = await browser.submit("/sign-out", on="/account")

    assert "You are signed out" in shown.text
    assert COOKIE not in browser.cookies
    assert not await _is_signed_in(copy)


async def test_a_session_ends_when_it_is_not_used(server: Server, clock: FakeClock) -> None:
    browser = await server.signed_in("anna")

    for _ in range(3):
        clock.advance(13 * DAY_S)
        assert await _is_signed_in(browser), "each use within the idle time renews it"
    clock.advance(14 * DAY_S)

    assert not await _is_signed_in(browser)


async def test_a_session_ends_at_its_greatest_age_however_much_it_is_used(
    server: Server, clock: FakeClock
) -> None:
    browser = await server.signed_in("anna")

    for _ in range(9):
        clock.advance(10 * DAY_S - 60)
        assert await _is_signed_in(browser)
    clock.advance(600)

    assert not await _is_signed_in(browser)


async def test_a_new_password_ends_every_other_session_and_renews_this_one(
    server: Server, clock: FakeClock
) -> None:
    browser = await server.signed_in("anna")
    other = server.browser()
    await other.sign_in("anna@example.org")
    before = browser.cookies[COOKIE]
    clock.advance(1)

    shown = await browser.submit(
        "/account/password", on="/account", password=PASSWORD, new_password="another long one"
    )

    assert "Your password is changed" in shown.text
    assert browser.cookies[COOKIE] != before
    assert not await _is_signed_in(other)
    assert (await server.browser().sign_in("anna@example.org")).status == 401
    assert (await server.browser().sign_in("anna@example.org", "another long one")).status == 200


async def test_a_wrong_current_password_changes_nothing(server: Server) -> None:
    browser = await server.signed_in("anna")

    shown = await browser.submit(
        "/account/password", on="/account", password="guessed wrongly", new_password="another long one"
    )

    assert (shown.status, "not your current password" in shown.text) == (422, True)
    assert (await server.browser().sign_in("anna@example.org")).status == 200


async def test_other_browsers_can_be_signed_out(server: Server, clock: FakeClock) -> None:
    browser = await server.signed_in("anna")
    other = server.browser()
    await other.sign_in("anna@example.org")
    clock.advance(1)

    await browser.submit("/account/sign-out-others", on="/account")

    assert await _is_signed_in(browser)
    assert not await _is_signed_in(other)


async def test_cookies_cannot_be_read_by_scripts_or_sent_by_other_sites(server: Server) -> None:
    await server.person("anna")
    browser = server.browser()

    page = await browser.get("/sign-in")
    answer = await browser.submit("/sign-in", email="anna@example.org", password=PASSWORD, follow=False)

    for line in (page.cookies_set["ownclimate_visitor"], answer.cookies_set[COOKIE]):
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(line.split("; "))
        assert "Domain" not in line


async def test_over_https_cookies_are_secure_and_bound_to_this_host(
    directory: Directory, clock: FakeClock, entropy: SeededEntropy
) -> None:
    server = Server.over(directory, clock, entropy, public_url="https://climate.test")
    await server.person("anna")
    browser = server.browser()

    page = await browser.get("/sign-in")
    answer = await browser.submit("/sign-in", email="anna@example.org", password=PASSWORD, follow=False)

    assert "Secure" in page.cookies_set["__Host-ownclimate_visitor"]
    assert "Secure" in answer.cookies_set["__Host-ownclimate_session"]
    assert answer.header("strict-transport-security")
    assert await _is_signed_in(browser)


async def test_what_expired_is_removed_at_the_next_sign_in(
    server: Server, clock: FakeClock, directory: Directory
) -> None:
    browser = await server.signed_in("anna")
    locator = browser.cookies[COOKIE].partition("_")[0]
    clock.advance(100 * DAY_S)

    await server.browser().sign_in("anna@example.org")

    assert await directory.scan(f"session:{locator}", "session") == []
