"""What a browser sent: names and texts, nothing else."""

from __future__ import annotations

from collections.abc import Iterable


class Form:
    """The pairs of a query or a form, read by name."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def pairs(self) -> list[tuple[str, str]]:
        return [(name, value) for name, values in self._values.items() for value in values]

    def text(self, name: str) -> str:
        """The last value without space around it, empty when there is none."""
        return self.verbatim(name).strip()

    def verbatim(self, name: str) -> str:
        """As `text`, but exactly as typed: for passwords."""
        values = self._values.get(name)
        return values[-1] if values else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Every value, without space around it and without empty and repeated ones, in order."""
        values = (value.strip() for value in self._values.get(name, ()))
        return tuple(dict.fromkeys(value for value in values if value))

    def lines(self, name: str) -> tuple[str, ...]:
        """The lines of a text area, as `texts`."""
        lines = (line.strip() for line in self.verbatim(name).splitlines())
        return tuple(dict.fromkeys(line for line in lines if line))
