"""Numbers that an account may show, proved by a call that reads out a code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from secrets import randbelow, token_bytes
from typing import Final

from ringcast.domain.accounts import Account, AccountNumber
from ringcast.domain.caller_ids import CallerIdVerification
from ringcast.domain.errors import Conflict, LimitReached, NotFound, RingcastError
from ringcast.domain.ids import AccountId, NumberId, VerificationId
from ringcast.domain.instructions import Instruction, Pause, Play, Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.clock import Clock
from ringcast.ports.speech import VOICES, Speech
from ringcast.ports.store import Store
from ringcast.services.accounts import hash_secret, verify_secret
from ringcast.services.calls import Recipient, SendCalls

__all__ = ["SendVerificationCode", "VerifyCallerId", "new_code"]

_DIGITS: Final = 6
_TRIES: Final = 5  # of a million codes
_LIFE: Final = timedelta(minutes=10)
_BETWEEN: Final = timedelta(minutes=1)  # before the same number is called with another code
_SALT_BYTES: Final = 16

_VOICE = VOICES["en-us-female-1"]
_INTRODUCTION = "Hello. Your verification code is"
_REPETITION = "Once more. Your verification code is"
_BEFORE = timedelta(seconds=1)  # for the phone to reach the ear
_BETWEEN_DIGITS = timedelta(milliseconds=400)  # time to write one down
_BETWEEN_READINGS = timedelta(seconds=1)


def new_code(digits: int = _DIGITS) -> str:
    """Draw a code of so many digits."""
    return f"{randbelow(10**digits):0{digits}}"


class SendVerificationCode:
    """Call a number and read out a code that only who answers it can know."""

    def __init__(
        self,
        *,
        store: Store,
        speech: Speech,
        clock: Clock,
        send_calls: SendCalls,
        draw_code: Callable[[], str] = new_code,
    ) -> None:
        self._store = store
        self._speech = speech
        self._clock = clock
        self._send_calls = send_calls
        self._draw_code = draw_code

    async def __call__(self, account: Account, text: str) -> None:
        """Have the number called from the account's oldest; an earlier code is worth nothing then.

        Raises InvalidNumber, Conflict if the account has the number, LimitReached if it was called
        a moment ago, UnknownCallerId if the account has no number to call from, SpeechFailed.
        """
        number = PhoneNumber.parse(text, field="callerid")
        code = self._draw_code()
        script = await self._script(code)
        now = self._clock.now()
        (verification_id,) = await self._store.take_ids(1, now)
        verification = CallerIdVerification(
            id=VerificationId(verification_id),
            account_id=account.id,
            number=number,
            code_hash=hash_secret(code, salt=token_bytes(_SALT_BYTES)),
            created_at=now,
            expires_at=now + _LIFE,
            tries_left=_TRIES,
        )
        async with self._store.begin() as tx:
            if await tx.number(account.id, number) is not None:
                raise Conflict(f"{number} is a number of this account already")
            earlier = await tx.caller_id_verification(account.id, number)
            if earlier is not None and now - earlier.created_at < _BETWEEN:
                raise LimitReached(
                    f"{number} was called a moment ago: wait before it is called again",
                    retry_after=earlier.created_at + _BETWEEN - now,
                )
            await tx.replace_caller_id_verification(verification)
            await tx.commit()
        # The code is kept before the call can be placed, and not if it will not be placed.
        try:
            await self._send_calls(
                account, [Recipient(to=number, message=script, label="verification")]
            )
        except RingcastError:
            async with self._store.begin() as tx:
                await tx.delete_caller_id_verification(account.id, number)
                await tx.commit()
            raise

    async def _script(self, code: str) -> Script:
        """Return what reads the code twice, digit by digit.

        Each digit is a sound of its own: no sound that is kept says the code.
        """
        introduction, repetition, *digits = await asyncio.gather(
            *(self._speak(text) for text in (_INTRODUCTION, _REPETITION, *code))
        )
        instructions: list[Instruction] = [Pause(length=_BEFORE)]
        for opening in (introduction, repetition):
            instructions.append(Play(audio=(opening,)))
            for digit in digits:
                instructions += [Pause(length=_BETWEEN_DIGITS), Play(audio=(digit,))]
            instructions.append(Pause(length=_BETWEEN_READINGS))
        return Script(instructions=tuple(instructions))

    async def _speak(self, text: str) -> str:
        return (await self._speech.speak(text, _VOICE)).digest


class VerifyCallerId:
    """Take a number for the account's own if the code is the one that was read out on it."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, account_id: AccountId, text: str, code: str) -> bool:
        """Tell whether the code is right; the number is then one the account can call from.

        After five wrong codes, or ten minutes, no code is right. Raises InvalidNumber, NotFound if
        no code was read out on the number, Conflict if another account has the number.
        """
        number = PhoneNumber.parse(text, field="callerid")
        now = self._clock.now()
        (number_id,) = await self._store.take_ids(1, now)
        async with self._store.begin() as tx:
            verification = await tx.caller_id_verification(account_id, number)
            if verification is None:
                raise NotFound("verification of", number)
            if not verification.takes_codes(now):
                return False
            if not verify_secret(code.strip(), verification.code_hash):
                await tx.replace_caller_id_verification(verification.tried())
                await tx.commit()
                return False
            await tx.delete_caller_id_verification(account_id, number)
            await tx.add_number(
                AccountNumber(
                    id=NumberId(number_id),
                    account_id=account_id,
                    number=number,
                    created_at=now,
                    caller_id_only=True,
                )
            )
            await tx.commit()
        return True
