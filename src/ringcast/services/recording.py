"""Recording for programs: messages in the foreground, the call in the background."""

from __future__ import annotations

from datetime import timedelta

from ringcast.domain.programs import NotDone, Recorded, RecordMessage, RecordStep, StopRecord
from ringcast.domain.recordings import RecordingSource
from ringcast.ports.engine import DigitReceived, Heard, RecordingTracks, SilenceHeard
from ringcast.ports.recording_files import KeptRecording
from ringcast.services.call_recordings import CallRecordings
from ringcast.services.leg_actions import LegActions, LegOver

__all__ = ["begin_background", "begin_recording", "end_background", "record_message", "tracks_of"]

_CLOCKS_DIFFER = 0.05  # seconds
_FILE_LATE = timedelta(seconds=3)
"""After so long past its limit a recording is given up: its file could not be written."""


async def record_message(
    actions: LegActions, recordings: CallRecordings, step: RecordMessage, beep: Heard
) -> tuple[Recorded, LegOver | None]:
    """Record what is said; return it, and the end of the leg if that is what ended it."""

    async def prelude() -> None:
        if step.beep:
            await actions.play_out([beep])

    number = await recordings.begin(
        step.name,
        source=RecordingSource.MESSAGE,
        tracks=RecordingTracks.RECEIVED,
        max_length=step.max_length,
        trims=step.trim_silence,
        follower=step.follower,
        prelude=prelude,
    )
    ended_by, over = "hangup", None
    try:
        async with actions.hearing_keys():
            ended_by = await _end_of_message(actions, recordings, step, number)
        await recordings.stop(number)
        kept = await recordings.kept(number)
    except LegOver as gone:
        over = gone
        kept = await recordings.kept(number, is_over=True)
    except Exception:  # what interrupts: the recording is kept, though nobody waits for it
        await recordings.stop(number)
        raise
    finally:
        await actions.engine.stop_watching_silence(actions.leg)
    return _recorded(kept, ended_by), over


async def begin_background(recordings: CallRecordings, step: RecordStep) -> Recorded:
    """Record the call from here on."""
    number = await begin_recording(recordings, step, source=RecordingSource.CALL)
    recording_id = recordings.id_of(number)
    return Recorded(recording_id=recording_id, length=timedelta(), ended_by="running")


def tracks_of(step: RecordStep) -> RecordingTracks:
    """Return what is to be recorded; of what is only sent the other channel is left out at last."""
    if step.separate_channels or step.only_sent:
        return RecordingTracks.SEPARATE
    return RecordingTracks.MIXED if step.both_sides else RecordingTracks.RECEIVED


async def begin_recording(
    recordings: CallRecordings,
    step: RecordStep,
    *,
    source: RecordingSource,
    max_length: timedelta | None = None,
) -> int:
    """Begin to record as a step says; return the recording's number."""
    return await recordings.begin(
        step.name,
        source=source,
        tracks=tracks_of(step),
        max_length=step.max_length if max_length is None else max_length,
        trims=step.trim_silence,
        only_sent=step.only_sent,
        follower=step.follower,
    )


async def end_background(recordings: CallRecordings, step: StopRecord) -> Recorded | NotDone:
    """End a recording of the background."""
    number = recordings.number_of(step.recording_id)
    if number is None:
        return NotDone(reason=f"recording {step.recording_id} is none of this call")
    ended_by = "max_length" if recordings.has_ended(number) else "stopped"
    await recordings.stop(number)
    return _recorded(await recordings.kept(number), ended_by)


def _recorded(kept: KeptRecording | None, ended_by: str) -> Recorded:
    if kept is None:
        return Recorded(recording_id=None, length=timedelta(), ended_by=ended_by)
    return Recorded(recording_id=kept.id, length=kept.length, ended_by=ended_by, url=kept.url)


async def _end_of_message(
    actions: LegActions, recordings: CallRecordings, step: RecordMessage, number: int
) -> str:
    """Wait for what ends a message, and return it; raise LegOver if that is the end of the leg."""
    if step.silence_timeout is not None:
        await actions.engine.watch_silence(actions.leg, step.silence_timeout)
    limit = actions.after(step.max_length) - _CLOCKS_DIFFER
    until = actions.after(step.max_length + _FILE_LATE)
    while True:
        news = await actions.next_news(until)
        if news is None:
            return "max_length"
        if isinstance(news, SilenceHeard):
            return "silence"
        if isinstance(news, DigitReceived) and news.digit in step.finish_on:
            return news.digit
        if recordings.has_ended(number) and actions.seconds() >= limit:
            return "max_length"  # earlier it is the leg that ends
