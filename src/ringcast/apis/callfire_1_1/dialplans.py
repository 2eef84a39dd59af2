"""IVR dialplans as scripts, and scripts as dialplans."""

from __future__ import annotations

from ringcast.domain.instructions import Interpret, Script
from ringcast.scripting import callfire_dialplan

__all__ = ["dialplan_of", "dialplan_script"]


def dialplan_script(source: str) -> Script:
    """Return the script that runs a dialplan; raise InvalidInput naming line and tag."""
    callfire_dialplan.parse(source)
    return Script(instructions=(Interpret(language=callfire_dialplan.LANGUAGE, source=source),))


def dialplan_of(script: Script) -> str | None:
    """Return the dialplan that a script runs, if it runs one."""
    match script.instructions:
        case (Interpret(language=callfire_dialplan.LANGUAGE, source=source),):
            return source
    return None
