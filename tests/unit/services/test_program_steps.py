"""Each step of a program, and each way it ends, in simulated time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.errors import Unavailable
from ringcast.domain.ids import RecordingId, SoundId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import (
    Ban,
    CallerGone,
    Detect,
    Detected,
    DetectUntil,
    Dial,
    Dialed,
    DialMode,
    DialTarget,
    Done,
    End,
    Fetch,
    Fetched,
    FromUrl,
    Gather,
    Gathered,
    GatherEnd,
    GreetingEnd,
    Listen,
    NotDone,
    NoteAnswer,
    Program,
    Recorded,
    RecordMessage,
    RecordStep,
    Reject,
    Say,
    SendTones,
    Silence,
    Step,
    StopRecord,
    Stored,
    StoredSound,
    WhoAnswered,
)
from ringcast.domain.sounds import Sound, SoundStatus
from ringcast.engines.simulator import FarEnd
from ringcast.ports.engine import AnswerKind, PlaybackFinished, PlaybackResult
from ringcast.ports.recording_files import RecordingPlace
from ringcast.services.leg_actions import LegOver
from ringcast.services.prompts import PromptMissing
from ringcast.stores.sql.store import SqlStore
from tests.fakes.sound_library import wav_file
from tests.unit.services.program_bench import (
    START,
    Bench,
    after,
    hanging_up,
    pressing,
    prompts_of,
    spoken,
)

HELLO, BYE = spoken("hello", 2.0), spoken("bye", 1.0)
AGENT, OTHER = PhoneNumber("12135550177"), PhoneNumber("12135550178")


# Say


async def test_prompts_of_one_step_are_played_in_one_go() -> None:
    bench = Bench()

    result = await bench.result(Say(prompts=(HELLO, Silence(length=after(0.5)), BYE)), Done)

    assert result == Done()
    assert bench.heard == ["hello", "bye"]
    assert bench.since_answer == pytest.approx(3.5)
    assert len(list(bench.of(PlaybackFinished))) == 1


@pytest.mark.parametrize("loop", [1, 3])
async def test_prompts_are_played_as_often_as_asked(loop: int) -> None:
    bench = Bench()

    await bench.does(Say(prompts=(HELLO, BYE), loop=loop))

    assert bench.heard == ["hello", "bye"] * loop
    assert bench.since_answer == pytest.approx(3.0 * loop)


async def test_loop_of_zero_is_played_until_the_call_ends() -> None:
    bench = Bench(hanging_up(60.0))

    with pytest.raises(LegOver):
        await bench.does(Say(prompts=(HELLO,), loop=0))

    assert bench.since_answer == pytest.approx(60.0)


async def test_every_kind_of_prompt_is_played() -> None:
    bench = Bench()
    kept = await bench.sound(1.0)
    bench.web.answers["http://there/sound"] = (0.0, 200, wav_file(4.0, level=9))
    prompts = (Stored(audio=kept), FromUrl(url="http://there/sound"), HELLO)

    await bench.result(Say(prompts=prompts), Done)

    assert bench.since_answer == pytest.approx(1.0 + 4.0 + 2.0)
    assert (bench.heard[0], bench.heard[2]) == (kept, "hello")


async def test_sounds_of_the_account_and_of_no_other_can_be_played(
    store: SqlStore, account: Account, stranger: Account
) -> None:
    bench = Bench(store=store)
    sound = Sound(
        id=SoundId(5),
        account_id=account.id,
        name="welcome",
        audio="abc",
        length=after(2.0),
        status=SoundStatus.ACTIVE,
        created_at=START,
    )
    async with store.begin() as tx:
        await tx.add_sound(sound)
        await tx.commit()
    prompt = StoredSound(sound_id=sound.id)

    assert await bench.prompts.ready(account.id, prompt) == "abc"
    with pytest.raises(PromptMissing, match="sound 5 does not exist"):
        await bench.prompts.ready(stranger.id, prompt)


@pytest.mark.parametrize(
    ("missing", "why"),
    [
        (Stored(audio="0" * 64), "does not exist"),
        (FromUrl(url="http://nowhere/"), "nobody is there"),
        (spoken("", 1.0), "nothing that can be spoken"),
        (Silence(length=after(-1)), "no less than nothing"),
    ],
)
async def test_prompt_that_cannot_be_had_says_why_after_those_before_it(
    missing: Stored | FromUrl | Silence, why: str
) -> None:
    bench = Bench()

    result = await bench.result(Say(prompts=(HELLO, missing, BYE)), NotDone)

    assert why in result.reason
    assert bench.heard == ["hello"]
    assert bench.since_answer == pytest.approx(2.0)


async def test_slow_prompt_is_made_ready_while_the_first_one_plays() -> None:
    bench = Bench()
    bench.web.answers["http://slow/"] = (1.5, 200, wav_file(1.0))

    await bench.result(Say(prompts=(HELLO, FromUrl(url="http://slow/")), loop=2), Done)

    assert bench.heard[0] == bench.heard[2] == "hello"
    assert len(bench.heard) == 4
    assert bench.since_answer == pytest.approx(6.0 + 0.05), "it is waited for a moment"


async def test_nothing_to_say_is_said_at_once() -> None:
    bench = Bench()

    await bench.result(Say(prompts=(), loop=0), Done)

    assert bench.since_answer == 0.0


# Gather


async def test_key_stops_the_prompt_and_digits_come_until_there_are_enough() -> None:
    bench = Bench(pressing((0.5, "1"), (2.0, "2"), (3.0, "3")))

    result = await bench.result(Gather(prompts=(HELLO,), max_digits=2), Gathered)

    assert result == Gathered(digits="12", ended_by=GatherEnd.MAX_DIGITS)
    assert bench.since_answer == pytest.approx(2.0)
    (played,) = bench.of(PlaybackFinished)
    assert isinstance(played, PlaybackFinished)
    assert (played.result, played.played) == (PlaybackResult.STOPPED, after(0.5))


async def test_finish_key_ends_and_is_no_digit() -> None:
    bench = Bench(pressing((1.0, "4"), (2.0, "2"), (3.0, "*")))

    result = await bench.result(Gather(finish_on=frozenset("*#")), Gathered)

    assert result == Gathered(digits="42", ended_by=GatherEnd.FINISH_KEY, finish_key="*")


async def test_finish_key_alone_ends_with_no_digits() -> None:
    bench = Bench(pressing((1.0, "#")))

    result = await bench.result(Gather(prompts=(HELLO,)), Gathered)

    assert result == Gathered(digits="", ended_by=GatherEnd.FINISH_KEY, finish_key="#")


async def test_hash_is_a_digit_where_it_does_not_finish() -> None:
    bench = Bench(pressing((1.0, "#")))

    result = await bench.result(Gather(finish_on=frozenset(), max_digits=1), Gathered)

    assert result.digits == "#"


async def test_first_key_is_waited_for_after_the_prompts() -> None:
    bench = Bench()

    result = await bench.result(
        Gather(prompts=(HELLO,), loop=2, first_timeout=after(3.0)), Gathered
    )

    assert result == Gathered(digits="", ended_by=GatherEnd.TIMEOUT)
    assert bench.since_answer == pytest.approx(4.0 + 3.0)


async def test_further_keys_have_a_time_of_their_own() -> None:
    bench = Bench(pressing((4.0, "1"), (5.5, "2")))

    result = await bench.result(
        Gather(first_timeout=after(5.0), digit_timeout=after(2.0)), Gathered
    )

    assert result == Gathered(digits="12", ended_by=GatherEnd.TIMEOUT)
    assert bench.since_answer == pytest.approx(7.5)


async def test_prompt_that_cannot_be_had_does_not_keep_keys_from_being_gathered() -> None:
    bench = Bench(pressing((1.0, "1")))

    result = await bench.result(
        Gather(prompts=(FromUrl(url="http://nowhere/"),), max_digits=1), Gathered
    )

    assert result.digits == "1"


async def test_key_pressed_while_a_prompt_is_being_fetched_counts() -> None:
    bench = Bench(pressing((1.0, "1")))
    bench.web.answers["http://slow/"] = (9.0, 200, wav_file(1.0))

    result = await bench.result(
        Gather(prompts=(FromUrl(url="http://slow/"),), max_digits=1), Gathered
    )

    assert result.digits == "1"
    assert bench.heard == []
    assert bench.since_answer == pytest.approx(1.0)


async def test_keys_that_come_as_tones_are_gathered_too() -> None:
    bench = Bench(replace(pressing((1.0, "1"), (3.0, "2"), (5.0, "3")), presses_tones=True))

    await bench.does(
        Gather(max_digits=1),
        Say(prompts=(spoken("x", 2.5),)),
        Listen(length=after(2.0)),
        Gather(max_digits=1),
    )

    assert bench.results[0] == Gathered(digits="1", ended_by=GatherEnd.MAX_DIGITS)
    assert bench.results[-1] == Gathered(digits="3", ended_by=GatherEnd.MAX_DIGITS)


# Listen, SendTones


async def test_keys_pressed_while_listening_are_kept_for_the_gather_that_follows() -> None:
    bench = Bench(pressing((0.5, "1"), (1.0, "2")))

    await bench.does(
        Listen(length=after(0.7)),
        Listen(length=after(0.7)),
        NoteAnswer(question="q", response="r"),
        Gather(prompts=(HELLO,), max_digits=2),
    )

    assert bench.results[-1] == Gathered(digits="12", ended_by=GatherEnd.MAX_DIGITS)
    assert bench.heard == [], "whoever has pressed a key needs no prompt"
    assert bench.since_answer == pytest.approx(1.4)


async def test_keys_pressed_before_something_was_said_are_forgotten() -> None:
    bench = Bench(pressing((0.5, "1")))

    await bench.does(Listen(length=after(1)), Say(prompts=(HELLO,)), Gather(first_timeout=after(1)))

    assert bench.results[-1] == Gathered(digits="", ended_by=GatherEnd.TIMEOUT)


async def test_tones_are_sent_with_their_pauses() -> None:
    bench = Bench()

    assert await bench.result(SendTones(digits="1w2W#"), Done) == Done()

    assert bench.engine.digits[bench.actions.leg] == "12#"
    assert bench.since_answer == pytest.approx(3 * 0.16 + 1.5)


@pytest.mark.parametrize(("digits", "kind"), [("", Done), ("12x", NotDone)])
async def test_what_is_no_tone_is_not_sent(digits: str, kind: type[Done | NotDone]) -> None:
    bench = Bench()

    await bench.result(SendTones(digits=digits), kind)

    assert bench.engine.digits == {}


# Detect


def machine(*, greeting: float = 6.0, beeps: bool = True) -> FarEnd:
    return FarEnd(answer_kind=AnswerKind.MACHINE, greeting=after(greeting), beeps=beeps)


@pytest.mark.parametrize(
    ("kind", "who"),
    [
        (AnswerKind.HUMAN, WhoAnswered.HUMAN),
        (AnswerKind.SILENCE, WhoAnswered.UNKNOWN),
        (AnswerKind.FAX, WhoAnswered.FAX),
    ],
)
async def test_detection_says_who_has_answered(kind: AnswerKind, who: WhoAnswered) -> None:
    bench = Bench(FarEnd(answer_kind=kind))

    detected = await bench.result(Detect(), Detected)

    assert detected.who is who
    assert detected.after == timedelta(seconds=bench.since_answer)
    assert bench.answered_by == [kind]


@pytest.mark.parametrize(("beeps", "end"), [(True, GreetingEnd.BEEP), (False, GreetingEnd.SILENCE)])
async def test_machine_is_listened_to_until_its_greeting_is_over(
    beeps: bool, end: GreetingEnd
) -> None:
    bench = Bench(machine(beeps=beeps))

    detected = await bench.result(Detect(until=DetectUntil.GREETING_END), Detected)

    assert (detected.who, detected.greeting_end) == (WhoAnswered.MACHINE, end)
    assert detected.after == after(4.2)
    assert bench.since_answer == pytest.approx(6.5 if beeps else 8.0)


async def test_machine_is_known_before_its_greeting_is_over() -> None:
    bench = Bench(machine())

    detected = await bench.result(Detect(), Detected)

    assert (detected.who, detected.greeting_end) == (WhoAnswered.MACHINE, None)
    assert bench.since_answer == pytest.approx(4.2)


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        (Detect(speech_threshold=after(2.4)), 2.4),
        (Detect(words=5), 2.0),
        (Detect(words=50, speech_threshold=after(3.0)), 3.0),
    ],
)
async def test_limits_of_detection_have_their_effect(step: Detect, seconds: float) -> None:
    bench = Bench(machine())

    detected = await bench.result(step, Detected)

    assert detected.after == after(seconds)


async def test_silence_is_waited_for_as_long_as_the_step_says() -> None:
    bench = Bench(FarEnd(answer_kind=AnswerKind.SILENCE))

    detected = await bench.result(Detect(silence_timeout=after(4.0)), Detected)

    assert detected.after == after(4.0)


async def test_who_presses_a_key_is_a_person() -> None:
    bench = Bench(
        FarEnd(answer_kind=AnswerKind.MACHINE, greeting=after(6), presses=[(after(1), "1")])
    )

    detected = await bench.result(Detect(), Detected)

    assert (detected.who, detected.after) == (WhoAnswered.HUMAN, after(1))


# Fetch, Ban, NoteAnswer


async def test_answers_of_the_web_come_whatever_their_status() -> None:
    bench = Bench()
    bench.web.answers["http://there/"] = (1.0, 500, b"oops")

    fetched = await bench.result(
        Fetch(url="http://there/", method="POST", parameters=(("a", "b"),)), Fetched
    )

    assert (fetched.status, fetched.body) == (500, b"oops")
    assert (fetched.content_type, fetched.url) == ("text/plain", "http://there/")
    (request,) = bench.web.requests
    assert (request.method, request.parameters) == ("POST", (("a", "b"),))


async def test_no_answer_of_the_web_is_told() -> None:
    result = await Bench().result(Fetch(url="http://nowhere/"), NotDone)

    assert "nobody is there" in result.reason


async def test_what_is_noted_is_noted() -> None:
    bench = Bench()

    await bench.does(
        Ban(source="said so"),
        Ban(source="that one", number=AGENT),
        NoteAnswer(question="fine?", response="yes"),
    )

    assert bench.results == [Done()] * 3
    assert bench.bans == [("said so", None), ("that one", AGENT)]
    assert bench.answers == {"fine?": "yes"}


# End, Reject


async def test_end_gives_its_reason_and_nothing_is_done_after_it() -> None:
    bench = Bench()

    reason = await bench.does(End(reason="enough"), Say(prompts=(HELLO,)))

    assert reason == "enough"
    assert bench.heard == []


async def test_answered_call_cannot_be_turned_away() -> None:
    result = await Bench().result(Reject(), NotDone)

    assert "inbound" in result.reason


# Dial


def agent(*, answers: float | None = 3.0, stays: float | None = None) -> FarEnd:
    return FarEnd(
        answers_after=None if answers is None else after(answers),
        hangs_up_after=None if stays is None else after(stays),
    )


def target(to: PhoneNumber, reference: str = "") -> DialTarget:
    return DialTarget(to=to, reference=reference)


async def test_two_are_connected_until_the_other_hangs_up() -> None:
    bench = Bench(others={AGENT: agent(stays=10.0)})

    dialed = await bench.result(Dial(targets=(target(AGENT, "a"),)), Dialed)

    assert (dialed.outcome, dialed.reference) == (Outcome.HUMAN, "a")
    assert dialed.connected == after(10.0)
    assert dialed.call_id == 2
    assert bench.is_transferred
    assert bench.since_answer == pytest.approx(13.0)


async def test_ring_back_tone_is_heard_until_somebody_answers() -> None:
    bench = Bench(others={AGENT: agent(stays=1.0)})

    await bench.does(Dial(targets=(target(AGENT),)))

    assert bench.heard == [await bench.prompts.ringing()]
    (played,) = bench.of(PlaybackFinished)
    assert isinstance(played, PlaybackFinished)
    assert played.played == after(3.0)


async def test_first_what_must_be_heard_whole_then_what_plays_while_it_rings() -> None:
    bench = Bench(others={AGENT: agent(answers=5.0, stays=1.0)})

    await bench.does(
        Dial(targets=(target(AGENT),), first_heard_whole=(HELLO,), while_ringing=(BYE,))
    )

    assert bench.heard == ["hello", "bye"]
    assert bench.since_answer == pytest.approx(6.0)


async def test_who_answers_early_waits_until_all_was_heard() -> None:
    bench = Bench(others={AGENT: agent(answers=0.5, stays=5.0)})

    dialed = await bench.result(Dial(targets=(target(AGENT),), first_heard_whole=(HELLO,)), Dialed)

    assert bench.heard == ["hello"]
    assert dialed.connected == after(3.5)


async def test_hold_music_that_cannot_be_had_is_replaced_by_the_ring_back_tone() -> None:
    bench = Bench(others={AGENT: agent(stays=1.0)})

    dialed = await bench.result(
        Dial(targets=(target(AGENT),), while_ringing=(FromUrl(url="http://nowhere/"),)), Dialed
    )

    assert dialed.outcome is Outcome.HUMAN
    assert bench.heard == [await bench.prompts.ringing()]


async def test_who_does_not_answer_in_time_is_given_up() -> None:
    bench = Bench(others={AGENT: agent(answers=None)})

    dialed = await bench.result(Dial(targets=(target(AGENT),), timeout=after(20.0)), Dialed)

    assert (dialed.outcome, dialed.connected) == (Outcome.NO_ANSWER, timedelta())
    assert dialed.sip_status == 487
    assert not bench.is_transferred
    assert bench.since_answer == pytest.approx(20.0)


async def test_first_of_all_to_answer_wins_and_the_others_are_canceled() -> None:
    bench = Bench(others={AGENT: agent(answers=9.0), OTHER: agent(answers=2.0, stays=4.0)})

    dialed = await bench.result(
        Dial(targets=(target(AGENT, "slow"), target(OTHER, "quick"))), Dialed
    )

    assert dialed.reference == "quick"
    assert len(bench.engine.originated) == 3
    assert bench.since_answer == pytest.approx(6.0)


async def test_one_is_tried_after_the_other() -> None:
    bench = Bench(others={AGENT: FarEnd(refuses=486), OTHER: agent(answers=2.0, stays=4.0)})

    dialed = await bench.result(
        Dial(targets=(target(AGENT, "busy"), target(OTHER, "free")), mode=DialMode.IN_TURN), Dialed
    )

    assert (dialed.reference, dialed.outcome) == ("free", Outcome.HUMAN)
    assert [one.to for one in bench.seconds_placed] == [AGENT, OTHER]


async def test_nobody_of_several_tells_of_the_last() -> None:
    bench = Bench(others={AGENT: FarEnd(refuses=486)})

    dialed = await bench.result(
        Dial(targets=(target(AGENT, "one"), target(OTHER, "two")), mode=DialMode.IN_TURN), Dialed
    )

    assert (dialed.reference, dialed.outcome) == ("two", Outcome.UNDIALED)
    assert dialed.call_id is None


async def test_connection_ends_with_a_key_of_the_first_leg() -> None:
    bench = Bench(pressing((5.0, "1"), (7.0, "*")), others={AGENT: agent()})

    await bench.does(Dial(targets=(target(AGENT),), end_on="*"), Say(prompts=(BYE,)))

    dialed = bench.results[0]
    assert isinstance(dialed, Dialed)
    assert (dialed.ended_by_key, dialed.connected) == ("*", after(4.0))
    assert bench.heard[-1] == "bye"
    assert bench.since_answer == pytest.approx(8.0)


async def test_connection_lasts_no_longer_than_it_may() -> None:
    bench = Bench(others={AGENT: agent()})

    dialed = await bench.result(Dial(targets=(target(AGENT),), time_limit=after(30.0)), Dialed)

    assert dialed.connected == after(30.0)
    assert bench.since_answer == pytest.approx(33.0)


async def test_what_a_target_asks_for_goes_with_its_call() -> None:
    bench = Bench(others={AGENT: agent(stays=1.0)})
    wanted = DialTarget(
        to=AGENT, send_digits="w12", headers={"X-A": "b"}, sip_user="u", sip_password="p"
    )

    await bench.does(
        Dial(targets=(wanted,), from_number=OTHER, timeout=after(7), counts_as_transfer=False)
    )

    (placed,) = bench.seconds_placed
    assert (placed.send_digits, placed.headers) == ("w12", {"X-A": "b"})
    assert placed.credentials == ("u", "p")
    assert (placed.from_number, placed.ring_timeout) == (OTHER, after(7))
    assert not placed.counts


async def test_nobody_to_dial_is_said() -> None:
    result = await Bench().result(Dial(targets=()), NotDone)

    assert "nobody" in result.reason


# Recording


def speaking(seconds: float, *keys: tuple[float, str], leaves: float | None = None) -> FarEnd:
    """A person who speaks so long from the answer on."""
    return FarEnd(
        greeting=after(seconds),
        presses=[(after(when), key) for when, key in keys],
        hangs_up_after=None if leaves is None else after(leaves),
    )


MESSAGE = RecordMessage(name="message", silence_timeout=after(3.0), max_length=after(60.0))


async def test_message_ends_with_silence() -> None:
    bench = Bench(speaking(6.0))

    recorded = await bench.result(MESSAGE, Recorded)

    assert (recorded.ended_by, recorded.length) == ("silence", after(6.0 + 3.0 - 0.3))
    assert (recorded.recording_id, recorded.url) == (100, "http://here/100")
    assert [place.name for place in bench.files.begun] == ["message"]
    assert bench.heard == [await bench.prompts.beep()]
    assert bench.files.kept[RecordingId(100)] == (recorded.length, False)


async def test_message_ends_with_a_key_and_other_keys_do_nothing() -> None:
    bench = Bench(speaking(60.0, (2.0, "1"), (4.0, "*")))

    recorded = await bench.result(
        RecordMessage(finish_on=frozenset("*"), beep=False, trim_silence=True), Recorded
    )

    assert (recorded.ended_by, recorded.length) == ("*", after(4.0))
    assert bench.heard == []
    assert bench.files.kept[RecordingId(100)] == (after(4.0), True)


@pytest.mark.parametrize("silence", [after(3.0), None])
async def test_message_is_no_longer_than_it_may_be(silence: timedelta | None) -> None:
    bench = Bench(speaking(60.0))

    recorded = await bench.result(
        RecordMessage(max_length=after(10.0), silence_timeout=silence, beep=False), Recorded
    )

    assert (recorded.ended_by, recorded.length) == ("max_length", after(10.0))


async def test_message_of_who_hangs_up_is_kept_and_told_before_the_caller_is_gone() -> None:
    bench = Bench(speaking(60.0, leaves=5.0))
    told: list[str] = []

    def program() -> Program:
        bench.results.append((yield replace(MESSAGE, beep=False)))
        bench.results.append((yield NoteAnswer(question="q", response="r")))
        try:
            yield Say(prompts=(HELLO,))
        except CallerGone:
            told.append("gone")
        bench.results.append((yield Ban(source="s")))

    with pytest.raises(LegOver):
        await bench.run(program)

    recorded, *others = bench.results
    assert isinstance(recorded, Recorded)
    assert (recorded.ended_by, recorded.length) == ("hangup", after(5.0))
    assert recorded.recording_id == 100
    assert others == [Done(), Done()]
    assert told == ["gone"]
    assert bench.bans == [("s", None)]


async def test_who_hangs_up_during_the_beep_leaves_no_message() -> None:
    bench = Bench(hanging_up(0.1))

    with pytest.raises(LegOver):
        await bench.does(MESSAGE)

    assert bench.results == []
    assert bench.files.kept == {}


async def test_call_is_recorded_in_the_background_until_it_is_stopped() -> None:
    bench = Bench()

    await bench.does(
        RecordStep(name="call"),
        Say(prompts=(HELLO,)),
        StopRecord(recording_id=RecordingId(100)),
        StopRecord(recording_id=RecordingId(5)),
    )

    begun, _, stopped, unknown = bench.results
    assert begun == Recorded(recording_id=RecordingId(100), length=timedelta(), ended_by="running")
    assert isinstance(stopped, Recorded)
    assert (stopped.ended_by, stopped.length) == ("stopped", after(2.0))
    assert isinstance(unknown, NotDone)


async def test_recording_that_has_reached_its_limit_says_so_when_it_is_stopped() -> None:
    bench = Bench()

    await bench.does(
        RecordStep(max_length=after(1.0)),
        Say(prompts=(HELLO,)),
        StopRecord(recording_id=RecordingId(100)),
    )

    stopped = bench.results[-1]
    assert isinstance(stopped, Recorded)
    assert (stopped.ended_by, stopped.length) == ("max_length", after(1.0))


async def test_recording_in_the_background_is_kept_when_the_call_ends() -> None:
    bench = Bench(hanging_up(1.5))

    with pytest.raises(LegOver):
        await bench.does(RecordStep(), Say(prompts=(HELLO,)))
    await bench.recordings.all_kept()

    assert bench.files.kept == {RecordingId(100): (after(1.5), False)}


async def test_connection_is_recorded_while_it_lasts() -> None:
    bench = Bench(others={AGENT: agent(stays=10.0)})

    dialed = await bench.result(Dial(targets=(target(AGENT),), record=RecordStep()), Dialed)

    assert dialed.recording_id == 100
    assert bench.files.kept == {RecordingId(100): (after(10.0), False)}


async def test_nothing_is_recorded_where_nobody_answers() -> None:
    bench = Bench(others={AGENT: agent(answers=None)})

    dialed = await bench.result(Dial(targets=(target(AGENT),), record=RecordStep()), Dialed)

    assert dialed.recording_id is None
    assert bench.files.begun == []


@pytest.mark.parametrize("step", [RecordMessage(beep=False), RecordStep()])
async def test_recording_that_has_no_place_is_not_made(step: Step) -> None:
    bench = Bench()

    async def begin(call: object, name: object, **_: object) -> RecordingPlace:
        raise Unavailable("the disk is full")

    bench.files.begin = begin  # type: ignore[method-assign] # a full disk

    result = await bench.result(step, NotDone)

    assert result.reason == "the disk is full"


async def test_recording_whose_file_cannot_be_written_is_none() -> None:
    bench = Bench(speaking(1.0))

    async def start_recording(*arguments: object, **settings: object) -> None:
        """Do nothing, like an engine that cannot open the file."""

    bench.engine.start_recording = start_recording  # type: ignore[method-assign] # a fault

    recorded = await bench.result(MESSAGE, Recorded)

    assert (recorded.recording_id, recorded.length) == (None, timedelta())


@pytest.mark.parametrize(
    "step",
    [
        Say(prompts=prompts_of("a long message that is cut off")),
        Gather(prompts=prompts_of("a long message that is cut off")),
        Listen(length=after(5)),
        SendTones(digits="wwwwwwwww"),
        Detect(silence_timeout=after(5)),
        Dial(targets=(target(AGENT),)),
        Fetch(url="http://slow/"),
    ],
)
async def test_caller_who_hangs_up_ends_each_step(step: Step) -> None:
    bench = Bench(
        FarEnd(hangs_up_after=after(0.4), answer_kind=AnswerKind.SILENCE), others={AGENT: agent()}
    )
    bench.web.answers["http://slow/"] = (9.0, 200, b"")

    with pytest.raises(LegOver):
        await bench.does(step)

    assert bench.results == []
    assert bench.since_answer == pytest.approx(0.4)
    if isinstance(step, Dial):
        assert [leg for leg in bench.engine.originated if bench.engine.hears(leg.leg)] == []
    if isinstance(step, Fetch):
        assert bench.web.canceled == 1
