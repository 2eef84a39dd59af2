"""<Hangup>: the end of the call."""

from __future__ import annotations

from dataclasses import dataclass

from ringcast.apis.laml.documents import Element
from ringcast.apis.laml.verbs.verb import Ran, Runtime, Stop
from ringcast.domain.programs import Say

__all__ = ["ATTRIBUTES", "Hangup", "parse"]

ATTRIBUTES: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""

    def run(self, runtime: Runtime) -> Ran:
        """Do no more; a call that comes in is answered first."""
        if not runtime.is_answered:
            yield Say(prompts=())
        return Stop()


def parse(element: Element) -> Hangup:
    """Read <Hangup/>."""
    element.check(ATTRIBUTES, empty=True)
    return Hangup()
