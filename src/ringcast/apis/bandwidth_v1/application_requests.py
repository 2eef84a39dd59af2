"""What an application is: what its numbers' calls are answered by, and who is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ringcast.apis.bandwidth_v1.call_requests import METHODS, MOST_CALLBACK_TIMEOUT, script_of
from ringcast.apis.bandwidth_v1.errors import bad_value, missing
from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.apis.bandwidth_v1.followers import follower_of
from ringcast.apis.bandwidth_v1.identities import Ids, Kind
from ringcast.apis.bandwidth_v1.settings import LANGUAGE, Settings
from ringcast.domain.ids import ApplicationId
from ringcast.domain.instructions import Interpret
from ringcast.domain.public_ids import PublicIds
from ringcast.services.applications import ApplicationPlan

__all__ = ["APPLICATION_REFUSES", "APPLICATION_TAKES", "plan_of", "prepared"]

APPLICATION_TAKES = (
    "name", "incomingCallUrl", "incomingCallUrlCallbackTimeout", "incomingCallFallbackUrl",
    "callbackHttpMethod", "autoAnswer",
)  # fmt: skip
APPLICATION_REFUSES = dict.fromkeys(
    ("incomingMessageUrl", "incomingMessageUrlCallbackTimeout", "incomingMessageFallbackUrl"),
    "messaging is not available on this system",
)
_MOST_NAME = 200  # characters


def plan_of(exchange: Exchange, before: Mapping[str, str], name: str) -> ApplicationPlan:
    """Return the application that is wanted; what is not given stays as it was before."""
    fields = exchange.fields
    name = fields.text("name", most=_MOST_NAME) or name
    if not name:
        raise missing("application", "name")
    options = {**before, **_given(exchange)}
    if not options.get("incomingCallUrl"):
        raise missing("application", "incomingCallUrl")
    settings = Settings(
        user=exchange.user,
        base=exchange.base,
        callback_url=options["incomingCallUrl"],
        callback_method=options.get("callbackHttpMethod", METHODS[0]),
        callback_timeout=options.get("incomingCallUrlCallbackTimeout", str(MOST_CALLBACK_TIMEOUT)),
        fallback_url=options.get("incomingCallFallbackUrl", ""),
        auto_answer="true" if options.get("autoAnswer", "true") == "true" else "",
    )
    return ApplicationPlan(
        name=name,
        script=script_of(settings),
        follower=follower_of(settings),
        options=options,
    )


def prepared(
    instruction: Interpret, application_id: ApplicationId | None, ids: PublicIds
) -> Interpret:
    """Return what runs a call of an application, with the identifier that callbacks show."""
    if application_id is None:
        return instruction
    settings = Settings.read(instruction.settings)
    shown = Ids(ids).of(Kind.APPLICATION, application_id)
    made = replace(settings, application=shown)
    return Interpret(language=LANGUAGE, source=instruction.source, settings=made.written())


def _given(exchange: Exchange) -> dict[str, str]:
    fields = exchange.fields
    given: dict[str, str] = {}
    for name in ("incomingCallUrl", "incomingCallFallbackUrl"):
        if name in fields:
            given[name] = fields.url(name, code="callback-url-invalid") or ""
    if "incomingCallUrlCallbackTimeout" in fields:
        given["incomingCallUrlCallbackTimeout"] = str(
            fields.whole("incomingCallUrlCallbackTimeout", 0, least=1, most=MOST_CALLBACK_TIMEOUT)
        )
    method = fields.choice("callbackHttpMethod", METHODS)
    if method is not None:
        given["callbackHttpMethod"] = method
    if "autoAnswer" in fields:
        given["autoAnswer"] = "true" if fields.flag("autoAnswer") else "false"
    if given.get("incomingCallFallbackUrl") and given.get("incomingCallUrl") == "":
        raise bad_value("'incomingCallFallbackUrl' makes sense only with 'incomingCallUrl'")
    return given
