"""What every engine does, whatever stands behind it (the promises of `ports.engine`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from ringcast.domain.errors import EngineUnavailable
from ringcast.domain.ids import AttemptId
from ringcast.engines.simulator import FarEnd
from ringcast.ports.engine import (
    DigitReceived,
    DigitsSent,
    LegAnswered,
    LegEnded,
    LegRinging,
    PlaybackFinished,
    PlaybackResult,
    PlaybackStarted,
    RecordingFinished,
    RecordingTracks,
    WhoEnded,
)
from tests.contract.rig import Phone, Rig, call, check_promises, happens, seconds
from tests.contract.rigs import RIGS

_PERSON = FarEnd()
_RINGS_ON = FarEnd(answers_after=None)
_SAYS_NOTHING = FarEnd(rings_after=None, answers_after=None)


@pytest.fixture(params=sorted(RIGS))
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    made = RIGS[request.param](tmp_path)
    await made.start()
    yield made
    await made.close()
    check_promises(made.log)


async def answered(rig: Rig, phone: Phone) -> AttemptId:
    leg = await call(rig, phone)
    await happens(rig, leg, LegAnswered)
    return leg


async def test_answered_call_plays_and_reports_in_order(rig: Rig) -> None:
    phone, sound = rig.phone(_PERSON), rig.sound(0.4)
    leg = await answered(rig, phone)

    await rig.engine.play(leg, 1, [sound], 1)
    finished = await happens(rig, leg, PlaybackFinished)
    await rig.engine.hang_up(leg, reason="all is said")
    end = await happens(rig, leg, LegEnded)

    assert rig.log.kinds(leg) == [
        "LegRinging",
        "LegAnswered",
        "PlaybackStarted",
        "PlaybackFinished",
        "LegEnded",
    ]
    assert (finished.playback, finished.result) == (1, PlaybackResult.COMPLETED)
    assert finished.played == seconds(0.4)
    assert (end.by, end.sip_status, end.reason) == (WhoEnded.LOCAL, None, "all is said")
    assert not end.failed
    assert rig.heard(phone, [sound])


async def test_sequence_is_played_without_gaps_as_often_as_asked(rig: Rig) -> None:
    phone, first, second = rig.phone(_PERSON), rig.sound(0.1), rig.sound(0.06)
    leg = await answered(rig, phone)

    await rig.engine.play(leg, 1, [first, second], 2)
    finished = await happens(rig, leg, PlaybackFinished)
    await rig.engine.hang_up(leg)
    await happens(rig, leg, LegEnded)

    assert finished.played == seconds(0.32)
    assert rig.heard(phone, [first, second, first, second])


async def test_silence_between_sounds_is_as_long_as_asked(rig: Rig) -> None:
    phone, sound = rig.phone(_PERSON), rig.sound(0.1)
    leg = await answered(rig, phone)

    await rig.engine.play(leg, 1, [sound, seconds(0.3), seconds(0)], 2)
    finished = await happens(rig, leg, PlaybackFinished)

    assert finished.result is PlaybackResult.COMPLETED
    assert finished.played == seconds(0.8)
    with pytest.raises(ValueError, match="no less than nothing"):
        await rig.engine.play(leg, 2, [seconds(-1)], 1)


async def test_sound_can_be_played_until_it_is_stopped(rig: Rig) -> None:
    phone, sound = rig.phone(_PERSON), rig.sound(0.1)
    leg = await answered(rig, phone)

    await rig.engine.play(leg, 1, [sound], None)
    await rig.pass_time(0.5)
    assert rig.log.of(leg, PlaybackFinished) == []
    await rig.engine.stop_playback(leg, 1)
    finished = await happens(rig, leg, PlaybackFinished)

    assert finished.result is PlaybackResult.STOPPED
    assert finished.played >= seconds(0.3)


async def test_playing_replaces_what_is_playing(rig: Rig) -> None:
    phone, long, short = rig.phone(_PERSON), rig.sound(20), rig.sound(0.2)
    leg = await answered(rig, phone)
    await rig.engine.play(leg, 1, [long], 1)
    await happens(rig, leg, PlaybackStarted)
    await rig.pass_time(0.1)

    await rig.engine.play(leg, 2, [short], 1)
    await happens(rig, leg, PlaybackFinished, times=2)

    stopped, completed = rig.log.of(leg, PlaybackFinished)
    assert (stopped.playback, stopped.result) == (1, PlaybackResult.STOPPED)
    assert seconds(0) < stopped.played < seconds(2)
    assert (completed.playback, completed.result) == (2, PlaybackResult.COMPLETED)
    assert rig.heard(phone, [short])


async def test_stopping_ends_the_playback_that_is_named_and_no_other(rig: Rig) -> None:
    phone, long = rig.phone(_PERSON), rig.sound(20)
    leg = await answered(rig, phone)
    await rig.engine.play(leg, 5, [long], 1)
    await happens(rig, leg, PlaybackStarted)

    await rig.engine.stop_playback(leg, 4)
    await rig.pass_time(0.1)
    assert rig.log.of(leg, PlaybackFinished) == []
    await rig.engine.stop_playback(leg, 5)

    finished = await happens(rig, leg, PlaybackFinished)
    assert (finished.playback, finished.result) == (5, PlaybackResult.STOPPED)
    assert finished.played < seconds(5)


async def test_sound_that_does_not_exist_fails_to_play_and_the_call_goes_on(rig: Rig) -> None:
    phone, sound = rig.phone(_PERSON), rig.sound(0.1)
    leg = await answered(rig, phone)

    await rig.engine.play(leg, 1, ["f" * 64], 1)
    failed = await happens(rig, leg, PlaybackFinished)
    await rig.engine.play(leg, 2, [sound], 1)
    played = await happens(rig, leg, PlaybackFinished, times=2)

    assert (failed.playback, failed.result) == (1, PlaybackResult.FAILED)
    assert (played.playback, played.result) == (2, PlaybackResult.COMPLETED)


@pytest.mark.parametrize("loop", [0, -1])
async def test_playing_less_than_once_is_refused(rig: Rig, loop: int) -> None:
    leg = await answered(rig, rig.phone(_PERSON))

    with pytest.raises(ValueError, match="once or more"):
        await rig.engine.play(leg, 1, [rig.sound(0.1)], loop)


@pytest.mark.parametrize("status", [404, 480, 486, 503, 603])
async def test_refusal_is_reported_with_its_status(rig: Rig, status: int) -> None:
    leg = await call(rig, rig.phone(FarEnd(refuses=status)))

    end = await happens(rig, leg, LegEnded)

    assert (end.by, end.sip_status, end.ring_timed_out) == (WhoEnded.REMOTE, status, False)
    assert end.reason
    assert rig.log.of(leg, LegAnswered) == []


async def test_cause_of_the_telephone_network_is_kept(rig: Rig) -> None:
    leg = await call(rig, rig.phone(FarEnd(refuses=503, q850=34)))

    end = await happens(rig, leg, LegEnded)

    assert (end.sip_status, end.q850_cause) == (503, 34)


async def test_nobody_answers_in_time(rig: Rig) -> None:
    leg = await call(rig, rig.phone(_RINGS_ON), ring_timeout=0.3)

    end = await happens(rig, leg, LegEnded)

    assert rig.log.kinds(leg) == ["LegRinging", "LegEnded"]
    assert end.ring_timed_out
    assert end.by is WhoEnded.LOCAL


async def test_trunk_that_never_says_a_word_ends_with_408(rig: Rig) -> None:
    leg = await call(rig, rig.phone(_SAYS_NOTHING), ring_timeout=0.3)

    end = await happens(rig, leg, LegEnded)

    assert rig.log.kinds(leg) == ["LegEnded"]
    assert (end.by, end.sip_status, end.ring_timed_out) == (WhoEnded.ENGINE, 408, False)
    assert "no answer from" in end.reason


async def test_early_media_is_told_apart_from_ringing(rig: Rig) -> None:
    leg = await call(rig, rig.phone(FarEnd(early_media=True)))

    await happens(rig, leg, LegAnswered)

    assert [ringing.early_media for ringing in rig.log.of(leg, LegRinging)] == [True]


async def test_hanging_up_at_once_ends_the_call_unanswered(rig: Rig) -> None:
    leg = await call(rig, rig.phone(_RINGS_ON))

    await rig.engine.hang_up(leg, reason="changed our mind")

    end = await happens(rig, leg, LegEnded)
    assert (end.by, end.reason) == (WhoEnded.LOCAL, "changed our mind")
    assert not end.ring_timed_out


async def test_hanging_up_a_silent_trunk_ends_in_bounded_time(rig: Rig) -> None:
    leg = await call(rig, rig.phone(_SAYS_NOTHING))

    await rig.engine.hang_up(leg)

    end = await happens(rig, leg, LegEnded, within=6.0)
    assert end.by is WhoEnded.LOCAL


async def test_hanging_up_while_it_rings_cancels(rig: Rig) -> None:
    leg = await call(rig, rig.phone(_RINGS_ON))
    await happens(rig, leg, LegRinging)

    await rig.engine.hang_up(leg)

    end = await happens(rig, leg, LegEnded)
    assert (end.by, end.sip_status) == (WhoEnded.LOCAL, 487)
    assert rig.log.kinds(leg) == ["LegRinging", "LegEnded"]


async def test_hanging_up_twice_ends_once(rig: Rig) -> None:
    leg = await answered(rig, rig.phone(_PERSON))

    await rig.engine.hang_up(leg, reason="first")
    await rig.engine.hang_up(leg, reason="second")
    end = await happens(rig, leg, LegEnded)
    await rig.pass_time(0.1)

    assert end.reason == "first"
    assert len(rig.log.of(leg, LegEnded)) == 1


async def test_far_end_hangs_up_in_the_middle_of_a_playback(rig: Rig) -> None:
    phone, long = rig.phone(FarEnd(hangs_up_after=seconds(0.3), q850=16)), rig.sound(20)
    leg = await answered(rig, phone)

    await rig.engine.play(leg, 1, [long], 1)
    end = await happens(rig, leg, LegEnded)
    await rig.pass_time(0.1)

    assert (end.by, end.sip_status, end.q850_cause) == (WhoEnded.REMOTE, None, 16)
    assert rig.log.of(leg, PlaybackFinished) == [], "ended legs report nothing"


async def test_call_ends_at_its_longest_length(rig: Rig) -> None:
    leg = await call(rig, rig.phone(_PERSON), max_length=0.3)

    up = await happens(rig, leg, LegAnswered)
    end = await happens(rig, leg, LegEnded)

    assert end.by is WhoEnded.LOCAL
    assert seconds(0.29) <= end.at - up.at < seconds(2)


async def test_keys_pressed_arrive_in_order(rig: Rig) -> None:
    keys = "1*#0"
    presses = [(seconds(0.05 + 0.25 * n), key) for n, key in enumerate(keys)]
    leg = await answered(rig, rig.phone(FarEnd(presses=presses)))

    await happens(rig, leg, DigitReceived, times=len(keys))
    await rig.pass_time(0.3)

    received = rig.log.of(leg, DigitReceived)
    assert "".join(digit.digit for digit in received) == keys
    assert all(seconds(0.04) <= digit.duration <= seconds(0.5) for digit in received)


async def test_digits_are_sent_complete_and_in_order(rig: Rig) -> None:
    phone = rig.phone(_PERSON)
    leg = await answered(rig, phone)

    await rig.engine.send_digits(leg, "12w3#")
    await happens(rig, leg, DigitsSent)
    await rig.engine.hang_up(leg)
    await happens(rig, leg, LegEnded)

    assert rig.digits(phone) == "123#"


async def record(rig: Rig, leg: AttemptId, path: Path, *, max_length: float = 60) -> None:
    await rig.engine.start_recording(
        leg, 3, path, tracks=RecordingTracks.RECEIVED, max_length=seconds(max_length)
    )


async def test_recording_is_complete_when_it_is_reported(rig: Rig, tmp_path: Path) -> None:
    leg, path = await answered(rig, rig.phone(_PERSON)), tmp_path / "call.wav"
    await record(rig, leg, path)
    await rig.pass_time(0.5)

    await rig.engine.stop_recording(leg, 3)
    finished = await happens(rig, leg, RecordingFinished)

    assert (finished.recording, finished.path) == (3, path)
    assert seconds(0.3) <= finished.length <= seconds(1.5)
    assert rig.is_recorded(path, finished.length)


async def test_recording_ends_at_its_longest_length(rig: Rig, tmp_path: Path) -> None:
    leg, path = await answered(rig, rig.phone(_PERSON)), tmp_path / "call.wav"

    await record(rig, leg, path, max_length=0.4)
    finished = await happens(rig, leg, RecordingFinished)

    assert finished.length == seconds(0.4)
    assert rig.is_recorded(path, finished.length)


@pytest.mark.parametrize("who", list(WhoEnded)[:2])
async def test_end_of_the_call_completes_its_recording_first(
    rig: Rig, tmp_path: Path, who: WhoEnded
) -> None:
    hangs_up_after = seconds(0.5) if who is WhoEnded.REMOTE else None
    leg = await answered(rig, rig.phone(FarEnd(hangs_up_after=hangs_up_after)))
    path = tmp_path / "call.wav"
    await record(rig, leg, path)

    if who is WhoEnded.LOCAL:
        await rig.pass_time(0.5)
        await rig.engine.hang_up(leg)
    end = await happens(rig, leg, LegEnded)

    assert end.by is who
    assert rig.log.kinds(leg)[-2:] == ["RecordingFinished", "LegEnded"]
    (finished,) = rig.log.of(leg, RecordingFinished)
    assert finished.length >= seconds(0.3)
    assert rig.is_recorded(path, finished.length)


_ACTIONS: dict[str, Callable[[Rig, AttemptId, Path], Awaitable[None]]] = {
    "play": lambda rig, leg, path: rig.engine.play(leg, 1, [rig.sound(0.1)], 1),
    "stop_playback": lambda rig, leg, path: rig.engine.stop_playback(leg, 1),
    "send_digits": lambda rig, leg, path: rig.engine.send_digits(leg, "1"),
    "start_recording": lambda rig, leg, path: record(rig, leg, path / "late.wav"),
    "stop_recording": lambda rig, leg, path: rig.engine.stop_recording(leg, 3),
    "watch_silence": lambda rig, leg, path: rig.engine.watch_silence(leg, seconds(0.1)),
    "listen_for_keys": lambda rig, leg, path: rig.engine.listen_for_keys(leg),
    "hang_up": lambda rig, leg, path: rig.engine.hang_up(leg),
}


async def test_acting_on_a_leg_that_has_ended_does_nothing(rig: Rig, tmp_path: Path) -> None:
    leg = await answered(rig, rig.phone(_PERSON))
    await rig.engine.hang_up(leg)
    await happens(rig, leg, LegEnded)
    before = list(rig.log.events)

    for act in _ACTIONS.values():
        await act(rig, leg, tmp_path)
    await rig.pass_time(0.2)

    assert rig.log.events == before
    assert not (tmp_path / "late.wav").exists()


@pytest.mark.parametrize("action", sorted(_ACTIONS))
async def test_acting_on_an_unknown_leg_does_nothing(rig: Rig, tmp_path: Path, action: str) -> None:
    await _ACTIONS[action](rig, AttemptId(999_999_999), tmp_path)
    await rig.pass_time(0.1)

    assert rig.log.events == []


async def test_call_without_a_route_is_refused_and_reports_nothing(rig: Rig) -> None:
    with pytest.raises(EngineUnavailable):
        await call(rig, Phone(rig.nowhere, _PERSON))
    await rig.pass_time(0.1)

    assert rig.log.events == []


async def test_closing_ends_every_leg(rig: Rig) -> None:
    up = await answered(rig, rig.phone(_PERSON))
    ringing = await call(rig, rig.phone(_RINGS_ON))
    await happens(rig, ringing, LegRinging)

    await rig.engine.close()

    for leg in (up, ringing):
        (end,) = rig.log.of(leg, LegEnded)
        assert end.by is WhoEnded.LOCAL
    with pytest.raises(EngineUnavailable):
        await call(rig, rig.phone(_PERSON))
