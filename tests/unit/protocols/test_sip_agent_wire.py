"""Two agents on a wire that loses messages: every call ends on both sides, nothing is left."""

from __future__ import annotations

import random

import pytest

from ringcast.protocols.sip.agent_events import (
    Acked,
    Answered,
    CallEvent,
    Cancelled,
    Ended,
    Failed,
    Invited,
)
from ringcast.protocols.sip.agent_incoming import IncomingSession
from ringcast.protocols.sip.agent_session import Session
from tests.unit.protocols.sip_bench import ANSWER, INVITATION, Wire

FINAL = (Ended, Failed, Cancelled)


def finals(wire: Wire, side: str) -> list[CallEvent]:
    return [event for event in wire.events[side] if isinstance(event, FINAL)]


def kinds(wire: Wire, side: str) -> list[str]:
    return [type(event).__name__ for event in wire.events[side]]


def answer_at_once(wire: Wire, hang_up: bool = True) -> None:
    def on_event(side: str, session: Session, event: CallEvent) -> None:
        if isinstance(event, Invited) and isinstance(session, IncomingSession):
            session.ring(now=wire.now)
            session.answer(ANSWER, now=wire.now)
        elif isinstance(event, Answered) and hang_up:
            session.bye(now=wire.now)

    wire.on_event = on_event


def is_empty(wire: Wire) -> bool:
    return all(
        (agent.session_count, agent.transaction_count, agent.next_timer()) == (0, 0, None)
        for agent in wire.agents.values()
    )


def test_undisturbed_call_takes_seven_messages() -> None:
    wire = Wire()
    answer_at_once(wire)

    wire.agents["a"].invite(INVITATION, now=0.0)
    wire.run(until=200.0)

    assert [line.split(" ", 2)[2] for line in wire.log] == [
        "INVITE",
        "180 INVITE",
        "200 INVITE",
        "ACK",
        "BYE",
        "200 BYE",
    ]
    assert kinds(wire, "a") == ["Provisional", "Answered", "Ended"]
    assert kinds(wire, "b") == ["Invited", "Acked", "Ended"]
    assert is_empty(wire)


@pytest.mark.parametrize("lost", range(7))
def test_any_single_message_may_be_lost(lost: int) -> None:
    wire = Wire(lose=lambda number, line: number == lost)
    answer_at_once(wire)

    wire.agents["a"].invite(INVITATION, now=0.0)
    wire.run(until=200.0)

    assert any(isinstance(event, Answered) for event in wire.events["a"])
    (ended,) = finals(wire, "a")
    assert isinstance(ended, Ended)
    assert not ended.is_timeout
    assert len(finals(wire, "b")) == 1
    assert is_empty(wire)


@pytest.mark.parametrize("first", ["INVITE", "200 INVITE", "ACK", "BYE", "200 BYE"])
def test_every_message_of_a_kind_lost_still_ends_both_sides(first: str) -> None:
    wire = Wire(lose=lambda number, line: line == first)
    answer_at_once(wire)

    wire.agents["a"].invite(INVITATION, now=0.0)
    wire.run(until=400.0)

    assert len(finals(wire, "a")) == 1
    if first == "INVITE":
        assert wire.events["b"] == []
    elif first == "200 INVITE":
        # Nobody but the application limits ringing; here the callee gives up and says so.
        assert isinstance(finals(wire, "b")[0], Ended)
    elif first == "BYE":
        # Without a BYE only silence on the media tells b; that is its application's to notice.
        assert finals(wire, "b") == []
    else:
        assert len(finals(wire, "b")) == 1
    assert wire.agents["b"].session_count == (1 if first == "BYE" else 0)
    assert wire.agents["b"].transaction_count == 0


@pytest.mark.parametrize("seed", range(60))
def test_random_loss_never_leaves_a_call_behind(seed: int) -> None:
    chance = random.Random(seed)
    wire = Wire(lose=lambda number, line: chance.random() < 0.25)

    def on_event(side: str, session: Session, event: CallEvent) -> None:
        if isinstance(event, Invited) and isinstance(session, IncomingSession):
            session.ring(now=wire.now)
            if chance.random() < 0.8:
                session.answer(ANSWER, now=wire.now)
            else:
                session.reject(486, now=wire.now)
        elif isinstance(event, (Answered, Acked)) and chance.random() < 0.5:
            session.bye(now=wire.now)

    wire.on_event = on_event
    sessions = [wire.agents["a"].invite(INVITATION, now=0.0) for _ in range(5)]
    wire.run(until=20.0)
    for session in sessions:  # what an application does with calls that last too long
        session.bye(now=wire.now)
    wire.run(until=400.0)

    assert len(finals(wire, "a")) == 5
    invited = sum(isinstance(event, Invited) for event in wire.events["b"])
    # A call that b took and whose BYE never arrived is b's application's to end.
    assert len(finals(wire, "b")) == invited - wire.agents["b"].session_count
    assert wire.agents["a"].session_count == 0
    assert wire.agents["a"].transaction_count == 0
    assert wire.agents["b"].transaction_count == 0


@pytest.mark.parametrize("moment", [0.0, 0.005, 0.015, 0.02, 0.025, 0.03, 0.035, 0.05])
def test_cancel_at_any_moment_ends_the_call_on_both_sides(moment: float) -> None:
    wire = Wire()

    def on_event(side: str, session: Session, event: CallEvent) -> None:
        if isinstance(event, Invited) and isinstance(session, IncomingSession):
            session.ring(now=wire.now)
            answering.append(session)

    answering: list[IncomingSession] = []
    wire.on_event = on_event
    call = wire.agents["a"].invite(INVITATION, now=0.0)
    wire.run(until=moment)
    call.cancel(now=wire.now)
    wire.run(until=0.025)
    for session in answering:
        session.answer(ANSWER, now=wire.now)  # crosses the CANCEL, or comes before or after it
    wire.run(until=300.0)

    (failed,) = finals(wire, "a")
    if isinstance(failed, Failed):
        assert failed.is_cancelled
    assert len(finals(wire, "b")) == 1
    assert is_empty(wire)


def test_offers_that_cross_end_with_both_accepted() -> None:
    wire = Wire()
    sessions: dict[str, Session] = {}

    def on_event(side: str, session: Session, event: CallEvent) -> None:
        sessions[side] = session
        if isinstance(event, Invited) and isinstance(session, IncomingSession):
            session.answer(ANSWER, now=wire.now)

    wire.on_event = on_event
    wire.agents["a"].invite(INVITATION, now=0.0)
    wire.run(until=1.0)
    for session in sessions.values():
        session.answer_offer = lambda request: ANSWER
        session.reinvite(b"v=0\r\n", now=wire.now)
    wire.run(until=20.0)

    assert sum("491" in line for line in wire.log) == 2
    assert kinds(wire, "a").count("OfferAnswered") == 1
    assert kinds(wire, "b").count("OfferAnswered") == 1


def test_both_hang_up_at_once() -> None:
    wire = Wire()
    sessions: dict[str, Session] = {}

    def on_event(side: str, session: Session, event: CallEvent) -> None:
        sessions[side] = session
        if isinstance(event, Invited) and isinstance(session, IncomingSession):
            session.answer(ANSWER, now=wire.now)

    wire.on_event = on_event
    wire.agents["a"].invite(INVITATION, now=0.0)
    wire.run(until=1.0)
    for session in sessions.values():
        session.bye(now=wire.now)
    wire.run(until=200.0)

    assert len(finals(wire, "a")) == len(finals(wire, "b")) == 1
    assert is_empty(wire)
