"""The part of a transaction that is about labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ringcast.domain.ids import AccountId, NumberId

__all__ = ["LabelTransaction"]


class LabelTransaction(Protocol):
    """Labels of numbers within a transaction, and those of campaigns as far as labels go.

    A campaign's own labels are written with the campaign.
    """

    async def labels(self, account_id: AccountId) -> Sequence[str]:
        """All labels of the account's campaigns and numbers, each once, in the order of words."""

    async def number_labels(self, account_id: AccountId) -> Mapping[NumberId, frozenset[str]]:
        """The labels of each of the account's numbers that has any."""

    async def label_number(self, account_id: AccountId, number_id: NumberId, label: str) -> None:
        """Give a number a label; twice is once."""

    async def unlabel_number(self, account_id: AccountId, number_id: NumberId, label: str) -> bool:
        """Take a label from a number; return whether it had it."""

    async def unlabel_numbers(self, account_id: AccountId, label: str) -> int:
        """Take a label from all numbers; return how many had it."""

    async def unlabel_campaigns(self, account_id: AccountId, label: str) -> int:
        """Take a label from all campaigns, archived ones too; return how many had it."""
