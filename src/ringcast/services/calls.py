"""Calls: asked for, looked at, searched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ringcast.domain.accounts import Account
from ringcast.domain.calls import Attempt, Call, CallState
from ringcast.domain.campaigns import Campaign
from ringcast.domain.contacts import Contact
from ringcast.domain.errors import (
    InvalidInput,
    InvalidNumber,
    NotFound,
    UnknownCallerId,
)
from ringcast.domain.events import CallCreated
from ringcast.domain.ids import AccountId, BatchId, CallId, CampaignId, ContactId, SoundId
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import Destination, PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.recordings import Recording
from ringcast.domain.sounds import SoundStatus
from ringcast.ports.clock import Clock
from ringcast.ports.speech import Speech
from ringcast.ports.store import Page, Store, Transaction
from ringcast.services.call_messages import Message, SayText, VoiceMessage, script_of, sounds_in
from ringcast.services.campaign_growth import add_to_campaign, open_campaign
from ringcast.services.idempotency import Once

__all__ = [
    "MAX_RECIPIENTS",
    "CallDetails",
    "FindCalls",
    "GetCall",
    "Message",
    "Recipient",
    "SayText",
    "SendCalls",
    "VoiceMessage",
    "audio_of_sounds",
    "call_details",
    "caller_numbers",
    "check_attributes",
    "destination_of",
    "fitting_attributes",
    "shown",
    "with_caller_numbers",
]

MAX_RECIPIENTS = 10
"""How many calls one request may ask for."""

_AS_CAMPAIGN = Script(instructions=())
_MAX_ATTRIBUTES = 100
_MAX_ATTRIBUTE = 1000  # characters of a name or a value
_MAX_TO = 255  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """Whom to call, and what to say to them."""

    to: str | Destination = ""
    """A telephone number as given by the client; addresses only from those who may use them."""
    contact_id: ContactId | None = None
    """Whose first number is called instead of `to`: home, work, mobile, then the extra ones."""
    message: Message | None = None
    from_number: str | None = None
    """None calls from the number of the request, or else from the account's oldest."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    label: str | None = None


@dataclass(frozen=True, slots=True)
class CallDetails:
    """A call, its attempts and their recordings, first to last."""

    call: Call
    attempts: Sequence[Attempt]
    recordings: Sequence[Recording] = ()
    contact: Contact | None = None
    """Who is called, if it is a contact of the account, as it is now."""


