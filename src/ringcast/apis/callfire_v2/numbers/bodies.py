"""CallFire's shapes of what is done with calls to a number."""

from __future__ import annotations

from typing import Any

import msgspec

from ringcast.apis.callfire_v2.dialplans import dialplan_of
from ringcast.domain.accounts import AccountNumber
from ringcast.domain.errors import InvalidInput
from ringcast.domain.forwarding import Forwarding, forwarding_of
from ringcast.domain.ids import SoundId
from ringcast.domain.instructions import Interpret
from ringcast.domain.numbers import PhoneNumber

__all__ = [
    "CallTrackingConfig",
    "IvrInboundConfig",
    "NumberConfig",
    "NumberConfigBody",
    "config",
    "forwarding",
]


class CallTrackingConfig(
    msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Calls put through to other telephones."""

    transferNumbers: list[str | int] | None = None  # noqa: N815 - the vendor's spelling, here and below
    screen: bool | None = None
    recorded: bool | None = None
    introSoundId: int | None = None  # noqa: N815
    whisperSoundId: int | None = None  # noqa: N815
    failedTransferSoundId: int | None = None  # noqa: N815
    voicemail: bool | None = None
    voicemailSoundId: int | None = None  # noqa: N815
    weeklySchedule: Any = None  # noqa: N815
    googleAnalytics: Any = None  # noqa: N815


class IvrInboundConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A dialplan that answers."""

    dialplanXml: str | None = None  # noqa: N815


class NumberConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What shall be done with calls to a number."""

    number: str | int | None = None
    configType: str | None = None  # noqa: N815
    callTrackingConfig: CallTrackingConfig | None = None  # noqa: N815
    ivrInboundConfig: IvrInboundConfig | None = None  # noqa: N815


class NumberConfigBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is done with calls to a number; only `number` if they are not answered."""

    number: str
    configType: str | None = None  # noqa: N815
    callTrackingConfig: CallTrackingConfig | None = None  # noqa: N815
    ivrInboundConfig: IvrInboundConfig | None = None  # noqa: N815


def config(of: AccountNumber) -> NumberConfigBody:
    """Return what is done with calls to a number, as far as it can be said in CallFire's words."""
    body = NumberConfigBody(number=of.number.digits)
    if of.script is not None and len(of.script.instructions) == 1:
        (only,) = of.script.instructions
        xml = dialplan_of(only) if isinstance(only, Interpret) else None
        if xml is not None:
            body.configType = "IVR"
            body.ivrInboundConfig = IvrInboundConfig(dialplanXml=xml)
    wanted = None if of.script is None else forwarding_of(of.script)
    if wanted is not None:
        body.configType = "TRACKING"
        body.callTrackingConfig = CallTrackingConfig(
            transferNumbers=list(wanted.numbers),
            screen=wanted.screen,
            recorded=wanted.record,
            introSoundId=wanted.intro,
            whisperSoundId=wanted.whisper,
            failedTransferSoundId=wanted.failed,
            voicemail=wanted.voicemail,
            voicemailSoundId=wanted.voicemail_greeting,
        )
    return body


def forwarding(given: CallTrackingConfig) -> Forwarding:
    """Read where calls are put through to; raises InvalidInput."""
    for name in ("weeklySchedule", "googleAnalytics"):
        if getattr(given, name) is not None:
            raise InvalidInput(
                f"callTrackingConfig.{name} is not available on this system", field=name
            )
    numbers = given.transferNumbers or ()
    return Forwarding(
        numbers=tuple(
            PhoneNumber.parse(str(one), field="transferNumbers").digits for one in numbers
        ),
        screen=bool(given.screen),
        record=bool(given.recorded),
        intro=_sound(given.introSoundId),
        whisper=_sound(given.whisperSoundId),
        failed=_sound(given.failedTransferSoundId),
        voicemail=bool(given.voicemail),
        voicemail_greeting=_sound(given.voicemailSoundId),
    )


def _sound(given: int | None) -> SoundId | None:
    return None if given is None else SoundId(given)
