"""Finding calls among very many.

A search walks one index from its newest entry down, one whose entries all have what the search is
most particular about. Such a walk begins at the newest match, ends when the page is full, reads
nothing but the index if the search asks for nothing else, and sorts nothing: where a state or an
outcome is one of several, as many walks are merged. Only the calls of the page are then read.

Which index that is, is found out by walking each for a short while. Neither database can be trusted
to choose it (SQLite does not know how many calls are busy, PostgreSQL believes that matches are
spread evenly), so conditions that are not walked by are written in a form that no index has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    Table,
    and_,
    false,
    func,
    or_,
    select,
)

from ringcast.domain.calls import Call, CallState
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import AccountId, BatchId, CallId, CampaignId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.ports.store import Page
from ringcast.stores.sql.call_blocks import Span
from ringcast.stores.sql.campaign_tables import batches, campaigns
from ringcast.stores.sql.columns import unindexed
from ringcast.stores.sql.connecting import Database
from ringcast.stores.sql.counts import CountWork
from ringcast.stores.sql.tables import calls as table
from ringcast.stores.sql.work import MOST_AT_ONCE, entity

__all__ = ["DEEPEST", "MOST_COUNTED", "CallSearchWork"]

MOST_COUNTED = 2_000
"""Calls that are counted one by one: more are only said to be many."""

MOST_TRIED = 20_000
"""How far each walk is tried to see which is the shortest."""

DEEPEST = 50_000
"""How far into what a search finds a page may begin; lists of all calls have no such limit."""

_Condition: TypeAlias = ColumnElement[bool]

_ANYWHERE = Span()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Walk:
    """A way to find calls: along ranges of an index, leaving out what does not fit."""

    ranges: Sequence[Sequence[_Condition]]
    covers: frozenset[str]
    """What is asked for that holds of all calls in the ranges."""
    rest: Sequence[_Condition] = ()
    span: Span = _ANYWHERE

    def ids(self, database: Database, page: Page) -> Subquery:
        """Return the identifiers of a page, newest first."""
        bounds: list[_Condition] = []
        if self.span.first is not None:
            bounds.append(table.c.id >= self.span.first)
        if self.span.below is not None:
            bounds.append(table.c.id < self.span.below)
        walks = [select(table.c.id).where(*one, *bounds, *self.rest) for one in self.ranges]
        if len(walks) == 1:
            walk = walks[0].order_by(table.c.id.desc())
            return walk.limit(page.limit).offset(page.offset).subquery()
        merged = database.merged(walks, page.offset + page.limit)
        return merged.limit(page.limit).offset(page.offset).subquery()


class CallSearchWork(CountWork):
    """The part of a transaction that finds calls."""

    async def calls(
        self,
        account_id: AccountId,
        page: Page,
        *,
        ids: Sequence[CallId] | None = None,
        states: Sequence[CallState] | None = None,
        to: PhoneNumber | None = None,
        from_number: PhoneNumber | None = None,
        label: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        outcomes: Sequence[Outcome] | None = None,
        campaign_id: CampaignId | None = None,
        batch_id: BatchId | None = None,
        single: bool = False,
        leg_outcomes: Sequence[Outcome] | None = None,
        is_inbound: bool | None = None,
    ) -> tuple[Sequence[Call], int | None]:
        if ids is not None and len(ids) > MOST_AT_ONCE:
            raise InvalidInput(f"at most {MOST_AT_ONCE} identifiers can be asked for at once")
        if states is not None and not states:
            return [], 0
        for owners, owner in ((campaigns, campaign_id), (batches, batch_id)):
            if owner is not None and not await self._is_of(account_id, owners, owner):
                return [], 0
        asked = _Asked(
            account_id=account_id,
            ids=ids,
            states=states,
            to=to,
            from_number=from_number,
            label=label,
            outcomes=None if outcomes is None else _by_leg(outcomes, leg_outcomes),
            campaign_id=campaign_id,
            batch_id=batch_id,
            single=single,
            is_inbound=is_inbound,
        )
        names = set(asked.conditions())
        timed = since is not None or until is not None
        if not timed and names <= {"campaign"}:
            return await self._listed(account_id, campaign_id, page)
        if page.offset > DEEPEST:
            raise InvalidInput(
                f"what a search finds can be paged down to offset {DEEPEST}: narrow the search,"
                " for instance to a time",
                field="offset",
            )
        span = _ANYWHERE
        if timed:
            known = await self._calls_of_account(account_id)
            of_time = await self._span_of(account_id, since, until, known)
            if of_time is None:
                return [], 0
            span = of_time
        walk = await self._best([replace(one, span=span) for one in asked.walks()], names)
        rest = [*(asked.conditions()[name] for name in sorted(names - walk.covers))]
        if since is not None:
            rest.append(table.c.created_at >= since)
        if until is not None:
            rest.append(table.c.created_at < until)
        walk = replace(walk, rest=rest)
        found = await self._page(walk, page)
        if page.offset == 0 and len(found) < page.limit:
            return found, len(found)
        owner = batch_id if campaign_id is None else campaign_id
        if owner is not None and not timed and names <= {"states", "campaign"}:
            return found, await self._kept_number(owner, states)
        if owner is not None and not timed and names <= {"states", "batch"}:
            return found, await self._kept_number(owner, states)
        return found, await self._number_of(walk)

    async def _listed(
        self, account_id: AccountId, campaign_id: CampaignId | None, page: Page
    ) -> tuple[Sequence[Call], int]:
        """Return a page of all calls of the account or of a campaign of it."""
        owner: AccountId | CampaignId
        if campaign_id is None:
            owner, total = account_id, await self._calls_of_account(account_id)
            ranges = [[table.c.account_id == account_id]]
        else:
            owner, total = campaign_id, await self._kept_number(campaign_id, None)
            ranges = [[table.c.campaign_id == campaign_id]]
        if page.offset >= total:
            return [], total
        place = await self._place_of(owner, page.offset, total)
        walk = _Walk(ranges=ranges, covers=frozenset(), span=Span(below=place.below))
        return await self._page(walk, Page(limit=page.limit, offset=place.offset)), total

    async def _kept_number(
        self, owner: CampaignId | BatchId, states: Sequence[CallState] | None
    ) -> int:
        numbers = (await self.call_counts([owner]))[owner].states
        return sum(numbers.get(state, 0) for state in states or CallState)

    async def _is_of(
        self, account_id: AccountId, owners: Table, owner: CampaignId | BatchId
    ) -> bool:
        """Return whether a campaign or a batch is the account's.

        Its calls are not asked: to find any one of a long campaign's, PostgreSQL would read the
        table of calls from where it stands, and they may all lie at the other end.
        """
        rows = (await self._read(select(owners.c.account_id).where(owners.c.id == owner))).rows
        return bool(rows) and rows[0].account_id == account_id

    async def _best(self, walks: Sequence[_Walk], asked: set[str]) -> _Walk:
        """Return the walk past the fewest calls, of those about which there is little to choose
        the first."""
        if len(walks) == 1 or walks[0].covers >= asked:
            return walks[0]
        lengths = [self._number(walk, MOST_TRIED).scalar_subquery() for walk in walks]
        found = (await self._read(select(*lengths))).rows[0]
        return min(zip(found, range(len(walks)), walks, strict=True))[2]

    async def _number_of(self, walk: _Walk) -> int | None:
        """Return how many calls are found, or None for more than can be counted in good time."""
        number: int = (await self._read(self._number(walk, MOST_COUNTED))).rows[0][0]
        return number if number <= MOST_COUNTED else None

    def _number(self, walk: _Walk, most: int) -> Select[Any]:
        """Return the statement that counts what a walk passes, or a little more than `most`."""
        some = walk.ids(self._database, Page(limit=most + 1))
        return select(func.count()).select_from(some)

    async def _page(self, walk: _Walk, page: Page) -> Sequence[Call]:
        of_page = walk.ids(self._database, page)
        statement = select(table).join(of_page, of_page.c.id == table.c.id)
        found = [entity(Call, row._mapping) for row in (await self._read(statement)).rows]
        return sorted(found, key=lambda call: call.id, reverse=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What is searched for; None and False ask for nothing."""

    account_id: AccountId
    ids: Sequence[CallId] | None
    states: Sequence[CallState] | None
    to: PhoneNumber | None
    from_number: PhoneNumber | None
    label: str | None
    outcomes: Mapping[Outcome, Sequence[_Condition]] | None
    """With what else must hold of a call with that outcome."""
    campaign_id: CampaignId | None
    batch_id: BatchId | None
    single: bool
    is_inbound: bool | None

    def conditions(self) -> Mapping[str, _Condition]:
        """Return what must hold, by names, in a form that no index has."""
        found: dict[str, _Condition] = {}
        if self.ids is not None:
            found["ids"] = (table.c.id + 0).in_(self.ids)
        if self.to is not None:
            found["to"] = unindexed(table.c.to) == self.to
        if self.label is not None:
            found["label"] = unindexed(table.c.label) == self.label
        if self.batch_id is not None:
            found["batch"] = table.c.batch_id + 0 == self.batch_id
        if self.outcomes is not None:
            ways = [and_(unindexed(table.c.outcome) == o, *c) for o, c in self.outcomes.items()]
            found["outcomes"] = or_(false(), *ways)
        if self.states is not None:
            found["states"] = unindexed(table.c.state).in_(self.states)
        if self.from_number is not None:
            found["from"] = unindexed(table.c.from_number) == self.from_number
        if self.campaign_id is not None:
            found["campaign"] = table.c.campaign_id + 0 == self.campaign_id
        if self.single:
            found["single"] = (table.c.campaign_id + 0).is_(None)
        if self.is_inbound is not None:
            found["inbound"] = table.c.is_inbound if self.is_inbound else ~table.c.is_inbound
        return found

    def walks(self) -> Sequence[_Walk]:
        """Return ways to find it, those along what there is mostly little of first."""
        mine = table.c.account_id == self.account_id
        if self.ids is not None:
            one = [table.c.id.in_(self.ids), table.c.account_id + 0 == self.account_id]
            return [_Walk(ranges=[one], covers=frozenset({"ids"}))]
        walks = []
        if self.to is not None:
            walks.append(_walk("to", [mine, table.c.to == self.to]))
        if self.label is not None:
            walks.append(_walk("label", [mine, table.c.label == self.label]))
        if self.batch_id is not None:
            walks.append(_walk("batch", [table.c.batch_id == self.batch_id]))
        owner, among = mine, frozenset[str]()
        if self.campaign_id is not None:
            owner, among = table.c.campaign_id == self.campaign_id, frozenset({"campaign"})
        if self.outcomes:
            ranges = [[owner, table.c.outcome == o, *c] for o, c in self.outcomes.items()]
            walks.append(_Walk(ranges=ranges, covers=among | {"outcomes"}))
        if self.states is not None:
            ranges = [[owner, table.c.state == state] for state in self.states]
            walks.append(_Walk(ranges=ranges, covers=among | {"states"}))
        if self.from_number is not None:
            walks.append(_walk("from", [mine, table.c.from_number == self.from_number]))
        if self.is_inbound:
            walks.append(_walk("inbound", [mine, table.c.is_inbound]))
        if self.single:
            walks.append(_walk("single", [mine, table.c.campaign_id.is_(None)]))
        if walks:
            return walks
        return [_Walk(ranges=[[owner]], covers=among)]


def _walk(covers: str, conditions: Sequence[_Condition]) -> _Walk:
    return _Walk(ranges=[conditions], covers=frozenset({covers}))


def _by_leg(
    outcomes: Sequence[Outcome], leg_outcomes: Sequence[Outcome] | None
) -> Mapping[Outcome, Sequence[_Condition]]:
    """Return what is asked of calls with each outcome: to be second legs of transfers, or not."""
    of_legs = set(outcomes if leg_outcomes is None else leg_outcomes)
    leg = table.c.transferred_from.is_not(None)
    found: dict[Outcome, Sequence[_Condition]] = {}
    for one in sorted({*outcomes, *of_legs}):
        found[one] = (
            () if one in of_legs and one in outcomes else (leg if one in of_legs else ~leg,)
        )
    return found
