"""<Play>: a sound at a URL, or keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ringcast.apis.laml.documents import DocumentError, Element
from ringcast.apis.laml.verbs.verb import Ran, Runtime
from ringcast.domain.programs import FromUrl, NotDone, SendTones
from ringcast.domain.programs import Say as SayStep

__all__ = ["ATTRIBUTES", "Play", "parse", "read_url"]

ATTRIBUTES = ("loop", "digits")
_DIGITS = re.compile(r"[0-9A-Da-d*#wW]{1,256}")
_MAX_LOOP = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Play:
    """Play what a URL gives so many times, or send keys."""

    url: str = ""
    digits: str = ""
    loop: int = 1

    def run(self, runtime: Runtime) -> Ran:
        """Play; what cannot be had is left out."""
        if self.digits:
            result = yield SendTones(digits=self.digits * (self.loop or 1))
        else:
            url = runtime.absolute(self.url)
            result = yield SayStep(prompts=(FromUrl(url=url),), loop=self.loop)
        if isinstance(result, NotDone):
            runtime.warn(13420, f"<Play>: {result.reason}")
        return None


def parse(element: Element) -> Play:
    """Read <Play loop digits>URL</Play>."""
    element.check(ATTRIBUTES, empty=True)
    digits = element.get("digits") or ""
    if digits and not _DIGITS.fullmatch(digits):
        raise DocumentError(13222, "<Play> digits takes 0-9, A-D, *, #, w and W")
    loop = element.whole("loop", 1, most=_MAX_LOOP)
    if digits and element.text:
        raise DocumentError(20422, "<Play> has either digits or a URL")
    if digits:
        return Play(digits=digits, loop=loop)
    return Play(url=read_url(element), loop=loop)


def read_url(element: Element) -> str:
    """Return the URL that is the element's text."""
    text = element.text
    try:
        scheme = urlsplit(text).scheme
    except ValueError:
        scheme = "none"
    if not text or scheme not in ("", "http", "https") or any(ord(c) <= 32 for c in text):
        raise DocumentError(21455, f"<{element.name}> {text[:100]!r} is not a URL that can be used")
    return text
