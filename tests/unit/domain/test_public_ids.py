from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.domain.public_ids import PublicIds

IDS = PublicIds(b"k" * 32)


@given(st.integers(min_value=0, max_value=2**64 - 1))
def test_an_identifier_comes_back_from_its_public_form(number: int) -> None:
    assert IDS.number_of(IDS.hex_of(number)) == number


@given(st.binary(min_size=16, max_size=16))
def test_a_made_up_public_form_is_none(block: bytes) -> None:
    assert IDS.number_of(block.hex()) is None


@pytest.mark.parametrize("text", ["", "zz", "00" * 15, "00" * 17, "g" * 32])
def test_what_is_no_public_form_is_none(text: str) -> None:
    assert IDS.number_of(text) is None


def test_every_changed_digit_breaks_the_form() -> None:
    text = IDS.hex_of(7)
    for place, digit in enumerate(text):
        other = "0" if digit != "0" else "1"
        assert IDS.number_of(text[:place] + other + text[place + 1 :]) is None


def test_neighbours_look_unlike_each_other() -> None:
    pairs = zip(IDS.hex_of(1000), IDS.hex_of(1001), strict=True)
    assert sum(a == b for a, b in pairs) < 12  # 2 expected of 32


def test_another_key_reads_nothing() -> None:
    assert PublicIds(b"x" * 32).number_of(IDS.hex_of(5)) is None


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16"):
        PublicIds(b"short")
