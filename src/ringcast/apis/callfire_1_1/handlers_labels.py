"""Labels of broadcasts and numbers: parse, do, render."""

from __future__ import annotations

from ringcast.apis.callfire_1_1.exchange import Exchange
from ringcast.apis.callfire_1_1.results import Done, Listed, Result
from ringcast.domain.ids import CampaignId
from ringcast.domain.numbers import PhoneNumber

__all__ = [
    "delete_label",
    "label_broadcast",
    "label_number",
    "query_labels",
    "unlabel_broadcast",
    "unlabel_number",
]


async def query_labels(exchange: Exchange) -> Result:
    """A page of the labels that broadcasts and numbers have, in the order of words."""
    found, total = await exchange.services.find_labels(exchange.account.id, exchange.page())
    return Listed([{"Name": one} for one in found], total)


async def delete_label(exchange: Exchange) -> Result:
    """A label taken from everything."""
    await exchange.services.delete_label(exchange.account.id, _label(exchange))
    return Done()


async def label_broadcast(exchange: Exchange) -> Result:
    """A label for a broadcast."""
    await exchange.services.label_campaign(
        exchange.account.id, _campaign_id(exchange), _label(exchange)
    )
    return Done()


async def unlabel_broadcast(exchange: Exchange) -> Result:
    """A broadcast without a label that it had."""
    await exchange.services.unlabel_campaign(
        exchange.account.id, _campaign_id(exchange), _label(exchange)
    )
    return Done()


async def label_number(exchange: Exchange) -> Result:
    """A label for a number."""
    await exchange.services.label_number(exchange.account.id, _number(exchange), _label(exchange))
    return Done()


async def unlabel_number(exchange: Exchange) -> Result:
    """A number without a label that it had."""
    await exchange.services.unlabel_number(exchange.account.id, _number(exchange), _label(exchange))
    return Done()


def _label(exchange: Exchange) -> str:
    return exchange.given.need_text("LabelName")


def _campaign_id(exchange: Exchange) -> CampaignId:
    return CampaignId(exchange.given.need_integer("Id"))


def _number(exchange: Exchange) -> PhoneNumber:
    return PhoneNumber.parse(exchange.given.need_text("Number"), field="Number")
