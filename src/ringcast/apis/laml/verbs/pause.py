"""<Pause>: nothing for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ringcast.apis.laml.documents import Element
from ringcast.apis.laml.verbs.verb import Ran, Runtime
from ringcast.domain.programs import Listen

__all__ = ["ATTRIBUTES", "Pause", "parse"]

ATTRIBUTES = ("length",)


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait."""

    length: timedelta

    def run(self, runtime: Runtime) -> Ran:
        """Wait; keys pressed meanwhile are for a Gather that comes next."""
        if self.length:
            yield Listen(length=self.length)
        return None


def parse(element: Element) -> Pause:
    """Read <Pause length="n"/>: whole seconds, one by default."""
    element.check(ATTRIBUTES, empty=True)
    return Pause(timedelta(seconds=element.whole("length", 1)))
