"""A link to a real Mosquitto: nothing is acknowledged before it was handled, nothing is lost on the way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ownclimate.core.errors import InvalidInput, StoreUnavailable, Unreachable
from ownclimate.links import mqtt
from ownclimate.links.mqtt import Broker, Handler, Message, MqttLink, broker_address
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.broker import Mosquitto, free_port

WAIT_S = 20


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that people would not notice; what follows what stays as it is."""
    monkeypatch.setattr(mqtt, "RETRY_S", 0.01)


def where_of(broker: Mosquitto, name: str) -> Broker:
    return Broker(url=broker.url, client_id=name, user=broker.user, password=broker.password)


def link_over(where: Broker, handler: Handler) -> MqttLink:
    """Subscribed to all below its own name."""
    link = MqttLink(where, [f"{where.client_id}/#"], handler, clock=FakeClock(), entropy=SeededEntropy(1))
    link._backoff.first_s = 0.05
    return link


def link_to(broker: Mosquitto, name: str, handler: Handler, *, password: str = "") -> MqttLink:
    where = where_of(broker, name)
    return link_over(replace(where, password=password) if password else where, handler)


@contextlib.asynccontextmanager
async def running(link: MqttLink) -> AsyncIterator[MqttLink]:
    task = asyncio.create_task(link.run())
    try:
        await asyncio.wait_for(link.connected(), WAIT_S)
        yield link
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Inbox:
    """A handler that remembers, and that may be told to hold or to fail."""

    def __init__(self) -> None:
        self.seen: list[Message] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.failures: list[Exception] = []
        self._news = asyncio.Condition()

    async def __call__(self, message: Message) -> None:
        async with self._news:
            self.seen.append(message)
            self._news.notify_all()
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.seen]

    async def has(self, count: int) -> None:
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(lambda: len(self.seen) >= count), WAIT_S)


async def test_what_is_published_comes_back_on_the_subscribed_topic(broker: Mosquitto) -> None:
    inbox = Inbox()
    async with running(link_to(broker, "echo", inbox)) as link:
        await link.publish("echo/state", b"on")
        await inbox.has(1)

        assert inbox.seen == [Message(topic="echo/state", payload=b"on")]
        assert (link.state.messages, link.state.published, link.state.last_error) == (1, 1, "")


async def test_what_was_not_handled_comes_again_after_a_crash(broker: Mosquitto) -> None:
    held = Inbox()
    held.gate.clear()
    async with running(link_to(broker, "crash", held)) as link:
        await link.publish("crash/up", b"1")
        await held.has(1)

    again = Inbox()
    async with running(link_to(broker, "crash", again)):
        await again.has(1)

    assert again.payloads == [b"1"]


async def test_what_was_handled_does_not_come_again(broker: Mosquitto) -> None:
    inbox, later = Inbox(), Inbox()
    async with running(link_to(broker, "once", inbox)) as link:
        for number in range(50):
            await link.publish(f"once/{number}", b"%d" % number)
        await inbox.has(50)
        await asyncio.sleep(0)

    async with running(link_to(broker, "once", later)) as link:
        await link.publish("once/end", b"end")
        await later.has(1)

    assert later.payloads == [b"end"]


async def test_the_broker_keeps_for_us_what_comes_while_we_are_away(broker: Mosquitto) -> None:
    async with running(link_to(broker, "away", Inbox())):
        pass
    other = MqttLink(
        Broker(url=broker.url, client_id="other", user=broker.user, password=broker.password),
        [],
        Inbox(),
        clock=FakeClock(),
        entropy=SeededEntropy(2),
    )
    async with running(other):
        await other.publish("away/up", b"meanwhile")

    inbox = Inbox()
    async with running(link_to(broker, "away", inbox)):
        await inbox.has(1)

    assert inbox.payloads == [b"meanwhile"]


async def test_messages_of_one_topic_are_handled_in_their_order(broker: Mosquitto) -> None:
    inbox = Inbox()
    async with running(link_to(broker, "order", inbox)) as link:
        for number in range(100):
            await link.publish("order/one", b"%d" % number)
        await inbox.has(100)

    assert inbox.payloads == [b"%d" % number for number in range(100)]


async def test_a_store_that_cannot_take_it_now_is_asked_until_it_can(broker: Mosquitto) -> None:
    inbox = Inbox()
    inbox.failures = [StoreUnavailable("the disk is full") for _ in range(5)]
    async with running(link_to(broker, "full", inbox)) as link:
        await link.publish("full/up", b"1")
        await inbox.has(6)

        assert link.state.given_up == 0
    assert inbox.payloads == [b"1"] * 6


