"""What a campaign does when somebody answers, in neutral instructions."""

from __future__ import annotations

from collections.abc import Mapping

from ringcast.domain.campaigns import AnsweringPolicy, Messages
from ringcast.domain.errors import NotSupported
from ringcast.domain.ids import SoundId
from ringcast.domain.instructions import Play, Script

__all__ = ["campaign_script", "sounds_of"]


def sounds_of(messages: Messages) -> frozenset[SoundId]:
    """Return the sounds that the script of these messages plays."""
    said = (messages.live, messages.machine, messages.transfer, messages.do_not_call)
    return frozenset(message.sound_id for message in said if message is not None)


def campaign_script(
    messages: Messages, answering: AnsweringPolicy, audio: Mapping[SoundId, str]
) -> Script:
    """Return the script; `audio` has the content hash of each sound.

    Without a message it has no instructions. Raises NotSupported for what no call flow does yet.
    """
    if answering is not AnsweringPolicy.ANYBODY_AT_ONCE or messages.machine is not None:
        raise NotSupported("a campaign cannot tell people from machines on this system")
    if messages.transfer_digit is not None or messages.transfer is not None:
        raise NotSupported("a campaign cannot transfer calls on this system")
    if messages.do_not_call_digit is not None or messages.do_not_call is not None:
        raise NotSupported("a campaign has no key to be called no more on this system")
    if messages.live is None:
        return Script(instructions=())
    return Script(instructions=(Play(audio=(audio[messages.live.sound_id],)),))
