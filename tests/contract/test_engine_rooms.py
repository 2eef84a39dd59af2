"""Rooms in which many legs hear each other: what every engine that has them does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import pytest

from ringcast.domain.ids import AttemptId, ConferenceId
from ringcast.engines.simulator import FarEnd
from ringcast.ports.engine import DigitReceived, LegAnswered, LegEnded, PlaybackFinished, Unbridged
from ringcast.ports.rooms import (
    MemberPart,
    RoomEvent,
    RoomPlaybackFinished,
    RoomRecordingFinished,
)
from tests.contract.rig import Phone, Rig, call, check_promises, happens, seconds
from tests.contract.rigs import ON_TWO_WORKERS

ROOM = ConferenceId(77)
E = TypeVar("E", bound=RoomEvent)
FINISHED = RoomPlaybackFinished


@pytest.fixture(params=sorted(ON_TWO_WORKERS))
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    made = ON_TWO_WORKERS[request.param](tmp_path)
    await made.start()
    yield made
    await made.close()
    check_promises(made.log)


async def gathered(
    rig: Rig, count: int, room: ConferenceId = ROOM, **of_first: object
) -> tuple[list[Phone], list[AttemptId]]:
    """Open a room with so many members; `of_first` is what the first one's far end does."""
    far_ends = [FarEnd(**of_first)] + [FarEnd()] * (count - 1)  # type: ignore[arg-type]
    phones = [rig.phone(far_end) for far_end in far_ends]
    legs = [await call(rig, phone) for phone in phones]
    for leg in legs:
        await happens(rig, leg, LegAnswered)
    await rig.engine.rooms.open(room)
    for leg in legs:
        await rig.engine.rooms.put(leg, room)
    return phones, legs


async def told(rig: Rig, kind: type[E]) -> E:
    """Wait for the first report of this kind about rooms."""
    found: list[E] = []

    def has_come() -> bool:
        found[:] = [event for event in rig.room_events if isinstance(event, kind)]
        return bool(found)

    await rig.until(has_come)
    return found[0]


def everyone_but(members: int, *silent: int) -> set[tuple[int, int]]:
    """Return who hears whom if those alone are not heard."""
    return {
        (here, there)
        for here in range(members)
        for there in range(members)
        if here != there and there not in silent
    }


async def test_everyone_hears_everyone_else_and_not_themselves(rig: Rig) -> None:
    phones, legs = await gathered(rig, 10)

    assert await rig.who_hears_whom(phones) == everyone_but(10)

    await rig.engine.rooms.put(legs[3], ROOM, MemberPart(is_muted=True))
    await rig.engine.rooms.remove(legs[9], ROOM)
    await rig.engine.hang_up(legs[8])
    await happens(rig, legs[8], LegEnded)
    heard = await rig.who_hears_whom(phones[:8])
    assert heard == everyone_but(8, 3)


async def test_parts_of_members_change_while_they_talk(rig: Rig) -> None:
    phones, legs = await gathered(rig, 4)
    rooms = rig.engine.rooms

    await rooms.put(legs[0], ROOM, MemberPart(is_on_hold=True))
    without_first = {(a, b) for a, b in everyone_but(4) if 0 not in (a, b)}
    assert await rig.who_hears_whom(phones) == without_first

    await rooms.put(legs[0], ROOM, MemberPart(coaches=legs[1]))
    coached = {(a, b) for a, b in everyone_but(4) if b != 0 or a == 1}
    assert await rig.who_hears_whom(phones) == coached

    await rooms.remove(legs[1], ROOM)  # whom it coached: now nobody hears it
    assert await rig.who_hears_whom(phones) == {(0, 2), (0, 3), (2, 3), (3, 2)}

    await rooms.put(legs[0], ROOM)
    await rooms.put(legs[1], ROOM)
    assert await rig.who_hears_whom(phones) == everyone_but(4)


async def test_rooms_do_not_meet_and_a_leg_is_in_one_of_them(rig: Rig) -> None:
    other = ConferenceId(78)
    here, legs = await gathered(rig, 3)
    there, _ = await gathered(rig, 2, other)

    pairs = everyone_but(3) | {(3, 4), (4, 3)}
    assert await rig.who_hears_whom(here + there) == pairs

    await rig.engine.rooms.put(legs[2], other)
    moved = {(0, 1), (1, 0)} | {(a + 2, b + 2) for a, b in everyone_but(3)}
    assert await rig.who_hears_whom(here + there) == moved

    await rig.engine.rooms.close(other)
    assert await rig.who_hears_whom(here + there) == {(0, 1), (1, 0)}


