"""What the creation of a call asks for."""

from __future__ import annotations

import re
from datetime import timedelta

from ringcast.apis.bandwidth_v1.errors import Refused, bad_value
from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.apis.bandwidth_v1.fields import Fields
from ringcast.apis.bandwidth_v1.followers import follower_of
from ringcast.apis.bandwidth_v1.settings import LANGUAGE, Settings
from ringcast.domain.errors import InvalidInput, InvalidNumber
from ringcast.domain.instructions import Interpret, Script
from ringcast.domain.numbers import Destination, PhoneNumber, SipAddress
from ringcast.services.call_creation import CallWish

__all__ = [
    "CALLBACKS",
    "CREATE_REFUSES",
    "CREATE_TAKES",
    "RECORDING",
    "callback_settings",
    "destination_of",
    "number_of",
    "recording_settings",
    "script_of",
    "wish_of",
]

CALLBACKS = ("callbackUrl", "callbackHttpMethod", "callbackTimeout", "fallbackUrl")
RECORDING = ("recordingEnabled", "recordingMaxDuration", "recordingFileFormat")
CREATE_TAKES = (
    "from", "to", "callTimeout", *CALLBACKS, *RECORDING, "transcriptionEnabled", "tag",
    "sipHeaders", "conferenceId",
)  # fmt: skip
CREATE_REFUSES = {
    "bridgeId": "calls are put into a bridge when they are active",
}
METHODS = ("POST", "GET")
FORMATS = ("wav", "mp3")
MOST_CALLBACK_TIMEOUT = 10_000  # milliseconds
_MOST_HEADERS, _MOST_HEADER = 5, 256
_HEADER = re.compile(r"[Xx]-[0-9A-Za-z!#$%&'*+.^_`|~-]+")
_MOST_TAG = 1000
_LONGEST_RECORDING = 14_400  # seconds: as long as a call can be


def wish_of(exchange: Exchange) -> CallWish:
    """Return the call that is wanted; raise Refused with the documented codes."""
    fields = exchange.fields
    shown = number_of(fields, "from")
    to = destination_of(fields.needed("to"), code="invalid-call-to-number")
    if fields.flag("transcriptionEnabled"):
        raise bad_value("transcriptionEnabled: transcription is not available on this system")
    settings = Settings(
        user=exchange.user,
        base=exchange.base,
        tag=fields.text("tag", most=_MOST_TAG) or "",
        conference=fields.text("conferenceId") or "",
        **callback_settings(fields),
        **recording_settings(fields),
    )
    return CallWish(
        to=to,
        from_number=shown.e164,
        script=script_of(settings),
        ring_timeout=timedelta(seconds=fields.whole("callTimeout", 60, least=1, most=300)),
        follower=follower_of(settings),
        headers=_headers(fields),
    )


def script_of(settings: Settings) -> Script:
    """Return the script of a call that requests act on."""
    run = Interpret(language=LANGUAGE, source="", settings=settings.written())
    return Script(instructions=(run,))


def number_of(fields: Fields, name: str) -> PhoneNumber:
    """Return a telephone number that must be there."""
    text = fields.needed(name)
    try:
        return PhoneNumber.parse(text)
    except InvalidNumber as error:
        raise bad_value(f"The value of '{name}' is an invalid phone number: {text[:64]}") from error


def destination_of(text: str, *, code: str) -> Destination:
    """Return who is called: a number, or a SIP address."""
    text = text.strip()
    if text.lower().startswith("sip:"):
        try:
            return SipAddress(text)
        except InvalidInput as error:
            raise Refused("forbidden", code, f"{text[:100]} is not a SIP address") from error
    try:
        return PhoneNumber.parse(text)
    except InvalidNumber as error:
        message = f"{text[:64]} is neither a phone number nor a SIP address"
        raise Refused("forbidden", code, message) from error


def callback_settings(fields: Fields) -> dict[str, str]:
    """Return who is told of a call, and how."""
    url = fields.url("callbackUrl", code="callback-invalid-url")
    fallback = fields.url("fallbackUrl", code="callback-invalid-url")
    method = fields.choice("callbackHttpMethod", METHODS)
    timeout = fields.whole(
        "callbackTimeout", MOST_CALLBACK_TIMEOUT, least=1, most=MOST_CALLBACK_TIMEOUT
    )
    if url is None:
        for name in CALLBACKS[1:]:
            if fields.text(name):
                raise bad_value(f"'{name}' makes sense only with 'callbackUrl'")
        return {}
    return {
        "callback_url": url,
        "callback_method": method or METHODS[0],
        "callback_timeout": str(timeout),
        "fallback_url": fallback or "",
    }


def recording_settings(fields: Fields) -> dict[str, str]:
    """Return how a call is recorded."""
    longest = fields.whole(
        "recordingMaxDuration",
        3600,
        least=1,
        most=_LONGEST_RECORDING,
        code="maximum-recording-value-request",
    )
    return {
        "recording": "true" if fields.flag("recordingEnabled") else "",
        "recording_max": str(longest),
        "recording_format": fields.choice("recordingFileFormat", FORMATS) or FORMATS[0],
    }


def _headers(fields: Fields) -> dict[str, str]:
    headers = dict(fields.words("sipHeaders"))
    if len(headers) > _MOST_HEADERS:
        raise bad_value(f"'sipHeaders' must not exceed {_MOST_HEADERS} entries")
    for name, value in headers.items():
        if not _HEADER.fullmatch(name):
            raise bad_value(f"'sipHeaders': the name {name[:64]!r} must start with X-")
        if len(name) > _MOST_HEADER or len(value) > _MOST_HEADER:
            raise bad_value(f"'sipHeaders': names and values must not exceed {_MOST_HEADER}")
        if not value.isprintable() or not value.isascii():
            raise bad_value(f"'sipHeaders': the value of {name} must be printable ASCII")
    return headers