class SendCalls:
    """Have a few people called as soon as possible."""

    def __init__(
        self,
        *,
        store: Store,
        speech: Speech,
        clock: Clock,
        wake: Callable[[], None],
        ring_timeout: timedelta = timedelta(seconds=40),
    ) -> None:
        """`wake` has the dialer look at once; `ring_timeout` is how long the calls may ring."""
        self._store = store
        self._speech = speech
        self._clock = clock
        self._wake = wake
        self._ring_timeout = ring_timeout

    async def __call__(
        self,
        account: Account,
        recipients: Sequence[Recipient],
        *,
        message: Message | None = None,
        from_number: str | None = None,
        strict: bool = False,
        campaign_id: CampaignId | None = None,
        once: Once[Sequence[Call]] | None = None,
    ) -> Sequence[Call]:
        """Return the calls, one for each recipient in order; they are durable on return.

        `message` and `from_number` are for recipients without their own. A number that cannot be
        dialled becomes a call that is INVALID, or with `strict` refuses the request whole. Calls of
        a campaign wait for it, and say what it says unless they are given something of their own.
        Raises InvalidInput and its kin, NotFound for a sound, a contact or the campaign, Conflict
        for an archived one, SpeechFailed; then nothing was made.
        """
        if not 1 <= len(recipients) <= MAX_RECIPIENTS:
            raise InvalidInput(
                f"a request can ask for 1 to {MAX_RECIPIENTS} calls, this asks for"
                f" {len(recipients)}"
            )
        for recipient in recipients:
            check_attributes(recipient.attributes)
        recipients = await self._with_numbers(account.id, recipients)
        destinations = [destination_of(recipient.to, strict=strict) for recipient in recipients]
        messages = [message if r.message is None else r.message for r in recipients]
        callers = [from_number if r.from_number is None else r.from_number for r in recipients]

        async with self._store.begin(read_only=True) as tx:
            if campaign_id is not None:
                campaign = await open_campaign(tx, account.id, campaign_id)
                callers = [campaign.from_number.e164 if one is None else one for one in callers]
            numbers = await caller_numbers(tx, account.id, callers)
            digests = await audio_of_sounds(tx, account.id, sounds_in(messages))
        scripts = [
            _AS_CAMPAIGN
            if said is None and campaign_id is not None
            else await script_of(said, speech=self._speech, digests=digests)
            for said in messages
        ]

        now = self._clock.now()
        ids = await self._store.take_ids(len(recipients), now)
        calls = [
            Call(
                id=CallId(call_id),
                account_id=account.id,
                to=to,
                to_text=shown(recipient.to),
                from_number=number,
                script=script,
                state=CallState.INVALID if to is None else CallState.READY,
                created_at=now,
                updated_at=now,
                due_at=now,
                ring_timeout=self._ring_timeout,
                label=recipient.label,
                attributes=dict(recipient.attributes),
                campaign_id=campaign_id,
                contact_id=recipient.contact_id,
            )
            for call_id, recipient, to, number, script in zip(
                ids, recipients, destinations, numbers, scripts, strict=True
            )
        ]
        async with self._store.begin() as tx:
            if campaign_id is None:
                await tx.add_calls(calls)
            else:
                await add_to_campaign(tx, account.id, campaign_id, calls, now=now)
            await tx.add_events([CallCreated(call_id=call.id, at=now) for call in calls])
            if once is not None:
                await once.save(tx, account.id, calls, now=now)
            await tx.commit()
        if any(call.state is CallState.READY for call in calls):
            self._wake()
        return calls

    async def _with_numbers(
        self, account_id: AccountId, recipients: Sequence[Recipient]
    ) -> Sequence[Recipient]:
        """Return the recipients, contacts with their numbers."""
        contact_ids = {one.contact_id for one in recipients if one.contact_id is not None}
        if not contact_ids:
            return recipients
        numbers: dict[ContactId, PhoneNumber] = {}
        async with self._store.begin(read_only=True) as tx:
            for contact_id in contact_ids:
                contact = await tx.contact(account_id, contact_id)
                if contact is None or contact.deleted:
                    raise NotFound("contact", contact_id)
                if contact.details.first_phone is None:
                    raise InvalidInput(
                        f"contact {contact_id} has no telephone number", field="contactId"
                    )
                numbers[contact_id] = contact.details.first_phone
        return [
            one if one.contact_id is None else replace(one, to=numbers[one.contact_id])
            for one in recipients
        ]


class GetCall:
    """Look at one call."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, call_id: CallId) -> CallDetails:
        """Return the call with its attempts; raise NotFound if the account has none such."""
        async with self._store.begin(read_only=True) as tx:
            call = await tx.call(account_id, call_id)
            if call is None:
                raise NotFound("call", call_id)
            (details,) = await call_details(tx, [call])
        return details


class FindCalls:
    """Search the calls of an account."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
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
        first_leg: CallId | None = None,
    ) -> tuple[Sequence[CallDetails], int | None]:
        """Return a page of calls, newest first, and how many match in all; None if very many.

        An empty sequence of ids, states or outcomes matches nothing; None matches all. `single`
        calls are those of no campaign, inbound ones those that came to us. Second legs of transfers
        match by `leg_outcomes` instead of `outcomes`, if there are such. With `first_leg` only the
        second legs of that call are looked at.
        """
        if first_leg is not None:
            async with self._store.begin(read_only=True) as tx:
                legs = await tx.second_legs(account_id, first_leg)
            ids = legs if ids is None else [one for one in legs if one in set(ids)]
        came_to = None if outcomes is None else [*outcomes, *(leg_outcomes or ())]
        if any(wanted is not None and not wanted for wanted in (ids, states, came_to)):
            return (), 0
        async with self._store.begin(read_only=True) as tx:
            calls, total = await tx.calls(
                account_id,
                page,
                ids=ids,
                states=states,
                to=to,
                from_number=from_number,
                label=label,
                since=since,
                until=until,
                outcomes=outcomes,
                campaign_id=campaign_id,
                batch_id=batch_id,
                single=single,
                leg_outcomes=leg_outcomes,
                is_inbound=is_inbound,
            )
            return await call_details(tx, calls), total


