"""The account's numbers, those that the operator has added: parse, do, render."""

from __future__ import annotations

from ringcast.apis.callfire_1_1.exchange import Exchange
from ringcast.apis.callfire_1_1.given import Given, Tree, TreeValue
from ringcast.apis.callfire_1_1.results import Found, Listed, Result
from ringcast.domain.accounts import AccountNumber
from ringcast.domain.errors import InvalidInput
from ringcast.domain.numbering import area_prefix, country_of, is_toll_free, national_format
from ringcast.domain.numbers import PhoneNumber

__all__ = ["get_number", "query_numbers"]

_TOLD = ("Prefix", "Country")
"""What the digits of a number tell of its region; nothing else is known of it."""


async def query_numbers(exchange: Exchange) -> Result:
    """A page of numbers, oldest first, of those whose region fits as far as it is known."""
    given, window = exchange.given, exchange.page()
    region = given.part("Region") or Given({})
    for name in region.tree:
        if name not in _TOLD:
            raise InvalidInput(
                f"numbers are found by {' and '.join(_TOLD)} here, not by {name}", field=name
            )
    prefix, country = region.text("Prefix"), region.text("Country")
    if prefix is not None and not prefix.isdecimal():
        raise InvalidInput("Prefix is digits", field="Prefix")
    label, services = given.text("LabelName"), exchange.services
    numbers = [
        one
        for one in (
            await services.list_numbers(exchange.account.id)
            if label is None
            else await services.numbers_with_label(exchange.account.id, label)
        )
        if (prefix is None or _begins(one.number, prefix))
        and (country is None or country_of(one.number) == country.upper())
    ]
    some = numbers[window.offset : window.offset + window.limit]
    return Listed([_number(one) for one in some], len(numbers))


async def get_number(exchange: Exchange) -> Result:
    """One number."""
    number = PhoneNumber.parse(exchange.given.need_text("Number"), field="Number")
    return Found(_number(await exchange.services.get_number(exchange.account.id, number)))


def _begins(number: PhoneNumber, prefix: str) -> bool:
    """Tell whether the number begins so; North American ones with or without their 1."""
    digits = number.digits
    return digits.startswith(prefix) or (digits[0] == "1" and digits[1:].startswith(prefix))


def _number(of: AccountNumber) -> Tree:
    region: dict[str, TreeValue] = {"Prefix": area_prefix(of.number)}
    country = country_of(of.number)
    if country is not None:
        region["Country"] = country
    return {
        "Number": of.number.digits,
        "NationalFormat": national_format(of.number),
        "TollFree": is_toll_free(of.number),
        "Region": region,
        "Status": "ACTIVE",
        "LeaseInfo": {"LeaseBegin": of.created_at.date(), "AutoRenew": True},
        "NumberConfiguration": {
            # Numbers to call from belong to the user elsewhere: calls to them do not come here.
            "CallFeature": "DISABLED" if of.caller_id_only else "ENABLED",
            "TextFeature": "UNSUPPORTED",
        },
    }
