from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.domain.ids import AttemptId
from ringcast.engines.embedded.leg import (
    CANCEL_WAIT,
    RECORDING_WAIT,
    Action,
    CloseMedia,
    Leg,
    LegState,
    Moment,
    Report,
    SendBye,
    SendCancel,
    Verdict,
)
from ringcast.ports.engine import (
    DigitReceived,
    LegAnswered,
    LegEnded,
    LegRinging,
    RecordingFinished,
    WhoEnded,
)

_LEG = AttemptId(7)
_START = datetime(2026, 1, 1, tzinfo=UTC)
_BUSY = Verdict(by=WhoEnded.REMOTE, sip_status=486, reason="busy")
_HUNG_UP_THERE = Verdict(by=WhoEnded.REMOTE, q850=16, reason="the far end hung up")


def at(seconds: float) -> Moment:
    return Moment(1000.0 + seconds, _START + timedelta(seconds=seconds))


def inviting(*, ring_timeout: float = 30.0, max_length: float = 60.0) -> Leg:
    leg = Leg(
        _LEG,
        peer="trunk 192.0.2.1:5060",
        ring_timeout=timedelta(seconds=ring_timeout),
        max_length=timedelta(seconds=max_length),
    )
    leg.invite_sent(now=at(0))
    return leg


def ringing() -> Leg:
    leg = inviting()
    leg.provisional(180, early_media=False, now=at(1))
    leg.actions()
    return leg


def answered() -> Leg:
    leg = ringing()
    leg.answered(now=at(5))
    leg.actions()
    return leg


def recorded(recording: int = 1) -> RecordingFinished:
    return RecordingFinished(
        leg=_LEG,
        at=at(9).utc,
        recording=recording,
        path=Path("x.wav"),
        length=timedelta(seconds=1),
    )


def ends(actions: list[Action]) -> list[LegEnded]:
    return [a.event for a in actions if isinstance(a, Report) and isinstance(a.event, LegEnded)]


def only_end(actions: list[Action]) -> LegEnded:
    (end,) = ends(actions)
    assert isinstance(actions[-1], Report)
    assert actions[-1].event is end, "LegEnded is the last thing a leg says"
    return end


def test_answered_call_is_reported_as_it_goes() -> None:
    leg = inviting()

    leg.provisional(180, early_media=False, now=at(1))
    leg.answered(now=at(5))
    leg.dialog_ended(_HUNG_UP_THERE, now=at(9))

    assert leg.actions() == [
        Report(LegRinging(leg=_LEG, at=at(1).utc, early_media=False)),
        Report(LegAnswered(leg=_LEG, at=at(5).utc)),
        CloseMedia(),
        Report(
            LegEnded(
                leg=_LEG,
                at=at(9).utc,
                by=WhoEnded.REMOTE,
                sip_status=None,
                q850_cause=16,
                reason="the far end hung up",
            )
        ),
    ]
    assert leg.deadline is None


def test_ringing_is_reported_again_only_when_early_media_begins() -> None:
    leg = inviting()

    for status, early in [(182, False), (180, False), (180, False), (183, True), (183, True)]:
        leg.provisional(status, early_media=early, now=at(1))

    assert [a.event.early_media for a in leg.actions() if isinstance(a, Report)] == [False, True]  # type: ignore[union-attr] # nothing but LegRinging can be in it


def test_progress_without_ringing_or_media_is_not_reported() -> None:
    leg = inviting()

    leg.provisional(183, early_media=False, now=at(1))

    assert leg.actions() == []
    assert leg.state is LegState.INVITING


def test_refusal_ends_the_leg_with_its_status() -> None:
    leg = ringing()

    leg.refused(_BUSY, now=at(2))

    end = only_end(leg.actions())
    assert (end.by, end.sip_status, end.failed) == (WhoEnded.REMOTE, 486, False)


