"""Finding out who has answered, for a program."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from ringcast.domain.programs import Detect, Detected, DetectUntil, GreetingEnd, WhoAnswered
from ringcast.ports.engine import AnswerKind, DetectionSettings
from ringcast.services.leg_actions import LegActions, NoVerdict
from ringcast.services.scripted_call import ScriptedCall

__all__ = ["LONGEST_GREETING", "WHO", "detect", "settings_for"]

WHO: Final[Mapping[AnswerKind, WhoAnswered]] = {
    AnswerKind.HUMAN: WhoAnswered.HUMAN,
    AnswerKind.MACHINE: WhoAnswered.MACHINE,
    AnswerKind.SCREENING: WhoAnswered.SCREENING,
    AnswerKind.FAX: WhoAnswered.FAX,
    AnswerKind.SILENCE: WhoAnswered.UNKNOWN,
}
"""What programs call who has answered."""

LONGEST_GREETING: Final = timedelta(seconds=60)
"""After so long a machine is spoken to, whatever it says."""


async def detect(actions: LegActions, call: ScriptedCall, step: Detect) -> Detected:
    """Find out who has answered; raise ValueError for limits that make no sense."""
    settings = settings_for(step)
    since = actions.seconds()
    try:
        verdict = await actions.verdict(settings)
    except NoVerdict as none:
        await actions.stop_detection()
        return Detected(who=WhoAnswered.UNKNOWN, after=none.after)
    if verdict is None:
        await actions.stop_detection()
        call.note_answered_by(AnswerKind.HUMAN)
        pressed_after = timedelta(seconds=actions.seconds() - since)
        return Detected(who=WhoAnswered.HUMAN, after=pressed_after)
    kind = verdict.kind

    def note(found: AnswerKind) -> None:
        nonlocal kind
        kind = found
        call.note_answered_by(found)

    note(kind)
    greeting_end = None
    if verdict.kind is AnswerKind.MACHINE and step.until is DetectUntil.GREETING_END:
        longest = LONGEST_GREETING
        if step.timeout is not None:
            longest = max(step.timeout - verdict.after, timedelta(seconds=0.02))
        ended = await actions.greeting_end(longest, on_news=note)
        if ended is None:
            greeting_end = GreetingEnd.OTHER
        else:
            greeting_end = GreetingEnd.BEEP if ended.beep else GreetingEnd.SILENCE
    await actions.stop_detection()
    return Detected(who=WHO[kind], after=verdict.after, greeting_end=greeting_end)


def settings_for(step: Detect) -> DetectionSettings:
    """Return the engine's settings: its own where the step leaves them open.

    Who names a limit gets the rules that the limits describe, and no model's opinion:

    - `silence_timeout`: no sound at all for so long, nobody knows;
    - `speech_threshold`: first speech that is shorter is a person's, longer a machine's;
    - `speech_end_threshold`: the silence that closes the first speech;
    - `words`: so many words, or more, are a machine's;
    - `timeout`: the end of the whole attempt, nobody knows.
    """
    given: dict[str, Any] = {}
    if step.silence_timeout is not None:
        given["initial_silence"] = step.silence_timeout
    if step.speech_threshold is not None:
        given["short_greeting"] = given["long_greeting"] = step.speech_threshold
    if step.speech_end_threshold is not None:
        given["after_short"] = given["after_longer"] = step.speech_end_threshold
    if step.timeout is not None:
        given["total"] = step.timeout
    if not given and step.words is None:
        return DetectionSettings()
    return DetectionSettings(
        **given,
        words=step.words,
        learned=False,
        is_silence_in_doubt=step.timeout is not None,
    )
