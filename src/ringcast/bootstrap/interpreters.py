"""The languages that scripts can be written in."""

from __future__ import annotations

from collections.abc import Mapping

from ringcast.apis import bandwidth_v1, laml
from ringcast.domain.accounts import Account
from ringcast.domain.forwarding import FORWARDING, forward
from ringcast.domain.ids import ApplicationId
from ringcast.domain.instructions import Instruction, Interpret, Script
from ringcast.domain.programs import Interpreter
from ringcast.domain.public_ids import PublicIds
from ringcast.domain.sound_recording import SOUND_RECORDING, record_sound
from ringcast.integrations.clock import SystemClock
from ringcast.scripting import callfire_dialplan

__all__ = ["interpreters", "prepare"]


def prepare(
    script: Script,
    account: Account,
    application_id: ApplicationId | None,
    *,
    root: str,
    ids: PublicIds,
) -> Script:
    """Return the script of a call made of that of a number, with what only a call knows.

    `root` is where the server is reached: scheme, host and port.
    """
    base = root + laml.PREFIXES[-1]

    def prepared(one: Instruction) -> Instruction:
        match one:
            case Interpret(language=laml.LANGUAGE):
                return laml.prepared(one, account, application_id, base=base)
            case Interpret(language=bandwidth_v1.LANGUAGE):
                return bandwidth_v1.prepared(one, application_id, ids)
            case _:
                return one

    return Script(instructions=tuple(map(prepared, script.instructions)))


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
