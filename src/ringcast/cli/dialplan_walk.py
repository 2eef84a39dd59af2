"""A program walked through in the terminal: somebody plays the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from ringcast.domain.ids import AccountId, AttemptId, CallId, RecordingId
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import (
    Ban,
    CallerGone,
    CallFacts,
    Detect,
    Detected,
    Dial,
    Dialed,
    DialMode,
    DialTarget,
    Done,
    End,
    Fetch,
    Fetched,
    FromRecording,
    FromUrl,
    Gather,
    Gathered,
    GatherEnd,
    HoldMusic,
    Listen,
    NotDone,
    NoteAnswer,
    NoteIncident,
    Program,
    Prompt,
    Recorded,
    RecordMessage,
    RecordStep,
    Reject,
    Say,
    SendTones,
    Silence,
    Spoken,
    Step,
    StepResult,
    StopRecord,
    Stored,
    StoredSound,
    WhoAnswered,
)

__all__ = ["Walker"]

_HANG_UP = "h"
_NOBODY = "n"


class Walker:
    """Carries out a program's steps by showing them and asking what came of them."""

    def __init__(
        self,
        *,
        lines: Iterable[str],
        show: Callable[[str], None],
        answered_by: WhoAnswered = WhoAnswered.HUMAN,
        hang_up_after: int | None = None,
    ) -> None:
        self._lines = iter(lines)
        self._show = show
        self._answered_by = answered_by
        self._left = hang_up_after
        self._gone = False
        self._recordings = 0

    def walk(self, program: Program) -> None:
        """Walk through a program to its end; raise what it raises."""
        try:
            step = next(program)
            while True:
                if isinstance(step, End | Reject):
                    self._show(f"the call ends: {getattr(step, 'reason', '')}")
                    return
                try:
                    result = self._result(step)
                except CallerGone as gone:
                    step = program.throw(gone)
                else:
                    step = program.send(result)
        except (StopIteration, CallerGone):
            end = "the caller has hung up" if self._gone else "the dialplan is at its end"
            self._show(f"the call ends: {end}")
        finally:
            program.close()

    def _result(self, step: Step) -> StepResult:
        match step:
            case NoteAnswer():
                self._show(f"answer     {step.question} = {step.response}")
                return Done()
            case NoteIncident():
                self._show(f"trouble    {step.message}")
                return Done()
            case Ban():
                self._show(f"no calls   {step.number or 'the number called'} is never called again")
                return Done()
            case Fetch():
                return self._fetch(step)
        if self._gone:
            return NotDone(reason="the call is over")
        if self._left is not None:
            if self._left == 0:
                self._hang_up()
            self._left -= 1
        return self._heard(step)

    def _heard(self, step: Step) -> StepResult:
        match step:
            case Say():
                self._say(step.prompts)
                return Done()
            case Gather():
                return self._gather(step)
            case Listen():
                self._show(f"wait       {step.length.total_seconds():g} s")
                return Done()
            case SendTones():
                self._show(f"tones      {step.digits}")
                return Done()
            case RecordMessage():
                return self._record(step)
            case RecordStep():
                self._show(f"record     {step.name or ''} from here on")
                return self._recorded(step.name, "running")
            case StopRecord():
                return self._recorded(None, "stopped")
            case Dial():
                return self._dial(step)
            case Detect():
                self._show(f"answered by {self._answered_by}")
                return Detected(who=self._answered_by, after=timedelta(seconds=1))
            case _:
                return NotDone(reason="that cannot be walked through")

    def _say(self, prompts: Sequence[Prompt]) -> None:
        for prompt in prompts:
            self._show(f"hear       {_words(prompt)}")

    def _gather(self, step: Gather) -> Gathered:
        self._say(step.prompts)
        most = "" if step.max_digits is None else f", at most {step.max_digits}"
        only = "" if step.only is None else f" ({' '.join(sorted(step.only))} only)"
        typed = self._asked(f"keys{only}{most}, Enter for none, h to hang up")
        digits = ""
        for key in typed:
            if key not in "0123456789*#ABCD" or (step.only is not None and key not in step.only):
                continue
            if key in step.finish_on:
                return Gathered(digits=digits, ended_by=GatherEnd.FINISH_KEY, finish_key=key)
            digits += key
            if step.max_digits is not None and len(digits) >= step.max_digits:
                return Gathered(digits=digits, ended_by=GatherEnd.MAX_DIGITS)
        return Gathered(digits=digits, ended_by=GatherEnd.TIMEOUT)

    def _record(self, step: RecordMessage) -> Recorded:
        longest = step.max_length.total_seconds()
        self._show(f"record     {step.name or ''} after the beep, at most {longest:g} s")
        typed = self._line(f"Enter or a key of {' '.join(sorted(step.finish_on))} ends it")
        if typed is None or typed == _HANG_UP:
            self._gone = True
            self._show("(the caller hangs up)")
            return self._recorded(step.name, "hangup")
        return self._recorded(step.name, typed[:1] if typed[:1] in step.finish_on else "#")

    def _recorded(self, name: str | None, ended_by: str) -> Recorded:
        self._recordings += 1
        return Recorded(
            recording_id=RecordingId(self._recordings),
            length=timedelta(seconds=3),
            ended_by=ended_by,
            url=f"http://localhost/recordings/{name or self._recordings}.mp3",
        )

    def _dial(self, step: Dial) -> Dialed:
        how = "one after the other" if step.mode is DialMode.IN_TURN else "all at once"
        music = ", ".join(_words(prompt) for prompt in step.while_ringing) or "ringing"
        self._show(f"call       {how}, for {step.timeout.total_seconds():g} s, hearing {music}")
        for place, target in enumerate(step.targets, start=1):
            digits = f", then sending {target.send_digits}" if target.send_digits else ""
            self._show(f"           {place}: {target.to}{digits}")
        answer = self._asked("which of them answers, n for none, h to hang up")
        if answer == _NOBODY:
            return Dialed(outcome=Outcome.NO_ANSWER, call_id=None, connected=timedelta())
        place = int(answer) if answer.isdecimal() else 1
        target = step.targets[min(max(place, 1), len(step.targets)) - 1]
        if not self._whisper(target):
            return Dialed(outcome=Outcome.HUMAN, call_id=CallId(2), connected=timedelta())
        self._show(f"connected  with {target.to}, who hangs up")
        return Dialed(outcome=Outcome.HUMAN, call_id=CallId(2), connected=timedelta(seconds=30))

    def _whisper(self, target: DialTarget) -> bool:
        """Walk through what the other one hears; return whether the two are connected."""
        if target.before is None:
            return True
        program = target.before(self._facts_of(target))
        ends = False
        try:
            step = next(program)
            while not (ends := isinstance(step, End | Reject)):
                match step:
                    case Say():
                        self._show("they are told:")
                        self._say(step.prompts)
                        step = program.send(Done())
                    case Gather():
                        self._show("they are asked:")
                        step = program.send(self._gather(step))
                    case _:
                        step = program.send(NotDone(reason="that cannot be walked through"))
        except StopIteration:
            pass
        finally:
            program.close()
        return not ends

    @staticmethod
    def _facts_of(target: DialTarget) -> CallFacts:
        return CallFacts(
            call_id=CallId(2),
            attempt_id=AttemptId(2),
            account_id=AccountId(1),
            to=target.to,
            from_number=None,
            answered_at=None,
        )

    def _fetch(self, step: Fetch) -> StepResult:
        self._show(f"{step.method.lower():10} {step.url}")
        for name, value in step.parameters:
            self._show(f"           {name}={value}")
        if self._gone:
            return NotDone(reason="the caller has hung up: nobody is asked for the answer")
        answer = self._line("what it answers")
        if answer is None:
            return NotDone(reason="there was no answer")
        return Fetched(status=200, content_type="text/plain", body=answer.encode(), url=step.url)

    def _asked(self, question: str) -> str:
        line = self._line(question)
        if line is None or line == _HANG_UP:
            self._hang_up()
        return line or ""

    def _line(self, question: str) -> str | None:
        self._show(f"? {question}")
        line = next(self._lines, None)
        return None if line is None else line.strip()

    def _hang_up(self) -> None:
        self._gone = True
        self._show("(the caller hangs up)")
        raise CallerGone


def _words(prompt: Prompt) -> str:
    match prompt:
        case Spoken():
            return f'"{prompt.text}" ({prompt.voice or prompt.language})'
        case StoredSound():
            return f"sound {prompt.sound_id}"
        case FromRecording():
            return f"[recording {prompt.recording_id}]"
        case FromUrl():
            return f"{prompt.url}{'' if prompt.cache else ' (fetched anew)'}"
        case Silence():
            return f"silence, {prompt.length.total_seconds():g} s"
        case HoldMusic():
            return f"{prompt.style} music"
        case Stored():
            return f"audio {prompt.audio[:12]}"
