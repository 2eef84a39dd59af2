"""What is counted as it happens, so that nobody has to count millions of calls later.

Changes gather in the transaction and are written with its last statement: in the order of their
keys, as all writers do, and so that others wait for a row as shortly as can be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from ringcast.domain.calls import Call, CallState
from ringcast.domain.ids import AccountId, BatchId, CampaignId
from ringcast.domain.outcomes import Outcome
from ringcast.ports.campaigns import CallCounts
from ringcast.stores.sql.campaign_tables import kept_counts
from ringcast.stores.sql.connecting import Connection, Database
from ringcast.stores.sql.timed_counts import TimedCountWork

__all__ = ["CountWork"]

_CALLS = "calls"
_STATE = "state:"
_OUTCOME = "outcome:"
_ENDED = "ended:"
_DIALED = "dialed"
_AGAIN = "again"
_ATTEMPTS = "attempts"
_ANSWERED = "answered"
_TALK = "talk_us"
_BILLED = "billed_minutes"
_MICROSECOND = timedelta(microseconds=1)


class CountWork(TimedCountWork):
    """The part of a transaction that counts."""

    def __init__(self, connection: Connection, database: Database, *, read_only: bool) -> None:
        super().__init__(connection, database, read_only=read_only)
        self._counted: Counter[tuple[int, str]] = Counter()

    async def commit(self) -> None:
        """Write what was counted, and make all of it last."""
        rows = [
            {"owner": owner, "what": what, "number": number}
            for (owner, what), number in sorted(self._counted.items())
            if number
        ]
        self._counted.clear()
        if rows:
            statement = self._database.insert(kept_counts)
            await self._change(
                statement.on_conflict_do_update(
                    index_elements=["owner", "what"],
                    set_={"number": kept_counts.c.number + statement.excluded.number},
                ),
                rows,
            )
        await self._write_timed_counts()
        await self._write_blocks()
        await super().commit()

    async def call_counts(
        self, owners: Sequence[CampaignId | BatchId]
    ) -> Mapping[CampaignId | BatchId, CallCounts]:
        found: dict[CampaignId | BatchId, dict[str, int]] = {owner: {} for owner in owners}
        statement = select(kept_counts).where(kept_counts.c.owner.in_(owners))
        for row in (await self._read(statement)).rows:
            found[row.owner][row.what] = row.number
        return {owner: _counts(kept) for owner, kept in found.items()}

    async def call_counts_within(
        self, campaign_id: CampaignId, since: datetime | None, until: datetime | None
    ) -> CallCounts:
        return _counts(await self._counted_within(campaign_id, since, until))

    async def count_attempt(
        self,
        call: Call,
        *,
        at: datetime,
        outcome: Outcome | None,
        answered: bool,
        talk_time: timedelta,
        billed_minutes: int,
    ) -> None:
        if call.campaign_id is None:
            return
        counted = {
            _ANSWERED: int(answered),
            _TALK: talk_time // _MICROSECOND,
            _BILLED: billed_minutes,
        }
        if outcome is not None:
            counted[f"{_ENDED}{outcome}"] = 1
        for what, number in counted.items():
            self._count(call.campaign_id, what, number)
            self._count_at(call.campaign_id, at, what, number)
        self._count_at(call.campaign_id, at, _ATTEMPTS, 1)

    async def _calls_of_account(self, account_id: AccountId) -> int:
        """Return how many calls the account has."""
        statement = select(kept_counts.c.number).where(
            kept_counts.c.owner == account_id, kept_counts.c.what == _CALLS
        )
        rows = (await self._read(statement)).rows
        return rows[0].number if rows else 0

    def _count_new(self, calls: Sequence[Call]) -> None:
        """Count calls that were added."""
        self._place(calls)
        alike: dict[tuple[object, ...], list[Call]] = {}
        for call in calls:
            key = (call.account_id, call.campaign_id, call.batch_id)
            alike.setdefault((*key, call.state, call.attempts, call.outcome), []).append(call)
        for same in alike.values():
            call = same[0]
            self._count(call.account_id, _CALLS, len(same))
            for one in same if call.state.is_final else ():
                self._count_end(one)
            self._count_state(
                call,
                state=call.state,
                attempts=call.attempts,
                outcome=call.outcome,
                number=len(same),
            )

    def _count_change(self, old: Any, new: Call) -> None:
        """Count a call of a campaign that was `old` and is `new`."""
        self._count_state(
            new, state=old.state, attempts=old.attempts, outcome=old.outcome, number=-1
        )
        self._count_state(
            new, state=new.state, attempts=new.attempts, outcome=new.outcome, number=1
        )
        if new.state.is_final:
            self._count_end(new)

    def _count_end(self, call: Call) -> None:
        """Count a call that has come to its end, which is final, to the time of that."""
        if call.campaign_id is None:
            return
        counted = [f"{_STATE}{call.state}"]
        if call.outcome is not None and call.state is CallState.FINISHED:
            counted.append(f"{_OUTCOME}{call.outcome}")
        if call.attempts:
            counted.append(_DIALED)
        for what in counted:
            self._count_at(call.campaign_id, call.updated_at, what, 1)

    def _count_state(
        self, call: Call, *, state: CallState, attempts: int, outcome: Outcome | None, number: int
    ) -> None:
        for owner in (call.campaign_id, call.batch_id):
            if owner is None:
                continue
            self._count(owner, f"{_STATE}{state}", number)
            if outcome is not None and state is CallState.FINISHED:
                self._count(owner, f"{_OUTCOME}{outcome}", number)
            if attempts:
                self._count(owner, _DIALED, number)
                self._count(owner, _ATTEMPTS, number * attempts)
                if state is CallState.READY:
                    self._count(owner, _AGAIN, number)

    def _count(self, owner: int, what: str, number: int) -> None:
        self._counted[owner, what] += number


def _counts(kept: Mapping[str, int]) -> CallCounts:
    return CallCounts(
        states={state: kept[name] for state in CallState if (name := f"{_STATE}{state}") in kept},
        outcomes={one: kept[name] for one in Outcome if (name := f"{_OUTCOME}{one}") in kept},
        attempt_outcomes={one: kept[name] for one in Outcome if (name := f"{_ENDED}{one}") in kept},
        dialed=kept.get(_DIALED, 0),
        waiting_again=kept.get(_AGAIN, 0),
        attempts=kept.get(_ATTEMPTS, 0),
        answered=kept.get(_ANSWERED, 0),
        talk_time=kept.get(_TALK, 0) * _MICROSECOND,
        billed_minutes=kept.get(_BILLED, 0),
    )
