"""<Gather>: keys, while prompts are heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ringcast.apis.laml.documents import DocumentError, Element
from ringcast.apis.laml.verbs import pause, play, say
from ringcast.apis.laml.verbs.verb import Goto, Ran, Runtime
from ringcast.domain.programs import CallerGone, FromUrl, Gathered, GatherEnd, Prompt, Silence
from ringcast.domain.programs import Gather as GatherStep

__all__ = ["ATTRIBUTES", "Gather", "parse"]

ATTRIBUTES = (
    "input", "action", "method", "timeout", "finishOnKey", "numDigits", "actionOnEmptyResult",
)  # fmt: skip
_KEYS = frozenset("0123456789*#")
_MAX_PROMPTS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Gather:
    """Collect keys and give them to another document."""

    prompts: tuple[Prompt, ...]
    loop: int
    action: str
    method: str
    timeout: timedelta
    finish_on: frozenset[str]
    max_digits: int | None
    action_on_empty: bool

    def run(self, runtime: Runtime) -> Ran:
        """Collect; without a key the next verb is run, unless the action wants to know of that."""
        try:
            result = yield self._step(runtime)
        except CallerGone:
            if not self.action_on_empty:
                raise
            return Goto(url=self.action, method=self.method, parameters={"Digits": ""})
        if not isinstance(result, Gathered):
            return None
        by_key = result.ended_by is GatherEnd.FINISH_KEY
        if not (result.digits or by_key or self.action_on_empty):
            return None
        parameters = {"Digits": result.digits}
        if result.finish_key:
            parameters["FinishedOnKey"] = result.finish_key
        return Goto(url=self.action, method=self.method, parameters=parameters)

    def _step(self, runtime: Runtime) -> GatherStep:
        return GatherStep(
            prompts=tuple(_absolute(runtime, one) for one in self.prompts),
            loop=self.loop,
            max_digits=self.max_digits,
            finish_on=self.finish_on,
            first_timeout=self.timeout,
            digit_timeout=self.timeout,
        )


def parse(element: Element) -> Gather:
    """Read <Gather …>prompts</Gather>."""
    element.check(ATTRIBUTES)
    if element.get("input") not in (None, "dtmf"):
        raise DocumentError(10001, "<Gather> takes keys only here: speech is not recognised")
    keys = element.get("finishOnKey")
    keys = "#" if keys is None else keys
    if not _KEYS.issuperset(keys):
        raise element.bad("finishOnKey", "some of 0-9, * and #")
    digits = element.whole("numDigits", 0, least=1, most=1000)
    prompts, loop = _prompts(element)
    return Gather(
        prompts=prompts,
        loop=loop,
        action=element.get("action") or "",
        method=element.method(),
        timeout=timedelta(seconds=element.whole("timeout", 5, most=3600)),
        finish_on=frozenset(keys),
        max_digits=digits or None,
        action_on_empty=element.flag("actionOnEmptyResult", default=False),
    )


def _prompts(element: Element) -> tuple[tuple[Prompt, ...], int]:
    """Return what is heard and how many times; 0 is without end."""
    found: list[Prompt] = []
    for child in element.children:
        heard: tuple[Prompt, ...]
        loop = 1
        match child.name:
            case "Say":
                heard, loop = say.read_prompts(child)
            case "Play":
                if child.get("digits") is not None:
                    raise DocumentError(13215, "<Play digits> does not belong inside <Gather>")
                sound = play.parse(child)
                heard, loop = (FromUrl(url=sound.url),), sound.loop
            case "Pause":
                heard = (Silence(length=pause.parse(child).length),)
            case _:
                raise DocumentError(13215, f"<Gather> does not hold <{child.name[:64]}>")
        if loop == 0:
            if found:
                raise DocumentError(90000, "<Gather> can begin with an endless prompt, not end")
            return heard, 0  # nothing after it is ever heard
        if len(found) + len(heard) * loop > _MAX_PROMPTS:
            raise DocumentError(20422, f"<Gather> has more than {_MAX_PROMPTS} prompts")
        found += heard * loop
    return tuple(found), 1


def _absolute(runtime: Runtime, prompt: Prompt) -> Prompt:
    return FromUrl(url=runtime.absolute(prompt.url)) if isinstance(prompt, FromUrl) else prompt
