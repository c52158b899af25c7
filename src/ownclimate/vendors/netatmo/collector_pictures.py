"""Fetching the pictures that answers named: snapshots, cut-outs and faces, one call each.

What is wanted is on disk until it is here or lost. Lost is what the cloud does not have any more, what is
no picture, and what could not be fetched again and again; that is noted, so that the next answer that names
it does not have it fetched anew, unless under another address.

An address was written by the cloud. The access token is not sent along, redirects are not followed, and
nothing in a private network is called unless the cloud itself is there.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import InvalidInput, RateLimited, UpstreamError
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.writes import Actor
from ownclimate.links.http import TOO_MANY, Answer, Cloud
from ownclimate.push.addresses import AddressPolicy, CheckedResolver, parsed
from ownclimate.sync.collector import Memory
from ownclimate.vendors.netatmo.face.faults import LIMIT
from ownclimate.vendors.netatmo.pictures import PictureWanted, keep_picture

METHOD: Final = "/api/getcamerapicture"
PREFIX: Final = "picture "
MOST_TRIES: Final = 5
AGAIN_MS: Final = 10 * 60_000
"""After the first failure; each further one waits twice as long as the one before it."""
LONGEST_AGAIN_MS: Final = 60 * 60_000
IMAGE: Final = {"accept": "image/jpeg, image/*;q=0.5"}
_DIGEST_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A picture that is wanted, or why it is lost. `place` tells addresses apart without repeating them."""

    wanted: dict[str, Any] = field(default_factory=dict, repr=False)
    place: str = ""
    tries: int = 0
    due_ms: int = 0
    lost: str = ""
    unknown: dict[str, Any] = field(default_factory=dict)

    @property
    def picture(self) -> PictureWanted:
        return PictureWanted(**self.wanted)


@dataclass(slots=True)
class PictureQueue:
    ports: Ports
    owner_id: OwnerId
    actor: Actor
    cloud: Cloud
    memory: Memory
    policy: AddressPolicy
    _wants: dict[str, Want] | None = None
    _others: Cloud | None = None
    """For hosts that are not the cloud's own."""

    async def want(self, pictures: list[PictureWanted]) -> None:
        """Notes the ones that are not wanted or lost already. An address that was signed anew is tried too,
        until all of them together were tried often enough."""
        wants = await self._loaded()
        for picture in pictures:
            known, place = wants.get(picture.id, Want()), _place(picture)
            if known.place != place and known.tries < MOST_TRIES:
                wanted = {name: value for name, value in dataclasses.asdict(picture).items() if value}
                want = dataclasses.replace(known, wanted=wanted, place=place, lost="")
                await self._note(picture.id, want)

    async def waiting(self) -> int:
        return sum(not want.lost for want in (await self._loaded()).values())

    async def lost(self) -> int:
        return sum(bool(want.lost) for want in (await self._loaded()).values())

    async def due_in_ms(self, now_ms: int) -> int:
        """Until the next is to be fetched; there must be one waiting."""
        due_ms = min(want.due_ms for want in (await self._loaded()).values() if not want.lost)
        return max(0, due_ms - now_ms)

    async def fetch_next(self) -> None:
        """The newest of those that are due. Raises RateLimited; what else goes wrong is noted at it."""
        waiting = {key: want for key, want in (await self._loaded()).items() if not want.lost}
        if not waiting:
            return
        now_ms = self.ports.clock.now_ms()
        due = {key: want for key, want in waiting.items() if want.due_ms <= now_ms}
        key, want = max((due or waiting).items(), key=lambda item: (item[1].wanted.get("at_ms", 0), item[0]))
        try:
            answer = await self._get(want.picture)
        except InvalidInput as error:
            await self._lose(key, want, error.message)
        except UpstreamError as error:
            await self._put_off(key, want, error.message)
        else:
            await self._take(key, want, answer)

    async def close(self) -> None:
        if self._others is not None:
            await self._others.close()

    async def _get(self, picture: PictureWanted) -> Answer:
        """Raises InvalidInput for an address that may not be called."""
        if picture.image_id and picture.key:
            query = {"image_id": picture.image_id, "key": picture.key}
            return await self.cloud.request("GET", METHOD, query=query, headers=IMAGE)
        url, host, _ = parsed(picture.url)
        own, other = urlsplit(self.cloud.base_url), urlsplit(url)
        if other.scheme != "https" and own.scheme != "http":
            raise InvalidInput("url", "pictures are fetched from https:// only")
        if (other.scheme, other.netloc.lower()) == (own.scheme, own.netloc.lower()):
            return await self.cloud.request("GET", url, headers=IMAGE)
        await self._check(host)
        if self._others is None:
            self._others = Cloud("", resolver=CheckedResolver(self.policy))
        return await self._others.request("GET", url, headers=IMAGE)

    async def _check(self, host: str) -> None:
        """Of hosts written as numbers, which no resolver is asked for."""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return
        try:
            await self.policy.addresses(host)
        except OSError as error:
            raise InvalidInput("url", f"{host} may not be called") from error

    async def _take(self, key: str, want: Want, answer: Answer) -> None:
        if answer.status == TOO_MANY or _fault_code(answer) == LIMIT:
            raise RateLimited(answer.retry_after_s, "the cloud refuses more pictures")
        if answer.status >= 500:
            await self._put_off(key, want, f"status {answer.status}")
            return
        if answer.status != 200:
            await self._lose(key, want, f"status {answer.status}")
            return
        try:
            await keep_picture(self.ports, self.owner_id, self.actor, want.picture, answer.payload)
        except InvalidInput as error:
            await self._lose(key, want, error.message)
            return
        await self.memory.forget(PREFIX + key)
        (await self._loaded()).pop(key, None)

    async def _put_off(self, key: str, want: Want, reason: str) -> None:
        tries = want.tries + 1
        if tries >= MOST_TRIES:
            await self._lose(key, want, reason)
            return
        wait_ms = min(AGAIN_MS * 2 ** (tries - 1), LONGEST_AGAIN_MS)
        due_ms = self.ports.clock.now_ms() + wait_ms
        await self._note(key, dataclasses.replace(want, tries=tries, due_ms=due_ms))

    async def _lose(self, key: str, want: Want, reason: str) -> None:
        await self._note(key, Want(place=want.place, tries=want.tries + 1, lost=reason[:200]))

    async def _note(self, key: str, want: Want) -> None:
        await self.memory.remember(PREFIX + key, to_body(want))
        (await self._loaded())[key] = want

    async def _loaded(self) -> dict[str, Want]:
        if self._wants is None:
            rows = await self.memory.recall_all(PREFIX)
            self._wants = {
                name.removeprefix(PREFIX): from_body(Want, dict(body)) for name, body in rows.items()
            }
        return self._wants


def policy_beside(base_url: str) -> AddressPolicy:
    """What may be called beside the cloud at this address: private networks only when it is in one."""
    host = urlsplit(base_url).hostname or ""
    try:
        is_private = not ipaddress.ip_address(host).is_global
    except ValueError:
        is_private = host == "localhost"
    return AddressPolicy(ports=frozenset(), allows_private=is_private)


def _place(picture: PictureWanted) -> str:
    named = f"{picture.image_id} {picture.key} {picture.url}"
    return blake2b(named.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _fault_code(answer: Answer) -> Any:
    """Of an error as the vendor writes them; None for anything else."""
    if answer.status < 400:
        return None
    try:
        document = orjson.loads(answer.payload)
    except orjson.JSONDecodeError:
        return None
    fault = document.get("error") if isinstance(document, Mapping) else None
    return fault.get("code") if isinstance(fault, Mapping) else None
