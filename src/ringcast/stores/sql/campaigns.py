"""Campaigns, their batches, and which of their calls are to be dialled."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Table, exists, func, or_, select, update

from ringcast.domain.calls import Call, CallState
from ringcast.domain.campaigns import Batch, Campaign, CampaignStatus
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, BatchId, CallId, CampaignId, ContactId, ScheduleId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Page
from ringcast.stores.sql.campaign_tables import (
    batches,
    campaign_is_at_work,
    campaigns,
    kept_counts,
)
from ringcast.stores.sql.columns import unindexed
from ringcast.stores.sql.counts import CountWork
from ringcast.stores.sql.tables import calls, campaign_call_waits, second_leg_lives
from ringcast.stores.sql.work import batches as in_batches
from ringcast.stores.sql.work import entity, values

__all__ = ["CampaignWork"]

_MEMBERS = [column for column in campaigns.c if column.name != "name_folded"]
_NUMBERS_AT_ONCE = 5_000


class CampaignWork(CountWork):
    """The part of a transaction that is about campaigns."""

    async def add_campaign(self, campaign: Campaign) -> None:
        await self._insert(
            campaigns,
            [_row(campaign)],
            exists="a campaign with that identifier exists already",
            missing=NotFound("account", campaign.account_id),
        )

    async def campaign(
        self, account_id: AccountId, campaign_id: CampaignId, *, for_update: bool = False
    ) -> Campaign | None:
        statement = select(*_MEMBERS).where(
            campaigns.c.id == campaign_id, campaigns.c.account_id == account_id
        )
        if for_update:
            found = await self._lock(statement, skip_locked=False)
        else:
            found = await self._read(statement)
        return _campaign(found.rows[0]) if found.rows else None

    async def campaign_with_schedule(
        self, account_id: AccountId, schedule_id: ScheduleId
    ) -> Campaign | None:
        # The identifier is the first member of a schedule as it is kept, and others follow it.
        kept = func.replace(campaigns.c.schedules, f'"id":{int(schedule_id)},', "")
        statement = select(*_MEMBERS).where(
            campaigns.c.account_id == account_id, kept != campaigns.c.schedules
        )
        rows = (await self._read(statement)).rows
        return _campaign(rows[0]) if rows else None

    async def campaigns(
        self,
        account_id: AccountId,
        page: Page,
        *,
        name: str | None = None,
        label: str | None = None,
        statuses: Sequence[CampaignStatus] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[Sequence[Campaign], int]:
        where: list[ColumnElement[bool]] = [campaigns.c.account_id == account_id]
        if name is not None:
            where.append(campaigns.c.name_folded.contains(_folded(name), autoescape=True))
        if label is not None:
            # A label among the labels, as they are kept: with its quotation marks.
            quoted = msgspec.json.encode(label).decode()
            where.append(func.replace(campaigns.c.labels, quoted, "") != campaigns.c.labels)
        if statuses is None:
            where.append(campaigns.c.status != CampaignStatus.ARCHIVED)
        else:
            where.append(campaigns.c.status.in_(statuses))
        if since is not None:
            where.append(campaigns.c.created_at >= since)
        if until is not None:
            where.append(campaigns.c.created_at < until)
        statement = (
            select(*_MEMBERS)
            .where(*where)
            .order_by(campaigns.c.id.desc())
            .limit(page.limit)
            .offset(page.offset)
        )
        found = [_campaign(row) for row in (await self._read(statement)).rows]
        return found, await self._count_rows(campaigns, where)

    async def campaigns_with_ids(
        self, campaign_ids: Sequence[CampaignId]
    ) -> Mapping[CampaignId, Campaign]:
        found: dict[CampaignId, Campaign] = {}
        for some in in_batches(sorted(set(campaign_ids))):
            statement = select(*_MEMBERS).where(campaigns.c.id.in_(some))
            for row in (await self._read(statement)).rows:
                found[row.id] = _campaign(row)
        return found

    async def update_campaign(self, campaign: Campaign) -> None:
        row = _row(campaign)
        del row["created_at"]
        statement = (
            update(campaigns)
            .where(campaigns.c.id == row.pop("id"), campaigns.c.account_id == row.pop("account_id"))
            .values(row)
        )
        if not (await self._change(statement)).changed:
            raise NotFound("campaign", campaign.id)

    # dialling

    async def campaigns_wanting(self, now: datetime) -> bool:
        due = exists().where(
            campaign_call_waits, calls.c.campaign_id == campaigns.c.id, calls.c.due_at <= now
        )
        unfinished = exists().where(
            kept_counts.c.owner == campaigns.c.id,
            kept_counts.c.what.in_(["state:ready", "state:active"]),
            kept_counts.c.number > 0,
        )
        running = campaigns.c.status == CampaignStatus.RUNNING
        statement = (
            select(campaigns.c.id)
            .where(
                campaign_is_at_work,
                or_(
                    running & (due | ~unfinished),
                    # Whether one that stops for the night may stop is looked at every time.
                    running & campaigns.c.stops_after.is_not(None),
                    campaigns.c.wake_at <= now,
                ),
            )
            .limit(1)
        )
        return bool((await self._read(statement)).rows)

    async def campaigns_at_work(self, now: datetime) -> Sequence[Campaign]:
        statement = (
            select(*_MEMBERS)
            .where(
                campaign_is_at_work,
                or_(
                    campaigns.c.status == CampaignStatus.RUNNING,
                    campaigns.c.wake_at <= now,
                ),
            )
            .order_by(campaigns.c.id)
        )
        found = await self._lock(statement, skip_locked=True)
        return [_campaign(row) for row in found.rows]

    async def due_calls_of_campaign(
        self, campaign_id: CampaignId, now: datetime, limit: int
    ) -> Sequence[Call]:
        statement = (
            select(calls)
            .where(campaign_call_waits, calls.c.campaign_id == campaign_id, calls.c.due_at <= now)
            .order_by(calls.c.due_at, calls.c.id)
            .limit(limit)
        )
        found = await self._lock(statement, skip_locked=True)
        return [entity(Call, row._mapping) for row in found.rows]

    async def next_due_of_campaign(self, campaign_id: CampaignId) -> datetime | None:
        statement = (
            select(calls.c.due_at)
            .where(campaign_call_waits, calls.c.campaign_id == campaign_id)
            .order_by(calls.c.due_at)
            .limit(1)
        )
        rows = (await self._read(statement)).rows
        return rows[0].due_at if rows else None

    async def live_transfers(self, campaign_id: CampaignId) -> int:
        first = calls.alias("first_legs")
        statement = (
            select(func.count())
            .select_from(calls)
            .join(first, first.c.id == calls.c.transferred_from)
            .where(second_leg_lives, first.c.campaign_id == campaign_id)
        )
        count: int = (await self._read(statement)).rows[0][0]
        return count

    async def live_second_legs(self, call_ids: Collection[CallId]) -> Mapping[CallId, CallId]:
        found: dict[CallId, CallId] = {}
        for some in in_batches(sorted(call_ids)):
            statement = select(calls.c.id, calls.c.transferred_from).where(
                second_leg_lives, calls.c.transferred_from.in_(some)
            )
            rows = (await self._read(statement)).rows
            found |= {CallId(row.transferred_from): CallId(row.id) for row in rows}
        return found

    async def make_due(self, campaign_id: CampaignId, now: datetime) -> int:
        statement = (
            update(calls)
            .where(
                campaign_call_waits,
                calls.c.campaign_id == campaign_id,
                calls.c.due_at > now,
                calls.c.attempts == 0,
            )
            .values(due_at=now)
        )
        return (await self._change(statement)).changed

    # recipients

    async def numbers_among(
        self, account_id: AccountId, campaign_id: CampaignId, numbers: Sequence[PhoneNumber]
    ) -> frozenset[PhoneNumber]:
        found: set[PhoneNumber] = set()
        for some in in_batches(numbers, _NUMBERS_AT_ONCE):
            statement = select(calls.c.to).where(
                calls.c.account_id == account_id,
                calls.c.to.in_(some),
                # Not by its index: the campaign may have a million, few of them with a number.
                calls.c.campaign_id + 0 == campaign_id,
            )
            found.update(row.to for row in (await self._read(statement)).rows)
        return frozenset(found)

    async def enable_calls(
        self,
        account_id: AccountId,
        campaign_id: CampaignId,
        *,
        enabled: bool,
        now: datetime,
        batch_id: BatchId | None = None,
        numbers: Sequence[PhoneNumber] | None = None,
        contacts: Sequence[ContactId] | None = None,
    ) -> int:
        before, after = CallState.DISABLED, CallState.READY
        if not enabled:
            before, after = after, before
        where = [
            calls.c.campaign_id + 0 == campaign_id,
            # Not by an index: a million may be in that state, of which few are meant.
            unindexed(calls.c.state) == before,
            calls.c.attempts == 0,
        ]
        changed = 0
        for some in _whose(account_id, batch_id, numbers, contacts):
            # RETURNING tells whose calls they were: a number may be in several batches.
            statement = (
                update(calls)
                .where(*some, *where)
                .values(state=after, updated_at=now)
                .returning(calls.c.batch_id)
            )
            rows = (await self._change(statement)).rows
            changed += len(rows)
            for row in rows:
                for owner in (campaign_id, row.batch_id):
                    if owner is not None:
                        self._count(owner, f"state:{before}", -1)
                        self._count(owner, f"state:{after}", 1)
        return changed

    # batches

    async def add_batch(self, batch: Batch) -> None:
        await self._insert(
            batches,
            [values(batch)],
            exists="a batch with that identifier exists already",
            missing=NotFound("campaign", batch.campaign_id),
        )

    async def batch(self, account_id: AccountId, batch_id: BatchId) -> Batch | None:
        return await self._one(
            Batch, batches, batches.c.id == batch_id, batches.c.account_id == account_id
        )

    async def batches(
        self, account_id: AccountId, campaign_id: CampaignId, page: Page
    ) -> tuple[Sequence[Batch], int]:
        where = [batches.c.campaign_id == campaign_id, batches.c.account_id == account_id]
        statement = (
            select(batches)
            .where(*where)
            .order_by(batches.c.id.desc())
            .limit(page.limit)
            .offset(page.offset)
        )
        found = [entity(Batch, row._mapping) for row in (await self._read(statement)).rows]
        return found, await self._count_rows(batches, where)

    async def update_batch(self, batch: Batch) -> None:
        statement = (
            update(batches)
            .where(batches.c.id == batch.id, batches.c.account_id == batch.account_id)
            .values(name=batch.name, status=batch.status, enabled=batch.enabled)
        )
        if not (await self._change(statement)).changed:
            raise NotFound("batch", batch.id)

    async def _count_rows(self, table: Table, where: Sequence[ColumnElement[bool]]) -> int:
        found = await self._read(select(func.count()).select_from(table).where(*where))
        count: int = found.rows[0][0]
        return count


def _whose(
    account_id: AccountId,
    batch_id: BatchId | None,
    numbers: Sequence[PhoneNumber] | None,
    contacts: Sequence[ContactId] | None,
) -> Iterator[Sequence[ColumnElement[bool]]]:
    """Give the conditions for calls of a batch, to numbers or to contacts, each by its index."""
    if batch_id is not None:
        yield [calls.c.batch_id == batch_id]
    for some in in_batches(numbers or (), _NUMBERS_AT_ONCE):
        yield [calls.c.account_id == account_id, calls.c.to.in_(some)]
    for these in in_batches(contacts or (), _NUMBERS_AT_ONCE):
        yield [calls.c.contact_id.in_(these)]


def _row(campaign: Campaign) -> dict[str, Any]:
    return values(campaign) | {"name_folded": _folded(campaign.name)}


def _campaign(row: Row[Any]) -> Campaign:
    return entity(Campaign, row._mapping)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
