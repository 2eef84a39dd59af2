from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.domain.errors import InvalidInput, InvalidNumber
from ringcast.domain.numbers import PhoneNumber, SipAddress, parse_destination


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("+12135550100", "12135550100"),
        ("12135550100", "12135550100"),
        ("2135550100", "12135550100"),
        ("(213) 555-0100", "12135550100"),
        ("1 213.555.0100", "12135550100"),
        ("+44 20 7946 0958", "442079460958"),
        ("+4915112345678", "4915112345678"),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, digits: str) -> None:
    assert PhoneNumber.parse(text).digits == digits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "911",
        "+1213555010",
        "+121355501000",
        "+10135550100",  # area codes start with 2-9
        "+12131550100",  # and so do exchanges
        "12135550100;drop",
        "+999123456789",
        "1-800-FLOWERS",
        "+" + "1" * 40,
        "\uff12\uff11\uff13\uff15\uff15\uff15\uff10\uff11\uff10\uff10",  # full-width digits
    ],
)
def test_what_is_no_number_is_refused_with_the_form_it_should_have(text: str) -> None:
    with pytest.raises(InvalidNumber, match="12135550100"):
        PhoneNumber.parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_an_invalid_number(text: str) -> None:
    try:
        number = PhoneNumber.parse(text)
    except InvalidNumber:
        return
    assert number.digits.isascii()
    assert number.digits.isdecimal()
    assert PhoneNumber.parse(number.e164) == number


def test_a_masked_number_shows_neither_area_nor_line() -> None:
    assert PhoneNumber("12135550100").masked == "+12*******00"


def test_a_destination_is_a_number_or_a_sip_address() -> None:
    assert parse_destination("+12135550100") == PhoneNumber("12135550100")
    assert parse_destination("sip:bob@127.0.0.1:5080") == SipAddress("sip:bob@127.0.0.1:5080")


@pytest.mark.parametrize("uri", ["sip:", "sip:a b@c", "sip:a@b\r\nVia: x", "sip:<x>"])
def test_a_sip_address_cannot_carry_anything_else(uri: str) -> None:
    with pytest.raises(InvalidInput):
        parse_destination(uri)


def test_a_masked_sip_address_hides_its_user() -> None:
    assert SipAddress("sip:bob@host:5080").masked == "sip:***@host:5080"
