"""Callers that differ from ours, and plans of one's own; all calls run at the same time."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ringcast.audio import compare, wav
from ringcast.integrations.clock import SystemClock
from ringcast.phones.carrier import JOURNAL, Carrier, PhonesOptions
from ringcast.phones.plan import parse_plan
from ringcast.protocols.sdp import PCMA, Codec
from tests.phones.caller import Caller, Samples, Seen, Wish, spans
from tests.phones.humming import Humming

LATE = 0.4
"""Seconds by which a busy machine may be late."""
PLAN = """
[[phone]]
ends_in = "1"
steps = ["answer", 'say "Hello"', "listen"]

[[phone]]
ends_in = "2"
steps = ["early_media", "ringback 1", "answer", 'say "Hello"', "listen"]

[[phone]]
ends_in = "3"
steps = ["answer", "pause 0.5", "press 59", "pause 0.5", "beep", "listen"]

[[phone]]
ends_in = "4"
steps = ["answer", "press 12 by info", "listen"]

[[phone]]
ends_in = "5"
steps = ["answer", "hang_up"]

[[phone]]
ends_in = "6"
record = false
steps = ["answer", "message 0.5", "press 6", "listen"]

[[phone]]
ends_in = "7"
steps = ["pause 0.5", 'refuse 486 "Not now"']

