"""What whoever answers a call hears, as it is asked for, and the script that comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ringcast.domain.campaigns import AnsweringPolicy
from ringcast.domain.errors import NothingToSay
from ringcast.domain.ids import SoundId
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.speech import Speech, Voice
from ringcast.services.campaign_script import Broadcast, broadcast_script

__all__ = ["Message", "SayText", "Saying", "VoiceMessage", "script_of", "sounds_in"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SayText:
    """A message that is spoken."""

    text: str
    voice: Voice


Saying: TypeAlias = SayText | SoundId
"""A text, or a sound of the account."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceMessage:
    """What people hear, what machines hear, and a key by which people are put through."""

    live: Saying
    machine: Saying | None = None
    """With it, who has answered is found out first; without it all hear `live` at once."""
    transfer: Saying | None = None
    """Played while the other one is called."""
    transfer_digit: str | None = None
    transfer_number: PhoneNumber | None = None


Message: TypeAlias = Saying | VoiceMessage | Script
"""What is heard: one message, several of them, or whatever instructions."""


def sounds_in(messages: Iterable[Message | None]) -> frozenset[SoundId]:
    """Return the sounds of the account that are heard."""
    sayings: list[Message | None] = []
    for message in messages:
        if isinstance(message, VoiceMessage):
            sayings += [message.live, message.machine, message.transfer]
        else:
            sayings.append(message)
    return frozenset(SoundId(said) for said in sayings if isinstance(said, int))


async def script_of(
    message: Message | None, *, speech: Speech, digests: Mapping[SoundId, str]
) -> Script:
    """Return the script; `digests` has the content hash of each sound.

    Raises NothingToSay, SpeechFailed, and InvalidInput for a key that makes no sense.
    """
    if message is None:
        raise NothingToSay
    if isinstance(message, Script):
        if not message.instructions:
            raise NothingToSay
        return message
    if not isinstance(message, VoiceMessage):
        message = VoiceMessage(live=message)

    async def digest(said: Saying | None) -> str | None:
        if isinstance(said, SayText):
            # The same text again costs nothing: speech is kept by what was asked for.
            return (await speech.speak(said.text, said.voice)).digest
        return None if said is None else digests[said]

    machine = await digest(message.machine)
    said = Broadcast(
        live=await digest(message.live),
        machine=machine,
        transfer=await digest(message.transfer),
        transfer_digit=message.transfer_digit,
        transfer_number=message.transfer_number,
    )
    at_once = AnsweringPolicy.ANYBODY_AT_ONCE
    both = AnsweringPolicy.PEOPLE_AND_MACHINES
    return broadcast_script(said, at_once if machine is None else both)
