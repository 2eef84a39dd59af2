"""Whom a campaign calls: added, in batches or one by one, and left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ringcast.domain.accounts import Account
from ringcast.domain.calls import Call, CallState
from ringcast.domain.campaigns import Batch, BatchStatus, Campaign
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import AccountId, BatchId, CallId, CampaignId, ContactId, ContactListId
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import Destination, PhoneNumber
from ringcast.ports.campaigns import CallCounts
from ringcast.ports.clock import Clock
from ringcast.ports.store import Page, Store, Transaction
from ringcast.services.calls import (
    Recipient,
    caller_numbers,
    check_attributes,
    destination_of,
    shown,
)
from ringcast.services.campaign_growth import add_to_campaign, go_on, open_campaign
from ringcast.services.contact_recipients import MAX_ADDED, recipients_of_list, with_contacts
from ringcast.services.idempotency import Once

__all__ = [
    "MAX_ADDED",
    "AddBatch",
    "AddRecipients",
    "BatchDetails",
    "EnableBatch",
    "FindBatches",
    "GetBatch",
    "NewCalls",
    "RenameBatch",
    "ToggleRecipients",
]

_AS_CAMPAIGN = Script(instructions=())
_MAX_NAME = 255  # characters


@dataclass(frozen=True, slots=True)
class BatchDetails:
    """A batch, and how many of its calls are where."""

    batch: Batch
    counts: CallCounts


class NewCalls:
    """Makes calls of recipients, without keeping them."""

    def __init__(self, *, store: Store, clock: Clock, ring_timeout: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._ring_timeout = ring_timeout

    async def __call__(
        self,
        campaign: Campaign,
        recipients: Sequence[Recipient],
        *,
        batch: Batch | None = None,
        strict: bool,
        scrub: bool,
    ) -> Sequence[Call]:
        """Return a call for each recipient, in order.

        One whose number cannot be dialled is INVALID, or with `strict` an InvalidNumber; with
        `scrub` the second to a number is DUPLICATE. Raises InvalidInput and its kin.
        """
        if not 1 <= len(recipients) <= MAX_ADDED:
            raise InvalidInput(
                f"1 to {MAX_ADDED} recipients can be added at once, not {len(recipients)}"
            )
        for recipient in recipients:
            if recipient.attributes:
                check_attributes(recipient.attributes)
            if recipient.message is not None:
                raise InvalidInput("a recipient of a campaign is told what the campaign says")
        recipients = await with_contacts(self._store, campaign.account_id, recipients)
        destinations = [destination_of(one.to, strict=strict) for one in recipients]
        numbers = await self._own_numbers(campaign.account_id, recipients)
        seen = await self._called_already(campaign, destinations) if scrub else None
        now = self._clock.now()
        ids = await self._store.take_ids(len(recipients), now)
        return [
            Call(
                id=CallId(call_id),
                account_id=campaign.account_id,
                to=to,
                to_text=shown(recipient.to),
                from_number=numbers.get(recipient.from_number),
                script=_AS_CAMPAIGN,
                state=_state(to, seen),
                created_at=now,
                updated_at=now,
                due_at=now,
                ring_timeout=self._ring_timeout,
                label=recipient.label,
                attributes=recipient.attributes,
                campaign_id=campaign.id,
                batch_id=None if batch is None else batch.id,
                contact_id=recipient.contact_id,
            )
            for call_id, recipient, to in zip(ids, recipients, destinations, strict=True)
        ]

    async def _own_numbers(
        self, account_id: AccountId, recipients: Sequence[Recipient]
    ) -> dict[str | None, PhoneNumber]:
        """Return the numbers that recipients are to be called from, but the campaign's own."""
        given = sorted({one.from_number for one in recipients if one.from_number is not None})
        if not given:
            return {}
        async with self._store.begin(read_only=True) as tx:
            found = await caller_numbers(tx, account_id, given)
        return dict(zip(given, found, strict=True))

    async def _called_already(
        self, campaign: Campaign, destinations: Sequence[Destination | None]
    ) -> set[Destination]:
        numbers = sorted({to for to in destinations if isinstance(to, PhoneNumber)})
        async with self._store.begin(read_only=True) as tx:
            return set(await tx.numbers_among(campaign.account_id, campaign.id, numbers))