[[phone]]
ends_in = "8"
steps = ["answer", "hold", "pause 0.5", "resume", "listen"]
"""
G729 = Codec(name="G729", clock_rate=8000, static_payload_type=18)
WISHES = {
    "without an offer": Wish(number="1001", with_offer=False),
    "early media without an offer": Wish(number="1002", with_offer=False),
    "takes no events": Wish(number="1003", events=False, message_at=None, hang_up_after=4.0),
    "info digits": Wish(number="1004", message_at=None, hang_up_after=2.0),
    "at once": Wish(number="1005"),
    "not recorded": Wish(number="1006", hang_up_after=3.5),
    "busy": Wish(number="1007"),
    "holds without an ack yet": Wish(number="1008", message_at=None, hang_up_after=2.0),
    "A-law": Wish(number="1011", codecs=(PCMA,)),
    "no common codec": Wish(number="1021", codecs=(G729,)),
    "caller holds": Wish(number="1031", message_at=None, hold_at=1.0, hang_up_after=3.0),
    "caller presses": Wish(
        number="1041", message_at=None, digits_at=0.5, info_at=1.5, hang_up_after=2.5
    ),
    "caller is silent": Wish(number="1051", message_at=None, sends=False, hang_up_after=9.0),
    "nobody's": Wish(number="1000"),
    "first": Wish(number="1061", message_at=None, hang_up_after=0.5),
    "second": Wish(number="1061", message_at=None, hang_up_after=0.5),
}


@dataclass(frozen=True)
class Result:
    seen: dict[str, Seen]
    lines: dict[str, dict[str, Any]]
    message: Samples
    folder: Path

    def recording(self, name: str) -> Samples:
        return wav.read((self.folder / self.lines[name]["recording"]).read_bytes()).mono()


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return asyncio.run(call_everybody(tmp_path_factory.mktemp("unusual")))


async def call_everybody(folder: Path) -> Result:
    async with AsyncExitStack() as stack:
        lines: list[str] = []
        carrier = await stack.enter_async_context(
            Carrier(
                PhonesOptions(
                    sip=("127.0.0.1", 0),
                    rtp_ports=range(33500, 33600),
                    plan=parse_plan(PLAN, source="test"),
                    record_dir=folder / "record",
                    on_line=lines.append,
                    silence_limit=timedelta(seconds=3),
                ),
                synthesizer=Humming(),
                clock=SystemClock(),
            )
        )
        caller = await stack.enter_async_context(Caller(folder, rtp_ports=range(33600, 33700)))
        seen = await asyncio.gather(
            *(caller.call(wish, to=carrier.address) for wish in WISHES.values())
        )
        await asyncio.sleep(0.3)  # the last line is written when its recording is complete
        assert carrier.call_count == 0
    assert (folder / "record" / JOURNAL).read_text("utf-8").splitlines() == lines
    of_call = {line["call_id"]: line for line in map(json.loads, lines)}
    by_name = dict(zip(WISHES, seen, strict=True))
    return Result(
        seen=by_name,
        lines={name: of_call[one.call_id] for name, one in by_name.items()},
        message=caller.message,
        folder=folder / "record",
    )


def test_an_invite_without_an_offer_gets_one_in_the_answer(result: Result) -> None:
    seen = result.seen["without an offer"]

    assert seen.statuses == [200]
    assert len(spans(seen.heard)) == 1
    assert compare.find(result.message, result.recording("without an offer")).is_intact


def test_early_media_without_an_offer_is_passed_over_in_its_time(result: Result) -> None:
    seen = result.seen["early media without an offer"]

    assert seen.statuses == [180, 200]
    assert seen.answered_at == pytest.approx(1.0, abs=LATE)
    assert len(spans(seen.heard)) == 1
    assert compare.find(result.message, result.recording("early media without an offer")).is_intact


def test_digits_become_tones_for_a_caller_that_takes_no_events(result: Result) -> None:
    seen, line = result.seen["takes no events"], result.lines["takes no events"]

    five, nine, beep = spans(seen.heard, pause=0.05)
    assert [round(end - start, 1) for start, end in (five, nine, beep)] == [0.2, 0.2, 0.4]
    assert beep[0] - nine[1] == pytest.approx(0.6, abs=LATE)
    assert (seen.digits, line["digits_pressed"]) == ("", "59")
    assert line["reason"] == "the caller takes no telephone events: tones were sent"


def test_digits_by_info_come_one_by_one(result: Result) -> None:
    seen = result.seen["info digits"]

    assert seen.info_digits == result.lines["info digits"]["digits_pressed"] == "12"
    assert seen.info_times[1] - seen.info_times[0] == pytest.approx(0.25, abs=LATE / 2)


def test_a_phone_may_hang_up_at_once(result: Result) -> None:
    seen, line = result.seen["at once"], result.lines["at once"]

    assert seen.hung_up_by_phone
    assert seen.talked < LATE
    assert (line["outcome"], line["ended_by"]) == ("answered", "phone")


def test_a_phone_that_keeps_no_recording_hears_all_the_same(result: Result) -> None:
    assert result.seen["not recorded"].digits == "6"
    assert result.lines["not recorded"]["recording"] is None
    assert not list(result.folder.glob("1006-*"))


def test_a_refusal_may_have_words_of_its_own(result: Result) -> None:
    failed = result.seen["busy"].failed

    assert failed is not None
    assert (failed.status, failed.reason) == (486, "Not now")


def test_a_hold_waits_for_the_ack(result: Result) -> None:
    seen = result.seen["holds without an ack yet"]

    assert seen.offers == ["sendonly", "sendrecv"]
    assert not seen.hung_up_by_phone


def test_a_law_is_talked_with_those_who_want_it(result: Result) -> None:
    assert result.lines["A-law"]["codec"] == "PCMA"
    assert compare.find(result.message, result.recording("A-law")).is_intact


def test_a_caller_with_other_codecs_only_is_refused(result: Result) -> None:
    seen, line = result.seen["no common codec"], result.lines["no common codec"]

    assert seen.statuses == [488]
    assert (line["outcome"], line["ended_by"], line["status"]) == ("failed", "carrier", 488)
    assert "G729" in line["reason"]
    assert line["rtp"] is None


def test_a_caller_may_hold(result: Result) -> None:
    seen, line = result.seen["caller holds"], result.lines["caller holds"]

    assert not seen.hung_up_by_phone
    assert line["outcome"] == "answered"
    assert line["rtp"]["received"] > 120  # three seconds: on hold it is sent music
    assert line["rtp"]["sent"] < 80  # and sends nothing itself


def test_digits_of_the_caller_are_written_down(result: Result) -> None:
    assert result.lines["caller presses"]["digits_heard"] == "12#7"


def test_a_caller_that_sends_nothing_is_hung_up(result: Result) -> None:
    seen, line = result.seen["caller is silent"], result.lines["caller is silent"]

    assert seen.hung_up_by_phone
    assert seen.talked == pytest.approx(3.0, abs=0.3 + LATE)
    assert (line["outcome"], line["ended_by"]) == ("answered", "carrier")
    assert line["reason"] == "nothing was heard from the caller for 3 s"
    assert line["rtp"]["first_packet_ms"] is None


def test_a_number_that_is_not_in_the_plan_does_not_exist(result: Result) -> None:
    assert result.seen["nobody's"].statuses == [404]
    assert result.lines["nobody's"]["name"] == "not in the plan"


def test_attempts_are_counted(result: Result) -> None:
    assert {result.lines[name]["attempt"] for name in ("first", "second")} == {1, 2}
