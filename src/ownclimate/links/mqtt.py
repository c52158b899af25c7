"""One connection to an MQTT broker: kept up, and acknowledging only what its handler has finished with.

The session at the broker is persistent and subscriptions are of QoS 1: while nobody is connected the
broker keeps what comes, and what was not acknowledged it sends again. Acknowledgements go out in the
order in which the messages came (MQTT 3.1.1 §4.6), so one that is slow holds back those behind it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import zlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import aiomqtt
import structlog
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.client import Client as Wire
from paho.mqtt.enums import MQTTErrorCode

from ownclimate.core.errors import AppError, InvalidInput, Refused, StoreError, Unreachable, UpstreamError
from ownclimate.core.ids import Clock, Entropy
from ownclimate.links.backoff import LONGEST_S, Backoff

QOS: Final = 1
PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
TIMEOUT_S: Final = 10.0
"""For connecting, subscribing, and the broker's acknowledgement of what we publish."""
KEEPALIVE_S: Final = 30
LANES: Final = 32
"""Messages handled at once; those of one topic one after another. Mosquitto sends 20 ahead at most."""
MAX_WAITING: Final = 10_000
"""Messages read but not handled yet. Only a broker that never waits for acknowledgements gets there; it
then loses what it sent at QoS 0."""
NO_DELAY: Final = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
"""Acknowledgements are two bytes; gathering them cost 40 ms for each message."""
RETRY_S: Final = 2.0
MAX_ATTEMPTS: Final = 3
"""How often a handler that fails for no foreseen reason is tried before its message is given up."""
REFUSALS: Final = frozenset({4, 5, 128, 134, 135, 138, 140, 144})
"""Return codes of MQTT 3.1.1 §3.2.2.3 and 5.0 §3.2.2.2 that waiting does not change."""

