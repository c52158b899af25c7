"""Which fields of an answer became something that we have a word for, and which are only kept as they came.

Whoever maps a field takes it in the book; what nobody took is kept raw. So a field that we forget is listed,
never passed over. Fields are named by their paths, without values: `body.home.modules[].reachable`. A name
that is data itself (a MAC, a time stamp) is `*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.vendors.netatmo.statements import TABLES, Statement, holder_of
from ownclimate.vendors.netatmo.words import PEOPLE, PERSON_MEMBERS

MAX_FIELDS: Final = 1000
"""Listed of one answer. Real ones have at most some three hundred fields."""
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_:$-]{0,59}")
_DATA: Final = re.compile(r"[0-9A-Fa-f:-]{12,}")


@dataclass(slots=True)
class FieldBook:
    """Fields are told apart by the object that they stand in, so the answer must outlive the book."""

    _taken: set[tuple[int, str]] = field(default_factory=set)

    def take(self, holder: Mapping[str, Any], *names: str) -> None:
        """Notes members of an object as mapped, with everything in them."""
        self._taken.update((id(holder), name) for name in names)

    @property
    def is_empty(self) -> bool:
        return not self._taken

    def take_statement(
        self, thing: type, statement: Statement, said: Mapping[str, Any], prefix: str = ""
    ) -> None:
        """What a statement read of an object that it was made of; its fields have the prefix in the table."""
        table = TABLES[thing, statement.method]
        for path in statement.exact:
            holder, name = holder_of(said, path.removeprefix(prefix))
            known = table.get(path)
            if known is None or known.word is not PEOPLE:
                self.take(holder, name)
                continue
            for person in holder[name]:
                self.take(person, *PERSON_MEMBERS)

    def kept(self, value: Any, path: str = "") -> tuple[str, ...]:
        """The fields of the JSON value that nobody took, each once, by name; at most `MAX_FIELDS`.

        `path` is where the value itself stands.
        """
        found: set[str] = set()
        for untaken in self._untaken(value, path):
            found.add(untaken)
            if len(found) == MAX_FIELDS:
                break
        return tuple(sorted(found))

    def _untaken(self, value: Any, path: str) -> Iterator[str]:
        if isinstance(value, Mapping) and value:
            for name, item in value.items():
                if (id(value), name) not in self._taken:
                    yield from self._untaken(item, _joined(path, shown(name)))
        elif isinstance(value, list) and value:
            for item in value:
                yield from self._untaken(item, f"{path}[]")
        elif path:
            yield path


def shown(name: str) -> str:
    """The name of a member as it stands in a path."""
    return name if _NAME.fullmatch(name) and not _DATA.fullmatch(name) else "*"


def kept_of_measure(document: Any, body: Any) -> tuple[str, ...]:
    """As `FieldBook.kept`, of an answer all of whose rows became readings: they are many, and not looked at.

    `body` is the document's, or the document itself.
    """
    book, path = FieldBook(), ""
    if body is not document:
        path = "body"
        book.take(document, path)
    if isinstance(body, list):
        for run in body:
            book.take(run, "beg_time", "step_time", "value")
    inside = book.kept(body, path) if isinstance(body, list) else ()
    outside = book.kept(document) if path else ()
    return tuple(sorted({*inside, *outside}))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
