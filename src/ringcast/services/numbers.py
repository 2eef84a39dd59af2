"""The telephone numbers of accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ringcast.domain.accounts import AccountNumber
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.forwarding import Forwarding, forwarding_script
from ringcast.domain.ids import AccountId, ApplicationId, NumberId
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.sounds import SoundStatus
from ringcast.domain.subscriptions import Follower
from ringcast.ports.clock import Clock
from ringcast.ports.deliveries import CallbackSender
from ringcast.ports.store import Store

__all__ = [
    "AddNumber",
    "AnswerNumber",
    "ConfigureNumber",
    "ForwardNumber",
    "GetNumber",
    "ListNumbers",
    "NumberPlan",
]

_MOST_TELEPHONES = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberPlan:
    """What a number is called, what is done with calls to it, and who is told of them."""

    name: str = ""
    script: Script | None = None
    follower: Follower | None = None
    application_id: ApplicationId | None = None
    """Whose script and follower count in place of these."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What was asked for, in the words of the dialect that asks."""


class AddNumber:
    """Give an account a number to call from."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(
        self,
        text: str,
        *,
        account_name: str,
        caller_id_only: bool = False,
        plan: NumberPlan | None = None,
    ) -> AccountNumber:
        """Return the number as added.

        `caller_id_only` is for numbers that belong to the user elsewhere: they can be shown to who
        is called, but calls to them do not come here: they have no plan. Raises InvalidNumber,
        InvalidInput, NotFound if there is no such account, Conflict if any account has the number.
        """
        number = PhoneNumber.parse(text, field="number")
        plan = plan or NumberPlan()
        now = self._clock.now()
        (number_id,) = await self._store.take_ids(1, now)
        async with self._store.begin() as tx:
            account = await tx.account_named(account_name.strip())
            if account is None:
                raise NotFound("account", account_name)
            added = AccountNumber(
                id=NumberId(number_id),
                account_id=account.id,
                number=number,
                created_at=now,
                caller_id_only=caller_id_only,
            )
            added = _planned(added, plan)
            await tx.add_number(added)
            await tx.commit()
        return added


class AnswerNumber:
    """Say what is done with calls to a number."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, number: PhoneNumber, script: Script | None
    ) -> AccountNumber:
        """Return the number with its script; with None calls to it are refused from now on.

        Raises NotFound if it is not the account's, InvalidInput if it is only shown as a caller id.
        """
        async with self._store.begin() as tx:
            found = await tx.number(account_id, number)
            if found is None:
                raise NotFound("number", number)
            changed = _planned(found, NumberPlan(name=found.name, script=script))
            await tx.update_number(changed)
            await tx.commit()
        return changed


class ConfigureNumber:
    """Say what a number is called, what is done with calls to it, and who is told of them."""

    def __init__(self, *, store: Store, sender: CallbackSender) -> None:
        """`sender` says which URLs can be told."""
        self._store = store
        self._sender = sender

    async def __call__(
        self, account_id: AccountId, number_id: NumberId, plan: NumberPlan
    ) -> AccountNumber:
        """Return the number as changed.

        Raises NotFound if it, or the application, is not the account's, and InvalidInput for a
        follower that cannot be told, or a number that is only shown as a caller id.
        """
        if plan.follower is not None:
            self._sender.check(plan.follower.url)
        async with self._store.begin() as tx:
            found = await tx.number_by_id(account_id, number_id)
            if found is None:
                raise NotFound("number", number_id)
            wanted = plan.application_id
            if wanted is not None and await tx.application(account_id, wanted) is None:
                raise NotFound("application", wanted)
            changed = _planned(found, plan)
            await tx.update_number(changed)
            await tx.commit()
        return changed


def _planned(number: AccountNumber, plan: NumberPlan) -> AccountNumber:
    handled = (plan.script, plan.follower, plan.application_id)
    if number.caller_id_only and any(one is not None for one in handled):
        raise InvalidInput(
            f"{number.number} is only shown as a caller id: calls to it do not come here"
        )
    return replace(
        number,
        name=plan.name,
        script=plan.script,
        follower=plan.follower,
        application_id=plan.application_id,
        options=plan.options,
    )


class ForwardNumber:
    """Have calls to a number put through to other telephones."""

    def __init__(self, *, store: Store) -> None:
        self._store = store
        self._answer = AnswerNumber(store=store)

    async def __call__(
        self, account_id: AccountId, number: PhoneNumber, wanted: Forwarding
    ) -> AccountNumber:
        """Return the number as changed.

        Raises as `AnswerNumber`, and InvalidInput for no telephones, for more than ten, for the
        number itself, or for a sound that is not the account's or is archived.
        """
        if not 1 <= len(wanted.numbers) <= _MOST_TELEPHONES:
            raise InvalidInput(f"calls are put through to 1 to {_MOST_TELEPHONES} numbers")
        if number.digits in wanted.numbers:
            raise InvalidInput(f"calls to {number} cannot be put through to itself")
        sounds = (wanted.intro, wanted.whisper, wanted.failed, wanted.voicemail_greeting)
        async with self._store.begin(read_only=True) as tx:
            for sound_id in filter(None, sounds):
                sound = await tx.sound(account_id, sound_id)
                if sound is None or sound.status is not SoundStatus.ACTIVE:
                    raise InvalidInput(f"there is no sound {sound_id} that can be played")
        return await self._answer(account_id, number, forwarding_script(wanted))


class GetNumber:
    """Look at one number of an account."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, number: PhoneNumber) -> AccountNumber:
        """Return the number; raise NotFound if it is not the account's."""
        async with self._store.begin(read_only=True) as tx:
            found = await tx.number(account_id, number)
        if found is None:
            raise NotFound("number", number)
        return found


class ListNumbers:
    """List the numbers of an account, or of all."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId | None = None) -> Sequence[AccountNumber]:
        """Return the numbers, oldest first."""
        async with self._store.begin(read_only=True) as tx:
            return await tx.numbers(account_id)
