"""<Reject>: an inbound call is turned away before it is answered."""

from __future__ import annotations

from dataclasses import dataclass

from ringcast.apis.laml.documents import DocumentError, Element
from ringcast.apis.laml.verbs.verb import Ran, Runtime, Stop
from ringcast.domain.programs import NotDone, RejectReason
from ringcast.domain.programs import Reject as RejectStep

__all__ = ["ATTRIBUTES", "Reject", "parse"]

ATTRIBUTES = ("reason",)


@dataclass(frozen=True, slots=True)
class Reject:
    """Turn the call away."""

    reason: RejectReason

    def run(self, runtime: Runtime) -> Ran:
        """Turn away; a call that is answered already cannot be."""
        result = yield RejectStep(reason=self.reason)
        if isinstance(result, NotDone):
            raise DocumentError(13750, f"<Reject>: {result.reason}")
        return Stop()


def parse(element: Element) -> Reject:
    """Read <Reject reason="rejected|busy"/>."""
    element.check(ATTRIBUTES, empty=True)
    words = tuple(RejectReason)
    return Reject(RejectReason(element.choice("reason", words, RejectReason.REJECTED)))
