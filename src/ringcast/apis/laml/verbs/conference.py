"""<Conference> in <Dial>: the call joins the conference of a name."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urljoin

from ringcast.apis.laml.conference_words import (
    EVENTS,
    LABEL,
    conference_follower,
)
from ringcast.apis.laml.documents import DocumentError, Element
from ringcast.apis.laml.identities import Kind
from ringcast.apis.laml.verbs.heard import prompts_of
from ringcast.apis.laml.verbs.verb import Goto, Ran, Runtime
from ringcast.domain.conferences import ConferenceRules
from ringcast.domain.ids import CallId
from ringcast.domain.programs import (
    Conferred,
    HoldMusic,
    JoinConference,
    Prompt,
    Step,
    StepResult,
)
from ringcast.domain.subscriptions import Follower

__all__ = ["ATTRIBUTES", "DIAL_ATTRIBUTES", "Conference", "parse"]

ATTRIBUTES = (
    "muted", "beep", "startConferenceOnEnter", "endConferenceOnExit", "waitUrl", "waitMethod",
    "maxParticipants", "record", "coach", "participantLabel", "statusCallback",
    "statusCallbackMethod", "statusCallbackEvent",
)  # fmt: skip
DIAL_ATTRIBUTES = ("action", "method", "timeLimit", "hangupOnStar")
"""What of <Dial> means something for a conference."""
_BEEPS = ("true", "false", "onEnter", "onExit")
_MUSIC = (HoldMusic(),)
_MAX_NAME = 128
_MAX_DOCUMENTS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Conference:
    """Be in a conference until it, or the call's part in it, is over."""

    name: str
    muted: bool
    beep: str
    starts: bool
    ends: bool
    wait_url: str | None
    """None is hold music; empty is silence."""
    wait_method: str
    most: int
    coach: str
    label: str
    status_url: str
    status_method: str
    status_events: tuple[str, ...]
    action: str | None
    method: str
    time_limit: timedelta
    hangup_on_star: bool

    def run(self, runtime: Runtime) -> Ran:
        """Join; the action hears how it went and what it answers takes over."""
        waiting = yield from self._waiting(runtime)
        result = yield JoinConference(
            name=self.name,
            rules=ConferenceRules(starts_with=2, max_members=self.most),
            followers=self._followers(runtime),
            is_muted=self.muted,
            coaches=self._coached(runtime),
            starts=self.starts,
            ends=self.ends,
            tone_on_join=self.beep in ("true", "onEnter"),
            tone_on_leave=self.beep in ("true", "onExit"),
            waiting=waiting,
            end_on="*" if self.hangup_on_star else "",
            time_limit=self.time_limit,
            member_options={LABEL: self.label} if self.label else {},
        )
        status, seconds = "failed", 0
        if isinstance(result, Conferred):
            status, seconds = "answered", round(result.length.total_seconds())
        else:
            runtime.warn(13240 if self.coach else 16002, f"<Conference>: {_reason(result)}")
        if self.action is None:
            return None
        parameters = {"DialCallStatus": status, "DialCallDuration": str(seconds)}
        return Goto(url=self.action, method=self.method, parameters=parameters)

    def _followers(self, runtime: Runtime) -> tuple[Follower, ...]:
        if not self.status_url:
            return ()
        return (
            conference_follower(
                runtime.absolute(self.status_url),
                family=runtime.family,
                method=self.status_method,
                events=self.status_events,
            ),
        )

    def _coached(self, runtime: Runtime) -> CallId | None:
        if not self.coach:
            return None
        # A call that is none of ours is in no conference: joining says so.
        return CallId(runtime.number(Kind.CALL, self.coach) or -1)

    def _waiting(self, runtime: Runtime) -> Generator[Step, StepResult, tuple[Prompt, ...]]:
        """Return what is heard until the conference starts; hold music if that cannot be had."""
        if self.wait_url is None:
            return _MUSIC
        if not self.wait_url:
            return ()
        heard: list[Prompt] = []
        url, method, seen = runtime.absolute(self.wait_url), self.wait_method, set[str]()
        try:
            while url not in seen and len(seen) < _MAX_DOCUMENTS:
                seen.add(url)
                document, base = yield from runtime.beside(url, method)
                some, onward = prompts_of(document, base)
                heard += some
                if onward is None:
                    break
                url, method = runtime.absolute(urljoin(base, onward.url)), onward.method
        except DocumentError as error:
            runtime.warn(error.code, f"waitUrl: {error}")
            return tuple(heard) or _MUSIC
        return tuple(heard)


def parse(dial: Element) -> Conference:
    """Read <Dial …><Conference …>name</Conference></Dial>."""
    if len(dial.children) != 1 or dial.text:
        raise DocumentError(13000, "<Conference> stands alone in <Dial>")
    dial.check(DIAL_ATTRIBUTES)
    (element,) = dial.children
    element.check(ATTRIBUTES, empty=True)
    name = element.text
    if not name or len(name) > _MAX_NAME:
        raise DocumentError(16002, f"<Conference> needs a name of at most {_MAX_NAME} characters")
    element.choice("record", ("do-not-record",), "do-not-record")
    events = tuple((element.get("statusCallbackEvent") or "start end join leave").split())
    for one in events:
        if one not in EVENTS:
            raise element.bad("statusCallbackEvent", f"words of {', '.join(EVENTS)}")
    return Conference(
        name=name,
        muted=element.flag("muted", default=False),
        beep=element.choice("beep", _BEEPS, "true"),
        starts=element.flag("startConferenceOnEnter", default=True),
        ends=element.flag("endConferenceOnExit", default=False),
        wait_url=element.get("waitUrl"),
        wait_method=element.method("waitMethod"),
        most=element.whole("maxParticipants", 250, least=2, most=250),
        coach=element.get("coach") or "",
        label=(element.get("participantLabel") or "")[:_MAX_NAME],
        status_url=element.get("statusCallback") or "",
        status_method=element.method("statusCallbackMethod"),
        status_events=events,
        action=dial.get("action") or None,
        method=dial.method(),
        time_limit=timedelta(seconds=dial.whole("timeLimit", 14_400, least=1)),
        hangup_on_star=dial.flag("hangupOnStar", default=False),
    )


def _reason(result: StepResult) -> str:
    return getattr(result, "reason", "it could not be joined")
