"""Every row of the default plan, called over real SIP and RTP; all calls run at the same time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ringcast.audio import compare, wav
from ringcast.integrations.clock import SystemClock
from ringcast.integrations.speech_espeak import EspeakSynthesizer
from ringcast.phones.carrier import JOURNAL, Carrier, PhonesOptions
from ringcast.protocols.sip.timers import TimerSettings
from tests.phones.caller import Caller, Samples, Seen, Wish, spans, tone_spans

NUMBER = "+121355501"
LATE = 0.4
"""Seconds by which a busy machine may be late."""
WISHES = {
    **{ending: Wish(number=NUMBER + ending) for ending in ("00", "01", "03", "04")},
    "02": Wish(number=NUMBER + "02", message_at=5.0, hang_up_after=8.5),
    "10": Wish(number=NUMBER + "10", message_at=7.0, hang_up_after=11.0),
    "11": Wish(number=NUMBER + "11", message_at=16.0, hang_up_after=19.5),
    "12": Wish(number=NUMBER + "12", message_at=3.0, hang_up_after=6.5),
    "13": Wish(number=NUMBER + "13", message_at=5.5, hang_up_after=9.0),
    "14": Wish(number=NUMBER + "14", message_at=6.5, hang_up_after=10.0),
    "15": Wish(number=NUMBER + "15", hang_up_after=8.0),
    "16": Wish(number=NUMBER + "16", hang_up_after=15.0),
    **{number: Wish(number=NUMBER + number) for number in ("20", "22", "23", "24", "25")},
    "21": Wish(number=NUMBER + "21", cancel_after=4.0),
    "27": Wish(number=NUMBER + "27"),
    **{number: Wish(number=NUMBER + number) for number in ("28", "29", "30", "35", "39")},
    "50": Wish(number=NUMBER + "50", message_at=None, hang_up_after=6.5),
    **{number: Wish(number=NUMBER + number) for number in ("51", "52")},
    "60": Wish(number=NUMBER + "60", hang_up_after=7.0),
    "99": Wish(number=NUMBER + "99", headers=(("X-Attempt", "17"), ("X-Two", "a, b"))),
}
ANSWERED = [ending for ending in WISHES if ending not in ("20", "21", "22", "23", "24", "25")]
HEARD_WHOLE = [ending for ending in ANSWERED if ending not in ("04", "16", "50", "15")]


@dataclass(frozen=True)
class Result:
    seen: Mapping[str, Seen]
    lines: Mapping[str, dict[str, Any]]
    line_count: int
    message: Samples
    folder: Path

    def recording(self, ending: str) -> Samples:
        return wav.read((self.folder / self.lines[ending]["recording"]).read_bytes()).mono()


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return asyncio.run(call_everybody(tmp_path_factory.mktemp("phones")))


async def call_everybody(folder: Path) -> Result:
    async with AsyncExitStack() as stack:
        synthesizer = EspeakSynthesizer()
        stack.push_async_callback(synthesizer.close)
        options = PhonesOptions(
            sip=("127.0.0.1", 0), rtp_ports=range(33000, 33200), record_dir=folder / "record"
        )
        carrier = await stack.enter_async_context(
            Carrier(options, synthesizer=synthesizer, clock=SystemClock())
        )
        caller = await stack.enter_async_context(Caller(folder, rtp_ports=range(33200, 33400)))
        # INVITEs without any answer are given up after 64*T1, which is 6.4 s here.
        hasty = await stack.enter_async_context(
            Caller(folder, rtp_ports=range(33400, 33402), timers=TimerSettings(t1=0.1))
        )
        seen = await asyncio.gather(
            hasty.call(Wish(number=NUMBER + "26"), to=carrier.address),
            *(caller.call(wish, to=carrier.address) for wish in WISHES.values()),
        )
        by_ending = dict(zip(["26", *WISHES], seen, strict=True))
        await asyncio.sleep(0.3)  # the last line is written when its recording is complete
        texts = (folder / "record" / JOURNAL).read_text("utf-8").splitlines()
    lines = [json.loads(text) for text in texts]
    return Result(
        seen=by_ending,
        lines={line["called"][-2:]: line for line in lines},
        line_count=len(lines),
        message=caller.message,
        folder=folder / "record",
    )


@pytest.mark.parametrize(
    ("ending", "statuses"),
    [
        ("20", [486]),
        ("22", [180, 603]),
        ("23", [404]),
        ("24", [503]),
        ("25", [480]),
        ("21", [180, 487]),
        ("26", [408]),
        ("27", [183, 200]),
        *((ending, [180, 200]) for ending in ANSWERED if ending != "27"),
    ],
)
def test_each_phone_answers_as_the_plan_says(
    result: Result, ending: str, statuses: list[int]
) -> None:
    assert result.seen[ending].statuses == statuses


@pytest.mark.parametrize(
    ("ending", "seconds"),
    [("00", 1.0), ("01", 6.0), ("03", 1.0), ("10", 2.0), ("22", 2.0), ("27", 3.0), ("60", 1.0)],
)
def test_each_phone_rings_as_long_as_the_plan_says(
    result: Result, ending: str, seconds: float
) -> None:
    first, last = result.seen[ending].status_times

    assert last - first == pytest.approx(seconds, abs=LATE)


def test_a_phone_that_gives_no_sip_answer_is_called_once_however_often_the_invite_comes(
    result: Result,
) -> None:
    failed, line = result.seen["26"].failed, result.lines["26"]

    assert failed is not None
    assert failed.is_timeout
    assert failed.response is None
    assert (line["outcome"], line["status"], line["attempt"]) == ("ignored", None, 1)


def test_there_is_one_line_for_each_call(result: Result) -> None:
    assert result.line_count == len(WISHES) + 1
    assert set(result.lines) == {*WISHES, "26"}


@pytest.mark.parametrize(
    ("ending", "outcome", "ended_by", "status"),
    [
        ("00", "answered", "caller", 200),
        ("04", "answered", "phone", 200),
        ("16", "answered", "phone", 200),
        ("20", "refused", "phone", 486),
        ("21", "cancelled", "caller", 487),
        ("22", "refused", "phone", 603),
        ("26", "ignored", "phone", None),
    ],
)
def test_the_line_says_how_the_call_ended(
    result: Result, ending: str, outcome: str, ended_by: str, status: int | None
) -> None:
    line = result.lines[ending]

    assert (line["outcome"], line["ended_by"], line["status"]) == (outcome, ended_by, status)


def test_the_line_tells_who_called_whom_when_and_with_what(result: Result) -> None:
    line, seen = result.lines["99"], result.seen["99"]

    assert line["call_id"] == seen.call_id
    assert (line["called"], line["caller"]) == (NUMBER + "99", "+12135550199")
    assert line["headers"] == {"X-Attempt": "17", "X-Two": "a, b"}
    assert line["source"].startswith("udp 127.0.0.1:")
    assert line["phone"] == ""
    assert line["codec"] == "PCMU"
    times = [line[f"{what}_monotonic"] for what in ("invite", "ringing", "answered", "ended")]
    assert times == sorted(times)
    assert times[2] - times[0] == pytest.approx(1.0, abs=LATE)
    assert times[3] - times[2] == pytest.approx(5.0, abs=LATE)
    for what in ("invite", "ringing", "answered", "ended"):
        assert line[f"{what}_at"].endswith("Z")


@pytest.mark.parametrize("ending", ANSWERED)
def test_packets_are_counted_and_the_first_comes_soon(result: Result, ending: str) -> None:
    rtp, talked = result.lines[ending]["rtp"], result.seen[ending].talked

    # What is on its way when the phone puts the caller on hold is no longer heard.
    assert rtp["lost"] <= (5 if ending == "50" else 0)
    assert rtp["first_packet_ms"] < LATE * 1000
    held = 2.0 if ending == "50" else 0.0
    early = 3.0 if ending == "27" else 0.0
    assert rtp["received"] == pytest.approx((talked - held + early) * 50, abs=20)


@pytest.mark.parametrize("ending", HEARD_WHOLE)
def test_a_phone_records_from_its_answer_on_exactly_what_it_was_sent(
    result: Result, ending: str
) -> None:
    match = compare.find(result.message, result.recording(ending))

    assert match.is_intact, match
    assert match.offset_seconds == pytest.approx(WISHES[ending].message_at, abs=LATE)
    line = result.lines[ending]
    assert line["recorded_seconds"] == pytest.approx(result.seen[ending].talked, abs=LATE)


@pytest.mark.parametrize(
    ("ending", "seconds"), [("00", 0.55), ("02", 4.0), ("13", 5.0), ("16", 4.5), ("60", 5.0)]
)
def test_greetings_are_as_long_as_the_plan_says(
    result: Result, ending: str, seconds: float
) -> None:
    (start, end), *_ = spans(result.seen[ending].heard)

    assert start < 0.3
    assert end - start == pytest.approx(seconds, rel=0.1, abs=0.05)


@pytest.mark.parametrize(("ending", "seconds"), [("10", 6.0), ("11", 15.0), ("12", 2.0)])
def test_machines_greet_as_long_as_the_plan_says_and_then_beep_once(
    result: Result, ending: str, seconds: float
) -> None:
    (beep,) = tone_spans(result.seen[ending].heard, 1000)
    greeting = [span for span in spans(result.seen[ending].heard, pause=0.25) if span[0] < beep[0]]

    assert beep[1] - beep[0] == pytest.approx(0.4, abs=0.05)
    spoken_until = max(end for _, end in greeting if end < beep[0])
    assert spoken_until - greeting[0][0] == pytest.approx(seconds, rel=0.1)
    assert 0.1 < beep[0] - spoken_until < 0.7


def test_the_long_greeting_has_a_pause_of_two_to_three_seconds(result: Result) -> None:
    (_, before), (after, _) = spans(result.seen["11"].heard)[:2]

    assert 2.0 <= after - before <= 3.0
    assert before == pytest.approx(7.0, abs=0.7)


@pytest.mark.parametrize("ending", ["13", "14", "16"])
def test_other_phones_do_not_beep(result: Result, ending: str) -> None:
    assert tone_spans(result.seen[ending].heard, 1000) == []


def test_a_silent_person_says_nothing(result: Result) -> None:
    assert spans(result.seen["03"].heard) == []


def test_a_person_hangs_up_three_seconds_after_the_answer(result: Result) -> None:
    assert result.seen["04"].hung_up_by_phone
    assert result.seen["04"].talked == pytest.approx(3.0, abs=LATE)


def test_a_full_mailbox_hangs_up_after_its_greeting(result: Result) -> None:
    assert result.seen["16"].hung_up_by_phone
    assert result.seen["16"].talked == pytest.approx(5.0, abs=0.5)


def test_call_screening_asks_for_the_name(result: Result) -> None:
    ((start, end),) = spans(result.seen["14"].heard)

    assert end - start > 4.0


def test_a_fax_machine_sends_its_answer_tone(result: Result) -> None:
    first, second = tone_spans(result.seen["15"].heard, 2100)[:2]

    assert first[1] - first[0] == pytest.approx(3.0, abs=0.1)
    assert second[0] - first[1] == pytest.approx(0.5, abs=0.1)


def test_ringback_is_heard_before_the_answer(result: Result) -> None:
    seen = result.seen["27"]
    assert seen.heard_from is not None
    assert seen.answered_at is not None
    ringback, hello = spans(seen.heard)[:2]

    assert ringback[1] - ringback[0] == pytest.approx(2.0, abs=0.1)
    assert hello[0] == pytest.approx(seen.answered_at - seen.heard_from, abs=0.3)


@pytest.mark.parametrize(
    ("ending", "digit"), [("28", "*"), ("29", "#"), ("30", "0"), ("35", "5"), ("39", "9")]
)
def test_digits_are_pressed_two_seconds_into_the_message(
    result: Result, ending: str, digit: str
) -> None:
    seen, line = result.seen[ending], result.lines[ending]

    assert seen.digits == digit
    assert line["digits_pressed"] == digit
    assert seen.message_at is not None
    pressed_for = 0.16  # a digit is reported when the key is let go
    assert seen.digit_times[0] - pressed_for - seen.message_at == pytest.approx(2.0, abs=LATE)
    assert line["message_monotonic"] - line["answered_monotonic"] == pytest.approx(1.0, abs=LATE)


def test_a_digit_is_sent_as_info(result: Result) -> None:
    seen = result.seen["51"]

    assert (seen.info_digits, seen.digits) == ("1", "")
    assert seen.message_at is not None
    assert seen.info_times[0] - seen.message_at == pytest.approx(2.0, abs=LATE)


def test_a_digit_is_sent_as_tones(result: Result) -> None:
    seen = result.seen["52"]
    assert (seen.info_digits, seen.digits) == ("", "")
    assert seen.message_at is not None
    assert seen.heard_from is not None
    _, (start, end) = spans(seen.heard)

    assert end - start == pytest.approx(0.16, abs=0.05)
    assert seen.heard_from + start - seen.message_at == pytest.approx(2.0, abs=LATE)
    key = seen.heard[int((start + 0.03) * 8000) : int((start + 0.13) * 8000)]
    assert strongest(key) == {697, 1209}


def strongest(samples: Samples) -> set[int]:
    """Return the two keypad frequencies that are strongest."""
    time = [n / 8000 for n in range(len(samples))]
    power = {
        hertz: abs(sum(x * 2.718281828459045 ** (-2j * 3.141592653589793 * hertz * t)
                       for x, t in zip(samples.tolist(), time, strict=True)))
        for hertz in (697, 770, 852, 941, 1209, 1336, 1477, 1633)
    }  # fmt: skip
    return set(sorted(power, key=lambda hertz: -power[hertz])[:2])


def test_a_person_holds_and_resumes(result: Result) -> None:
    seen = result.seen["50"]

    assert seen.offers == ["sendonly", "sendrecv"]
    assert seen.offer_times[1] - seen.offer_times[0] == pytest.approx(2.0, abs=LATE)
    assert not seen.hung_up_by_phone
    assert seen.stats is not None
    assert seen.stats.packets_sent == pytest.approx((6.5 - 2.0) * 50, abs=20)


def test_a_bad_line_loses_packets_and_delays_the_others(result: Result) -> None:
    bad, good = result.seen["60"].stats, result.seen["00"].stats
    assert bad is not None
    assert good is not None

    assert 2 <= bad.packets_lost <= 40  # 5 % of 350
    assert bad.packets_lost + bad.packets_received == pytest.approx(350, abs=20)
    assert bad.packets_reordered == 0
    assert bad.jitter_ms > good.jitter_ms + 4
    assert good.packets_lost == 0
    assert result.lines["60"]["rtp"]["sent"] == pytest.approx(bad.packets_received, abs=5)
