"""The languages that scripts can be written in."""

from __future__ import annotations

from collections.abc import Mapping

from ringcast.apis import bandwidth_v1, laml
from ringcast.domain.accounts import Account
from ringcast.domain.forwarding import FORWARDING, forward
from ringcast.domain.ids import ApplicationId
from ringcast.domain.instructions import Interpret, Script
from ringcast.domain.programs import Interpreter
from ringcast.domain.public_ids import PublicIds
from ringcast.domain.sound_recording import SOUND_RECORDING, record_sound
from ringcast.integrations.clock import SystemClock
from ringcast.scripting import callfire_dialplan

__all__ = ["interpreters", "prepare"]


def prepare(
    script: Script, account: Account, application_id: ApplicationId | None, *, root: str
) -> Script:
    """Return the script of a call made of that of a number, with what only a call knows.

    `root` is where the server is reached: scheme, host and port.
    """
    base = root + laml.PREFIXES[-1]
    return Script(
        instructions=tuple(
            laml.prepared(one, account, application_id, base=base)
            if isinstance(one, Interpret) and one.language == laml.LANGUAGE
            else one
            for one in script.instructions
        )
    )


def interpreters(ids: PublicIds) -> Mapping[str, Interpreter]:
    """Return what makes a program of a script, by the language of `domain.instructions.Interpret`.

    `ids` make the identifiers that scripts show.
    """
    return {
        FORWARDING: forward,
        SOUND_RECORDING: record_sound,
        bandwidth_v1.LANGUAGE: bandwidth_v1.interpreter(),
        laml.LANGUAGE: laml.interpreter(ids),
        callfire_dialplan.LANGUAGE: callfire_dialplan.interpreter(now=SystemClock().now),
    }
