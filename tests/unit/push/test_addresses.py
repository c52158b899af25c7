"""Where webhooks may be: no address of this network, however it is written or resolved."""

from __future__ import annotations

import pytest

from ownclimate.core.errors import InvalidInput
from ownclimate.push.addresses import AddressPolicy, CheckedResolver, PortNotAllowed

PUBLIC, PRIVATE = "93.184.215.14", "10.0.0.7"


class Names:
    """A name server whose answers follow one another; the last one stays."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str) -> list[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def policy(*answers: list[str], **more: object) -> AddressPolicy:
    return AddressPolicy(lookup=Names(*answers or ([PUBLIC],)), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:7",
        "2002:7f00:1::",
        "not-an-address",
    ],
)
def test_an_address_that_is_not_of_the_open_internet_is_refused(address: str) -> None:
    assert not policy().allows(address)


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700:4700::1111", "::ffff:93.184.215.14"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert policy().allows(address)


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("127.0.0.1", True),
        ("192.168.1.1", True),
        ("fd00::1", True),
        ("::1", True),
        ("169.254.169.254", False),
        ("fe80::1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        (PUBLIC, True),
    ],
)
def test_private_addresses_are_the_operators_to_allow_but_never_link_local_ones(
    address: str, is_allowed: bool
) -> None:
    assert policy(allows_private=True).allows(address) == is_allowed


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook",
        "ftp://example.org/",
        "file:///etc/passwd",
        "//example.org/",
        "http://",
        "http:///path",
        "http://user:secret@example.org/",
        "http://example.org\\@10.0.0.7/",
        "http://exa mple.org/",
        "http://example.org/\r\nX: y",
        "http://example.org:99999/",
        "http://example.org:x/",
        "http://[::1/",
        "https://example.org/" + "x" * 2000,
    ],
)
async def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await policy().checked_url(url)
    assert caught.value.field == "url"


@pytest.mark.parametrize("url", ["http://10.0.0.7/", "http://[::1]/", "http://[::ffff:10.0.0.7]/"])
async def test_a_private_address_written_as_a_number_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        await policy().checked_url(url)


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(InvalidInput):
        await policy([PUBLIC, PRIVATE]).checked_url("https://example.org/")


async def test_a_name_that_resolves_to_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput):
        await policy([]).checked_url("https://example.org/")


async def test_a_url_is_kept_without_its_fragment() -> None:
    assert await policy().checked_url(" HTTPS://Example.org:9443?a=b#c ") == "https://Example.org:9443/?a=b"


@pytest.mark.parametrize(
    ("port", "is_allowed"), [(80, True), (88, True), (9443, True), (8080, False), (22, False)]
)
async def test_ports_are_those_of_the_list(port: int, is_allowed: bool) -> None:
    url = f"http://example.org:{port}/"
    if is_allowed:
        assert await policy().checked_url(url) == url
    else:
        with pytest.raises(PortNotAllowed):
            await policy().checked_url(url)


async def test_an_empty_list_of_ports_allows_every_port() -> None:
    assert await policy(ports=frozenset()).checked_url("http://example.org:8080/")


async def test_the_connection_goes_to_an_address_that_was_checked_and_to_no_later_answer() -> None:
    """A name that resolves to a public address first and to a private one a moment later."""
    rebinding = Names([PUBLIC], [PRIVATE])
    resolver = CheckedResolver(AddressPolicy(lookup=rebinding))

    first = await resolver.resolve("example.org", 443)

    assert [(found["host"], found["port"]) for found in first] == [(PUBLIC, 443)]
    with pytest.raises(OSError, match="may not be called"):
        await resolver.resolve("example.org", 443)
