"""The account's numbers, those that the operator has added: parse, do, render."""

from __future__ import annotations

from collections.abc import Sequence

from ringcast.apis.callfire_1_1.dialplans import dialplan_of, dialplan_script
from ringcast.apis.callfire_1_1.errors import NotYet
from ringcast.apis.callfire_1_1.exchange import Exchange
from ringcast.apis.callfire_1_1.given import Given, Tree, TreeValue
from ringcast.apis.callfire_1_1.results import Done, Found, Listed, Result
from ringcast.domain.accounts import AccountNumber
from ringcast.domain.errors import InvalidInput
from ringcast.domain.forwarding import Forwarding, forwarding_of
from ringcast.domain.ids import SoundId
from ringcast.domain.numbering import area_prefix, country_of, is_toll_free, national_format
from ringcast.domain.numbers import PhoneNumber

__all__ = ["configure_number", "get_number", "query_numbers", "query_regions"]

_TOLD = ("Prefix", "Country")
"""What the digits of a number tell of its region; nothing else is known of it."""


async def query_numbers(exchange: Exchange) -> Result:
    """A page of numbers, oldest first, of those whose region fits as far as it is known."""
    window, services = exchange.page(), exchange.services
    label = exchange.given.text("LabelName")
    numbers = _in_region(
        exchange.given,
        await services.list_numbers(exchange.account.id)
        if label is None
        else await services.numbers_with_label(exchange.account.id, label),
    )
    some = numbers[window.offset : window.offset + window.limit]
    return Listed([_number(one) for one in some], len(numbers))


async def query_regions(exchange: Exchange) -> Result:
    """A page of the regions that the account has numbers in, as far as they are known."""
    window = exchange.page()
    numbers = await exchange.services.list_numbers(exchange.account.id)
    regions: list[Tree] = []
    for one in _in_region(exchange.given, numbers):
        region = _region(one.number)
        if region not in regions:
            regions.append(region)
    return Listed(regions[window.offset : window.offset + window.limit], len(regions))


async def get_number(exchange: Exchange) -> Result:
    """One number."""
    number = PhoneNumber.parse(exchange.given.need_text("Number"), field="Number")
    return Found(_number(await exchange.services.get_number(exchange.account.id, number)))


async def configure_number(exchange: Exchange) -> Result:
    """What is done with calls to a number: they are put through to others."""
    given = exchange.given
    number = PhoneNumber.parse(given.need_text("Number"), field="Number")
    asked = given.part("NumberConfiguration") or Given({})
    if asked.text("CallFeature") not in (None, "ENABLED"):
        raise NotYet("another CallFeature than ENABLED")
    if asked.text("TextFeature") not in (None, "UNSUPPORTED", "DISABLED"):
        raise NotYet("TextFeature", "this system neither sends nor receives messages")
    inside = asked.part("InboundCallConfiguration") or Given({})
    tracking = inside.part("CallTrackingConfig")
    ivr = inside.part("IvrInboundConfig")
    if ivr is not None:
        script = dialplan_script(ivr.need_text("DialplanXml"))
        await exchange.services.answer_number(exchange.account.id, number, script)
        return Done()
    if tracking is None:
        raise InvalidInput(
            "InboundCallConfigurationType is required: it is TRACKING or IVR",
            field="InboundCallConfigurationType",
        )
    wanted = Forwarding(
        numbers=tuple(
            PhoneNumber.parse(one, field="TransferNumber").digits
            for one in tracking.texts("TransferNumber") or ()
        ),
        screen=bool(tracking.flag("Screen")),
        record=bool(tracking.flag("Record")),
        intro=_sound(tracking.integer("IntroSoundId")),
        whisper=_sound(tracking.integer("WhisperSoundId")),
        failed=None,
        voicemail=False,
        voicemail_greeting=None,
    )
    await exchange.services.forward_number(exchange.account.id, number, wanted)
    return Done()


def _in_region(given: Given, numbers: Sequence[AccountNumber]) -> Sequence[AccountNumber]:
    """Return those numbers that are in the region asked for."""
    region = given.part("Region") or Given({})
    for name in region.tree:
        if name not in _TOLD:
            raise InvalidInput(
                f"numbers are found by {' and '.join(_TOLD)} here, not by {name}", field=name
            )
    prefix, country = region.text("Prefix"), region.text("Country")
    if prefix is not None and not prefix.isdecimal():
        raise InvalidInput("Prefix is digits", field="Prefix")
    return [
        one
        for one in numbers
        if (prefix is None or _begins(one.number, prefix))
        and (country is None or country_of(one.number) == country.upper())
    ]


def _sound(given: int | None) -> SoundId | None:
    return None if given is None else SoundId(given)


def _begins(number: PhoneNumber, prefix: str) -> bool:
    """Tell whether the number begins so; North American ones with or without their 1."""
    digits = number.digits
    return digits.startswith(prefix) or (digits[0] == "1" and digits[1:].startswith(prefix))


def _region(of: PhoneNumber) -> Tree:
    """Return what the digits tell of where a number is."""
    region: dict[str, TreeValue] = {"Prefix": area_prefix(of)}
    country = country_of(of)
    if country is not None:
        region["Country"] = country
    return region


def _number(of: AccountNumber) -> Tree:
    return {
        "Number": of.number.digits,
        "NationalFormat": national_format(of.number),
        "TollFree": is_toll_free(of.number),
        "Region": _region(of.number),
        "Status": "ACTIVE",
        "LeaseInfo": {"LeaseBegin": of.created_at.date(), "AutoRenew": True},
        "NumberConfiguration": _configuration(of),
    }


def _configuration(of: AccountNumber) -> Tree:
    """Return what is done with calls to a number, as far as CallFire has words for it."""
    tree: dict[str, TreeValue] = {
        # Numbers to call from belong to the user elsewhere: calls to them do not come here.
        "CallFeature": "DISABLED" if of.caller_id_only else "ENABLED",
        "TextFeature": "UNSUPPORTED",
    }
    dialplan = None if of.script is None else dialplan_of(of.script)
    if dialplan is not None:
        tree["InboundCallConfigurationType"] = "IVR"
        tree["InboundCallConfiguration"] = {"IvrInboundConfig": {"DialplanXml": dialplan}}
    wanted = None if of.script is None else forwarding_of(of.script)
    if wanted is not None:
        tracking: dict[str, TreeValue] = {
            "TransferNumber": list(wanted.numbers),
            "Screen": wanted.screen,
            "Record": wanted.record,
        }
        if wanted.intro is not None:
            tracking["IntroSoundId"] = wanted.intro
        if wanted.whisper is not None:
            tracking["WhisperSoundId"] = wanted.whisper
        tree["InboundCallConfigurationType"] = "TRACKING"
        tree["InboundCallConfiguration"] = {"CallTrackingConfig": tracking}
    return tree
