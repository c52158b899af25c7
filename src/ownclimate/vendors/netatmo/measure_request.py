"""What a bare body of getmeasure or getroommeasure answered, as whoever imports it says: the body does not
tell whose values it holds, nor of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ownclimate.vendors.netatmo import vocabulary
from ownclimate.vendors.netatmo.recognise import MEASURE, Recognised

ROOM_MEASURE: Final = "getroommeasure"
_METHODS: Final = ("", MEASURE, ROOM_MEASURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRequest:
    """`is_real_time` None: it is not known whether stamps of bins are their start or their middle."""

    method: str
    types: tuple[str, ...]
    scale: str
    device: str = ""
    module: str = ""
    home: str = ""
    room: str = ""
    is_real_time: bool | None = None

    @classmethod
    def of(
        cls,
        *,
        method: str | None,
        types: Sequence[str] | None,
        scale: str | None,
        device: str | None = None,
        module: str | None = None,
        home: str | None = None,
        room: str | None = None,
        real_time: bool | None = None,
    ) -> MeasureRequest:
        split = [part.strip().lower() for item in types or () for part in item.split(",")]
        return cls(
            method=(method or "").lower(),
            types=tuple(part for part in split if part),
            scale=(scale or "").lower(),
            device=device or "",
            module=module or "",
            home=home or "",
            room=room or "",
            is_real_time=real_time,
        )

    @property
    def is_of_room(self) -> bool:
        return bool(self.room) and self.method in ("", ROOM_MEASURE)

    def fits(self, answer: Recognised) -> bool:
        """Whether the request is whole and the payload can be an answer to it."""
        has_subject = self.is_of_room or (bool(self.device) and self.method != ROOM_MEASURE)
        is_whole = bool(has_subject and self.types and self.scale)
        return is_whole and self.method in _METHODS and answer.kind in (MEASURE, "empty list")

    @property
    def subject(self) -> str:
        """Whose values they are: the module's if one was named."""
        return self.module or self.device

    @property
    def likely_model(self) -> str:
        """The product behind an id of which nothing else is known."""
        found = vocabulary.PREFIXES.get(self.subject[:8].lower())
        if found is None and not self.module and set(self.types) & {"co2", "pressure", "noise"}:
            return vocabulary.STATION
        return found or vocabulary.UNKNOWN_MODEL

    @property
    def likely_gateway(self) -> str:
        """The product behind the gateway's id, when nothing else is known of it."""
        return _GATEWAYS.get(self.likely_model, vocabulary.UNKNOWN_MODEL)


_GATEWAYS: Final = {
    vocabulary.OUTDOOR: vocabulary.STATION,
    vocabulary.INDOOR: vocabulary.STATION,
    vocabulary.RAIN_GAUGE: vocabulary.STATION,
    vocabulary.ANEMOMETER: vocabulary.STATION,
    vocabulary.THERMOSTAT: vocabulary.RELAY,
    vocabulary.VALVE: vocabulary.RELAY,
}