async def test_a_message_that_nobody_can_handle_is_given_up_and_counted(broker: Mosquitto) -> None:
    inbox = Inbox()
    inbox.failures = [ValueError("a fault of ours")] * mqtt.MAX_ATTEMPTS
    async with running(link_to(broker, "poison", inbox)) as link:
        await link.publish("poison/up", b"bad")
        await inbox.has(mqtt.MAX_ATTEMPTS)
        await link.publish("poison/up", b"good")
        await inbox.has(mqtt.MAX_ATTEMPTS + 1)

        assert link.state.given_up == 1
    later = Inbox()
    async with running(link_to(broker, "poison", later)) as link:
        await link.publish("poison/up", b"end")
        await later.has(1)
    assert later.payloads == [b"end"]


async def test_a_wrong_password_is_refused_and_told_without_it(broker: Mosquitto) -> None:
    link = link_to(broker, "stranger", Inbox(), password="not the password")
    task = asyncio.create_task(link.run())
    while not link.state.last_error:
        await asyncio.sleep(0.01)
    task.cancel()

    assert "refuses" in link.state.last_error
    assert "not the password" not in link.state.last_error
    assert "not the password" not in repr(link.broker)


async def test_nothing_is_published_without_a_connection(broker: Mosquitto) -> None:
    with pytest.raises(Unreachable):
        await link_to(broker, "idle", Inbox()).publish("idle/down", b"1")


async def test_a_topic_that_is_none_is_refused(broker: Mosquitto) -> None:
    async with running(link_to(broker, "odd", Inbox())) as link:
        for topic in ("odd/+", "#", ""):
            with pytest.raises(InvalidInput):
                await link.publish(topic, b"1")


async def test_a_forgotten_session_keeps_nothing(broker: Mosquitto) -> None:
    held = Inbox()
    held.gate.clear()
    link = link_to(broker, "gone", held)
    async with running(link):
        await link.publish("gone/up", b"1")
        await held.has(1)
    await link.forget()

    later = Inbox()
    async with running(link_to(broker, "gone", later)) as link:
        await link.publish("gone/up", b"2")
        await later.has(1)

    assert later.payloads == [b"2"]


async def test_a_broker_that_restarts_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    inbox = Inbox()
    with Mosquitto(tmp_path / "broker") as broker:
        async with running(link_to(broker, "storm", inbox)) as link:
            inbox.gate.clear()
            for number in range(5):
                await link.publish("storm/up", b"%d" % number)
            await inbox.has(1)
            await asyncio.to_thread(broker.restart)
            inbox.gate.set()
            await asyncio.wait_for(link.connected(), WAIT_S)
            await link.publish("storm/up", b"5")
            while b"5" not in inbox.payloads:
                await asyncio.sleep(0.01)

            assert link.state.connections == 2
            assert link.state.last_error
    assert set(inbox.payloads) == {b"%d" % number for number in range(6)}


async def test_an_encrypted_connection_trusts_the_given_authority_alone(tmp_path: Path) -> None:
    certificate, key = certify(tmp_path)
    port = free_port()
    tls = (f"listener {port} 127.0.0.1", f"certfile {certificate}", f"keyfile {key}")
    with Mosquitto(tmp_path / "broker").start(*tls) as broker:
        inbox = Inbox()
        safe = replace(where_of(broker, "tls"), url=f"mqtts://127.0.0.1:{port}", ca_file=str(certificate))
        async with running(link_over(safe, inbox)) as link:
            await link.publish("tls/up", b"1")
            await inbox.has(1)

        stranger = link_over(replace(safe, client_id="stranger", ca_file=""), Inbox())
        task = asyncio.create_task(stranger.run())
        while not stranger.state.last_error:
            await asyncio.sleep(0.01)
        task.cancel()
        assert "certificate" in stranger.state.last_error.lower()


def certify(folder: Path) -> tuple[Path, Path]:
    """A certificate of its own authority for the loopback address, and its key."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a broker of tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, key


@pytest.mark.parametrize(
    "url",
    ["broker", "http://broker", "mqtt://", "mqtt://a:b@broker", "mqtt://broker:x", "mqtt://broker/topic"],
)
def test_an_address_that_is_no_brokers_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        broker_address(url)


def test_an_address_says_whether_it_is_encrypted() -> None:
    assert broker_address("mqtts://eu1.example.org") == ("eu1.example.org", 8883, True)
    assert broker_address("mqtt://[::1]:1884") == ("::1", 1884, False)
