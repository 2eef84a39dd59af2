"""What every verb is: read from an element, then run as steps of a program."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ringcast.apis.laml.documents import Document
from ringcast.apis.laml.identities import Family, Kind
from ringcast.domain.programs import CallFacts, Program, Step, StepResult
from ringcast.domain.subscriptions import Follower

__all__ = ["Goto", "Next", "Ran", "Runtime", "Stop", "Verb"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Goto:
    """Another document takes over."""

    url: str
    """As written: relative to the document; empty is the document itself."""
    method: str = "POST"
    parameters: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """The call ends."""


Next: TypeAlias = Goto | Stop | None
"""None is the next verb."""

Ran: TypeAlias = Generator[Step, StepResult, Next]


class Runtime(Protocol):
    """What a verb may ask of the call that runs it."""

    def sid(self, kind: Kind, number: int) -> str:
        """Return an identifier in the call's family."""

    @property
    def family(self) -> Family:
        """The call's family of identifiers."""

    @property
    def is_answered(self) -> bool:
        """Whether the call is answered."""

    def recording_url(self, recording_id: int) -> str:
        """Return where a recording can be fetched."""

    def call_follower(self, url: str, method: str, events: Sequence[str]) -> Follower | None:
        """Return who is told of another leg; None without a URL. Raises DocumentError."""

    def recording_follower(self, url: str, method: str, events: Sequence[str]) -> Follower | None:
        """Return who is told of a recording; None without a URL. Raises DocumentError."""

    def warn(self, code: int, message: str) -> None:
        """Note what did not work and keeps nothing from going on."""

    def absolute(self, url: str) -> str:
        """Return a URL of the document as an absolute one; raises DocumentError."""

    def number(self, kind: Kind, sid: str) -> int | None:
        """Return the resource behind an identifier; None if this system made no such one."""

    def beside(self, url: str, method: str) -> Generator[Step, StepResult, tuple[Document, str]]:
        """Fetch another document, which does not take over; return it and where it came from.

        Raises DocumentError.
        """

    def leg_program(self, leg: CallFacts, url: str, method: str) -> Program:
        """Return the program of a document that is run on another leg of this call."""


class Verb(Protocol):
    """One verb of a document, checked."""

    def run(self, runtime: Runtime) -> Ran:
        """Do it."""