async def call_details(tx: Transaction, calls: Sequence[Call]) -> Sequence[CallDetails]:
    """Return calls with what belongs to them, in their order."""
    if not calls:
        return []
    ids = [call.id for call in calls]
    attempts, recordings = await tx.attempts_of(ids), await tx.recordings_of(ids)
    called = {call.contact_id for call in calls if call.contact_id is not None}
    contacts = await tx.contacts_with_ids(called) if called else {}
    return [
        CallDetails(
            call,
            attempts.get(call.id, ()),
            recordings.get(call.id, ()),
            None if call.contact_id is None else contacts.get(call.contact_id),
        )
        for call in await with_caller_numbers(tx, calls)
    ]


async def with_caller_numbers(tx: Transaction, calls: Sequence[Call]) -> Sequence[Call]:
    """Return the calls with the number they will be made from.

    A call of a campaign that was never dialled has none of its own: the campaign's may change yet.
    """
    wanted = {call.campaign_id for call in calls if call.from_number is None}
    found = await tx.campaigns_with_ids([one for one in wanted if one is not None])
    known: dict[CampaignId | None, Campaign] = {key: found[key] for key in found}
    return [
        call
        if call.from_number is not None or call.campaign_id not in known
        else replace(call, from_number=known[call.campaign_id].from_number)
        for call in calls
    ]


async def caller_numbers(
    tx: Transaction, account_id: AccountId, callers: Sequence[str | None]
) -> Sequence[PhoneNumber]:
    """Return the number each call shows, the account's oldest for None.

    Raises InvalidNumber, and UnknownCallerId for one that is not the account's.
    """
    owned = [number.number for number in await tx.numbers(account_id)]
    found = []
    for text in callers:
        if text is None:
            if not owned:
                raise UnknownCallerId(None)
            found.append(owned[0])
            continue
        number = PhoneNumber.parse(text, field="fromNumber")
        if number not in owned:
            raise UnknownCallerId(number.e164)
        found.append(number)
    return found


async def audio_of_sounds(
    tx: Transaction, account_id: AccountId, sounds: Iterable[SoundId]
) -> Mapping[SoundId, str]:
    """Return the content hash of each sound; raise NotFound, InvalidInput if it is archived."""
    digests: dict[SoundId, str] = {}
    for sound_id in set(sounds):
        sound = await tx.sound(account_id, sound_id)
        if sound is None:
            raise NotFound("sound", sound_id)
        if sound.status is not SoundStatus.ACTIVE:
            raise InvalidInput(
                f"sound {sound_id} is {sound.status}: only active sounds can be played"
            )
        digests[sound_id] = sound.audio
    return digests


def destination_of(to: str | Destination, *, strict: bool) -> Destination | None:
    """Return where to call; None, or with `strict` InvalidNumber, if it cannot be dialled."""
    if not isinstance(to, str):
        return to
    if len(to) > _MAX_TO:
        raise InvalidNumber(f"{to[:40]}…", field="phoneNumber")
    try:
        return PhoneNumber.parse(to, field="phoneNumber")
    except InvalidNumber:
        if strict:
            raise
        return None


def shown(to: str | Destination) -> str:
    """Return a destination as it was given."""
    return to if isinstance(to, str) else str(to)


def fitting_attributes(
    properties: Mapping[str, str], *, room_beside: Mapping[str, str]
) -> Mapping[str, str]:
    """Return those properties of a contact that can be attributes of a call beside others."""
    others = [(name, value) for name, value in properties.items() if name not in room_beside]
    return dict(others[: max(0, _MAX_ATTRIBUTES - len(room_beside))])


def check_attributes(attributes: Mapping[str, str]) -> None:
    """Raise InvalidInput if there are too many, or too long ones."""
    if len(attributes) > _MAX_ATTRIBUTES:
        raise InvalidInput(
            f"a call can have {_MAX_ATTRIBUTES} attributes, this has {len(attributes)}",
            field="attributes",
        )
    for name, value in attributes.items():
        if not name or len(name) > _MAX_ATTRIBUTE or len(value) > _MAX_ATTRIBUTE:
            raise InvalidInput(
                f"names and values of attributes have 1 to {_MAX_ATTRIBUTE} characters",
                field="attributes",
            )
