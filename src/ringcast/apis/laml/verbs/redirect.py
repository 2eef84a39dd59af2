"""<Redirect>: another document in place of this one."""

from __future__ import annotations

from dataclasses import dataclass

from ringcast.apis.laml.documents import Element
from ringcast.apis.laml.verbs.play import read_url
from ringcast.apis.laml.verbs.verb import Goto, Ran, Runtime

__all__ = ["ATTRIBUTES", "Redirect", "parse"]

ATTRIBUTES = ("method",)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with another document."""

    url: str
    method: str

    def run(self, runtime: Runtime) -> Ran:
        """Leave for the other one."""
        yield from ()
        return Goto(url=self.url, method=self.method)


def parse(element: Element) -> Redirect:
    """Read <Redirect method>URL</Redirect>."""
    element.check(ATTRIBUTES, empty=True)
    return Redirect(read_url(element), element.method())
