"""Calls under the control of requests, as programs: recorded if that is wanted, then parked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Final

from ringcast.apis.bandwidth_v1.followers import follower_of
from ringcast.apis.bandwidth_v1.settings import LANGUAGE, Settings
from ringcast.domain.ids import CallId
from ringcast.domain.numbers import PhoneNumber, parse_destination
from ringcast.domain.programs import (
    CallFacts,
    Dial,
    Dialed,
    DialTarget,
    End,
    FromUrl,
    Interpreter,
    Park,
    Program,
    Prompt,
    RecordStep,
    Say,
    Spoken,
)

__all__ = ["LANGUAGE", "interpreter"]

_RINGS: Final = timedelta(seconds=60)
"""How long who a call is put through to may ring."""


def interpreter() -> Interpreter:
    """Return what makes programs of the settings of calls."""

    def interpret(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
        made = Settings.read(settings)
        return _transfer(made) if made.transfer_to else _program(made, call)

    return interpret


def _transfer(settings: Settings) -> Program:
    """Dial, connect, and end when they part; a call that nobody takes waits for requests again."""
    target = DialTarget(
        to=parse_destination(settings.transfer_to),
        before=partial(_whisper, settings) if _whispered(settings) is not None else None,
        call_id=CallId(int(settings.transfer_call)),
        follower=follower_of(settings),
    )
    shown = PhoneNumber(settings.transfer_caller) if settings.transfer_caller else None
    came = yield Dial(targets=(target,), from_number=shown, timeout=_RINGS)
    if isinstance(came, Dialed) and came.connected:
        yield End(reason="who it was put through to has hung up")
    yield Park()


def _whisper(settings: Settings, leg: CallFacts) -> Program:
    prompt = _whispered(settings)
    if prompt is not None:
        yield Say(prompts=(prompt,))


def _whispered(settings: Settings) -> Prompt | None:
    if settings.whisper_url:
        return FromUrl(url=settings.whisper_url)
    if settings.whisper_sentence:
        return Spoken(
            text=settings.whisper_sentence,
            language=settings.whisper_language,
            gender=settings.whisper_gender,
        )
    return None


def _program(settings: Settings, call: CallFacts) -> Program:
    if settings.recording:
        yield RecordStep(
            name=settings.recording_format or "wav",
            max_length=timedelta(seconds=int(settings.recording_max or "3600")),
        )
    yield Park(picks_up=not call.is_inbound or bool(settings.auto_answer))
