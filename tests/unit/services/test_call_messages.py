"""What is heard in a call, and the script that comes of it."""

from __future__ import annotations

import pytest

from ringcast.domain.errors import InvalidInput, NothingToSay
from ringcast.domain.ids import SoundId
from ringcast.domain.instructions import Menu, Play, Script, Transfer, WhenAnsweredBy
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.speech import VOICES
from ringcast.services.call_messages import Message, SayText, VoiceMessage, script_of, sounds_in
from tests.fakes.sound_library import MemoryAudio, MemorySpeech

AGENT = PhoneNumber("12135550177")
DIGESTS = {SoundId(number): f"sound{number}" for number in range(4)}
VOICE = VOICES["en-us-female-1"]
HELLO = SayText(text="Hello", voice=VOICE)


async def made(message: Message | None) -> Script:
    return await script_of(message, speech=MemorySpeech(MemoryAudio()), digests=DIGESTS)


async def test_one_message_is_for_whoever_answers_at_once() -> None:
    assert (await made(SoundId(0))).instructions == (Play(audio=("sound0",)),)
    (spoken,) = (await made(HELLO)).instructions
    assert isinstance(spoken, Play)
    assert (await made(VoiceMessage(live=HELLO))).instructions == (spoken,)


async def test_with_words_for_machines_who_answers_is_found_out() -> None:
    script = await made(VoiceMessage(live=SoundId(0), machine=SoundId(1)))
    live, machine = Play(audio=("sound0",)), Play(audio=("sound1",))
    assert script.instructions == (WhenAnsweredBy(human=(live,), machine=(machine,)),)


async def test_a_key_puts_people_through() -> None:
    message = VoiceMessage(
        live=SoundId(0), transfer=SoundId(2), transfer_digit="1", transfer_number=AGENT
    )
    keys = {"1": (Transfer(to=AGENT, audio=("sound2",)),)}
    assert (await made(message)).instructions == (Menu(audio=("sound0",), keys=keys),)
    with pytest.raises(InvalidInput):
        await made(VoiceMessage(live=SoundId(0), transfer_digit="1"))


async def test_instructions_are_taken_as_they_are_and_silence_is_refused() -> None:
    script = Script(instructions=(Play(audio=("x",)),))
    assert await made(script) is script
    for nothing in (None, Script(instructions=())):
        with pytest.raises(NothingToSay):
            await made(nothing)


def test_the_sounds_of_messages_are_those_of_all_their_parts() -> None:
    message = VoiceMessage(live=SoundId(0), machine=HELLO, transfer=SoundId(3))
    assert sounds_in([None, HELLO, Script(instructions=())]) == frozenset()
    assert sounds_in([message, SoundId(1)]) == {SoundId(0), SoundId(1), SoundId(3)}
