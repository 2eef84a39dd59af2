"""What the digits of a telephone number tell of it."""

from __future__ import annotations

import re

import phonenumbers

from ringcast.domain.numbers import PhoneNumber

__all__ = ["area_prefix", "country_of", "is_toll_free", "national_format"]

_NANP_TOLL_FREE = re.compile(r"18(?:00|33|44|55|66|77|88)")


def national_format(number: PhoneNumber) -> str:
    """Return the number as its country writes it: (213) 555-0100."""
    return phonenumbers.format_number(_parsed(number), phonenumbers.PhoneNumberFormat.NATIONAL)


def is_toll_free(number: PhoneNumber) -> bool:
    """Tell whether calls to the number are paid by who is called."""
    parsed = _parsed(number)
    if parsed.country_code == 1:  # fictitious numbers have no type, but their area code has
        return _NANP_TOLL_FREE.match(number.digits) is not None
    return phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.TOLL_FREE


def area_prefix(number: PhoneNumber) -> str:
    """Return the country code, in North America with the area code after it."""
    code = _parsed(number).country_code
    return number.digits[:4] if code == 1 else str(code)


def country_of(number: PhoneNumber) -> str | None:
    """Return the country of the number (ISO 3166-1), or None if the digits do not tell."""
    parsed = _parsed(number)
    if parsed.country_code == 1:
        # The area code decides; a line of its that exists stands for those that are fictitious.
        parsed = phonenumbers.parse(f"+{number.digits[:4]}2345678")
    return phonenumbers.region_code_for_number(parsed)


def _parsed(number: PhoneNumber) -> phonenumbers.PhoneNumber:
    return phonenumbers.parse(number.e164)
