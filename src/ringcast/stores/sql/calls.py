"""Calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Text,
    and_,
    bindparam,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from ringcast.domain.calls import Call, CallState
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import AccountId, BatchId, CallId, CampaignId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.ports.store import Page
from ringcast.stores.sql.columns import Id, as_json
from ringcast.stores.sql.counts import CountWork
from ringcast.stores.sql.tables import call_waits
from ringcast.stores.sql.tables import calls as table
from ringcast.stores.sql.work import MOST_AT_ONCE, any_of, batches, entity, values

__all__ = ["CallWork"]

_CHANGING = ("state", "outcome", "due_at", "attempts", "updated_at", "from_number")
_NOT_FINAL = [table.c.state != state for state in CallState if state.is_final]

_UPDATE = (
    update(table)
    .where(table.c.id == bindparam("key", type_=Id), *_NOT_FINAL)
    .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in _CHANGING})
)


_MOST_COUNTED = 2_000
"""Calls that are counted one by one: more are only said to be many."""


_MANY = 100
"""From so many calls on it pays to have the database unpack them."""

_OWN = ("id", "to", "to_text", "from_number", "state", "attributes")
_SHARED = tuple(column.name for column in table.c if column.name not in _OWN)
_shared = attrgetter(*_SHARED)


class CallWork(CountWork):
    """The part of a transaction that is about calls."""

    async def add_calls(self, calls: Sequence[Call]) -> None:
        self._count_new(calls)
        exists = "a call with that identifier exists already"
        missing = NotFound("account", any_of({call.account_id for call in calls}))
        if len(calls) < _MANY or not _are_alike(calls):
            rows = [values(call) for call in calls]
            await self._insert(table, rows, exists=exists, missing=missing)
            return
        statement = self._insert_alike(calls[0])
        for some in batches(calls):
            packed = {"packed": _packed(some)}
            await self._change(statement, packed, exists=exists, missing=missing)

    def _insert_alike(self, first: Call) -> Insert:
        """Return the statement that adds calls which share what is not in `_OWN` with `first`."""
        rows = self._database.unpacked(bindparam("packed", type_=Text), [table.c[n] for n in _OWN])
        shared = [literal(getattr(first, name), table.c[name].type) for name in _SHARED]
        return insert(table).from_select(
            [*_OWN, *_SHARED], select(*(rows.c[name] for name in _OWN), *shared)
        )

    async def call(
        self, account_id: AccountId, call_id: CallId, *, for_update: bool = False
    ) -> Call | None:
        statement = select(table).where(table.c.id == call_id, table.c.account_id == account_id)
        if for_update:
            rows = (await self._lock(statement, skip_locked=False)).rows
        else:
            rows = (await self._read(statement)).rows
        return entity(Call, rows[0]._mapping) if rows else None

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
        where: list[ColumnElement[bool]] = []
        if is_inbound is not None:
            where.append(table.c.is_inbound if is_inbound else not_(table.c.is_inbound))
        if ids is not None:
            if len(ids) > MOST_AT_ONCE:
                raise InvalidInput(f"at most {MOST_AT_ONCE} identifiers can be asked for at once")
            where.append(table.c.id.in_(ids))
        if to is not None:
            where.append(table.c.to == to)
        if from_number is not None:
            where.append(table.c.from_number == from_number)
        if label is not None:
            where.append(table.c.label == label)
        if since is not None:
            where.append(table.c.created_at >= since)
        if until is not None:
            where.append(table.c.created_at < until)
        if outcomes is not None:
            where.append(_came_to(outcomes, outcomes if leg_outcomes is None else leg_outcomes))
        if single:
            where.append(table.c.campaign_id.is_(None))
        narrowed = bool(where)
        if campaign_id is not None:
            where.append(table.c.campaign_id == campaign_id)
        if batch_id is not None:
            where.append(table.c.batch_id == batch_id)
        if campaign_id is None and batch_id is None:
            where.append(table.c.account_id == account_id)
        else:
            # Not by its index: far fewer calls are of the campaign than of the account.
            where.append(table.c.account_id + 0 == account_id)
        if states is not None:
            where.append(table.c.state.in_(states))
        owners = [owner for owner in (campaign_id, batch_id) if owner is not None]
        kept: int | None = None
        if not narrowed and len(owners) == 1:
            numbers = (await self.call_counts(owners))[owners[0]].states
            kept = sum(numbers.get(state, 0) for state in states or CallState)
            if not kept:
                return [], 0  # to find that out from the calls, all of them would be read
        statement = (
            select(table)
            .where(*where)
            .order_by(table.c.id.desc())
            .limit(page.limit)
            .offset(page.offset)
        )
        found = [entity(Call, row._mapping) for row in (await self._read(statement)).rows]
        if page.offset == 0 and len(found) < page.limit:
            return found, len(found)
        if kept is not None:
            # No call is seen past the end of the list: then nothing says yet whose campaign it is.
            owned = bool(found) or await self._has(where)
            return found, kept if owned else 0
        if not narrowed and not owners and states is None:
            return found, await self._calls_of_account(account_id)
        return found, await self._count_of(where)

    async def _has(self, where: Sequence[ColumnElement[bool]]) -> bool:
        """Return whether any call matches."""
        return bool((await self._read(select(table.c.id).where(*where).limit(1))).rows)

    async def _count_of(self, where: Sequence[ColumnElement[bool]]) -> int | None:
        """Return how many calls match, or None for more than can be counted in good time."""
        some = select(table.c.id).where(*where).limit(_MOST_COUNTED + 1).subquery()
        found = await self._read(select(func.count()).select_from(some))
        count: int = found.rows[0][0]
        return count if count <= _MOST_COUNTED else None

    async def due_calls(self, now: datetime, limit: int) -> Sequence[Call]:
        statement = (
            select(table)
            .where(call_waits, table.c.due_at <= now)
            .order_by(table.c.due_at, table.c.id)
            .limit(limit)
        )
        found = await self._lock(statement, skip_locked=True)
        return [entity(Call, row._mapping) for row in found.rows]

    async def next_due_at(self) -> datetime | None:
        statement = select(table.c.due_at).where(call_waits).order_by(table.c.due_at).limit(1)
        rows = (await self._read(statement)).rows
        return rows[0].due_at if rows else None

    async def update_calls(self, calls: Sequence[Call]) -> None:
        if not calls:
            return
        # In the order of identifiers, as all writers do: two that waited crosswise would never end.
        calls = sorted(calls, key=lambda call: call.id)
        await self._count_changes([call for call in calls if call.campaign_id is not None])
        await self._change(_UPDATE, [_changes(call) for call in calls])

    async def _count_changes(self, calls: Sequence[Call]) -> None:
        """Count what will change, by what the calls of campaigns are at present."""
        for some in batches(calls):
            statement = (
                select(table.c.id, table.c.state, table.c.attempts, table.c.outcome)
                .where(table.c.id.in_([call.id for call in some]), *_NOT_FINAL)
                .order_by(table.c.id)
            )
            present = {row.id: row for row in (await self._lock(statement, skip_locked=False)).rows}
            for call in some:
                if call.id in present:
                    self._count_change(present[call.id], call)


def _came_to(outcomes: Sequence[Outcome], of_legs: Sequence[Outcome]) -> ColumnElement[bool]:
    """Say that a call has one of the outcomes, or one of its own if it is a second leg."""
    if set(outcomes) == set(of_legs):
        return table.c.outcome.in_(outcomes)
    is_leg = table.c.transferred_from.is_not(None)
    return or_(
        and_(table.c.outcome.in_(outcomes), not_(is_leg)),
        and_(table.c.outcome.in_(of_legs), is_leg),
    )


def _are_alike(calls: Sequence[Call]) -> bool:
    first = _shared(calls[0])
    return all(_shared(call) == first for call in calls)


def _packed(calls: Sequence[Call]) -> str:
    """Return what the calls do not share, as JSON; raise InvalidInput for what cannot be kept."""
    rows = [
        (
            call.id,
            None if call.to is None else str(call.to),
            call.to_text,
            None if call.from_number is None else call.from_number.e164,
            call.state,
            as_json(dict(call.attributes)) if call.attributes else "{}",
        )
        for call in calls
    ]
    packed = as_json(rows)
    if "\\u0000" in packed:
        raise InvalidInput("text with a NUL character in it cannot be kept")
    return packed


def _changes(call: Call) -> dict[str, Any]:
    return {"key": call.id} | {f"new_{name}": getattr(call, name) for name in _CHANGING}
