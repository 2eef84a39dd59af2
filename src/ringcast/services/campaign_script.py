"""What a voice broadcast does when somebody answers, in neutral instructions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ringcast.domain.campaigns import AnsweringPolicy, Message, Messages
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import SoundId
from ringcast.domain.instructions import (
    BanNumber,
    HangUp,
    Instruction,
    Menu,
    Play,
    Script,
    Transfer,
    WhenAnsweredBy,
)
from ringcast.domain.numbers import PhoneNumber

__all__ = ["KEY_PRESSED", "Broadcast", "broadcast_script", "campaign_script", "sounds_of"]

KEY_PRESSED: Final = "KeyPressed"
"""The source of do-not-call entries that are made by pressing a key."""

_KEYS: Final = frozenset("0123456789*#")


@dataclass(frozen=True, kw_only=True, slots=True)
class Broadcast:
    """What is said to people and to machines, as content hashes, and which keys do what."""

    live: str | None = None
    machine: str | None = None
    """None says to machines what people are told."""
    transfer: str | None = None
    """Played while the other one is called."""
    do_not_call: str | None = None
    transfer_digit: str | None = None
    transfer_number: PhoneNumber | None = None
    do_not_call_digit: str | None = None


def broadcast_script(said: Broadcast, answering: AnsweringPolicy) -> Script:
    """Return the script; without anything to say it has no instructions.

    Keys are for people: they can be pressed while the live sound plays and for some seconds after
    it. Whoever is not spoken to is hung up on. Raises InvalidInput for a key that is none, that
    does two things, or that does nothing.
    """
    keys = _keys(said)
    message = said.machine if said.machine is not None else said.live
    human: tuple[Instruction, ...] = ()
    if said.live is not None:
        live = (said.live,)
        human = (Menu(audio=live, keys=keys) if keys else Play(audio=live),)
    machine = () if message is None else (Play(audio=(message,)),)
    is_silent = message is None if answering is AnsweringPolicy.MACHINES_ONLY else not human
    if is_silent:
        return Script(instructions=())
    match answering:
        case AnsweringPolicy.ANYBODY_AT_ONCE:
            return Script(instructions=human)
        case AnsweringPolicy.PEOPLE_AND_MACHINES:
            return Script(instructions=(WhenAnsweredBy(human=human, machine=machine),))
        case AnsweringPolicy.PEOPLE_ONLY:
            return Script(instructions=(WhenAnsweredBy(human=human),))
        case AnsweringPolicy.MACHINES_ONLY:
            return Script(instructions=(WhenAnsweredBy(machine=machine),))


def sounds_of(messages: Messages) -> frozenset[SoundId]:
    """Return the sounds that the script of these messages plays."""
    said = (messages.live, messages.machine, messages.transfer, messages.do_not_call)
    return frozenset(message.sound_id for message in said if message is not None)


def campaign_script(
    messages: Messages, answering: AnsweringPolicy, audio: Mapping[SoundId, str]
) -> Script:
    """Return the script of a campaign; `audio` has the content hash of each sound.

    Raises what `broadcast_script` does.
    """

    if messages.program is not None:
        return Script(instructions=(messages.program,))

    def digest(message: Message | None) -> str | None:
        return None if message is None else audio[message.sound_id]

    said = Broadcast(
        live=digest(messages.live),
        machine=digest(messages.machine),
        transfer=digest(messages.transfer),
        do_not_call=digest(messages.do_not_call),
        transfer_digit=messages.transfer_digit,
        transfer_number=messages.transfer_number,
        do_not_call_digit=messages.do_not_call_digit,
    )
    return broadcast_script(said, answering)


def _keys(said: Broadcast) -> dict[str, tuple[Instruction, ...]]:
    keys: dict[str, tuple[Instruction, ...]] = {}
    if said.transfer_digit is not None:
        _check_key(said.transfer_digit, "transferDigit")
        if said.transfer_number is None:
            raise InvalidInput(
                "a key that transfers needs a number to transfer to", field="transferNumber"
            )
        audio = _sounds(said.transfer)
        keys[said.transfer_digit] = (Transfer(to=said.transfer_number, audio=audio),)
    elif said.transfer_number is not None or said.transfer is not None:
        raise InvalidInput(
            "a number or a sound for transfers needs a key that transfers", field="transferDigit"
        )
    if said.do_not_call_digit is not None:
        _check_key(said.do_not_call_digit, "dncDigit")
        if said.do_not_call_digit in keys:
            raise InvalidInput(
                "one key cannot both transfer and put on the do-not-call list", field="dncDigit"
            )
        ban = BanNumber(source=KEY_PRESSED)
        spoken = [Play(audio=_sounds(said.do_not_call))] if said.do_not_call else []
        keys[said.do_not_call_digit] = (ban, *spoken, HangUp())
    elif said.do_not_call is not None:
        raise InvalidInput(
            "a sound for whoever is called no more needs a key that asks for it", field="dncDigit"
        )
    return keys


def _check_key(key: str, field: str) -> None:
    if key not in _KEYS:
        raise InvalidInput(f"{field} is one of 0 to 9, * and #, not {key[:20]!r}", field=field)


def _sounds(digest: str | None) -> tuple[str, ...]:
    return () if digest is None else (digest,)
