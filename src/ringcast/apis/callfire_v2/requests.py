"""Reading CallFire's parameters and bodies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from ringcast.apis.callfire_v2.dialplans import dialplan
from ringcast.apis.callfire_v2.statuses import voice_named
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import ContactId, SoundId
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.speech import Voice
from ringcast.ports.store import Page
from ringcast.services.calls import Recipient, SayText, VoiceMessage
from ringcast.web.errors import BadRequest

__all__ = ["CallDefaults", "CallRecipient", "Query", "TextToSpeech", "decode", "recipients"]

T = TypeVar("T")

_MAX_LIMIT = 1000
_MAX_OFFSET = 2**31
_MAX_IDS = 1000
_MAX_TIME = 253_402_300_799_000  # the end of the year 9999, in milliseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUE = frozenset({"true", "1", "yes"})  # clients send true, True and 1
_FALSE = frozenset({"false", "0", "no"})
_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)


class Query:
    """The parameters of a request; an empty one counts as absent."""

    def __init__(self, items: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in items:
            if value.strip():
                self._values.setdefault(name, []).append(value.strip())

    @property
    def names(self) -> frozenset[str]:
        """The parameters that were given."""
        return frozenset(self._values)

    def text(self, name: str) -> str | None:
        """Return a parameter that may be given once."""
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise InvalidInput(f"{name} is given {len(values)} times", field=name)
        return values[0]

    def integer(self, name: str, *, least: int = 0, most: int = 2**63 - 1) -> int | None:
        """Return a whole number between `least` and `most`."""
        text = self.text(name)
        if text is None:
            return None
        return _integer(text, name, least=least, most=most)

    def integers(self, name: str) -> list[int] | None:
        """Return numbers given by repetition or separated by commas."""
        words = self.words(name)
        if words is None:
            return None
        if len(words) > _MAX_IDS:
            raise InvalidInput(f"{name} can be given {_MAX_IDS} times", field=name)
        return [_integer(word, name, least=0, most=2**63 - 1) for word in words]

    def words(self, name: str) -> list[str] | None:
        """Return words given by repetition or separated by commas."""
        values = self._values.get(name)
        if values is None:
            return None
        return [word.strip() for value in values for word in value.split(",") if word.strip()]

    def boolean(self, name: str, *, default: bool = False) -> bool:
        """Return a truth value."""
        text = self.text(name)
        if text is None:
            return default
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
        raise InvalidInput(f"{name} must be true or false, not {text!r}", field=name)

    def time(self, name: str) -> datetime | None:
        """Return a time given in milliseconds since the epoch."""
        milliseconds = self.integer(name, most=_MAX_TIME)
        if milliseconds is None:
            return None
        return _EPOCH + timedelta(milliseconds=milliseconds)

    def number(self, name: str) -> PhoneNumber | None:
        """Return a telephone number."""
        text = self.text(name)
        return None if text is None else PhoneNumber.parse(text, field=name)

    def page(self) -> Page:
        """Return the window on the list."""
        limit = self.integer("limit", least=1, most=_MAX_LIMIT)
        offset = self.integer("offset", most=_MAX_OFFSET)
        return Page(limit=100 if limit is None else limit, offset=offset or 0)


_SAID = (
    "liveMessage",
    "liveMessageSoundId",
    "machineMessage",
    "machineMessageSoundId",
    "transferMessage",
    "transferMessageSoundId",
    "transferDigit",
    "transferNumber",
)
"""What a recipient hears who has no dialplan."""


class CallRecipient(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One of the calls to send."""

    phoneNumber: str | int | None = None  # noqa: N815 - the vendor's spelling, here and below
    contactId: int | None = None  # noqa: N815
    fromNumber: str | int | None = None  # noqa: N815
    liveMessage: str | None = None  # noqa: N815
    liveMessageSoundId: int | None = None  # noqa: N815
    voice: str | None = None
    attributes: dict[str, str] | None = None
    machineMessage: str | None = None  # noqa: N815
    machineMessageSoundId: int | None = None  # noqa: N815
    transferMessage: str | None = None  # noqa: N815
    transferMessageSoundId: int | None = None  # noqa: N815
    transferDigit: str | int | None = None  # noqa: N815
    transferNumber: str | int | None = None  # noqa: N815
    dialplanXml: str | None = None  # noqa: N815


