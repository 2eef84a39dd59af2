"""Numbers that must not be called, and lists of them: parse, do, render."""

from __future__ import annotations

from ringcast.apis.callfire_1_1.exchange import Exchange
from ringcast.apis.callfire_1_1.given import Given, Tree, TreeValue
from ringcast.apis.callfire_1_1.results import Done, Found, Listed, Result
from ringcast.domain.do_not_call import DoNotCallList
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import CampaignId, DoNotCallListId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.do_not_call import DoNotCallFilter
from ringcast.services.idempotency import Once

__all__ = [
    "add_to_dnc_list",
    "create_dnc_list",
    "delete_dnc_list",
    "get_dnc_list",
    "query_dnc_lists",
    "query_dnc_numbers",
    "remove_from_dnc_list",
    "update_dnc_number",
]

_SOURCE = "API"


async def query_dnc_numbers(exchange: Exchange) -> Result:
    """A page of the numbers that must not be called, in their order."""
    given, services = exchange.given, exchange.services
    prefix, list_id = given.text("Prefix"), given.integer("DncListId")
    if prefix is not None and not (prefix.isdecimal() and prefix.isascii() and len(prefix) <= 10):
        raise InvalidInput("Prefix is 1 to 10 digits", field="Prefix")
    if list_id is not None:
        await services.get_dnc_list(exchange.account.id, DoNotCallListId(list_id))
    wanted = DoNotCallFilter(
        prefix=prefix,
        list_id=None if list_id is None else DoNotCallListId(list_id),
        source=given.text("DncListName"),
        call=given.flag("CallDnc"),
        text=given.flag("TextDnc"),
    )
    found, total = await services.find_do_not_call(exchange.account.id, exchange.page(), wanted)
    lists = await services.lists_of_numbers(exchange.account.id, [one.number for one in found])
    items: list[Tree] = []
    for one in found:
        tree: dict[str, TreeValue] = {
            "Number": one.number.digits,
            "CallDnc": one.call,
            "TextDnc": one.text,
        }
        if one.number in lists:
            tree["DncListId"] = lists[one.number][0] if list_id is None else list_id
        items.append(tree)
    return Listed(items, total)


async def update_dnc_number(exchange: Exchange) -> Result:
    """What is barred of a number, which comes on the list if it is not there."""
    given, services = exchange.given, exchange.services
    number = PhoneNumber.parse(given.need_text("Number"), field="Number")
    call, text = given.flag("CallDnc"), given.flag("TextDnc")
    if call is None and text is None:
        raise InvalidInput("give CallDnc or TextDnc", field="CallDnc")
    try:
        await services.update_do_not_call(exchange.account.id, number, call=call, text=text)
    except NotFound:
        await services.add_do_not_call(
            exchange.account,
            [number],
            call=bool(call),
            text=bool(text),
            inbound_call=False,
            inbound_text=False,
            source=_SOURCE,
        )
    return Done()


async def query_dnc_lists(exchange: Exchange) -> Result:
    """A page of lists, newest first."""
    found, total = await exchange.services.find_dnc_lists(exchange.account.id, exchange.page())
    return Listed([_list(one) for one in found], total)


async def create_dnc_list(exchange: Exchange) -> Result:
    """A list, whose numbers are not called from now on."""
    given = exchange.given
    name, campaign_id = given.need_text("Name"), given.integer("CampaignId")
    call, text = _bars(given)
    numbers = _numbers(given)

    async def make(once: Once[DoNotCallList] | None) -> DoNotCallList:
        return await exchange.services.create_dnc_list(
            exchange.account,
            name,
            numbers,
            call=call,
            text=text,
            campaign_id=None if campaign_id is None else CampaignId(campaign_id),
            once=once,
        )

    return await exchange.create(make, lambda made: made.id)


async def get_dnc_list(exchange: Exchange) -> Result:
    """One list."""
    found = await exchange.services.get_dnc_list(exchange.account.id, _list_id(exchange))
    return Found(_list(found))


async def delete_dnc_list(exchange: Exchange) -> Result:
    """A list less; its numbers can be called unless something else bars them."""
    await exchange.services.delete_dnc_list(exchange.account.id, _list_id(exchange))
    return Done()


async def add_to_dnc_list(exchange: Exchange) -> Result:
    """More numbers that are not called."""
    call, text = _bars(exchange.given)
    await exchange.services.add_to_dnc_list(
        exchange.account.id, _list_id(exchange), _numbers(exchange.given), call=call, text=text
    )
    return Done()


async def remove_from_dnc_list(exchange: Exchange) -> Result:
    """Numbers that can be called again unless something else bars them."""
    await exchange.services.remove_from_dnc_list(
        exchange.account.id, _list_id(exchange), _numbers(exchange.given)
    )
    return Done()


def _bars(given: Given) -> tuple[bool, bool]:
    """Return whether calls and texts are barred: both, unless one of them is named."""
    call, text = given.flag("CallDnc"), given.flag("TextDnc")
    if call is None and text is None:
        return True, True
    return bool(call), bool(text)


def _numbers(given: Given) -> list[PhoneNumber]:
    return [PhoneNumber.parse(one, field="Numbers") for one in given.texts("Numbers") or ()]


def _list_id(exchange: Exchange) -> DoNotCallListId:
    return DoNotCallListId(exchange.given.need_integer("Id"))


def _list(of: DoNotCallList) -> Tree:
    tree: dict[str, TreeValue] = {"@id": of.id, "Name": of.name, "Size": of.size}
    if of.campaign_id is not None:
        tree["CampaignId"] = of.campaign_id
    return tree
