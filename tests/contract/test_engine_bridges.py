"""Two legs that hear each other: what every engine that bridges does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringcast.domain.ids import AttemptId
from ringcast.engines.simulator import FarEnd
from ringcast.ports.engine import (
    DigitReceived,
    DigitsSent,
    LegAnswered,
    LegEnded,
    LegRinging,
    PlaybackFinished,
    RecordingFinished,
    RecordingTracks,
    Unbridged,
)
from tests.contract.rig import Phone, Rig, call, check_promises, happens, seconds
from tests.contract.rigs import RIGS

_PERSON = FarEnd(answer_kind=FarEnd().answer_kind, greeting=seconds(0.1))


@pytest.fixture(params=sorted(RIGS))
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    made = RIGS[request.param](tmp_path)
    await made.start()
    yield made
    await made.close()
    check_promises(made.log)


async def answered(rig: Rig, phone: Phone, near: AttemptId | None = None) -> AttemptId:
    leg = await call(rig, phone, near=near)
    await happens(rig, leg, LegAnswered)
    return leg


async def bridged(
    rig: Rig, first: FarEnd = _PERSON, second: FarEnd = _PERSON
) -> tuple[tuple[Phone, AttemptId], tuple[Phone, AttemptId]]:
    one, two = rig.phone(first, speaks=True), rig.phone(second, speaks=True)
    a = await answered(rig, one)
    b = await answered(rig, two, near=a)
    await rig.engine.bridge(a, b)
    return (one, a), (two, b)


async def test_bridged_legs_hear_each_other(rig: Rig) -> None:
    (one, _), (two, _) = await bridged(rig)

    assert await rig.hears(two, one)
    assert await rig.hears(one, two)


async def test_legs_that_are_not_bridged_hear_nothing_of_each_other(rig: Rig) -> None:
    one, two = rig.phone(_PERSON, speaks=True), rig.phone(_PERSON, speaks=True)
    a = await answered(rig, one)
    await answered(rig, two, near=a)

    assert not await rig.hears(two, one)


async def test_keys_go_from_one_to_the_other_and_are_reported_where_they_are_pressed(
    rig: Rig,
) -> None:
    keys = [(seconds(0.5 + 0.3 * n), key) for n, key in enumerate("7#")]
    (_, a), (two, b) = await bridged(rig, first=FarEnd(presses=keys))

    await happens(rig, a, DigitReceived, times=2)
    await rig.pass_time(0.5)
    await rig.engine.hang_up(b)
    await happens(rig, b, LegEnded)

    assert rig.digits(two) == "7#"
    assert [digit.digit for digit in rig.log.of(a, DigitReceived)] == ["7", "#"]
    assert rig.log.of(b, DigitReceived) == []
    assert rig.log.of(b, DigitsSent) == []


async def test_digits_of_ours_are_reported_on_a_bridge_too(rig: Rig) -> None:
    (_, a), (two, b) = await bridged(rig, first=FarEnd(presses=[(seconds(0.3), "7")]))
    await happens(rig, a, DigitReceived)

    await rig.engine.send_digits(b, "12")
    await happens(rig, b, DigitsSent)
    await rig.engine.hang_up(b)
    await happens(rig, b, LegEnded)

    assert rig.digits(two) == "712"


async def test_end_of_one_leaves_the_other_alone_and_told(rig: Rig) -> None:
    (one, a), (_, b) = await bridged(rig, second=FarEnd(hangs_up_after=seconds(0.4)))

    told = await happens(rig, a, Unbridged)
    await happens(rig, b, LegEnded)

    assert told.other == b
    assert rig.log.of(b, Unbridged) == []
    sound = rig.sound(0.2)
    await rig.engine.play(a, 1, [sound], 1)
    await happens(rig, a, PlaybackFinished)
    await rig.engine.hang_up(a)
    await happens(rig, a, LegEnded)
    assert rig.heard(one, [sound])


async def test_hanging_up_one_tells_the_other(rig: Rig) -> None:
    (_, a), (_, b) = await bridged(rig)

    await rig.engine.hang_up(a)
    told = await happens(rig, b, Unbridged)

    assert told.other == a
    assert rig.log.of(b, LegEnded) == []


async def test_unbridged_legs_are_both_told_and_hear_nothing(rig: Rig) -> None:
    (one, a), (two, b) = await bridged(rig)

    await rig.engine.unbridge(b, a)

    assert [told.other for told in rig.log.of(a, Unbridged)] == [b]
    assert [told.other for told in rig.log.of(b, Unbridged)] == [a]
    assert not await rig.hears(two, one)
    await rig.engine.unbridge(a, b)
    assert len(rig.log.of(a, Unbridged)) == 1


async def test_bridged_legs_can_be_bridged_again(rig: Rig) -> None:
    (one, a), (two, b) = await bridged(rig)

    await rig.engine.bridge(b, a)
    assert rig.log.of(a, Unbridged) == []
    await rig.engine.unbridge(a, b)
    await rig.engine.bridge(b, a)

    assert await rig.hears(one, two)


async def test_new_bridge_ends_the_old_one(rig: Rig) -> None:
    (one, a), (two, b) = await bridged(rig)
    three = rig.phone(_PERSON, speaks=True)
    c = await answered(rig, three, near=a)

    await rig.engine.bridge(a, c)

    assert [told.other for told in rig.log.of(b, Unbridged)] == [a]
    assert [told.other for told in rig.log.of(a, Unbridged)] == [b]
    assert await rig.hears(three, one)
    assert not await rig.hears(two, one)


async def test_bridge_with_a_leg_that_is_not_up_is_told_at_once(rig: Rig) -> None:
    a = await answered(rig, rig.phone(_PERSON))
    ringing = await call(rig, rig.phone(FarEnd(answers_after=None)))
    await happens(rig, ringing, LegRinging)

    for other in (ringing, AttemptId(999_999_997)):
        await rig.engine.bridge(a, other)
        assert rig.log.of(a, Unbridged)[-1].other == other
    assert rig.log.of(ringing, Unbridged) == []

    with pytest.raises(ValueError, match="itself"):
        await rig.engine.bridge(a, a)


async def test_playback_is_heard_on_a_bridge_and_the_other_after_it(rig: Rig) -> None:
    (one, _), (two, b) = await bridged(rig)
    sound = rig.sound(0.4)

    await rig.engine.play(b, 1, [sound], 1)
    await happens(rig, b, PlaybackFinished)

    assert rig.heard(two, [sound])
    assert await rig.hears(two, one)


async def test_recording_of_a_bridge_is_complete_when_it_ends(rig: Rig, tmp_path: Path) -> None:
    (_, a), (_, b) = await bridged(rig)
    path = tmp_path / "bridge.wav"
    await rig.engine.start_recording(
        a, 3, path, tracks=RecordingTracks.MIXED, max_length=seconds(60)
    )
    await rig.pass_time(0.6)

    await rig.engine.hang_up(a)
    await happens(rig, a, LegEnded)

    (finished,) = rig.log.of(a, RecordingFinished)
    assert finished.length >= seconds(0.4)
    assert path.exists()
    assert len(rig.log.of(b, Unbridged)) == 1


async def test_bridges_do_not_meet(rig: Rig) -> None:
    pairs = [await bridged(rig) for _ in range(5)]  # the media worker's tests have twenty

    for (one, _), (two, _) in pairs:
        assert await rig.hears(two, one)
    assert not await rig.hears(pairs[0][0][0], pairs[1][0][0])
