from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ringcast.phones.calls import CallJournal, CallOutcome, CallRecord, RtpFigures, WhoEnded
from ringcast.phones.errors import CannotStart


def record(call_id: str = "a@b") -> CallRecord:
    return CallRecord(
        call_id=call_id,
        called="+12135550100",
        caller="+12135550199",
        phone="00",
        name="person",
        attempt=1,
        headers={"X-Ringcast-Attempt": "7"},
        source="udp 127.0.0.1:5060",
        invite_at=datetime(2030, 1, 2, 3, 4, 5, 600000, tzinfo=UTC),
        invite_monotonic=12.5,
    )


def test_each_call_is_one_line_of_json(tmp_path: Path) -> None:
    path = tmp_path / "new" / "calls.jsonl"
    with CallJournal(path) as journal:
        journal.write(record("a@b"))
        journal.write(record("ä\n@b"))

    lines = path.read_text("utf-8").splitlines()

    assert [json.loads(line)["call_id"] for line in lines] == ["a@b", "ä\n@b"]


def test_a_line_tells_everything_about_the_call(tmp_path: Path) -> None:
    call = record()
    call.outcome, call.ended_by, call.status = CallOutcome.ANSWERED, WhoEnded.CALLER, 200
    call.rtp = RtpFigures(
        sent=50, received=49, lost=1, reordered=0, duplicate=0, jitter_ms=0.5, first_packet_ms=12.0
    )
    lines: list[str] = []

    CallJournal(None, on_line=lines.append).write(call)

    line = json.loads(lines[0])
    assert line["invite_at"] == "2030-01-02T03:04:05.600000Z"
    assert line["headers"] == {"X-Ringcast-Attempt": "7"}
    assert (line["outcome"], line["ended_by"], line["status"]) == ("answered", "caller", 200)
    assert line["rtp"]["lost"] == 1
    assert line["recording"] is None


def test_lines_are_added_to_those_of_earlier_runs(tmp_path: Path) -> None:
    for call_id in ("first", "second"):
        with CallJournal(tmp_path / "calls.jsonl") as journal:
            journal.write(record(call_id))

    assert len((tmp_path / "calls.jsonl").read_bytes().splitlines()) == 2


def test_attempts_are_counted_per_caller_and_number() -> None:
    journal = CallJournal(None)

    assert journal.next_attempt(caller="1", called="00") == 1
    assert journal.next_attempt(caller="1", called="00") == 2
    assert journal.next_attempt(caller="2", called="00") == 1
    assert journal.next_attempt(caller="1", called="01") == 1


def test_a_folder_that_cannot_be_made_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotStart, match="give another --record-dir"):
        CallJournal(tmp_path / "file" / "calls.jsonl")


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    journal = CallJournal(tmp_path / "calls.jsonl")

    journal.close()
    journal.close()

    journal.write(record())
    assert (tmp_path / "calls.jsonl").read_bytes() == b""