log = structlog.get_logger("ownclimate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where a broker is, and who we are to it.

    `url` is `mqtt://host[:port]`, or `mqtts://…` with TLS; then `ca_file`, when given, holds the
    certificates that are trusted instead of the system's. `client_id` names the session that the broker
    keeps for us: two connections under one name throw each other out.
    """

    url: str
    client_id: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    will: Will | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """What the broker publishes, retained, once it has lost us without a farewell."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What came in. `is_retained`: the broker had kept it from before we subscribed."""

    topic: str
    payload: bytes
    is_retained: bool = False


Handler = Callable[[Message], Awaitable[None]]
"""Returns when the message may be forgotten by the broker: what it says is on disk, or means nothing.

It may be called again with the same message at any time. A StoreError is tried again until it succeeds.
Any other exception is a fault of ours: it is tried `MAX_ATTEMPTS` times, then logged and given up, since
a message that can never be handled would hold back all others for ever.
"""


@dataclass(slots=True, kw_only=True)
class LinkState:
    """What a connection is doing, for people to see. Instants are 0 when it never happened."""

    connected_since_ms: int = 0
    """0 while it is not connected."""
    last_message_ms: int = 0
    messages: int = 0
    given_up: int = 0
    published: int = 0
    connections: int = 0
    last_error: str = ""
    """Why it broke or could not be made; never a secret. Kept when it is back."""
    last_error_ms: int = 0


def broker_address(url: str) -> tuple[str, int, bool]:
    """Host, port and whether TLS is spoken. Raises InvalidInput."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidInput("broker", "expected mqtt://host[:port] or mqtts://host[:port]") from error
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise InvalidInput("broker", "expected mqtt://host[:port] or mqtts://host[:port]")
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("broker", "user and password are given apart from the address")
    return parts.hostname, port or PORTS[parts.scheme], parts.scheme == "mqtts"


class MqttLink:
    """Works one broker: `run()` for ever, `publish` meanwhile. `state` tells how it is doing."""

    def __init__(
        self,
        broker: Broker,
        subscriptions: Sequence[str],
        handler: Handler,
        *,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        """Raises InvalidInput when the address or the certificates cannot be used."""
        self.broker = broker
        self.state = LinkState()
        self._host, self._port, self._is_tls = broker_address(broker.url)
        self._subscriptions = tuple(subscriptions)
        self._handler = handler
        self._clock = clock
        self._backoff = Backoff(entropy)
        self._client: aiomqtt.Client | None = None
        self._is_up = asyncio.Event()
        self._is_down = asyncio.Event()
        self._is_down.set()

    @property
    def is_connected(self) -> bool:
        return self._client is not None

    async def connected(self) -> None:
        """Returns once the connection is up and subscribed."""
        await self._is_up.wait()

    async def disconnected(self) -> None:
        """Returns once the connection is down."""
        await self._is_down.wait()

    async def run(self) -> None:
        """Connects, handles what comes, reconnects; cancel it to stop. What is being handled then is not
        acknowledged and comes again."""
        while True:
            pause_s = 0.0
            try:
                async with self._connection() as client:
                    await self._subscribe(client)
                    _heed_cancellation()
                    self._came_up(client)
                    try:
                        await self._receive(client)
                    finally:
                        self._went_down()
            except Refused as error:
                self._note(error.message)
                pause_s = LONGEST_S
            except aiomqtt.MqttError as error:
                self._note(str(error) or "the connection broke")
            except (AppError, OSError) as error:
                self._note(str(error))
            _heed_cancellation()
            await asyncio.sleep(max(pause_s, self._backoff.next_s()))

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Returns once the broker has the message.

        Raises InvalidInput for a topic that is none; Unreachable when it certainly has not: there was no
        connection. Raises UpstreamError when the connection broke before the broker acknowledged: it may
        have it.
        """
        client = self._client
        if client is None:
            raise Unreachable(self.state.last_error or "the broker is not connected")
        sending = asyncio.ensure_future(client.publish(topic, payload, QOS, retain))
        broken = asyncio.ensure_future(self._is_down.wait())
        try:
            await asyncio.wait({sending, broken}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise UpstreamError("the connection broke before the broker acknowledged the message")
            await sending
        except aiomqtt.MqttCodeError as error:
            if error.rc == MQTTErrorCode.MQTT_ERR_NO_CONN:
                raise Unreachable("the connection to the broker has just broken") from error
            raise UpstreamError(f"the broker did not take the message: {error}") from error
        except aiomqtt.MqttError as error:
            raise UpstreamError("the broker did not acknowledge the message in time") from error
        except ValueError as error:
            raise InvalidInput("topic", f"nothing can be published as {topic!r}") from error
        finally:
            sending.cancel()
            broken.cancel()
        self.state.published += 1

    async def forget(self) -> None:
        """Has the broker drop our session with all that waits in it; for a connection that is not coming
        back. Does nothing when the broker cannot be reached."""
        with contextlib.suppress(aiomqtt.MqttError, AppError, OSError):
            async with self._new_client(is_session_kept=False):
                pass

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiomqtt.Client]:
        client = self._new_client(is_session_kept=True)
        # Before connecting: what waits in the session comes in the same breath as the broker's welcome.
        _wire(client).manual_ack_set(True)
        try:
            await client.__aenter__()
        except MqttConnectError as error:
            if _code(error) in REFUSALS:
                raise Refused(f"the broker refuses us: {error}") from error
            raise
        try:
            yield client
        finally:
            with contextlib.suppress(aiomqtt.MqttError):
                await client.__aexit__(None, None, None)
            if client._disconnected.done() and not client._disconnected.cancelled():
                client._disconnected.exception()  # Why it broke is known already, or of no interest now.

    def _new_client(self, *, is_session_kept: bool) -> aiomqtt.Client:
        will = self.broker.will
        client = aiomqtt.Client(
            self._host,
            self._port,
            username=self.broker.user or None,
            password=self.broker.password or None,
            identifier=self.broker.client_id,
            clean_session=not is_session_kept,
            timeout=TIMEOUT_S,
            keepalive=KEEPALIVE_S,
            max_queued_incoming_messages=MAX_WAITING,
            socket_options=NO_DELAY,
            tls_context=self._tls_context() if self._is_tls else None,
            will=None if will is None else aiomqtt.Will(will.topic, will.payload, QOS, retain=True),
        )
        # It would warn of each publication beyond ten that waits for its acknowledgement.
        client.pending_calls_threshold = MAX_WAITING
        return client

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.broker.ca_file or None)
        except OSError as error:
            raise InvalidInput("ca_file", f"cannot be read as certificates: {error}") from error

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        for topic in self._subscriptions:
            for granted in await client.subscribe(topic, QOS):
                code = granted if isinstance(granted, int) else granted.value
                if code in REFUSALS:
                    raise Refused(f"the broker refuses a subscription to {topic}")

    async def _receive(self, client: aiomqtt.Client) -> None:
        """Handles messages until the connection breaks; raises MqttError then."""
        acknowledgements = _Acknowledgements(_wire(client))
        lanes = [asyncio.Queue[aiomqtt.Message]() for _ in range(LANES)]
        workers = [asyncio.ensure_future(self._work(lane, acknowledgements)) for lane in lanes]
        try:
            async for message in client.messages:
                self.state.messages += 1
                self.state.last_message_ms = self._clock.now_ms()
                acknowledgements.expect(message)
                lanes[zlib.crc32(message.topic.value.encode()) % LANES].put_nowait(message)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, lane: asyncio.Queue[aiomqtt.Message], acknowledgements: _Acknowledgements) -> None:
        while True:
            message = await lane.get()
            await self._handle(
                Message(
                    topic=message.topic.value,
                    payload=message.payload if isinstance(message.payload, bytes) else b"",
                    is_retained=message.retain,
                )
            )
            acknowledgements.finish(message)

    async def _handle(self, message: Message) -> None:
        attempts = 0
        while True:
            try:
                await self._handler(message)
            except StoreError as error:
                self._note(error.message)
            except Exception:
                # Whatever it is, other messages must not wait for it for ever.
                attempts += 1
                log.exception("message_failed", topic=message.topic, attempt=attempts)
                if attempts == MAX_ATTEMPTS:
                    self.state.given_up += 1
                    return
            else:
                return
            await asyncio.sleep(RETRY_S)

    def _came_up(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._backoff.reset()
        self.state.connections += 1
        self.state.connected_since_ms = self._clock.now_ms()
        self._is_down.clear()
        self._is_up.set()
        log.info("link_connected", broker=self.broker.url, client_id=self.broker.client_id)

    def _went_down(self) -> None:
        self._client = None
        self.state.connected_since_ms = 0
        self._is_up.clear()
        self._is_down.set()

    def _note(self, reason: str) -> None:
        self.state.last_error = reason
        self.state.last_error_ms = self._clock.now_ms()
        log.warning("link_lost", broker=self.broker.url, client_id=self.broker.client_id, reason=reason)


@dataclass(slots=True)
class _Acknowledgements:
    """Sends them in the order in which the messages came, each once its message is finished with."""

    wire: Wire
    _order: deque[int] = field(default_factory=deque)
    _finished: set[int] = field(default_factory=set)

    def expect(self, message: aiomqtt.Message) -> None:
        if message.qos:
            self._order.append(message.mid)

    def finish(self, message: aiomqtt.Message) -> None:
        if not message.qos:
            return
        self._finished.add(message.mid)
        while self._order and self._order[0] in self._finished:
            mid = self._order.popleft()
            self._finished.discard(mid)
            self.wire.ack(mid, QOS)


def _heed_cancellation() -> None:
    """`asyncio.wait_for`, on which aiomqtt rests, loses a cancellation that comes in the very moment in which
    what is waited for happens (CPython issue 86296, mended in 3.12)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _wire(client: aiomqtt.Client) -> Wire:
    """aiomqtt acknowledges as soon as a message is queued; only the client beneath can wait."""
    return client._client


def _code(error: aiomqtt.MqttCodeError) -> int:
    return error.rc if isinstance(error.rc, int) else getattr(error.rc, "value", 0)