class TextToSpeech(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A text to be made a sound."""

    message: str | None = None
    voice: str | None = None


class CallCreateSound(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A sound that somebody is called to speak."""

    name: str | None = None
    toNumber: str | int | None = None  # noqa: N815


class CallDefaults(msgspec.Struct, kw_only=True):
    """What recipients without their own are told."""

    live: SayText | SoundId | None
    machine: SayText | SoundId | None
    voice: str | None

    @classmethod
    def of(cls, query: Query) -> CallDefaults:
        """Read the `default…` parameters."""
        name = query.text("defaultVoice")
        voice = voice_named(name, field="defaultVoice")

        def said(parameter: str) -> SayText | SoundId | None:
            text, sound_id = query.text(parameter), query.integer(f"{parameter}SoundId")
            return _said(text, sound_id, voice, parameter)

        return cls(
            live=said("defaultLiveMessage"), machine=said("defaultMachineMessage"), voice=name
        )


def decode(body: bytes, kind: type[T]) -> T:
    """Read a JSON body; raise BadRequest that says where it is wrong.

    Numbers and truth values may come as strings, as some of CallFire's own samples have them.
    """
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except msgspec.ValidationError as exc:
        raise BadRequest(f"the body does not fit: {exc}") from exc
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        raise BadRequest("the body is not JSON that can be read") from exc


def recipients(given: Sequence[CallRecipient], defaults: CallDefaults) -> list[Recipient]:
    """Return whom to call and what to tell them; raise InvalidInput, naming the member."""
    return [_recipient(number, one, defaults) for number, one in enumerate(given)]


def _recipient(number: int, given: CallRecipient, defaults: CallDefaults) -> Recipient:
    if given.contactId is not None and given.phoneNumber not in (None, ""):
        raise InvalidInput(
            f"recipient {number}: give phoneNumber or contactId, not both", field="contactId"
        )
    if given.contactId is None and given.phoneNumber in (None, ""):
        raise InvalidInput(
            f"recipient {number} has neither phoneNumber nor contactId", field="phoneNumber"
        )
    return Recipient(
        to=str(given.phoneNumber or ""),
        contact_id=_contact(given.contactId),
        from_number=None if given.fromNumber in (None, "") else str(given.fromNumber),
        message=_script(number, given) or _message(number, given, defaults),
        attributes=given.attributes or {},
    )


def _script(number: int, given: CallRecipient) -> Script | None:
    """Return what runs the recipient's dialplan, None without one."""
    where = f"recipient {number}: "
    try:
        program = dialplan(given.dialplanXml)
    except InvalidInput as error:
        raise InvalidInput(f"{where}{error}", field="dialplanXml") from error
    if program is None:
        return None
    for name in _SAID:
        if getattr(given, name) not in (None, ""):
            raise InvalidInput(f"{where}give dialplanXml or {name}, not both", field="dialplanXml")
    return Script(instructions=(program,))


def _message(
    number: int, given: CallRecipient, defaults: CallDefaults
) -> SayText | SoundId | VoiceMessage | None:
    """Return what this recipient hears: their own messages or sounds, or else the defaults."""
    voice = voice_named(given.voice or defaults.voice, field="voice")
    where = f"recipient {number}: "

    def said(member: str, default: SayText | SoundId | None = None) -> SayText | SoundId | None:
        text, sound_id = getattr(given, member), getattr(given, f"{member}SoundId")
        own = _said(text, sound_id, voice, member, where)
        if own is None and isinstance(default, SayText):
            return SayText(text=default.text, voice=voice)
        return default if own is None else own

    live = said("liveMessage", defaults.live)
    machine = said("machineMessage", defaults.machine)
    transfer = said("transferMessage")
    digit = None if given.transferDigit in (None, "") else str(given.transferDigit)
    other = None
    if given.transferNumber not in (None, ""):
        other = PhoneNumber.parse(str(given.transferNumber), field="transferNumber")
    if all(one is None for one in (machine, transfer, digit, other)):
        return live
    if live is None:
        raise InvalidInput(
            f"{where}a message for machines or a transfer needs a liveMessage or a"
            " liveMessageSoundId",
            field="liveMessage",
        )
    return VoiceMessage(
        live=live, machine=machine, transfer=transfer, transfer_digit=digit, transfer_number=other
    )


def _said(
    text: str | None, sound_id: int | None, voice: Voice, name: str, where: str = ""
) -> SayText | SoundId | None:
    """Return a text or a sound; `name` is that of the text, the sound's has SoundId at its end."""
    if sound_id is None:
        return SayText(text=text, voice=voice) if text else None
    if text:
        raise InvalidInput(f"{where}give {name} or {name}SoundId, not both", field=name)
    if not 0 <= sound_id < 2**63:
        raise InvalidInput(f"{sound_id} is not the id of a sound", field=f"{name}SoundId")
    return SoundId(sound_id)


def _contact(number: int | None) -> ContactId | None:
    if number is None:
        return None
    if not 0 <= number < 2**63:
        raise NotFound("contact", number)
    return ContactId(number)


def _integer(text: str, name: str, *, least: int, most: int) -> int:
    if _INTEGER.fullmatch(text) and least <= int(text) <= most:
        return int(text)
    raise InvalidInput(
        f"{name} must be a whole number from {least} to {most}, not {text[:40]!r}", field=name
    )


def check_parameters(query: Query, *, takes: frozenset[str], refuses: Mapping[str, str]) -> None:
    """Refuse what would have no effect; raise InvalidInput, naming the parameter."""
    for name in sorted(query.names - takes):
        if name in refuses:
            raise InvalidInput(f"{name} {refuses[name]}", field=name)
        raise InvalidInput(f"there is no parameter {name[:64]!r} here", field=name[:64])
