"""What the creation of a call asks for."""

from __future__ import annotations

import re
from datetime import timedelta

from ringcast.apis.laml.documents import DocumentError, parse_document
from ringcast.apis.laml.errors import Refused
from ringcast.apis.laml.following import (
    EVENTS,
    RECORDING_EVENTS,
    answer_follower,
    call_follower,
)
from ringcast.apis.laml.handling import handling_script
from ringcast.apis.laml.identities import Family
from ringcast.apis.laml.parameters import Parameters
from ringcast.apis.laml.settings import LANGUAGE, Settings
from ringcast.domain.applications import Application
from ringcast.domain.errors import InvalidInput, InvalidNumber
from ringcast.domain.instructions import Interpret, Script
from ringcast.domain.numbers import Destination, PhoneNumber, SipAddress
from ringcast.domain.subscriptions import Follower
from ringcast.services.call_creation import CallWish

__all__ = [
    "ASYNC_AMD",
    "DETECTION",
    "RECORDING",
    "document_of",
    "recording_of",
    "script_of",
    "wish_of",
]

DETECTION = (
    "MachineDetection",
    "MachineDetectionTimeout",
    "MachineDetectionSpeechThreshold",
    "MachineDetectionSpeechEndThreshold",
    "MachineDetectionSilenceTimeout",
    "MachineWordsThreshold",
)

ASYNC_AMD = (
    "AsyncAmd",
    "AsyncAmdStatusCallback",
    "AsyncAmdStatusCallbackMethod",
    "AsyncAmdPartialResults",
)
RECORDING = (
    "Record",
    "RecordingChannels",
    "RecordingTrack",
    "Trim",
    "RecordingStatusCallback",
    "RecordingStatusCallbackMethod",
    "RecordingStatusCallbackEvent",
)
TRIM = ("do-not-trim", "trim-silence")

_DIGITS = re.compile(r"[0-9#*wWA-Da-d]{1,32}")
_OFF = "none"
_MODES = (_OFF, "Enable", "DetectMessageEnd")
_MAX_TWIML = 4000  # characters
_MAX_LAML = 65_536


def wish_of(
    parameters: Parameters,
    *,
    family: Family,
    signing_key: str,
    base: str,
    application: Application | None = None,
) -> CallWish:
    """Return the call that is wanted; raise Refused with the documented codes.

    What an application says of documents and callbacks counts, and not the request's own values.
    """
    answer = _answer_follower(parameters, family=family)
    to = _to(parameters)
    shown = _number(parameters, "From", missing=21213, malformed=21212)
    if "CallerId" in parameters:
        shown = _number(parameters, "CallerId", missing=21213, malformed=21212)
    settings = Settings(
        family=family,
        signing_key=signing_key,
        base=base,
        application="" if application is None else str(application.id),
        send_digits=_send_digits(parameters),
        **_detection(parameters),
        detect_beside="" if answer is None else "true",
        **_recording(parameters),
    )
    return CallWish(
        to=to,
        from_number=shown.e164,
        follower=(
            _follower(parameters, family=family) if application is None else application.follower
        ),
        also_told=() if answer is None else (answer,),
        script=_script(parameters, settings, application),
        ring_timeout=timedelta(
            seconds=parameters.whole("Timeout", 60, least=1, most=600, code=21208)
        ),
        max_length=timedelta(
            seconds=parameters.whole("TimeLimit", 14_400, least=1, most=86_400, code=10000)
        ),
    )


def document_of(parameters: Parameters, *, required: bool) -> tuple[str, bool] | None:
    """Return the document's URL, or its text and True.

    A URL wins over a text, as with Twilio. Raises Refused: 21205 if there is none, 20422 for a text
    that cannot be run.
    """
    url = parameters.url("Url", code=21205)
    if url is not None:
        return url, False
    for name, most in (("Laml", _MAX_LAML), ("Twiml", _MAX_TWIML)):
        text = parameters.text(name)
        if text is None:
            continue
        if len(text) > most:
            raise Refused(20422, f"{name} has more than {most} characters")
        try:
            parse_document(text.encode())
        except DocumentError as error:
            raise Refused(20422, f"{name} cannot be run: {error} (code {error.code})") from error
        return text, True
    if required:
        raise Refused(21205, "Url, ApplicationSid or an inline document is required")
    return None


def script_of(
    document: tuple[str, bool] | None, parameters: Parameters, settings: Settings
) -> Script:
    """Return the script that runs a document."""
    source, inline = document or ("", True)
    made = settings.with_document(
        inline=inline,
        method=parameters.method("Method"),
        fallback_url=parameters.url("FallbackUrl") or "",
        fallback_method=parameters.method("FallbackMethod"),
    )
    return Script(
        instructions=(Interpret(language=LANGUAGE, source=source, settings=made.written()),)
    )


def _script(parameters: Parameters, settings: Settings, application: Application | None) -> Script:
    if application is None:
        return script_of(document_of(parameters, required=True), parameters, settings)
    script = handling_script(application.options, settings)
    if script is None:
        raise Refused(21205, "ApplicationSid: the application has no VoiceUrl")
    return script


