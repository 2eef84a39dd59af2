"""What digits tell."""

from __future__ import annotations

import pytest

from ringcast.domain.numbering import area_prefix, country_of, is_toll_free, national_format
from ringcast.domain.numbers import PhoneNumber


@pytest.mark.parametrize(
    ("digits", "written", "prefix", "country", "toll_free"),
    [
        ("12135550100", "(213) 555-0100", "1213", "US", False),
        ("14165550100", "(416) 555-0100", "1416", "CA", False),
        ("18005550100", "(800) 555-0100", "1800", "US", True),
        ("18885551234", "(888) 555-1234", "1888", "US", True),
        ("442071838750", "020 7183 8750", "44", "GB", False),
        ("448081570000", "0808 157 0000", "44", "GB", True),
        ("4930123456", "030 123456", "49", "DE", False),
        ("80012345678", "1234 5678", "800", "001", True),  # of no country: for all of them
    ],
)
def test_a_number_tells_its_country_area_and_price(
    digits: str, written: str, prefix: str, country: str, toll_free: bool
) -> None:
    number = PhoneNumber(digits)
    assert national_format(number) == written
    assert area_prefix(number) == prefix
    assert country_of(number) == country
    assert is_toll_free(number) == toll_free


def test_an_area_that_is_not_assigned_is_of_no_country() -> None:
    assert country_of(PhoneNumber("12115550100")) is None
