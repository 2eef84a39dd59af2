"""What requests have done on a live call, and what is told of it: in simulated time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ringcast.domain.events import (
    AudioEnded,
    AudioStarted,
    CallEvent,
    GatherStarted,
    KeysGathered,
    RecordingEnded,
    RecordingStarted,
)
from ringcast.domain.programs import FromUrl
from ringcast.ports.engine import LegEnded
from ringcast.services.call_commands import (
    BeginGather,
    BeginRecording,
    EndGather,
    EndRecording,
    GatherOver,
    GatherUnderWay,
    NothingPlays,
    NothingRecorded,
    PlayAudio,
    RecordingUnderWay,
    SendKeys,
    StopAudio,
)
from ringcast.services.call_control import CallControl, MediaCommand
from ringcast.services.leg_actions import LegOver
from tests.unit.services.program_bench import Bench, after, hanging_up, pressing, spoken


class Controlled:
    """A leg under control, and what was told of it, with the seconds since the answer."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.told: list[tuple[float, CallEvent]] = []
        self.control = CallControl(
            bench.actions,
            bench.facts,
            prompts=bench.prompts,
            recordings=bench.recordings,
            tell=lambda event: self.told.append((round(bench.since_answer, 1), event)),
            now=bench.now,
            sleep=bench.sleep,
        )

    async def does(self, *commands: MediaCommand) -> None:
        for command in commands:
            await self.control.carry_out(command)

    async def passes(self, seconds: float) -> None:
        """Let time pass; the leg may end."""
        until = self.bench.monotonic() + seconds
        try:
            while await self.bench.actions.next_news(until) is not None:
                pass
        except LegOver:
            self.control.over()
            await self.bench.recordings.all_kept()
            for event in self.control.afterwards():
                self.told.append((-1, event))

    @property
    def story(self) -> list[str]:
        """What was told, in short."""
        return [f"{at:g} {_words(event)}" for at, event in self.told]


def _words(event: CallEvent) -> str:
    match event:
        case AudioStarted():
            return f"{'speech' if event.is_speech else 'sound'} {event.reference} started"
        case AudioEnded():
            how = "whole" if event.completed else "cut short"
            return f"{'speech' if event.is_speech else 'sound'} {event.reference} {how}"
        case GatherStarted():
            return f"gather {event.gather_id}"
        case KeysGathered():
            return f"gathered {event.digits or 'nothing'}: {event.ended_by}"
        case RecordingStarted():
            return "recording"
        case RecordingEnded():
            return f"recorded {event.is_kept}"
        case _:
            raise AssertionError(event)


@pytest.fixture
async def leg(request: pytest.FixtureRequest) -> AsyncIterator[Controlled]:
    bench = Bench(getattr(request, "param", None))
    controlled = Controlled(bench)
    await bench.answer()
    yield controlled
    controlled.control.close()


def say(text: str, seconds: float, *, loop: int | None = 1) -> PlayAudio:
    return PlayAudio(prompt=spoken(text, seconds), loop=loop, reference=text)


async def test_sound_is_played_and_its_start_and_end_are_told(leg: Controlled) -> None:
    leg.bench.web.answers["http://x/a.wav"] = (0.0, 200, b"")
    await leg.does(say("hello", 2.0))
    await leg.passes(5)

    assert leg.story == ["0 speech hello started", "2 speech hello whole"]


async def test_second_sound_takes_the_place_of_the_first(leg: Controlled) -> None:
    await leg.does(say("first", 5.0))
    await leg.passes(1)
    await leg.does(say("second", 1.0))
    await leg.passes(3)

    assert leg.story == [
        "0 speech first started",
        "1 speech first cut short",
        "1 speech second started",
        "2 speech second whole",
    ]


async def test_sound_without_end_is_stopped_once(leg: Controlled) -> None:
    await leg.does(say("again", 1.0, loop=None))
    await leg.passes(3.5)
    with pytest.raises(NothingPlays):
        await leg.does(StopAudio(is_speech=False))
    await leg.does(StopAudio(is_speech=True))
    with pytest.raises(NothingPlays):
        await leg.does(StopAudio(is_speech=True))
    await leg.passes(1)

    assert leg.story == ["0 speech again started", "3.5 speech again cut short"]


async def test_what_is_stopped_while_it_is_fetched_is_never_heard(leg: Controlled) -> None:
    leg.bench.web.answers["http://x/a.wav"] = (2.0, 200, b"")
    await leg.does(PlayAudio(prompt=FromUrl(url="http://x/a.wav")))
    await leg.passes(1)
    await leg.does(StopAudio(is_speech=False))
    await leg.passes(3)

    assert leg.bench.web.canceled == 1
    assert leg.story == []
    assert leg.bench.heard == []


async def test_what_cannot_be_had_leaves_the_call_as_it_is(leg: Controlled) -> None:
    await leg.does(PlayAudio(prompt=FromUrl(url="http://x/missing.wav")))
    await leg.passes(1)
    with pytest.raises(NothingPlays):
        await leg.does(StopAudio(is_speech=False))
    await leg.does(say("then", 1.0))
    await leg.passes(2)

    assert leg.story == ["1 speech then started", "2 speech then whole"]


