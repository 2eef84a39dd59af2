"""Dialplans as CallFire v2 takes them and gives them back."""

from __future__ import annotations

from ringcast.domain.instructions import Interpret
from ringcast.scripting.callfire_dialplan import LANGUAGE, parse

__all__ = ["dialplan", "dialplan_of"]


def dialplan(given: str | None) -> Interpret | None:
    """Return what runs a dialplan, None if none is given; raise InvalidDialplan."""
    if given is None or not given.strip():
        return None
    parse(given)
    return Interpret(language=LANGUAGE, source=given)


def dialplan_of(program: Interpret | None) -> str | None:
    """Return the dialplan that is run, None if there is none."""
    return program.source if program is not None and program.language == LANGUAGE else None
