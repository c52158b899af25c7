"""The small integers under which this API shows accounts and rooms."""

from __future__ import annotations

from ownclimate.core.access import Access
from ownclimate.core.accounts import load_account
from ownclimate.core.ids import OwnerId, RoomId
from ownclimate.core.ports import Directory
from ownclimate.core.sites import list_rooms

MAX_REMEMBERED = 100_000


class Numbers:
    """Remembers numbers once looked up: a thing's number is given once and never changes."""

    def __init__(self) -> None:
        self._accounts: dict[str, int] = {}
        self._rooms: dict[str, int] = {}

    async def user(self, directory: Directory, access: Access) -> int:
        """The number of whoever asks; 0 for a token that is nobody's in particular."""
        return await self.account(directory, access.account_id or "")

    async def account(self, directory: Directory, account_id: str) -> int:
        """The account's number; 0 when there is no such account (any more)."""
        known = self._accounts.get(account_id)
        if known is not None:
            return known
        account = await load_account(directory, account_id) if account_id else None
        if account is None:
            return 0
        _make_place(self._accounts)
        self._accounts[account_id] = account.number
        return account.number

    async def rooms(self, directory: Directory, owner_id: OwnerId, wanted: set[RoomId]) -> dict[RoomId, int]:
        """Numbers of the rooms; those that are gone are left out."""
        if not wanted:
            return {}
        if not wanted <= self._rooms.keys():
            _make_place(self._rooms)
            for room in await list_rooms(directory, owner_id):
                self._rooms[room.id] = room.number
        return {room_id: self._rooms[room_id] for room_id in wanted if room_id in self._rooms}


def _make_place(numbers: dict[str, int]) -> None:
    if len(numbers) >= MAX_REMEMBERED:
        numbers.clear()
