"""The web as the core sees it: requests to addresses that clients name, and sounds at such ones.

Unavailable (domain.errors)
└─ NoAnswer          nothing came back that can be used
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from ringcast.domain.errors import Unavailable

__all__ = ["NoAnswer", "RemoteSounds", "WebAnswer", "WebClient", "WebRequest"]


class NoAnswer(Unavailable):
    """The request was refused, timed out, or was answered with too much."""

    def __init__(self, url: str, reason: str, *, is_too_long: bool = False) -> None:
        super().__init__(f"{url} could not be fetched: {reason}")
        self.url, self.reason = url, reason
        self.is_too_long = is_too_long
        """Whether more came than was wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WebRequest:
    """One request; redirects are followed."""

    url: str
    method: str = "GET"
    parameters: tuple[tuple[str, str], ...] = ()
    """A form in the body of a POST, added to the query of everything else."""
    headers: tuple[tuple[str, str], ...] = ()
    connect_timeout: timedelta = timedelta(seconds=5)
    timeout: timedelta = timedelta(seconds=15)
    """For all of it, from the look-up of the name to the last byte."""
    max_bytes: int = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class WebAnswer:
    """An answer, whatever its status."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    url: str
    """Where it came from in the end."""

    def header(self, name: str) -> str:
        """Return the first header of that name, whatever its case, or nothing."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), "")


class WebClient(Protocol):
    """Makes requests without being led into the operator's own network."""

    async def request(self, request: WebRequest) -> WebAnswer:
        """Return the answer; raise NoAnswer if there is none within limits."""


class RemoteSounds(Protocol):
    """Sounds at addresses that clients name, kept in the audio store."""

    async def fetch(self, url: str, *, cache: bool = True) -> str:
        """Return the content hash of the sound there.

        With `cache`, a copy that HTTP allows will do. Raises NoAnswer, or as `AudioStore` does.
        """