async def test_bridge_and_room_take_turns(rig: Rig) -> None:
    phones, legs = await gathered(rig, 2)
    beside = rig.phone(FarEnd())
    third = await call(rig, beside, near=legs[0])
    await happens(rig, third, LegAnswered)

    await rig.engine.bridge(legs[0], third)
    assert await rig.hears(phones[0], beside)
    assert await rig.who_hears_whom(phones) == set()

    await rig.engine.rooms.put(legs[0], ROOM)
    assert [event.other for event in rig.log.of(third, Unbridged)] == [legs[0]]
    assert await rig.who_hears_whom([*phones, beside]) == {(0, 1), (1, 0)}


async def test_playback_to_all_is_heard_by_all_with_those_who_speak(rig: Rig) -> None:
    phones, legs = await gathered(rig, 3)
    rooms = rig.engine.rooms
    for leg in legs:  # nobody speaks: what is played arrives as it is
        await rooms.put(leg, ROOM, MemberPart(is_muted=True))
    one, two = rig.sound(0.4), rig.sound(0.2)

    await rooms.play(ROOM, 5, [one, two])
    finished = await told(rig, RoomPlaybackFinished)
    await rig.pass_time(0.2)

    assert (finished.room, finished.playback, finished.failed) == (ROOM, 5, None)
    if rig.is_real:
        assert all(rig.heard(phone, [one, two]) for phone in phones)
    await rooms.play(ROOM, 6, [one], None)
    await rooms.stop_playback(ROOM, 6)
    await rig.until(lambda: len(rig.room_events) == 2)
    await rooms.play(ROOM, 7, ["missing"])
    await rig.until(lambda: len(rig.room_events) == 3)
    assert [event.failed is None for event in rig.room_events if isinstance(event, FINISHED)] == [
        True,
        True,
        False,
    ]
    with pytest.raises(ValueError, match="not 0 times"):
        await rooms.play(ROOM, 8, [one], 0)


async def test_playback_of_one_member_is_heard_by_it_alone_and_its_keys_by_nobody(
    rig: Rig,
) -> None:
    phones, legs = await gathered(rig, 2, presses=[(seconds(0.3), "7")])
    sound = rig.sound(0.3)

    await rig.engine.play(legs[0], 1, [sound], 1)
    await happens(rig, legs[0], PlaybackFinished)
    await rig.pass_time(0.1)

    assert rig.heard(phones[0], [sound])
    assert not rig.heard(phones[1], [sound])
    await happens(rig, legs[0], DigitReceived)
    assert rig.digits(phones[1]) == ""
    assert await rig.who_hears_whom(phones) == everyone_but(2)


async def test_room_is_recorded_until_it_is_closed(rig: Rig, tmp_path: Path) -> None:
    await gathered(rig, 3)
    path = tmp_path / "room.wav"
    rooms = rig.engine.rooms
    await rooms.start_recording(ROOM, 8, tmp_path / "short.wav", max_length=seconds(0.25))
    await rooms.start_recording(ROOM, 9, path, max_length=seconds(60))
    await rig.pass_time(0.8)
    short = await told(rig, RoomRecordingFinished)
    assert (short.recording, short.length) == (8, seconds(0.25))
    rig.room_events.clear()

    await rooms.close(ROOM)

    finished = await told(rig, RoomRecordingFinished)
    assert (finished.room, finished.recording, finished.path) == (ROOM, 9, path)
    assert finished.failed is None
    assert finished.length >= seconds(0.6)
    assert rig.is_recorded(path, finished.length)


async def test_what_has_ended_is_not_acted_on(rig: Rig, tmp_path: Path) -> None:
    _, legs = await gathered(rig, 1)
    rooms = rig.engine.rooms
    await rig.engine.hang_up(legs[0])
    await happens(rig, legs[0], LegEnded)

    await rooms.put(legs[0], ROOM)
    await rooms.remove(legs[0], ROOM)
    await rooms.close(ROOM)
    await rooms.close(ROOM)
    await rooms.put(legs[0], ROOM)
    await rooms.play(ROOM, 1, [rig.sound(0.1)])
    await rooms.stop_playback(ROOM, 1)
    await rooms.start_recording(ROOM, 2, tmp_path / "no.wav", max_length=seconds(1))
    await rooms.stop_recording(ROOM, 2)

    assert rig.room_events == []
