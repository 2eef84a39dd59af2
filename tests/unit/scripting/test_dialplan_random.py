"""Random dialplans: a clear refusal, or a run that ends.

Each is grown from one number: that is a hundred times faster than drawing every tag.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringcast.domain.ids import CallId, RecordingId
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import (
    Ban,
    CallerGone,
    Detect,
    Detected,
    Dial,
    Dialed,
    Done,
    Fetch,
    Fetched,
    Gather,
    NotDone,
    NoteAnswer,
    Recorded,
    RecordMessage,
    RecordStep,
    Step,
    StepResult,
    WhoAnswered,
)
from ringcast.scripting.callfire_dialplan import DialplanFault, InvalidDialplan, Limits
from tests.unit.scripting.answerer import program, steps, typed

LIMITS = Limits(tags=300, tags_without_waiting=60, documents=3)
SEEDS = st.integers(0, 2**64 - 1)

_NAMES = ("a", "b", "c", "d")
_TEXTS = (
    "hello", "1 + 1", "${a} + 1", "${a}${a}x", "${b${a}}", "'${c}'.split('').join(' ')", "'",
    "${a} == 3", "true", "${call.lastinput} &gt; 2", "${", "}", "2135550161", "${a", "1",
    "http://h/${a}", "12,2135550162x5", "${global.time}", "0x", "&lt;vtml_pause time='9'/&gt;",
)  # fmt: skip
_PRESSED = ("1", "2", "4-6", "9-7", "#", "*", "default", "timeout", "300-315", "${a}")
_LEAVES = (
    "<play type='tts'{name}>{text}</play>",
    "<play type='url'{name}>http://h/{var}</play>",
    "<play type='callfireid'{name}>${{{var}}}</play>",
    "<setvar varname='{var}'{name}>{text}</setvar>",
    "<setvar varname='{var}'{name}>{text}</setvar>",
    "<stash varname='{var}${{{var}}}'{name}>{text}</stash>",
    "<goto{name}>{target}</goto>",
    "<goto{name}>${{{var}}}</goto>",
    "<get varname='{var}'{name}>http://h/</get>",
    "<post{name}>http://h/</post>",
    "<gotoXML{name}>http://h/</gotoXML>",
    "<transfer continue-after='true'{name}>2135550161,${{{var}}}</transfer>",
    "<record varname='{var}'{name}/>",
    "<record background='true'{name}/>",
    "<dnc{name}>${{{var}}}</dnc>",
    "<dtmf{name}>12w</dtmf>",
    "<wait{name}>1</wait>",
    "<hangup{name}/>",
)


class Grower:
    """Grows one dialplan."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._names = list(_NAMES)

    def dialplan(self) -> str:
        body = self._body(0)
        named = "".join(f"<wait name='{name}'>1</wait>" for name in self._names)
        whole = f"<dialplan>{body}{named}</dialplan>"
        if self._chance.random() < 0.15:  # garbled
            at = self._chance.randrange(len(whole))
            junk = self._chance.choice(
                ("<", ">", "&", "\x00", "'", "\ud800", "<x/>", "<sms/>", "é")
            )
            whole = whole[:at] + junk + whole[at + self._chance.randrange(3) :]
        return whole

    def _body(self, depth: int) -> str:
        return "".join(self._tag(depth) for _ in range(self._chance.randint(1, 4)))

    def _tag(self, depth: int) -> str:
        pick = self._chance.choice
        if depth > 3 or self._chance.random() < 0.6:
            return pick(_LEAVES).format(
                name=self._name(), var=pick(_NAMES), text=pick(_TEXTS), target=pick(_NAMES)
            )
        body, other = self._body(depth + 1), self._body(depth + 1)
        name = self._name()
        match self._chance.randrange(6):
            case 0:
                keys = "".join(
                    f"<keypress pressed='{key}'{self._name()}>{self._body(depth + 1)}</keypress>"
                    for key in self._chance.sample(_PRESSED, 2)
                )
                return f"<menu{name}><play type='tts'{self._name()}>a</play>{keys}</menu>"
            case 1:
                return f'<if expr="{pick(_TEXTS)}"{name}>{body}<else>{other}</else></if>'
            case 2:
                return f'<notEqual var="{pick(_NAMES)}" expr="{pick(_TEXTS)}">{body}</notEqual>'
            case 3:
                return f"<amd{name}><live>{body}</live><machine>{other}</machine></amd>"
            case 4:
                return f"<catch type='hangup' goto='{pick(_NAMES)}'{name}>{body}</catch>"
            case _:
                return f"<catch type='digit' value='1' goto='{pick(_NAMES)}'>{body}</catch>"

    def _name(self) -> str:
        if self._names and self._chance.random() < 0.2:
            return f" name='{self._names.pop()}'"
        return ""


class Answerer:
    """Answers steps by chance, in the order that the contract promises."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._gone = False

    def __call__(self, step: Step) -> StepResult | CallerGone:
        luck = self._chance.random()
        if not isinstance(step, Ban | Fetch | NoteAnswer):
            if self._gone:
                return NotDone(reason="the call is over")
            if luck < 0.05:
                self._gone = True
                return CallerGone()
        return NotDone(reason="chance") if luck > 0.9 else self._done(step)

    def _done(self, step: Step) -> StepResult:
        pick = self._chance.choice
        match step:
            case Gather():
                return typed("".join(pick("0123456789*#") for _ in range(pick(range(4)))), step)
            case Detect():
                return Detected(who=pick(list(WhoAnswered)), after=timedelta(seconds=1))
            case RecordMessage() | RecordStep():
                ended_by = pick(("#", "1", "max_length", "hangup"))
                self._gone = ended_by == "hangup"
                return Recorded(
                    recording_id=RecordingId(1),
                    length=timedelta(),
                    ended_by=ended_by,
                    url="http://r",
                )
            case Dial():
                connected = timedelta(seconds=pick(range(2)))
                key = pick((None, "1"))
                return Dialed(
                    outcome=Outcome.HUMAN, call_id=CallId(2), connected=connected, ended_by_key=key
                )
            case Fetch():
                body = pick(("1", "", "\x00", "'", Grower(self._chance).dialplan()))
                return Fetched(
                    status=pick((200, 500)),
                    content_type="text/plain",
                    body=body.encode("utf-8", "surrogatepass"),
                    url=step.url,
                )
            case _:
                return Done()


def ran(seed: int) -> tuple[str, str]:
    """Return what came of the dialplan of a number, and the sentence that says so."""
    chance = Random(seed)
    try:
        running = program(Grower(chance).dialplan(), limits=LIMITS)
    except InvalidDialplan as refused:
        return "refused", str(refused)
    try:
        taken = steps(running, answer=Answerer(chance))
    except DialplanFault as fault:
        return "fault", str(fault)
    return "ended", f"line {len(taken)}"


@settings(
    max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(SEEDS)
def test_random_dialplans_are_refused_or_end(seed: int) -> None:
    _, why = ran(seed)

    assert "line " in why


@pytest.mark.long
def test_ten_thousand_random_dialplans_are_refused_or_end() -> None:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=10_000, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(SEEDS)
    def many(seed: int) -> None:
        what, why = ran(seed)
        seen[what] += 1
        assert "line " in why

    many()

    assert seen.total() >= 10_000
    assert min(seen["refused"], seen["ended"], seen["fault"]) > 500, seen
