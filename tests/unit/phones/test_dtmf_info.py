from __future__ import annotations

import pytest

from ringcast.phones.dtmf_info import DTMF_RELAY, read_digit, relay_body


@pytest.mark.parametrize("digit", "0123456789*#ABCD")
def test_what_is_written_is_read(digit: str) -> None:
    assert read_digit(DTMF_RELAY, relay_body(digit)) == digit


@pytest.mark.parametrize(
    ("content_type", "body", "digit"),
    [
        (DTMF_RELAY, b"signal = 11\nduration = 250\n", "#"),
        (DTMF_RELAY, b"Duration=160\r\nSignal=a\r\n", "A"),
        ("application/dtmf", b"5\r\n", "5"),
        ("application/dtmf", b"10", "*"),
        (DTMF_RELAY, b"Signal=x", None),
        (DTMF_RELAY, b"Duration=160", None),
        (DTMF_RELAY, b"\xff\xfe", None),
        (DTMF_RELAY, b"Signal=1" + b" " * 300, None),
        ("application/sdp", b"Signal=1", None),
        (None, b"5", None),
    ],
)
def test_bodies_of_other_makers(content_type: str | None, body: bytes, digit: str | None) -> None:
    assert read_digit(content_type, body) == digit
