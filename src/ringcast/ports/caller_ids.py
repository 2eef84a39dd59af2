"""The part of the store that is about numbers to be verified."""

from __future__ import annotations

from typing import Protocol

from ringcast.domain.caller_ids import CallerIdVerification
from ringcast.domain.ids import AccountId
from ringcast.domain.numbers import PhoneNumber

__all__ = ["CallerIdTransaction"]


class CallerIdTransaction(Protocol):
    """What a transaction can do with verifications of caller ids."""

    async def caller_id_verification(
        self, account_id: AccountId, number: PhoneNumber
    ) -> CallerIdVerification | None:
        """The account's verification of the number, locked for this transaction."""

    async def replace_caller_id_verification(self, verification: CallerIdVerification) -> None:
        """Keep it in place of the account's earlier one of the same number.

        Raises Conflict if another transaction began one meanwhile.
        """

    async def delete_caller_id_verification(
        self, account_id: AccountId, number: PhoneNumber
    ) -> None: ...