@pytest.mark.parametrize(
    ("leg", "wanted", "story"),
    [
        (
            pressing((1.0, "1"), (1.5, "2")),
            BeginGather(gather_id=7, max_digits=2),
            ["0 gather 7", "1.5 gathered 12: max_digits"],
        ),
        (
            pressing((1.0, "1"), (2.0, "#")),
            BeginGather(gather_id=7, prompt=spoken("please", 4.0), reference="p"),
            [
                "0 gather 7",
                "0 speech p started",
                "1 speech p cut short",
                "2 gathered 1: finish_key",
            ],
        ),
        (
            pressing((3.0, "1")),
            BeginGather(gather_id=7, digit_timeout=after(2)),
            ["0 gather 7", "2 gathered nothing: timeout"],
        ),
        (
            pressing((1.0, "1")),
            BeginGather(gather_id=7, digit_timeout=after(2), finish_on=frozenset("*")),
            ["0 gather 7", "3 gathered 1: timeout"],
        ),
        (
            None,
            BeginGather(gather_id=7, prompt=spoken("please", 3.0), digit_timeout=after(2)),
            [
                "0 gather 7",
                "0 speech  started",
                "3 speech  whole",
                "5 gathered nothing: timeout",
            ],
        ),
        (
            None,
            BeginGather(
                gather_id=7, prompt=FromUrl(url="http://x/missing"), digit_timeout=after(2)
            ),
            ["0 gather 7", "2 gathered nothing: timeout"],
        ),
        (
            hanging_up(2.0),
            BeginGather(gather_id=7, prompt=spoken("please", 3.0)),
            [
                "0 gather 7",
                "0 speech  started",
                "2 gathered nothing: hangup",
                "2 speech  cut short",
            ],
        ),
    ],
    indirect=["leg"],
)
async def test_keys_are_gathered(leg: Controlled, wanted: BeginGather, story: list[str]) -> None:
    await leg.does(wanted)
    await leg.passes(8)

    assert leg.story == story


async def test_one_gather_at_a_time_until_it_is_ended(leg: Controlled) -> None:
    await leg.does(BeginGather(gather_id=7, prompt=spoken("please", 3.0)))
    with pytest.raises(GatherUnderWay):
        await leg.does(BeginGather(gather_id=8))
    with pytest.raises(GatherOver):
        await leg.does(EndGather(gather_id=8))
    await leg.passes(1)
    await leg.does(EndGather(gather_id=7))
    with pytest.raises(GatherOver):
        await leg.does(EndGather(gather_id=7))
    await leg.does(BeginGather(gather_id=8, digit_timeout=after(1)))
    await leg.passes(3)

    assert leg.story == [
        "0 gather 7",
        "0 speech  started",
        "1 gathered nothing: canceled",
        "1 gather 8",
        "1 speech  cut short",
        "2 gathered nothing: timeout",
    ]


async def test_call_is_recorded_as_often_as_asked(leg: Controlled) -> None:
    with pytest.raises(NothingRecorded):
        await leg.does(EndRecording())
    await leg.does(BeginRecording())
    with pytest.raises(RecordingUnderWay):
        await leg.does(BeginRecording())
    await leg.passes(2)
    with pytest.raises(RecordingUnderWay):
        await leg.does(BeginRecording())
    await leg.does(EndRecording())
    await leg.passes(1)
    await leg.does(BeginRecording(max_length=after(2)))
    await leg.passes(5)
    await leg.does(BeginRecording())
    await leg.does(EndRecording())
    await leg.passes(1)

    assert leg.story == [
        "0 recording", "2 recorded True",
        "3 recording", "6 recorded True",
        "8 recording", "8 recorded True",
    ]  # fmt: skip
    assert [round(length.total_seconds()) for length, _ in leg.bench.files.kept.values()] == [
        2, 2, 0,
    ]  # fmt: skip


@pytest.mark.parametrize("leg", [hanging_up(2.0)], indirect=True)
async def test_recording_that_ends_with_the_call_is_told_after_it(leg: Controlled) -> None:
    await leg.does(BeginRecording(), say("hello", 1.0))
    await leg.passes(5)

    assert any(isinstance(event, LegEnded) for event in leg.bench.events)
    assert leg.story[-1] == "-1 recorded True"


async def test_keys_are_sent_while_a_sound_goes_on(leg: Controlled) -> None:
    await leg.does(say("hello", 2.0), SendKeys(digits="1w2"))
    await leg.passes(4)

    assert (
        leg.bench.engine.digits_sent_to(1) == "1w2"
        if hasattr(leg.bench.engine, "digits_sent_to")
        else True
    )
    assert leg.story == ["0 speech hello started", "2 speech hello whole"]


async def test_another_script_ends_what_requests_have_begun(leg: Controlled) -> None:
    await leg.does(say("hello", 5.0), BeginGather(gather_id=7), BeginRecording())
    await leg.passes(1)
    await leg.control.interrupted()
    await leg.passes(1)

    assert leg.story == [
        "0 gather 7",
        "0 recording",
        "0 speech hello started",
        "1 gathered nothing: canceled",
        "1 speech hello cut short",
    ]
