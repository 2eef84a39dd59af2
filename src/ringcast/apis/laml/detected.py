"""Who has answered, in the vendors' words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from ringcast.domain.programs import GreetingEnd, WhoAnswered

__all__ = ["detected_fields"]

_GREETING: Mapping[GreetingEnd | None, str] = {
    None: "machine_start",
    GreetingEnd.BEEP: "machine_end_beep",
    GreetingEnd.SILENCE: "machine_end_silence",
    GreetingEnd.OTHER: "machine_end_other",
}
_WHO: Mapping[WhoAnswered, str] = {
    WhoAnswered.HUMAN: "human",
    WhoAnswered.FAX: "fax",
    WhoAnswered.UNKNOWN: "unknown",
}


def detected_fields(
    who: WhoAnswered, after: timedelta, greeting_end: GreetingEnd | None
) -> dict[str, str]:
    """Return what requests tell of it.

    Screening assistants speak to the caller as machines do.
    """
    word = _WHO.get(who) or _GREETING[greeting_end]
    duration = round(after / timedelta(milliseconds=1))
    return {"AnsweredBy": word, "MachineDetectionDuration": str(duration)}
