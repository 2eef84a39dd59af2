"""What a row of the table of operations says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ringcast.apis.callfire_1_1.exchange import Exchange
from ringcast.apis.callfire_1_1.results import Result
from ringcast.apis.callfire_1_1.schema import Complex, Element

__all__ = ["Handler", "Operation"]

Handler: TypeAlias = Callable[[Exchange], Awaitable[Result]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """A row: what is asked for in SOAP and in REST, and who does it."""

    service: str
    """The last segment of the port's address."""
    name: str
    request: Element
    response: Element | None
    """What answers in SOAP; None is an empty body."""
    item: Element | None = None
    """What a list has, or what is found: the child of the root in REST."""
    method: str
    path: str
    """In REST; names in braces are members of the request."""
    suffixes: tuple[str, ...] = ()
    """Endings of the path that select audio; without any, the path may end in .json."""
    handler: Handler | None = None
    """None answers that the operation is not available."""
    location: str = ""
    """The path of what is created, with {id} in it."""
    members: Mapping[str, str] = field(default_factory=dict)
    """Where in the request a name in the path belongs, if not at the top."""
    notes: str = ""
    why: str = ""
    """Why the operation is not available."""

    @property
    def type(self) -> Complex:
        """The type of the request."""
        assert isinstance(self.request.type, Complex)
        return self.request.type

    @property
    def port(self) -> str:
        """The name of the service as ports and bindings have it."""
        return self.service.capitalize()