class AddRecipients:
    """Have more people called by a campaign, at once if it runs."""

    def __init__(
        self, *, store: Store, clock: Clock, wake: Callable[[], None], new_calls: NewCalls
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self._new_calls = new_calls

    async def __call__(
        self,
        account: Account,
        campaign_id: CampaignId,
        recipients: Sequence[Recipient],
        *,
        strict: bool = False,
        once: Once[Sequence[Call]] | None = None,
    ) -> Sequence[Call]:
        """Return the calls, one for each recipient in order; they are durable on return.

        Raises NotFound, Conflict for a campaign that is archived, InvalidInput and its kin.
        """
        async with self._store.begin(read_only=True) as tx:
            campaign = await open_campaign(tx, account.id, campaign_id)
        calls = await self._new_calls(campaign, recipients, strict=strict, scrub=False)
        now = self._clock.now()
        async with self._store.begin() as tx:
            await add_to_campaign(tx, account.id, campaign_id, calls, now=now)
            calls = [
                replace(call, from_number=call.from_number or campaign.from_number)
                for call in calls
            ]
            if once is not None:
                await once.save(tx, account.id, calls, now=now)
            await tx.commit()
        self._wake()
        return calls


class AddBatch:
    """Have more people called by a campaign, after a look at their numbers."""

    def __init__(
        self, *, store: Store, clock: Clock, wake: Callable[[], None], new_calls: NewCalls
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self._new_calls = new_calls

    async def __call__(
        self,
        account: Account,
        campaign_id: CampaignId,
        recipients: Sequence[Recipient] | ContactListId,
        *,
        name: str | None = None,
        scrub: bool = False,
        strict: bool = False,
        once: Once[Batch] | None = None,
    ) -> Batch:
        """Return the batch; its calls are durable on return. Raises what AddRecipients does.

        A list of contacts is taken as it is now, up to MAX_ADDED; who has no number is INVALID.

        With `scrub`, who is in the campaign already is not called again.
        """
        if name is not None:
            _check_name(name)
        async with self._store.begin(read_only=True) as tx:
            campaign = await open_campaign(tx, account.id, campaign_id)
        if isinstance(recipients, int):
            recipients = await recipients_of_list(self._store, account.id, recipients)
        now = self._clock.now()
        (batch_id,) = await self._store.take_ids(1, now)
        batch = new_batch(campaign, BatchId(batch_id), name, now=now)
        calls = await self._new_calls(campaign, recipients, batch=batch, strict=strict, scrub=scrub)
        async with self._store.begin() as tx:
            await tx.add_batch(batch)
            await add_to_campaign(tx, account.id, campaign_id, calls, now=now)
            if once is not None:
                await once.save(tx, account.id, batch, now=now)
            await tx.commit()
        self._wake()
        return batch


class ToggleRecipients:
    """Leave people out of a campaign, or take them in again; who was dialled stays as they are."""

    def __init__(self, *, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def __call__(
        self,
        account_id: AccountId,
        campaign_id: CampaignId,
        numbers: Sequence[PhoneNumber],
        *,
        enabled: bool,
        contacts: Sequence[ContactId] = (),
    ) -> int:
        """Return how many calls changed, those to the numbers and those to the contacts.

        Raises NotFound, also for a contact, Conflict, InvalidInput.
        """
        named = len(numbers) + len(contacts)
        if not 1 <= named <= MAX_ADDED:
            raise InvalidInput(f"1 to {MAX_ADDED} recipients can be named at once, not {named}")
        now = self._clock.now()
        async with self._store.begin() as tx:
            await open_campaign(tx, account_id, campaign_id, for_update=True)
            changed = await tx.enable_calls(
                account_id, campaign_id, enabled=enabled, now=now, numbers=sorted(set(numbers))
            )
            if contacts:
                await _check_contacts(tx, account_id, contacts)
                some = sorted(set(contacts))
                changed += await tx.enable_calls(
                    account_id, campaign_id, enabled=enabled, now=now, contacts=some
                )
            if enabled and changed:
                await go_on(tx, account_id, campaign_id, waiting=changed, now=now)
            await tx.commit()
        self._wake()
        return changed


class GetBatch:
    """Look at one batch."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, batch_id: BatchId) -> BatchDetails:
        """Return the batch; raise NotFound if the account has none such."""
        async with self._store.begin(read_only=True) as tx:
            batch = await tx.batch(account_id, batch_id)
            if batch is None:
                raise NotFound("batch", batch_id)
            counts = await tx.call_counts([batch_id])
        return BatchDetails(batch, counts[batch_id])


class FindBatches:
    """List the batches of a campaign."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, campaign_id: CampaignId, page: Page
    ) -> tuple[Sequence[BatchDetails], int]:
        """Return a page of batches, newest first, and how many there are; raise NotFound."""
        async with self._store.begin(read_only=True) as tx:
            if await tx.campaign(account_id, campaign_id) is None:
                raise NotFound("campaign", campaign_id)
            found, total = await tx.batches(account_id, campaign_id, page)
            counts = await tx.call_counts([batch.id for batch in found]) if found else {}
        return [BatchDetails(batch, counts[batch.id]) for batch in found], total


class RenameBatch:
    """Give a batch another name."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, batch_id: BatchId, name: str) -> None:
        """Raise NotFound, InvalidInput for the name."""
        _check_name(name)
        async with self._store.begin() as tx:
            found = await tx.batch(account_id, batch_id)
            if found is None:
                raise NotFound("batch", batch_id)
            await tx.update_batch(replace(found, name=name.strip()))
            await tx.commit()


class EnableBatch:
    """Leave the calls of a batch out of the campaign, or take them in again."""

    def __init__(self, *, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def __call__(self, account_id: AccountId, batch_id: BatchId, *, enabled: bool) -> Batch:
        """Return the batch. Raises NotFound."""
        now = self._clock.now()
        async with self._store.begin(read_only=True) as tx:
            found = await tx.batch(account_id, batch_id)
            if found is None:
                raise NotFound("batch", batch_id)
        async with self._store.begin() as tx:
            await open_campaign(tx, account_id, found.campaign_id, for_update=True)
            batch = replace(found, enabled=enabled)
            await tx.update_batch(batch)
            changed = await tx.enable_calls(
                account_id, batch.campaign_id, enabled=enabled, now=now, batch_id=batch_id
            )
            if enabled and changed:
                await go_on(tx, account_id, batch.campaign_id, waiting=changed, now=now)
            await tx.commit()
        self._wake()
        return batch


async def _check_contacts(
    tx: Transaction, account_id: AccountId, contacts: Sequence[ContactId]
) -> None:
    found = await tx.contacts_with_ids(contacts)
    for contact_id in contacts:
        if contact_id not in found or found[contact_id].account_id != account_id:
            raise NotFound("contact", contact_id)


def _check_name(name: str) -> None:
    if not 0 < len(name.strip()) <= _MAX_NAME:
        raise InvalidInput(f"a name has 1 to {_MAX_NAME} characters", field="name")


def new_batch(campaign: Campaign, batch_id: BatchId, name: str | None, *, now: datetime) -> Batch:
    """Return a batch of a campaign, with a name of its own if it is given none."""
    return Batch(
        id=batch_id,
        account_id=campaign.account_id,
        campaign_id=campaign.id,
        name=f"API {batch_id}" if name is None else name.strip(),
        status=BatchStatus.ACTIVE,
        created_at=now,
    )


def _state(to: Destination | None, seen: set[Destination] | None) -> CallState:
    if to is None:
        return CallState.INVALID
    if seen is not None:
        if to in seen:
            return CallState.DUPLICATE
        seen.add(to)
    return CallState.READY
