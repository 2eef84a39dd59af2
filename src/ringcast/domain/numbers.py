"""Telephone numbers and the other addresses a call can go to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

import phonenumbers

from ringcast.domain.errors import InvalidInput, InvalidNumber

__all__ = ["Destination", "PhoneNumber", "SipAddress", "parse_destination"]

# North American numbers: area code and exchange start with 2-9 (NANPA). `phonenumbers` calls the
# fictitious 555-01xx range invalid, which tests and demonstrations must be able to dial.
_NANP = re.compile(r"1[2-9][0-9]{2}[2-9][0-9]{6}")
_WRITTEN = re.compile(r"\+?[0-9 ().\-/]{3,32}")
_TO_DIGITS = str.maketrans("", "", "+ ().-/")
_SIP = re.compile(r"sips?:[^\s<>\"]{1,255}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class PhoneNumber:
    """A telephone number in E.164, digits only, without the plus."""

    digits: str

    @classmethod
    def parse(cls, text: str, *, region: str = "US", field: str | None = None) -> PhoneNumber:
        """Read a number as people write it; without a plus it is of `region` (ISO 3166-1).

        Raises InvalidNumber if it has too few or too many digits for its country.
        """
        text = text.strip()
        if not _WRITTEN.fullmatch(text):
            raise InvalidNumber(text, field=field)
        digits = text.translate(_TO_DIGITS)
        if not text.startswith("+") and region == "US":
            if len(digits) == 10:
                digits = "1" + digits
            if len(digits) == 11 and digits[0] == "1":
                text = "+" + digits
        if text.startswith("+") and _NANP.fullmatch(digits):
            return cls(digits)  # most are such, and files bring them by the million
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            raise InvalidNumber(text, field=field) from None
        digits = f"{number.country_code}{phonenumbers.national_significant_number(number)}"
        possible = (
            _NANP.fullmatch(digits) is not None
            if number.country_code == 1
            else phonenumbers.is_possible_number(number)
        )
        if not possible:
            raise InvalidNumber(text, field=field)
        return cls(digits)

    @property
    def e164(self) -> str:
        """The number with its plus: +12135550100."""
        return f"+{self.digits}"

    @property
    def masked(self) -> str:
        """The number for logs: all but country and last two digits hidden."""
        return f"+{self.digits[:2]}{'*' * max(0, len(self.digits) - 4)}{self.digits[-2:]}"

    def __str__(self) -> str:
        return self.e164


@dataclass(frozen=True, slots=True)
class SipAddress:
    """A SIP URI that is called as it is, not over a trunk."""

    uri: str

    def __post_init__(self) -> None:
        if not _SIP.fullmatch(self.uri):
            raise InvalidInput(f"{self.uri!r} is not a SIP address: give it as sip:user@host:port")

    @property
    def masked(self) -> str:
        """The address for logs: the user part hidden."""
        return re.sub(r":[^@]*@", ":***@", self.uri)

    def __str__(self) -> str:
        return self.uri


Destination: TypeAlias = PhoneNumber | SipAddress


def parse_destination(text: str, *, region: str = "US", field: str | None = None) -> Destination:
    """Read a telephone number or a sip: address; raise InvalidInput if it is neither."""
    if text.strip().lower().startswith(("sip:", "sips:")):
        return SipAddress(text.strip())
    return PhoneNumber.parse(text, region=region, field=field)
