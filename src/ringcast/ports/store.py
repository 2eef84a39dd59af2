"""The store: what lasts.

All work happens in a transaction taken with `Store.begin`; leaving it without `commit` undoes it.
A transaction in which a method has raised Conflict, NotFound or Unavailable can only be left. A
task has one transaction at a time, and takes identifiers before it, not in it.
Lists come in the order of identifiers unless a method says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ringcast.domain.accounts import Account, AccountNumber, Credential
from ringcast.domain.calls import Attempt, Call, CallState
from ringcast.domain.events import CallEvent
from ringcast.domain.ids import (
    AccountId,
    AttemptId,
    BatchId,
    CallId,
    CampaignId,
    CredentialId,
    NumberId,
    SoundId,
)
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.sounds import Sound
from ringcast.ports.applications import ApplicationTransaction
from ringcast.ports.caller_ids import CallerIdTransaction
from ringcast.ports.campaigns import CampaignTransaction
from ringcast.ports.conferences import ConferenceTransaction
from ringcast.ports.contacts import ContactTransaction
from ringcast.ports.deliveries import DeliveryTransaction
from ringcast.ports.do_not_call import DoNotCallTransaction
from ringcast.ports.incidents import IncidentTransaction
from ringcast.ports.labels import LabelTransaction
from ringcast.ports.limits import LimitTransaction
from ringcast.ports.recordings import RecordingTransaction

__all__ = ["NumberedEvent", "Page", "SavedAnswer", "Store", "Transaction"]


@dataclass(frozen=True, slots=True)
class Page:
    """A window on a list."""

    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class NumberedEvent:
    """An event with its number within its call, from 1 without gaps."""

    number: int
    event: CallEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAnswer:
    """What a request with a key of its own was answered, to answer its repetition alike."""

    fingerprint: str
    """Digest of the request; the same key with another request is a conflict."""
    answer: bytes


class Transaction(
    ApplicationTransaction,
    CallerIdTransaction,
    CampaignTransaction,
    ConferenceTransaction,
    ContactTransaction,
    DeliveryTransaction,
    DoNotCallTransaction,
    IncidentTransaction,
    LabelTransaction,
    LimitTransaction,
    RecordingTransaction,
    Protocol,
):
    """A unit of work."""

    async def commit(self) -> None:
        """Make it last; on return the change survives the process and the machine."""

    # accounts

    async def add_account(self, account: Account) -> None:
        """Raises Conflict if the name is taken."""

    async def account(self, account_id: AccountId) -> Account | None: ...
    async def account_named(self, name: str) -> Account | None: ...
    async def accounts(self) -> Sequence[Account]: ...
    async def update_account(self, account: Account) -> None: ...
    async def add_credential(self, credential: Credential) -> None:
        """Raises Conflict if the identifier is taken."""

    async def credential(self, identifier: str) -> Credential | None: ...
    async def credentials(self, account_id: AccountId) -> Sequence[Credential]: ...
    async def update_credential(self, credential: Credential) -> None: ...
    async def delete_credential(self, credential_id: CredentialId) -> None: ...

    # numbers

    async def add_number(self, number: AccountNumber) -> None:
        """Raises Conflict if any account has the number already."""

    async def number(self, account_id: AccountId, number: PhoneNumber) -> AccountNumber | None: ...
    async def number_by_id(
        self, account_id: AccountId, number_id: NumberId
    ) -> AccountNumber | None: ...

    async def number_of_anybody(self, number: PhoneNumber) -> AccountNumber | None:
        """Return the number, whichever account has it."""

    async def update_number(self, number: AccountNumber) -> None:
        """Raises NotFound if the account has no such number."""

    async def numbers(self, account_id: AccountId | None = None) -> Sequence[AccountNumber]:
        """Those of one account, or of all."""

    # sounds

    async def add_sound(self, sound: Sound) -> None: ...
    async def sound(self, account_id: AccountId, sound_id: SoundId) -> Sound | None: ...
    async def sound_of_audio(self, account_id: AccountId, audio: str) -> Sound | None:
        """The oldest active sound with that content."""

    async def sounds(
        self,
        account_id: AccountId,
        page: Page,
        *,
        name: str | None,
        archived: bool,
        pending: bool = False,
    ) -> tuple[Sequence[Sound], int]:
        """Newest first, those whose name contains `name` whatever its case; and their count.

        `archived` takes in archived and failed ones, `pending` those that are being recorded.
        """

    async def spoken_sounds(self, limit: int) -> Sequence[tuple[Sound, Call]]:
        """Sounds still RECORDING whose call is over, with the call."""

    async def update_sound(self, sound: Sound) -> None: ...

    # calls

    async def add_calls(self, calls: Sequence[Call]) -> None: ...
    async def call(
        self, account_id: AccountId, call_id: CallId, *, for_update: bool = False
    ) -> Call | None:
        """With `for_update` it is locked for this transaction."""

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
        """Calls newest first, and the count of all that match; None if those are very many.

        With `leg_outcomes`, second legs of transfers match by these instead of `outcomes`.
        `single` calls are those of no campaign. All calls of an account, a campaign or a batch, or
        those in some states, are counted however many they are.
        """

    async def second_legs(self, account_id: AccountId, call_id: CallId) -> Sequence[CallId]:
        """Calls that were placed to be connected to a call, newest first."""

    async def due_calls(self, now: datetime, limit: int) -> Sequence[Call]:
        """READY calls of no campaign whose time has come, the earliest due first, locked for this
        transaction.

        Two transactions never get the same call.
        """

    async def next_due_at(self) -> datetime | None:
        """When the earliest READY call of no campaign becomes due."""

    async def update_calls(self, calls: Sequence[Call]) -> None:
        """Write state, outcome, due time, attempts and the number called from; a call already final
        in the store is left as it is."""

    # attempts

    async def add_attempts(self, attempts: Sequence[Attempt]) -> None: ...
    async def attempts_of(self, call_ids: Sequence[CallId]) -> Mapping[CallId, Sequence[Attempt]]:
        """The attempts of each call, first to last."""

    async def update_attempts(self, attempts: Sequence[Attempt]) -> Sequence[AttemptId]:
        """Write those still held by their `holder` and not ENDED; return which those are.

        `holder_until` is not written: only `extend_holding` moves it.
        """

    async def extend_holding(self, holder: str, until: datetime) -> int:
        """Prolong the holding of all living attempts of a holder; return how many."""

    async def orphaned_attempts(self, now: datetime, limit: int) -> Sequence[Attempt]:
        """Attempts not ENDED whose holder has let its time pass, locked for this transaction."""

    async def attempts_held_by(self, holder: str) -> Sequence[Attempt]:
        """Attempts not ENDED of that holder."""

    # events

    async def add_events(self, events: Sequence[CallEvent]) -> None:
        """Append, numbering each within its call."""

    async def events_of(self, call_id: CallId) -> Sequence[NumberedEvent]: ...

    # repeated requests

    async def saved_answer(self, account_id: AccountId, key: str) -> SavedAnswer | None: ...
    async def save_answer(
        self, account_id: AccountId, key: str, saved: SavedAnswer, *, now: datetime
    ) -> None:
        """Raises Conflict if the key was saved meanwhile."""

    async def forget_answers(self, before: datetime) -> int:
        """Delete those saved before a time; return how many."""

    # the system

    async def secret(self, name: str, propose: bytes) -> bytes:
        """Return the system's secret of that name; the first to ask sets it to `propose`."""


class Store(Protocol):
    """A database."""

    def begin(self, *, read_only: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction; one that only reads waits for no writer and holds none up.

        Raises Unavailable if the database cannot be reached or stays busy. Whatever writes or locks
        in a transaction that only reads is a RuntimeError.
        """

    async def take_ids(self, count: int, now: datetime) -> Sequence[int]:
        """Return fresh identifiers, increasing, unique over all processes on this database."""

    def when_announced(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each commit, through this store, of something announced.

        What other processes announce it is not called for: whoever relies on it looks, too.
        """

    async def migrate(self) -> None:
        """Bring the schema up to date; safe when several processes start at once."""

    async def close(self) -> None:
        """Release connections."""
