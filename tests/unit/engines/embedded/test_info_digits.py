import asyncio
from datetime import timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.engines.embedded.info_digits import InfoDigitSender, read_info_digit
from ringcast.protocols.sip.agent_session_base import ActionNotPossible
from ringcast.useragent import OutgoingCall


@pytest.mark.parametrize(
    ("kind", "body", "digit", "milliseconds"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=240\r\n", "5", 240),
        ("Application/DTMF-Relay; x=y", b"signal = *\nduration = 100", "*", 100),
        ("application/dtmf-relay", b"Signal=11\r\n", "#", 160),
        ("application/dtmf-relay", b"Signal=b\r\nDuration=x\r\n", "B", 160),
        ("application/dtmf-relay", b"Signal=1\r\nDuration=99999\r\n", "1", 10_000),
        ("application/dtmf", b"7", "7", 160),
        ("application/dtmf", b"10\r\n", "*", 160),
    ],
)
def test_key_is_read_as_phones_write_it(
    kind: str, body: bytes, digit: str, milliseconds: int
) -> None:
    assert read_info_digit(kind, body) == (digit, timedelta(milliseconds=milliseconds))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (None, b"5"),
        ("application/media_control+xml", b"5"),
        ("application/dtmf-relay", b"Duration=100\r\n"),
        ("application/dtmf-relay", b"Signal=hook\r\n"),
        ("application/dtmf", b""),
        ("application/dtmf", b"55"),
        ("application/dtmf", b"5" + b" " * 300),
    ],
)
def test_what_is_no_key_is_none(kind: str | None, body: bytes) -> None:
    assert read_info_digit(kind, body) is None


@given(st.binary(max_size=300))
def test_no_body_is_too_strange(body: bytes) -> None:
    read = read_info_digit("application/dtmf-relay", body)

    assert read is None or (read[0] in "0123456789*#ABCD" and read[1] >= timedelta())


class Call:
    """A call that notes the INFOs sent on it."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_over = False

    def info(self, body: bytes, *, content_type: str) -> None:
        if self.is_over:
            raise ActionNotPossible("over")
        assert content_type == "application/dtmf-relay"
        self.sent.append(body.decode().split("\r\n")[0].removeprefix("Signal="))


def a_sender(call: Call, sent: list[str]) -> InfoDigitSender:
    return InfoDigitSender(
        cast(OutgoingCall, call),
        loop=asyncio.get_running_loop(),
        on_sent=lambda: sent.append("sent"),
    )


async def test_next_digit_waits_for_the_answer_to_the_last() -> None:
    call, told = Call(), list[str]()
    sender = a_sender(call, told)

    sender.send("1a")
    assert call.sent == ["1"]
    sender.answered(200)
    assert (call.sent, told) == (["1", "A"], [])
    sender.answered(500)  # refused: the others go on

    assert told == ["sent"]


async def test_each_send_is_told_of_by_itself() -> None:
    call, told = Call(), list[str]()
    sender = a_sender(call, told)

    sender.send("1")
    sender.send("2")
    sender.answered(200)
    assert (call.sent, told) == (["1", "2"], ["sent"])
    sender.answered(200)

    assert told == ["sent", "sent"]


async def test_answer_during_a_pause_does_not_shorten_it() -> None:
    call, told = Call(), list[str]()
    sender = a_sender(call, told)

    sender.send("W3")
    sender.answered(200)

    assert call.sent == []
    sender.stop()
    assert told == []


async def test_call_that_is_over_takes_no_more_digits() -> None:
    call, told = Call(), list[str]()
    call.is_over = True

    a_sender(call, told).send("12")

    assert (call.sent, told) == ([], [])
