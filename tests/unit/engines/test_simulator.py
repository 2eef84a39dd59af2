from datetime import UTC, datetime, timedelta

import pytest

from ringcast.domain.errors import EngineUnavailable
from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import PhoneNumber
from ringcast.engines.simulator import FarEnd, SimulatedEngine
from ringcast.ports.engine import (
    DigitReceived,
    EngineEvent,
    LegAnswered,
    LegEnded,
    LegRinging,
    Originate,
    PlaybackFinished,
    WhoEnded,
)

_START = datetime(2026, 1, 1, tzinfo=UTC)
_TO = PhoneNumber("12135550100")
_LEG = AttemptId(1)


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


async def started(far_end: FarEnd | None) -> tuple[SimulatedEngine, list[EngineEvent]]:
    engine = SimulatedEngine(
        now=_START, far_end=lambda _: far_end, length_of={"hello": after(2)}.__getitem__
    )
    events: list[EngineEvent] = []
    await engine.start(events.append)
    return engine, events


async def calling(far_end: FarEnd) -> tuple[SimulatedEngine, list[EngineEvent]]:
    engine, events = await started(far_end)
    await engine.originate(Originate(leg=_LEG, to=_TO, from_number=None, ring_timeout=after(30)))
    return engine, events


async def test_nothing_happens_until_time_passes() -> None:
    engine, events = await calling(FarEnd(rings_after=after(1), answers_after=after(4)))

    assert events == []
    assert engine.next_due == _START + after(1)
    engine.advance(after(3.9))
    assert [type(event) for event in events] == [LegRinging]
    engine.advance(after(0.1))
    assert [type(event) for event in events] == [LegRinging, LegAnswered]


async def test_events_carry_the_moment_they_were_due_however_far_time_jumps() -> None:
    presses = [(after(1), "1"), (after(2), "2")]
    far_end = FarEnd(answers_after=after(5), presses=presses, hangs_up_after=after(9), q850=16)
    engine, events = await calling(far_end)

    engine.advance(after(3600))

    answered, first, second, end = events[1:]
    assert isinstance(answered, LegAnswered)
    assert isinstance(first, DigitReceived)
    assert isinstance(second, DigitReceived)
    assert isinstance(end, LegEnded)
    assert (first.digit, second.digit, end.by) == ("1", "2", WhoEnded.REMOTE)
    assert [event.at - _START for event in events[1:]] == [after(s) for s in (5, 6, 7, 14)]
    assert engine.now == _START + after(3600)


async def test_what_was_played_is_kept_after_the_end() -> None:
    engine, events = await calling(FarEnd())
    engine.advance(after(1))

    await engine.play(_LEG, 1, ["hello"], 2)
    engine.advance(after(10))
    await engine.hang_up(_LEG)

    (finished,) = [event for event in events if isinstance(event, PlaybackFinished)]
    assert finished.played == after(4)
    assert engine.heard == {_LEG: ["hello", "hello"]}
    assert [request.to for request in engine.originated] == [_TO]


async def test_broken_leg_is_our_fault() -> None:
    engine, events = await calling(FarEnd())
    engine.advance(after(1))

    engine.break_leg(_LEG)
    engine.advance(after(3600))

    end = events[-1]
    assert isinstance(end, LegEnded)
    assert end.failed
    assert sum(isinstance(event, LegEnded) for event in events) == 1


async def test_unknown_destination_is_no_call() -> None:
    engine, events = await started(None)

    with pytest.raises(EngineUnavailable):
        await engine.originate(Originate(leg=_LEG, to=_TO, from_number=None))
    engine.advance(after(3600))

    assert (events, engine.originated) == ([], [])