@pytest.mark.parametrize("begin", [inviting, ringing])
def test_hanging_up_before_the_answer_cancels_and_waits_for_the_last_word(
    begin: Callable[[], Leg],
) -> None:
    leg = begin()

    leg.hang_up("changed our mind", now=at(2))

    assert leg.actions() == [SendCancel(), CloseMedia()]
    assert leg.deadline == at(2 + CANCEL_WAIT).monotonic
    leg.refused(Verdict(by=WhoEnded.REMOTE, sip_status=487, reason="canceled"), now=at(3))
    end = only_end(leg.actions())
    assert (end.by, end.sip_status) == (WhoEnded.LOCAL, 487)
    assert end.reason == "changed our mind"


def test_answer_that_crosses_the_cancel_is_ended_with_bye_and_never_reported() -> None:
    leg = ringing()
    leg.hang_up("changed our mind", now=at(2))
    leg.actions()

    leg.answered(now=at(2.1))

    actions = leg.actions()
    assert actions[0] == SendBye(16)
    assert not any(isinstance(a, Report) and isinstance(a.event, LegAnswered) for a in actions)
    assert "answered at the same moment" in only_end(actions).reason


def test_cancel_that_nobody_answers_ends_the_leg_all_the_same() -> None:
    leg = ringing()
    leg.hang_up("changed our mind", now=at(2))
    leg.actions()

    leg.handle_timer(now=at(2 + CANCEL_WAIT))

    end = only_end(leg.actions())
    assert (end.by, end.sip_status) == (WhoEnded.LOCAL, 408)


def test_ringing_for_too_long_cancels() -> None:
    leg = ringing()
    assert leg.deadline == at(30).monotonic

    leg.handle_timer(now=at(29.9))
    assert leg.actions() == []
    leg.handle_timer(now=at(30))
    assert leg.actions()[0] == SendCancel()
    leg.refused(Verdict(by=WhoEnded.REMOTE, sip_status=487, reason="canceled"), now=at(30.1))

    end = only_end(leg.actions())
    assert end.ring_timed_out
    assert (end.by, end.sip_status) == (WhoEnded.LOCAL, 487)


def test_trunk_without_a_word_is_told_apart_from_a_phone_that_rings() -> None:
    leg = inviting()

    leg.handle_timer(now=at(30))

    actions = leg.actions()
    assert actions[0] == SendCancel()
    end = only_end(actions)
    assert (end.sip_status, end.ring_timed_out, end.failed) == (408, False, False)
    assert end.reason == (
        "no answer from trunk 192.0.2.1:5060: is the address right, is a firewall between?"
    )


def test_trunk_that_said_trying_counts_as_there() -> None:
    leg = inviting()
    leg.peer_responded()

    leg.handle_timer(now=at(30))
    leg.refused(Verdict(by=WhoEnded.REMOTE, sip_status=487, reason="canceled"), now=at(30.1))

    assert only_end(leg.actions()).ring_timed_out


def test_longest_length_ends_the_call() -> None:
    leg = answered()
    assert leg.deadline == at(65).monotonic

    leg.handle_timer(now=at(65))

    actions = leg.actions()
    assert actions[0] == SendBye(16)
    end = only_end(actions)
    assert end.by is WhoEnded.LOCAL
    assert "60 s" in end.reason


def test_answer_we_cannot_talk_to_is_ended_with_bye() -> None:
    leg = ringing()

    leg.answered_incompatibly("no codec in common", now=at(2))

    actions = leg.actions()
    assert actions[0] == SendBye(88)
    end = only_end(actions)
    assert (end.by, end.sip_status) == (WhoEnded.ENGINE, 488)
    assert "no codec in common" in end.reason


def test_end_waits_for_the_recording() -> None:
    leg = answered()
    leg.recording_started(1)

    leg.dialog_ended(_HUNG_UP_THERE, now=at(9))
    assert leg.actions() == [CloseMedia()]
    assert leg.state is LegState.ENDING
    leg.recording_finished(recorded(), now=at(9.1))

    actions = leg.actions()
    assert actions[0] == Report(recorded())
    assert only_end(actions).by is WhoEnded.REMOTE


