"""Calls under the control of requests, as programs: recorded if that is wanted, then parked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from ringcast.apis.bandwidth_v1.settings import LANGUAGE, Settings
from ringcast.domain.programs import CallFacts, Interpreter, Park, Program, RecordStep

__all__ = ["LANGUAGE", "interpreter"]


def interpreter() -> Interpreter:
    """Return what makes programs of the settings of calls."""

    def interpret(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
        return _program(Settings.read(settings), call)

    return interpret


def _program(settings: Settings, call: CallFacts) -> Program:
    if settings.recording:
        yield RecordStep(
            name=settings.recording_format or "wav",
            max_length=timedelta(seconds=int(settings.recording_max or "3600")),
        )
    yield Park(picks_up=not call.is_inbound or bool(settings.auto_answer))
