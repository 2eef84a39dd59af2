"""How calls are to be handled, as numbers and applications keep it: documents, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ringcast.apis.laml.errors import Refused
from ringcast.apis.laml.following import call_follower
from ringcast.apis.laml.identities import Family
from ringcast.apis.laml.parameters import Parameters
from ringcast.apis.laml.settings import LANGUAGE, Settings
from ringcast.domain.accounts import Account
from ringcast.domain.ids import ApplicationId
from ringcast.domain.instructions import Interpret, Script
from ringcast.domain.subscriptions import Follower
from ringcast.services.numbers import NumberPlan

__all__ = [
    "HANDLING",
    "follower_of",
    "given",
    "handling_script",
    "has_document",
    "name_of",
    "prepared",
    "shown",
    "url_plan",
]

HANDLING: Mapping[str, str] = {
    "VoiceUrl": "voice_url",
    "VoiceMethod": "voice_method",
    "VoiceFallbackUrl": "voice_fallback_url",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallback": "status_callback",
    "StatusCallbackMethod": "status_callback_method",
}
"""Parameters, and the members that show them."""

_LONGEST_NAME = 64  # characters


def given(parameters: Parameters, before: Mapping[str, str]) -> dict[str, str]:
    """Return what is wanted in the vendors' words; what is not named stays as it was before."""
    found = {name: value for name, value in before.items() if name in HANDLING}
    for name in HANDLING:
        if parameters.is_cleared(name):
            found.pop(name, None)
        elif name in parameters:
            value = parameters.method(name) if name.endswith("Method") else parameters.url(name)
            found[name] = value or ""
    return found


def name_of(parameters: Parameters, before: str) -> str:
    """Return the friendly name; raise Refused for one that is too long."""
    name = parameters.text("FriendlyName") or before
    if len(name) > _LONGEST_NAME:
        raise Refused(20002, f"FriendlyName has more than {_LONGEST_NAME} characters")
    return name


def shown(options: Mapping[str, str]) -> dict[str, object]:
    """Return the members that show what is wanted."""
    return {
        member: options.get(name, "POST" if name.endswith("Method") else "")
        for name, member in HANDLING.items()
    }


def has_document(options: Mapping[str, str]) -> bool:
    """Whether calls have a document."""
    return "VoiceUrl" in options


def handling_script(options: Mapping[str, str], settings: Settings) -> Script | None:
    """Return what is done with calls; None: there is no document for them."""
    if not has_document(options):
        return None
    made = settings.with_document(
        inline=False,
        method=options.get("VoiceMethod", "POST"),
        fallback_url=options.get("VoiceFallbackUrl", ""),
        fallback_method=options.get("VoiceFallbackMethod", "POST"),
    )
    run = Interpret(language=LANGUAGE, source=options["VoiceUrl"], settings=made.written())
    return Script(instructions=(run,))


def follower_of(options: Mapping[str, str], family: Family) -> Follower | None:
    """Return who is told when a call has ended."""
    url = options.get("StatusCallback")
    if not url:
        return None
    method = options.get("StatusCallbackMethod", "POST")
    return call_follower(url, family=family, method=method)


def url_plan(url: str, *, twilio: bool) -> NumberPlan:
    """Return the plan of a number whose calls run the document at a URL.

    With `twilio` webhooks carry Twilio's identifiers. Raises InvalidInput for what is no URL.
    """
    options = given(Parameters([("VoiceUrl", url)]), {})
    settings = Settings(family=Family.TWILIO if twilio else Family.SIGNALWIRE)
    return NumberPlan(script=handling_script(options, settings), options=options)


def prepared(
    instruction: Interpret,
    account: Account,
    application_id: ApplicationId | None,
    *,
    base: str,
) -> Interpret:
    """Return the instruction of a call made of that of a number, with what only a call knows."""
    settings = Settings.read(instruction.settings)
    settings = replace(
        settings,
        signing_key=account.signing_key,
        base=settings.base or base,
        application="" if application_id is None else str(application_id),
    )
    return Interpret(language=LANGUAGE, source=instruction.source, settings=settings.written())
