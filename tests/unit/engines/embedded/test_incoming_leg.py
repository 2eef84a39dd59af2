"""The life of a leg whose call came to us."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ringcast.domain.ids import AttemptId
from ringcast.engines.embedded.leg import (
    NO_ANSWER,
    NORMAL_CLEARING,
    Action,
    CloseMedia,
    Leg,
    LegState,
    Moment,
    Report,
    SendAnswer,
    SendBye,
    SendRefusal,
    Verdict,
)
from ringcast.ports.engine import LegAnswered, LegEnded, WhoEnded

_LEG = AttemptId(7)
_START = datetime(2026, 1, 1, tzinfo=UTC)
_GAVE_UP = Verdict(by=WhoEnded.REMOTE, sip_status=487, reason="the caller hung up")


def at(seconds: float) -> Moment:
    return Moment(1000.0 + seconds, _START + timedelta(seconds=seconds))


def waiting() -> Leg:
    leg = Leg(
        _LEG,
        peer="trunk 192.0.2.1:5060",
        ring_timeout=timedelta(seconds=30),
        max_length=timedelta(seconds=60),
    )
    leg.offered(now=at(0))
    return leg


def answered() -> Leg:
    leg = waiting()
    leg.pick_up()
    leg.connected(now=at(2))
    leg.actions()
    return leg


def ends(actions: list[Action]) -> list[LegEnded]:
    return [a.event for a in actions if isinstance(a, Report) and isinstance(a.event, LegEnded)]


def test_it_waits_in_silence_until_it_is_picked_up() -> None:
    leg = waiting()
    assert (leg.actions(), leg.state, leg.deadline) == ([], LegState.RINGING, 1030.0)

    leg.pick_up()
    assert leg.actions() == [SendAnswer()]
    leg.connected(now=at(2))

    assert leg.actions() == [Report(LegAnswered(leg=_LEG, at=at(2).utc))]
    assert (leg.state, leg.deadline) == (LegState.ANSWERED, 1062.0)


def test_it_is_picked_up_once() -> None:
    leg = answered()

    leg.pick_up()
    leg.connected(now=at(3))

    assert leg.actions() == []


def test_nothing_is_connected_that_was_not_picked_up() -> None:
    leg = waiting()

    leg.connected(now=at(1))

    assert (leg.actions(), leg.state) == ([], LegState.RINGING)


@pytest.mark.parametrize("status", [486, 603, 404])
def test_it_is_refused_with_the_status_asked_for(status: int) -> None:
    leg = waiting()

    leg.refuse(status, "no", now=at(1), by=WhoEnded.LOCAL)

    actions = leg.actions()
    assert actions[:2] == [SendRefusal(status), CloseMedia()]
    (end,) = ends(actions)
    assert (end.sip_status, end.by, end.reason) == (status, WhoEnded.LOCAL, "no")


def test_an_answered_one_cannot_be_refused() -> None:
    leg = answered()

    leg.refuse(486, "no", now=at(3), by=WhoEnded.LOCAL)

    assert leg.actions() == []


def test_hanging_up_refuses_before_the_answer_and_says_bye_after_it() -> None:
    early, late = waiting(), answered()

    early.hang_up("done", now=at(3))
    late.hang_up("done", now=at(3))

    assert early.actions()[0] == SendRefusal(480)
    assert late.actions()[0] == SendBye(NORMAL_CLEARING)


def test_what_has_been_picked_up_without_a_session_yet_ends_with_bye() -> None:
    leg = waiting()
    leg.pick_up()
    leg.actions()

    leg.hang_up("done", now=at(1))

    actions = leg.actions()
    assert actions[0] == SendBye(NORMAL_CLEARING)
    assert ends(actions)[0].sip_status is None
    leg.connected(now=at(2))
    assert leg.actions() == []


def test_nobody_answers_in_time() -> None:
    leg = waiting()

    leg.handle_timer(now=at(30))

    actions = leg.actions()
    assert actions[0] == SendRefusal(480)
    (end,) = ends(actions)
    assert (end.ring_timed_out, end.q850_cause, end.by) == (True, NO_ANSWER, WhoEnded.LOCAL)


def test_the_caller_gives_up() -> None:
    leg = waiting()

    leg.dialog_ended(_GAVE_UP, now=at(4))

    assert ends(leg.actions())[0].sip_status == 487
    leg.pick_up()
    assert leg.actions() == []


def test_a_fault_of_ours_is_a_server_error() -> None:
    leg = waiting()

    leg.media_lost("the worker was lost", now=at(1))

    actions = leg.actions()
    assert actions[0] == SendRefusal(500)
    assert ends(actions)[0].failed