def _to(parameters: Parameters) -> Destination:
    text = parameters.text("To")
    if text is None:
        raise Refused(21201, "No 'To' number is specified")
    text = text.strip()
    if text.lower().startswith(("sip:", "sips:")):
        try:
            return SipAddress(text)
        except InvalidInput as error:
            raise Refused(21211, f"The 'To' address {text[:100]} is not valid") from error
    if text.lower().startswith(("client:", "verto:")):
        raise Refused(21217, f"The 'To' {text[:100]} is not valid: there are no such clients here")
    try:
        return PhoneNumber.parse(text)
    except InvalidNumber as error:
        raise Refused(21211, f"The 'To' number {text[:64]} is not a valid phone number.") from error


def _number(parameters: Parameters, name: str, *, missing: int, malformed: int) -> PhoneNumber:
    text = parameters.text(name)
    if text is None:
        raise Refused(missing, f"No '{name}' number is specified")
    try:
        return PhoneNumber.parse(text)
    except InvalidNumber as error:
        raise Refused(
            malformed, f"The '{name}' number {text[:64]} is not a valid phone number."
        ) from error


def _send_digits(parameters: Parameters) -> str:
    digits = parameters.text("SendDigits") or ""
    if digits and not _DIGITS.fullmatch(digits):
        raise Refused(13222, "SendDigits takes up to 32 of 0-9, A-D, #, *, w and W")
    return digits


def _detection(parameters: Parameters) -> dict[str, str]:
    def limit(name: str, default: int, least: int, most: int) -> str:
        return str(parameters.whole(name, default, least=least, most=most, code=21234))

    mode = parameters.choice("MachineDetection", _MODES, _OFF, code=21234)
    found = {
        "detect": "" if mode == _OFF else mode,
        "detect_timeout": limit("MachineDetectionTimeout", 30, 1, 120),
        "detect_speech": limit("MachineDetectionSpeechThreshold", 2400, 1000, 6000),
        "detect_speech_end": limit("MachineDetectionSpeechEndThreshold", 1200, 500, 5000),
        "detect_silence": limit("MachineDetectionSilenceTimeout", 5000, 2000, 10_000),
        "detect_words": limit("MachineWordsThreshold", 6, 1, 100),
    }
    if mode == _OFF:
        for name in DETECTION[1:]:
            if name in parameters:
                raise Refused(21234, f"{name} makes sense only with MachineDetection")
    return found


def _answer_follower(parameters: Parameters, *, family: Family) -> Follower | None:
    """Return who is told of who has answered, with AsyncAmd; raise Refused: 21262 if nobody is."""
    url = parameters.url("AsyncAmdStatusCallback", code=21456)
    method = parameters.method("AsyncAmdStatusCallbackMethod")
    partial = parameters.flag("AsyncAmdPartialResults")
    if parameters.flag("AsyncAmd"):
        if parameters.choice("MachineDetection", _MODES, _OFF, code=21234) == _OFF:
            raise Refused(21234, "AsyncAmd makes sense only with MachineDetection")
        if url is None:
            raise Refused(21262, "AsyncAmd needs AsyncAmdStatusCallback")
        return answer_follower(url, family=family, method=method, partial=partial)
    for name in ASYNC_AMD[1:]:
        if name in parameters:
            raise Refused(10000, f"{name} makes sense only with AsyncAmd")
    return None


def _follower(parameters: Parameters, *, family: Family) -> Follower | None:
    """Return who is told of the call's progress."""
    url = parameters.url("StatusCallback", code=21456)
    method = parameters.method("StatusCallbackMethod")
    events = parameters.words("StatusCallbackEvent")
    for event in events:
        if event not in EVENTS:
            known = ", ".join(EVENTS)
            raise Refused(10000, f"StatusCallbackEvent {event[:64]!r} is none of {known}")
    if url is None:
        for name in ("StatusCallbackMethod", "StatusCallbackEvent"):
            if name in parameters:
                raise Refused(10000, f"{name} makes sense only with StatusCallback")
        return None
    return call_follower(url, family=family, method=method, events=events)


def recording_of(parameters: Parameters, *, trim: bool) -> dict[str, str]:
    """Return how a call is recorded, as settings; `trim` is the default of Trim.

    Raises Refused for what cannot be.
    """
    channels = parameters.choice("RecordingChannels", ("mono", "dual"), "mono")
    track = parameters.choice("RecordingTrack", ("both", "inbound", "outbound"), "both")
    trims = parameters.choice("Trim", TRIM, TRIM[trim], code=13699) == TRIM[True]
    url = parameters.url("RecordingStatusCallback", code=21456)
    method = parameters.method("RecordingStatusCallbackMethod")
    events = parameters.words("RecordingStatusCallbackEvent")
    for event in events:
        if event not in RECORDING_EVENTS:
            known = ", ".join(RECORDING_EVENTS)
            raise Refused(13621, f"RecordingStatusCallbackEvent {event[:64]!r} is none of {known}")
    if url is None:
        for name in ("RecordingStatusCallbackMethod", "RecordingStatusCallbackEvent"):
            if name in parameters:
                raise Refused(10000, f"{name} makes sense only with RecordingStatusCallback")
    if track != "both" and channels == "dual":
        raise Refused(10000, "RecordingTrack inbound or outbound has one channel, not dual")
    return {
        "record": channels if track == "both" else track,
        "record_trim": "true" if trims else "",
        "record_url": url or "",
        "record_method": method,
        "record_events": " ".join(events),
    }


def _recording(parameters: Parameters) -> dict[str, str]:
    found = recording_of(parameters, trim=True)
    if parameters.flag("Record"):
        return found
    for name in RECORDING[1:]:
        if name in parameters:
            raise Refused(10000, f"{name} makes sense only with Record")
    return {}
