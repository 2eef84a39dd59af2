"""Broadcasts with their batches and schedules: parse, do, render."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import bodies
from ringcast.apis.callfire_1_1.dialplans import dialplan_of
from ringcast.apis.callfire_1_1.exchange import Exchange
from ringcast.apis.callfire_1_1.given import Given
from ringcast.apis.callfire_1_1.requests import (
    campaign_request,
    recipients,
    schedule_request,
    within,
)
from ringcast.apis.callfire_1_1.results import Done, Found, Listed, Result
from ringcast.apis.callfire_1_1.statuses import RUNNING
from ringcast.domain.campaigns import Batch, Campaign, CampaignStatus
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import BatchId, CampaignId, ContactListId, ScheduleId
from ringcast.domain.schedules import Schedule
from ringcast.ports.store import Page
from ringcast.services.campaign_building import CampaignRequest
from ringcast.services.idempotency import Once

__all__ = [
    "control_batch",
    "control_broadcast",
    "create_batch",
    "create_broadcast",
    "create_schedule",
    "delete_schedule",
    "get_batch",
    "get_broadcast",
    "get_schedule",
    "get_stats",
    "query_batches",
    "query_broadcasts",
    "query_schedules",
    "update_broadcast",
]

_TYPES = ("VOICE", "IVR")
_MOST = 50_000  # broadcasts of an account that are looked at for those of a type
_DEFAULT_BATCH = "API Contact Batch"


async def create_broadcast(exchange: Exchange) -> Result:
    """A campaign that is made and not started."""
    asked = _asked(_broadcast(exchange.given))

    async def make(once: Once[Campaign] | None) -> Campaign:
        return await exchange.services.create_campaign(exchange.account, asked, once=once)

    return await exchange.create(make, lambda made: made.id)


async def update_broadcast(exchange: Exchange) -> Result:
    """The whole configuration anew; the name is needed, but not changed."""
    given = _broadcast(exchange.given)
    broadcast_id = given.integer("@id")
    if broadcast_id is None:
        raise InvalidInput("the Broadcast needs its id", field="id")
    asked = _asked(given, afresh=True)

    async def do() -> None:
        await exchange.services.update_campaign(exchange.account, CampaignId(broadcast_id), asked)

    return await exchange.once(do)


async def query_broadcasts(exchange: Exchange) -> Result:
    """A page of campaigns, newest first, without those that are archived."""
    given, window = exchange.given, exchange.page()
    types = set(given.texts("Type") or _TYPES)
    running = given.flag("Running")
    statuses: list[CampaignStatus] | None = None
    if running is not None:
        archived = CampaignStatus.ARCHIVED
        statuses = [
            one for one in CampaignStatus if one is not archived and (one in RUNNING) is running
        ]
    all_types = types >= set(_TYPES)
    found, total = await exchange.services.find_campaigns(
        exchange.account.id,
        window if all_types else Page(limit=_MOST),
        label=given.text("LabelName"),
        statuses=statuses,
    )
    if not all_types:
        of_type = [one for one in found if _type(one) in types]
        found, total = of_type[window.offset : window.offset + window.limit], len(of_type)
    return Listed([bodies.broadcast(one) for one in found], total)


async def get_broadcast(exchange: Exchange) -> Result:
    """One campaign."""
    found = await exchange.services.get_campaign(exchange.account.id, _campaign_id(exchange.given))
    return Found(bodies.broadcast(found))


async def get_stats(exchange: Exchange) -> Result:
    """The numbers of a campaign, of all its time or of some."""
    given = exchange.given
    counts = await exchange.services.campaign_stats(
        exchange.account.id,
        _campaign_id(given),
        since=given.moment("IntervalBegin"),
        until=given.moment("IntervalEnd"),
    )
    return Found(bodies.stats(counts))


async def control_broadcast(exchange: Exchange) -> Result:
    """Start, stop or archive a campaign; change how many of its calls there are at once."""
    given, services = exchange.given, exchange.services
    account, campaign_id = exchange.account, _campaign_id(given)
    command = given.text("Command")
    max_active = within(given.integer("MaxActive"), "MaxActive", least=1, most=100_000)
    if command is None and max_active is None:
        raise InvalidInput("give Command or MaxActive", field="Command")

    async def do() -> None:
        if max_active is not None:
            asked = CampaignRequest(max_active=max_active)
            await services.update_campaign(account, campaign_id, asked)
        match command:
            case "START":
                await services.start_campaign(account.id, campaign_id)
            case "STOP":
                await services.stop_campaign(account.id, campaign_id)
            case "ARCHIVE":
                await services.archive_campaign(account.id, campaign_id)

    return await exchange.once(do)


async def create_batch(exchange: Exchange) -> Result:
    """More people for a campaign, which is started if that is asked for."""
    given, services = exchange.given, exchange.services
    campaign_id = CampaignId(given.need_integer("BroadcastId"))
    list_id = given.integer("ContactListId")
    if list_id is not None and "ToNumber" in given:
        raise InvalidInput("give To or ContactListId, not both", field="ContactListId")
    to = recipients(given) if list_id is None else ContactListId(list_id)

    async def make(once: Once[Batch] | None) -> Batch:
        return await services.add_batch(
            exchange.account,
            campaign_id,
            to,
            name=given.text("Name") or _DEFAULT_BATCH,
            scrub=bool(given.flag("ScrubBroadcastDuplicates")),
            once=once,
        )

    created = await exchange.create(make, lambda made: made.id)
    if given.flag("Start"):
        await services.start_campaign(exchange.account.id, campaign_id)
    return created


async def query_batches(exchange: Exchange) -> Result:
    """A page of the batches of a campaign, newest first."""
    campaign_id = CampaignId(exchange.given.need_integer("BroadcastId"))
    found, total = await exchange.services.find_batches(
        exchange.account.id, campaign_id, exchange.page()
    )
    return Listed([bodies.batch(one) for one in found], total)


async def get_batch(exchange: Exchange) -> Result:
    """One batch."""
    batch_id = BatchId(exchange.given.need_integer("Id"))
    found = await exchange.services.get_batch(exchange.account.id, batch_id)
    return Found(bodies.batch(found))


async def control_batch(exchange: Exchange) -> Result:
    """Another name for a batch; its calls left out of the campaign, or taken in again."""
    given, services = exchange.given, exchange.services
    batch_id = BatchId(given.need_integer("Id"))
    name, enabled = given.text("Name"), given.flag("Enabled")
    if name is None and enabled is None:
        raise InvalidInput("give Name or Enabled", field="Enabled")
    if name is not None:
        await services.rename_batch(exchange.account.id, batch_id, name)
    if enabled is not None:
        await services.enable_batch(exchange.account.id, batch_id, enabled=enabled)
    return Done()


async def create_schedule(exchange: Exchange) -> Result:
    """A schedule, by which the campaign then starts and stops."""
    given = exchange.given
    campaign_id = CampaignId(given.need_integer("BroadcastId"))
    part = given.part("BroadcastSchedule")
    if part is None:
        raise InvalidInput("StartTimeOfDay is required", field="StartTimeOfDay")
    asked = schedule_request(part)

    async def make(once: Once[Schedule] | None) -> Schedule:
        return await exchange.services.add_schedule(exchange.account, campaign_id, asked, once=once)

    return await exchange.create(make, lambda made: made.id)


async def query_schedules(exchange: Exchange) -> Result:
    """A page of the schedules of a campaign."""
    campaign_id = CampaignId(exchange.given.need_integer("BroadcastId"))
    found, total = await exchange.services.find_schedules(
        exchange.account.id, campaign_id, exchange.page()
    )
    return Listed([bodies.schedule(one) for one in found], total)


async def get_schedule(exchange: Exchange) -> Result:
    """One schedule."""
    schedule_id = ScheduleId(exchange.given.need_integer("Id"))
    found = await exchange.services.get_schedule(exchange.account.id, schedule_id)
    return Found(bodies.schedule(found))


async def delete_schedule(exchange: Exchange) -> Result:
    """A schedule less; a campaign that ran by it stops."""
    schedule_id = ScheduleId(exchange.given.need_integer("Id"))
    await exchange.services.remove_schedule(exchange.account.id, schedule_id)
    return Done()


def _type(of: Campaign) -> str:
    return "VOICE" if dialplan_of(of.script) is None else "IVR"


def _broadcast(given: Given) -> Given:
    part = given.part("Broadcast")
    if part is None or part.text("Name") is None:
        raise InvalidInput("Name is required", field="Name")
    return part


def _asked(given: Given, *, afresh: bool = False) -> CampaignRequest:
    return campaign_request(
        None if afresh else given.text("Name"),
        given.texts("Label"),
        given.text("Type"),
        given,
        resume_next_day=given.flag("ResumeNextDay"),
        afresh=afresh,
    )


def _campaign_id(given: Given) -> CampaignId:
    return CampaignId(given.need_integer("Id"))
