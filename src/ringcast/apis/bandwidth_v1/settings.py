"""What was asked for with a call, as it is written down with its script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from ringcast.domain.calls import Call
from ringcast.domain.instructions import Interpret

__all__ = ["DIALECT", "LANGUAGE", "Settings", "settings_of"]

DIALECT = LANGUAGE = "bandwidth_v1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings of a call; empty is what was not given."""

    user: str = ""
    """The identifier of the account by which it is named in URLs."""
    base: str = ""
    """Where this API is reached, up to and with `/v1`."""
    callback_url: str = ""
    callback_method: str = ""
    callback_timeout: str = ""
    """Milliseconds."""
    fallback_url: str = ""
    tag: str = ""
    recording: str = ""
    """Not empty: recorded from the start."""
    recording_max: str = ""
    """Seconds."""
    recording_format: str = ""
    auto_answer: str = ""
    """For calls that come to us: not empty if they are answered at once."""
    application: str = ""
    conference: str = ""
    """The conference that the call may be added to."""
    transfer_to: str = ""
    """Not empty: the call is put through, and the callbacks are those of the new leg."""
    transfer_caller: str = ""
    """Digits of the number shown; empty shows the call's own."""
    transfer_call: str = ""
    """The number of the new leg's call."""
    whisper_url: str = ""
    whisper_sentence: str = ""
    whisper_language: str = ""
    whisper_gender: str = ""

    @classmethod
    def read(cls, settings: Mapping[str, str]) -> Settings:
        """Read what `written` has written."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in settings.items() if name in known})

    def written(self) -> dict[str, str]:
        """Return the settings that are not empty."""
        found = {one.name: str(getattr(self, one.name)) for one in fields(self)}
        return {name: value for name, value in found.items() if value}


def settings_of(call: Call) -> Settings:
    """Return what was asked for with a call, also with one of another dialect: nothing."""
    for instruction in call.script.instructions:
        if isinstance(instruction, Interpret) and instruction.language == LANGUAGE:
            return Settings.read(instruction.settings)
    return Settings()
