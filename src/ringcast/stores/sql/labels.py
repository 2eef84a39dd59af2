"""Labels of numbers, and what is asked of those of campaigns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Column, ForeignKey, Index, Table, delete, func, select, update

from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, NumberId
from ringcast.stores.sql.campaign_tables import campaigns
from ringcast.stores.sql.columns import Id, Words
from ringcast.stores.sql.tables import accounts, metadata, numbers
from ringcast.stores.sql.work import Work

__all__ = ["LabelWork", "number_labels"]

number_labels = Table(
    "number_labels",
    metadata,
    Column("number_id", Id, ForeignKey(numbers.c.id), primary_key=True, autoincrement=False),
    Column("label", Words, primary_key=True),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Index("number_labels_by_account", "account_id"),
)
_table = number_labels


class LabelWork(Work):
    """The part of a transaction that is about labels."""

    async def labels(self, account_id: AccountId) -> Sequence[str]:
        found: set[str] = set()
        of_campaigns = (
            select(campaigns.c.labels).where(campaigns.c.account_id == account_id).distinct()
        )
        for row in (await self._read(of_campaigns)).rows:
            found.update(row.labels)
        of_numbers = select(_table.c.label).where(_table.c.account_id == account_id).distinct()
        found.update(row.label for row in (await self._read(of_numbers)).rows)
        return sorted(found)

    async def number_labels(self, account_id: AccountId) -> Mapping[NumberId, frozenset[str]]:
        found: dict[NumberId, set[str]] = defaultdict(set)
        statement = select(_table).where(_table.c.account_id == account_id)
        for row in (await self._read(statement)).rows:
            found[NumberId(row.number_id)].add(row.label)
        return {number_id: frozenset(labels) for number_id, labels in found.items()}

    async def label_number(self, account_id: AccountId, number_id: NumberId, label: str) -> None:
        await self.unlabel_number(account_id, number_id, label)
        await self._insert(
            _table,
            [{"number_id": number_id, "label": label, "account_id": account_id}],
            exists="the number got that label meanwhile",
            missing=NotFound("number", number_id),
        )

    async def unlabel_number(self, account_id: AccountId, number_id: NumberId, label: str) -> bool:
        changed = await self._change(
            delete(_table).where(
                _table.c.account_id == account_id,
                _table.c.number_id == number_id,
                _table.c.label == label,
            )
        )
        return bool(changed.changed)

    async def unlabel_numbers(self, account_id: AccountId, label: str) -> int:
        changed = await self._change(
            delete(_table).where(_table.c.account_id == account_id, _table.c.label == label)
        )
        return changed.changed

    async def unlabel_campaigns(self, account_id: AccountId, label: str) -> int:
        # A label among the labels, as they are kept: with its quotation marks.
        quoted = msgspec.json.encode(label).decode()
        statement = (
            select(campaigns.c.id, campaigns.c.labels)
            .where(
                campaigns.c.account_id == account_id,
                func.replace(campaigns.c.labels, quoted, "") != campaigns.c.labels,
            )
            .order_by(campaigns.c.id)
        )
        rows = (await self._lock(statement, skip_locked=False)).rows
        for row in rows:
            left = tuple(one for one in row.labels if one != label)
            await self._change(
                update(campaigns).where(campaigns.c.id == row.id).values(labels=left)
            )
        return len(rows)
