"""What a request gives, whichever way it came: members by name, read as what they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import TypeAlias, TypeVar

from ringcast.apis.callfire_1_1.values import Value
from ringcast.domain.errors import InvalidInput

__all__ = ["TEXT", "Given", "Tree", "TreeValue"]

T = TypeVar("T")

Tree: TypeAlias = "Mapping[str, TreeValue]"
TreeValue: TypeAlias = "Value | Tree | Sequence[Value] | Sequence[Tree]"
"""Sequences are lists: a text is none."""

TEXT = "value"
"""The key of an element's text, in one that has attributes; theirs begin with @."""


class Given:
    """A part of a request whose types the schema has checked."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    @property
    def tree(self) -> Tree:
        """All of it."""
        return self._tree

    def __contains__(self, name: str) -> bool:
        return name in self._tree

    def text(self, name: str) -> str | None:
        """Return a text; one that is empty counts as absent."""
        return self._as(name, str) or None

    def integer(self, name: str) -> int | None:
        """Return a whole number."""
        return self._as(name, int)

    def flag(self, name: str) -> bool | None:
        """Return a truth value."""
        return self._as(name, bool)

    def moment(self, name: str) -> datetime | None:
        """Return a date and time in UTC."""
        return self._as(name, datetime)

    def clock(self, name: str) -> time | None:
        """Return a time of day."""
        return self._as(name, time)

    def day(self, name: str) -> date | None:
        """Return a date."""
        return self._as(name, date)

    def data(self, name: str) -> bytes | None:
        """Return bytes."""
        return self._as(name, bytes)

    def need_text(self, name: str) -> str:
        """Return a text; raise InvalidInput if there is none."""
        return self._needed(name, self.text(name))

    def need_integer(self, name: str) -> int:
        """Return a whole number; raise InvalidInput if there is none."""
        return self._needed(name, self.integer(name))

    def texts(self, name: str) -> list[str] | None:
        """Return the texts of a list; None if there is no such list."""
        return self._all(name, str)

    def integers(self, name: str) -> list[int] | None:
        """Return the whole numbers of a list; None if there is no such list."""
        return self._all(name, int)

    def part(self, name: str) -> Given | None:
        """Return what is inside a member."""
        value = self._tree.get(name)
        if value is None:
            return None
        assert isinstance(value, Mapping)
        return Given(value)

    def parts(self, name: str) -> list[Given]:
        """Return what is inside each of several members."""
        value = self._tree.get(name, [])
        assert isinstance(value, list)
        return list(self._inside(value))

    def attributes(self) -> dict[str, str]:
        """Return the attributes as texts."""
        return {name[1:]: str(value) for name, value in self._tree.items() if name.startswith("@")}

    def _inside(self, values: Sequence[object]) -> Iterator[Given]:
        for one in values:
            assert isinstance(one, Mapping)
            yield Given(one)

    def _as(self, name: str, kind: type[T]) -> T | None:
        value = self._tree.get(name)
        assert value is None or isinstance(value, kind)
        return value

    def _all(self, name: str, kind: type[T]) -> list[T] | None:
        values = self._tree.get(name)
        if values is None:
            return None
        assert isinstance(values, list)
        found: list[T] = []
        for one in values:
            assert isinstance(one, kind)
            found.append(one)
        return found

    def _needed(self, name: str, value: T | None) -> T:
        if value is None:
            raise InvalidInput(f"{name} is required", field=name)
        return value
