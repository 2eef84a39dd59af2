"""What a row of a table of operations is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from starlette.responses import Response

from ringcast.apis.callfire_v2.exchange import Exchange

__all__ = ["NO_SHOP", "PAGED", "VOICE_ONLY", "Handler", "Operation"]

Handler: TypeAlias = Callable[[Exchange], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A row: what is asked for, and who does it."""

    method: str
    path: str
    id: str
    handler: Handler | None = None
    """None answers that the operation is not available."""
    takes: frozenset[str] = frozenset()
    """Query parameters that have an effect."""
    refuses: Mapping[str, str] = field(default_factory=dict)
    """CallFire's other parameters of the operation, and what is said to who uses them."""
    notes: str = ""
    why: str = ""
    """Why the operation is not available, for who asks for it; empty for one that is."""
    login_only: bool = False
    """Whether it wants the account's own login, as what deals in credentials does."""

    @property
    def tag(self) -> str:
        """The group that client libraries put the operation in."""
        return self.path.split("/")[1]


PAGED = ("fields", "limit", "offset")
VOICE_ONLY = "this system makes telephone calls, and neither sends nor receives messages"
NO_SHOP = "numbers come with your trunk: the operator adds them with `ringcast number add`"
