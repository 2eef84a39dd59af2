"""What operations come to, before it is XML or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ringcast.apis.callfire_1_1.given import Tree, TreeValue

__all__ = ["Audio", "Created", "Done", "Found", "Listed", "Result"]


@dataclass(frozen=True, slots=True)
class Created:
    """Something was made, or had been made for the same request."""

    id: int


@dataclass(frozen=True, slots=True)
class Found:
    """One thing."""

    value: TreeValue


@dataclass(frozen=True, slots=True)
class Listed:
    """A window on a list, and how many there are in all."""

    items: Sequence[Tree] | Sequence[str]
    """A list."""
    total: int


@dataclass(frozen=True, slots=True)
class Audio:
    """A sound or a recording."""

    data: bytes
    is_mp3: bool
    name: str
    """What names the content, for caches."""


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing to tell."""


Result: TypeAlias = Created | Found | Listed | Audio | Done