def test_end_does_not_wait_for_a_recording_for_ever() -> None:
    leg = answered()
    leg.recording_started(1)
    leg.hang_up("done", now=at(9))
    assert leg.actions() == [SendBye(16), CloseMedia()]

    leg.handle_timer(now=at(9 + RECORDING_WAIT))

    end = only_end(leg.actions())
    assert (end.by, end.sip_status) == (WhoEnded.LOCAL, None)


def test_lost_media_ends_the_leg_as_our_fault_without_waiting_for_its_recordings() -> None:
    leg = answered()
    leg.recording_started(1)

    leg.media_lost("the media worker was lost", now=at(9))

    actions = leg.actions()
    assert actions[0] == SendBye(41)
    assert CloseMedia() not in actions
    end = only_end(actions)
    assert end.failed
    assert end.by is WhoEnded.ENGINE


def test_silence_ends_an_answered_leg_only() -> None:
    early, late = ringing(), answered()

    early.media_silent(timedelta(seconds=60), now=at(70))
    late.media_silent(timedelta(seconds=60), now=at(70))

    assert early.actions() == []
    end = only_end(late.actions())
    assert "no audio came from trunk 192.0.2.1:5060 for 60 s" in end.reason
    assert not end.failed


def test_media_events_of_a_leg_that_ends_are_dropped() -> None:
    leg = ringing()
    digit = DigitReceived(leg=_LEG, at=at(2).utc, digit="1", duration=timedelta(seconds=0.1))

    leg.media_event(digit)
    assert leg.actions() == [Report(digit)]
    leg.hang_up("done", now=at(3))
    leg.actions()
    leg.media_event(digit)

    assert leg.actions() == []


def test_abandoned_leg_says_nothing() -> None:
    leg = Leg(_LEG, peer="trunk", ring_timeout=timedelta(1), max_length=timedelta(1))

    leg.abandon()
    leg.hang_up("late", now=at(1))

    assert leg.actions() == []
    assert leg.state is LegState.ENDED


_INPUTS: dict[str, Callable[[Leg, Moment], None]] = {
    "trying": lambda leg, now: leg.peer_responded(),
    "ringing": lambda leg, now: leg.provisional(180, early_media=False, now=now),
    "early media": lambda leg, now: leg.provisional(183, early_media=True, now=now),
    "answered": lambda leg, now: leg.answered(now=now),
    "incompatible": lambda leg, now: leg.answered_incompatibly("no codec", now=now),
    "refused": lambda leg, now: leg.refused(_BUSY, now=now),
    "bye": lambda leg, now: leg.dialog_ended(_HUNG_UP_THERE, now=now),
    "hang up": lambda leg, now: leg.hang_up("hung up", now=now),
    "record": lambda leg, now: leg.recording_started(1),
    "recorded": lambda leg, now: leg.recording_finished(recorded(), now=now),
    "recording failed": lambda leg, now: leg.recording_failed(1, now=now),
    "silent": lambda leg, now: leg.media_silent(timedelta(seconds=60), now=now),
    "media lost": lambda leg, now: leg.media_lost("worker lost", now=now),
    "our fault": lambda leg, now: leg.fail("a bug", now=now),
    "timer": lambda leg, now: leg.handle_timer(now=now),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(_INPUTS)), st.floats(0, 40)), max_size=25))
def test_whatever_happens_a_leg_ends_once_and_says_nothing_after(
    inputs: list[tuple[str, float]],
) -> None:
    leg = inviting()
    now = 0.0
    said: list[Action] = []
    for name, later in inputs:
        now += later
        _INPUTS[name](leg, at(now))
        said += leg.actions()
        assert (leg.deadline is None) == (leg.state is LegState.ENDED)

    for _ in range(3):  # ringing, answered, ending: at most three waits are left
        if leg.deadline is None:
            break
        now = max(now, leg.deadline - at(0).monotonic)
        leg.handle_timer(now=at(now))
        said += leg.actions()

    assert leg.state is LegState.ENDED
    only_end(said)
    assert said.count(CloseMedia()) <= 1
    assert sum(isinstance(a, SendBye) for a in said) <= 1
    assert said.count(SendCancel()) <= 1
