"""<Record>: what the called person says, kept as a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ringcast.apis.laml.documents import Element
from ringcast.apis.laml.identities import Family, Kind
from ringcast.apis.laml.verbs.told import RECORDING_TOLD, Told, recording_told
from ringcast.apis.laml.verbs.verb import Goto, Ran, Runtime
from ringcast.domain.programs import Recorded, RecordMessage

__all__ = ["ATTRIBUTES", "Record", "parse"]

ATTRIBUTES = (
    "action",
    "method",
    "timeout",
    "finishOnKey",
    "maxLength",
    "playBeep",
    "trim",
    *RECORDING_TOLD,
)
_KEYS = "0123456789*#"
_LONGEST = 3600  # seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Record, and give the recording to another document."""

    action: str
    method: str
    timeout: timedelta
    finish_on: frozenset[str]
    max_length: timedelta
    beep: bool
    trim: bool
    told: Told

    def run(self, runtime: Runtime) -> Ran:
        """Record; SignalWire's clients hear also of an empty recording, Twilio's go on."""
        result = yield RecordMessage(
            beep=self.beep,
            max_length=self.max_length,
            silence_timeout=self.timeout,
            finish_on=self.finish_on,
            trim_silence=self.trim,
            follower=self.told.of_recording(runtime),
        )
        if not isinstance(result, Recorded):
            runtime.warn(20001, f"<Record>: {getattr(result, 'reason', 'nothing was recorded')}")
            return None
        is_empty = result.recording_id is None or result.length < timedelta(milliseconds=100)
        if is_empty and runtime.family is Family.TWILIO and result.ended_by != "hangup":
            return None
        key = result.ended_by
        parameters = {
            "RecordingDuration": str(round(result.length.total_seconds())),
            "Digits": key if key == "hangup" or key in _KEYS else "",
        }
        if result.recording_id is not None:
            sid = runtime.sid(Kind.RECORDING, result.recording_id)
            parameters = {
                "RecordingUrl": runtime.recording_url(result.recording_id),
                "RecordingSid": sid,
            } | parameters
        return Goto(url=self.action, method=self.method, parameters=parameters)


def parse(element: Element) -> Record:
    """Read <Record …/>."""
    element.check(ATTRIBUTES, empty=True)
    keys = element.get("finishOnKey")
    keys = _KEYS if keys is None else keys
    if not set(_KEYS).issuperset(keys):
        raise element.bad("finishOnKey", "some of 0-9, * and #")
    trim = element.choice("trim", ("trim-silence", "do-not-trim"), "trim-silence")
    length = element.whole("maxLength", _LONGEST, most=_LONGEST)
    return Record(
        action=element.get("action") or "",
        method=element.method(),
        timeout=timedelta(seconds=element.whole("timeout", 5, least=1, most=3600)),
        finish_on=frozenset(keys),
        max_length=timedelta(seconds=length or _LONGEST),
        beep=element.flag("playBeep", default=True),
        trim=trim == "trim-silence",
        told=recording_told(element),
    )
