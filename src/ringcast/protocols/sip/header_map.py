"""The headers of a message: raw text in order, with room for what was read from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ringcast.protocols.sip.errors import InvalidHeader
from ringcast.protocols.sip.names import CANONICAL, TOKEN_CHARACTERS, canonical_name


class Headers:
    """An ordered multi-map of raw header values; names without case, compact forms understood.

    Lines are kept as they came: a list in one line is one value. `read` keeps what the message's
    properties have made of the text of a header, and is emptied for that header when it changes.
    """

    __slots__ = ("_first", "_items", "read")

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._items: list[tuple[str, str]] = []
        self._first: dict[str, str] | None = None  # first value by name, made when asked for
        self.read: dict[str, Any] = {}
        for name, value in items:
            self.add(name, value)

    @classmethod
    def from_canonical(cls, items: list[tuple[str, str]]) -> Headers:
        """Take over items whose names are canonical and whose values hold no line ends."""
        headers = cls.__new__(cls)
        headers._items = items
        headers._first = None
        headers.read = {}
        return headers

    def get(self, name: str) -> str | None:
        """Return the first value, or None."""
        canonical = CANONICAL.get(name)
        if canonical is None:
            values = self.get_all(name)
            return values[0] if values else None
        if self._first is None:
            self._first = dict(reversed(self._items))
        return self._first.get(canonical)

    def get_all(self, name: str) -> list[str]:
        """Return the value of every line with this name, lists not split."""
        canonical = canonical_name(name)
        values = [value for known, value in self._items if known == canonical]
        if canonical not in CANONICAL:  # an unknown name keeps the spelling it came with
            folded = canonical.lower()
            values = [value for known, value in self._items if known.lower() == folded]
        return values

    def add(self, name: str, value: str) -> None:
        """Append a line; raises InvalidHeader for a name or value that could not be sent."""
        self._items.append((self._changed(name, value), value))

    def prepend(self, name: str, value: str) -> None:
        """Put a line before all others; raises InvalidHeader as `add` does."""
        self._items.insert(0, (self._changed(name, value), value))

    def set(self, name: str, value: str) -> None:
        """Put one line in the place of all with this name, where the first of them stood."""
        canonical = self._changed(name, value)
        positions = self._positions(canonical)
        if not positions:
            self._items.append((canonical, value))
            return
        self._items[positions[0]] = (canonical, value)
        for position in reversed(positions[1:]):
            del self._items[position]

    def remove(self, name: str) -> None:
        """Remove every line with this name, if there is one."""
        canonical = canonical_name(name)
        self._first = None
        self.read.pop(canonical, None)
        for position in reversed(self._positions(canonical)):
            del self._items[position]

    def items(self) -> list[tuple[str, str]]:
        """Return (name, value) of every line in order."""
        return list(self._items)

    def copy(self) -> Headers:
        """Return an independent copy."""
        return Headers.from_canonical(list(self._items))

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return self._items == other._items

    __hash__ = None  # type: ignore[assignment]  # headers change

    def __repr__(self) -> str:
        return f"Headers({self._items!r})"

    def _positions(self, canonical: str) -> list[int]:
        folded = canonical.lower()
        return [at for at, (known, _) in enumerate(self._items) if known.lower() == folded]

    def _changed(self, name: str, value: str) -> str:
        canonical = CANONICAL.get(name)
        if canonical is None:
            if not name or name.strip(TOKEN_CHARACTERS):
                raise InvalidHeader(name, "a header's name must be a token")
            canonical = canonical_name(name)
        if "\n" in value or "\r" in value or "\0" in value:
            # A line end in a value from outside would become a header of the attacker's choice.
            raise InvalidHeader(canonical, "a value must not contain line ends or NUL")
        self._first = None
        self.read.pop(canonical, None)
        return canonical
