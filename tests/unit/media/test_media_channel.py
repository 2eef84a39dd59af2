"""Batches of messages on the command channel."""

from __future__ import annotations

import pytest

from ringcast.media.channel import (
    BatchReader,
    BrokenChannel,
    parse_answers,
    parse_commands,
    serialize_answers,
    serialize_commands,
)
from ringcast.media.messages import (
    AnyCommand,
    Close,
    Connect,
    DigitReceived,
    Play,
    PlayFile,
    PlaySilence,
    StreamClosed,
    StreamStats,
)

COMMANDS: list[AnyCommand] = [
    Connect(7, "10.0.0.1", 4000, 0, "PCMU", {0: "PCMU", 8: "PCMA"}, 101, None, True, False, 20),
    Play(7, 1, [PlayFile("/a.ulaw", 5, None), PlaySilence(20)], None),
    Close(7),
]
ANSWERS = [
    DigitReceived(stream=7, at=1.25, digit="#", duration_ms=100),
    StreamClosed(stream=7, at=2.0, stats=StreamStats(packets_sent=5, jitter_ms=0.5)),
]


def test_commands_survive_the_channel() -> None:
    (batch,) = BatchReader().receive(serialize_commands(COMMANDS))

    assert parse_commands(batch) == COMMANDS


def test_answers_survive_the_channel() -> None:
    (batch,) = BatchReader().receive(serialize_answers(ANSWERS))

    assert list(parse_answers(batch)) == ANSWERS


def test_batches_are_found_however_the_bytes_are_cut() -> None:
    data = serialize_commands(COMMANDS) + serialize_commands(COMMANDS[:1])
    reader = BatchReader()
    batches = []
    for i in range(len(data)):
        batches += reader.receive(data[i : i + 1])

    assert [parse_commands(batch) for batch in batches] == [COMMANDS, COMMANDS[:1]]
    assert BatchReader().receive(data) == batches


def test_absurd_length_breaks_the_channel() -> None:
    with pytest.raises(BrokenChannel, match="batch of"):
        BatchReader().receive(b"\xff\xff\xff\xff")


@pytest.mark.parametrize("batch", [b"\xc1", b"\x91\x92\xa1x\x01", b""])
def test_other_bytes_are_no_commands(batch: bytes) -> None:
    with pytest.raises(BrokenChannel):
        parse_commands(batch)


@pytest.mark.parametrize("batch", [b"\xc1", b"\x91\x92\x7f\x80", b"\x91\x92\x00\x80"])
def test_other_bytes_are_no_answers(batch: bytes) -> None:
    with pytest.raises(BrokenChannel):
        list(parse_answers(batch))
