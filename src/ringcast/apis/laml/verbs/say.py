"""<Say>: text, spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from ringcast.apis.laml.documents import DocumentError, Element
from ringcast.apis.laml.verbs.verb import Ran, Runtime
from ringcast.domain.programs import NotDone, Prompt, Silence, Spoken
from ringcast.domain.programs import Say as SayStep

__all__ = ["ATTRIBUTES", "SSML", "Say", "parse", "read_prompts"]

ATTRIBUTES = ("voice", "language", "loop")
SSML = ("break", "lang", "p", "s", "sub")
_MAX_TEXT = 4096
_MAX_LOOP = 1000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TIME = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)(ms|s)")
_STRENGTHS = {"none": 0, "x-weak": 100, "weak": 250, "medium": 500, "strong": 750, "x-strong": 1000}
_MAX_BREAK = timedelta(seconds=10)
_PARAGRAPH = timedelta(milliseconds=500)
_MEN = frozenset({"man"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Say:
    """Say a text, so many times."""

    prompts: tuple[Prompt, ...]
    loop: int

    def run(self, runtime: Runtime) -> Ran:
        """Speak; what cannot be spoken is left out."""
        if not self.prompts:
            return None
        result = yield SayStep(prompts=self.prompts, loop=self.loop)
        if isinstance(result, NotDone):
            runtime.warn(20001, f"<Say>: {result.reason}")
        return None


def parse(element: Element) -> Say:
    """Read <Say voice language loop>text</Say>."""
    prompts, loop = read_prompts(element)
    return Say(prompts=prompts, loop=loop)


def read_prompts(element: Element) -> tuple[tuple[Prompt, ...], int]:
    """Return what is heard of a <Say>, and how many times; 0 is until the call ends."""
    element.check(ATTRIBUTES)
    language = element.get("language") or "en-US"
    if not _LANGUAGE.fullmatch(language):
        raise element.bad("language", "a language such as en-US")
    gender = "male" if (element.get("voice") or "woman") in _MEN else "female"
    prompts = tuple(_spoken(element, language, gender))
    length = sum(len(one.text) for one in prompts if isinstance(one, Spoken))
    if length > _MAX_TEXT:
        raise DocumentError(20422, f"<Say> has more than {_MAX_TEXT} characters")
    return prompts, element.whole("loop", 1, most=_MAX_LOOP)


def _spoken(element: Element, language: str, gender: str) -> Iterator[Prompt]:
    """Give the prompts of mixed content; text is put together as far as the voice is the same."""
    text = ""
    for part in element.mixed:
        if isinstance(part, str):
            text += part
            continue
        if part.name == "sub":
            part.check(("alias",), empty=True)
            text += f" {part.get('alias') or ''} "
            continue
        yield from _text(text, language, gender)
        text = ""
        match part.name:
            case "break":
                yield Silence(length=_break(part))
            case "lang":
                part.check(())
                yield from _spoken(part, part.get("xml:lang") or language, gender)
            case "p":
                part.check(())
                yield from _spoken(part, language, gender)
                yield Silence(length=_PARAGRAPH)
            case "s":
                part.check(())
                yield from _spoken(part, language, gender)
            case _:
                raise DocumentError(13215, f"<Say> does not support <{part.name[:64]}> here")
    yield from _text(text, language, gender)


def _text(text: str, language: str, gender: str) -> Iterator[Prompt]:
    words = " ".join(text.split())
    if words:
        yield Spoken(text=words, language=language, gender=gender)


def _break(element: Element) -> timedelta:
    element.check(("time", "strength"), empty=True)
    time = element.get("time")
    if time is None:
        strength = element.choice("strength", tuple(_STRENGTHS), "medium")
        return timedelta(milliseconds=_STRENGTHS[strength])
    found = _TIME.fullmatch(time)
    if found is None:
        raise element.bad("time", "like 300ms or 1.5s")
    number = float(found[1])
    length = timedelta(milliseconds=number) if found[2] == "ms" else timedelta(seconds=number)
    return min(length, _MAX_BREAK)
