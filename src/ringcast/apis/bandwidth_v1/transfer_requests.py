"""What a transfer asks for."""

from __future__ import annotations

from collections.abc import Callable

from ringcast.apis.bandwidth_v1.audio_requests import prompt_of
from ringcast.apis.bandwidth_v1.call_requests import (
    METHODS,
    MOST_CALLBACK_TIMEOUT,
    destination_of,
    script_of,
)
from ringcast.apis.bandwidth_v1.errors import Refused, bad_value, missing
from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.apis.bandwidth_v1.settings import Settings
from ringcast.domain.calls import Call
from ringcast.domain.errors import InvalidNumber
from ringcast.domain.ids import CallId
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.programs import FromUrl, Spoken

__all__ = ["TRANSFER_REFUSES", "TRANSFER_TAKES", "WHISPER_TAKES", "transfer_of"]

TRANSFER_TAKES = ("transferTo", "transferCallerId", "callbackUrl", "whisperAudio")
TRANSFER_REFUSES = dict.fromkeys(
    ("diversionTreatment", "diversionReason"), "calls are put through without a Diversion header"
)
WHISPER_TAKES = ("fileUrl", "sentence", "gender", "locale", "voice")


async def transfer_of(exchange: Exchange, call: Call) -> Callable[[CallId], Script]:
    """Return what makes the script that puts the call through to another of that identifier."""
    fields = exchange.fields
    to = fields.text("transferTo")
    if not to:
        raise missing("call", "transferTo")
    target = destination_of(to, code="invalid-destination-number")
    url = fields.url("callbackUrl", code="callback-invalid-url") or ""
    shown = await _shown(exchange, call)
    whisper = _whisper(exchange)

    def script(new_id: CallId) -> Script:
        settings = Settings(
            user=exchange.user,
            base=exchange.base,
            callback_url=url,
            callback_method=METHODS[0] if url else "",
            callback_timeout=str(MOST_CALLBACK_TIMEOUT) if url else "",
            transfer_to=str(target),
            transfer_caller=shown,
            transfer_call=str(new_id),
            **whisper,
        )
        return script_of(settings)

    return script


async def _shown(exchange: Exchange, call: Call) -> str:
    """Return the digits of the number that is shown, empty for the call's own."""
    text = exchange.fields.text("transferCallerId")
    if not text:
        return ""
    if text.lower() == "private":
        raise bad_value("'transferCallerId': the caller cannot be hidden on this system")
    try:
        number = PhoneNumber.parse(text)
    except InvalidNumber as error:
        raise bad_value(
            f"The value of 'transferCallerId' is an invalid phone number: {text[:64]}"
        ) from error
    own = [one.number for one in await exchange.services.list_numbers(exchange.account.id)]
    if number not in own and number != call.from_number:
        raise Refused(
            "authorization", "number-access-denied", f"{number.e164} is no number of the account"
        )
    return number.digits


def _whisper(exchange: Exchange) -> dict[str, str]:
    asked = exchange.fields.part("whisperAudio")
    if not asked:
        return {}
    asked.check((*WHISPER_TAKES, "loopEnabled", "tag"))
    if asked.flag("loopEnabled") or asked.text("tag"):
        raise bad_value("'whisperAudio' is heard once, and nothing is told of it")
    prompt = prompt_of(asked, resource="whisperAudio").prompt
    match prompt:
        case FromUrl(url=url):
            return {"whisper_url": url}
        case Spoken():
            return {
                "whisper_sentence": prompt.text,
                "whisper_language": prompt.language,
                "whisper_gender": prompt.gender,
            }
        case _:
            raise AssertionError("nothing else is asked for")
