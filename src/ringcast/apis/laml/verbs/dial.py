"""<Dial>: others are called, and this call is connected to who answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from urllib.parse import parse_qsl

from ringcast.apis.laml.documents import DocumentError, Element
from ringcast.apis.laml.identities import Kind
from ringcast.apis.laml.statuses import STATUS_OF_OUTCOME
from ringcast.apis.laml.verbs import conference
from ringcast.apis.laml.verbs.told import (
    LEG_TOLD,
    RECORDING_TOLD,
    Told,
    leg_told,
    recording_told,
)
from ringcast.apis.laml.verbs.verb import Goto, Ran, Runtime, Verb
from ringcast.domain.errors import InvalidInput, InvalidNumber
from ringcast.domain.numbers import Destination, PhoneNumber, SipAddress
from ringcast.domain.programs import (
    CallFacts,
    Dialed,
    DialMode,
    DialTarget,
    NotDone,
    Program,
    RecordStep,
    StartProgram,
    StepResult,
)
from ringcast.domain.programs import Dial as DialStep

__all__ = ["ATTRIBUTES", "NOUNS", "NOUNS_REFUSED", "Dial", "parse"]

ATTRIBUTES = (
    "action", "method", "timeout", "timeLimit", "callerId", "hangupOnStar", "sequential",
    "answerOnBridge", "record", "recordingTrack", "trim", *RECORDING_TOLD,
)  # fmt: skip
NOUNS: Mapping[str, tuple[str, ...]] = {
    "Number": ("sendDigits", "url", "method", *LEG_TOLD),
    "Sip": ("username", "password", "url", "method", *LEG_TOLD),
}
NOUNS_REFUSED = {
    "Queue": "there are no queues yet",
    "Client": "there are no clients",
    "Verto": "there are no Verto clients",
    "Application": "applications cannot be dialled",
    "Sim": "there are no SIM cards",
    "WhatsApp": "WhatsApp is not reached from here",
}
_MAX_NOUNS = 10
RECORD = (
    "do-not-record", "record-from-answer", "record-from-ringing",
    "record-from-answer-dual", "record-from-ringing-dual",
)  # fmt: skip
_DIGITS = re.compile(r"[0-9A-Da-d*#wW]{1,256}")
_HEADER = re.compile(r"[Xx]-[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Noun:
    """Somebody who is called."""

    to: Destination
    send_digits: str = ""
    url: str = ""
    """A document that is run on their leg before they are connected."""
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = ()
    user: str | None = None
    password: str | None = None
    told: Told = field(default_factory=Told)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dial:
    """Call some, connect to one, and go on when they have parted."""

    nouns: tuple[Noun, ...]
    in_turn: bool
    action: str | None
    method: str
    timeout: timedelta
    time_limit: timedelta
    caller_id: PhoneNumber | None
    hangup_on_star: bool
    record: str
    """One of RECORD."""
    track: str
    trim: bool
    told: Told
    answer_on_bridge: bool = False

    def run(self, runtime: Runtime) -> Ran:
        """Dial; the action hears how it went and what it answers takes over."""
        if self.answer_on_bridge and not runtime.is_answered:
            runtime.warn(13254, "<Dial answerOnBridge>: the call is answered before it is bridged")
        result = yield DialStep(
            targets=tuple(_target(runtime, one) for one in self.nouns),
            mode=DialMode.IN_TURN if self.in_turn else DialMode.ALL,
            from_number=self.caller_id,
            timeout=self.timeout,
            time_limit=self.time_limit,
            end_on="*" if self.hangup_on_star else "",
            record=self._recording(runtime),
            records_ringing="ringing" in self.record,
            tells_hang_up=self.action is not None,
        )
        if isinstance(result, NotDone):
            runtime.warn(13254, f"<Dial>: {result.reason}")
        if self.action is None:
            return None
        parameters = _parameters(runtime, result)
        return Goto(url=self.action, method=self.method, parameters=parameters)

    def _recording(self, runtime: Runtime) -> RecordStep | None:
        if self.record == RECORD[0]:
            return None
        return RecordStep(
            both_sides=self.track != "inbound",
            only_sent=self.track == "outbound",
            separate_channels=self.record.endswith("-dual"),
            trim_silence=self.trim,
            follower=self.told.of_recording(runtime),
        )


def parse(element: Element) -> Verb:
    """Read <Dial …>number or nouns</Dial>."""
    if any(child.name == "Conference" for child in element.children):
        return conference.parse(element)
    element.check(ATTRIBUTES)
    nouns = tuple(_noun(child) for child in element.children)
    text = element.text
    if text and nouns:
        raise DocumentError(13215, "<Dial> has either a number or nouns")
    if text:
        nouns = (Noun(to=_phone(text)),)
    if not 1 <= len(nouns) <= _MAX_NOUNS:
        raise DocumentError(13215, f"<Dial> needs a number, or 1 to {_MAX_NOUNS} nouns")
    caller = element.get("callerId")
    record = element.choice("record", RECORD, RECORD[0])
    track = element.choice("recordingTrack", ("both", "inbound", "outbound"), "both")
    if track != "both" and record.endswith("-dual"):
        raise element.bad("recordingTrack", "both where record has two channels")
    return Dial(
        nouns=nouns,
        in_turn=element.flag("sequential", default=False),
        action=element.get("action") or None,
        method=element.method(),
        timeout=timedelta(seconds=element.whole("timeout", 30, least=5, most=600)),
        time_limit=timedelta(seconds=element.whole("timeLimit", 14_400, least=1)),
        caller_id=None if not caller else _phone(caller),
        hangup_on_star=element.flag("hangupOnStar", default=False),
        record=record,
        track=track,
        trim=element.choice("trim", ("do-not-trim", "trim-silence"), "do-not-trim")
        != "do-not-trim",
        told=recording_told(element),
        answer_on_bridge=element.flag("answerOnBridge", default=False),
    )


def _noun(element: Element) -> Noun:
    attributes = NOUNS.get(element.name)
    if attributes is None:
        if element.name in ("Queue", "Client"):
            raise DocumentError(13750, f"<{element.name}>: {NOUNS_REFUSED[element.name]}")
        why = NOUNS_REFUSED.get(element.name, "it is no noun")
        raise DocumentError(13215, f"<Dial> does not hold <{element.name[:64]}>: {why}")
    element.check(attributes, empty=True)
    method, url, told = element.method(), element.get("url") or "", leg_told(element)
    if element.name == "Sip":
        address, headers = _sip(element.text)
        return Noun(
            to=address,
            headers=headers,
            url=url,
            method=method,
            user=element.get("username"),
            password=element.get("password"),
            told=told,
        )
    digits = element.get("sendDigits") or ""
    if digits and not _DIGITS.fullmatch(digits):
        raise DocumentError(13222, "<Number> sendDigits takes 0-9, A-D, *, #, w and W")
    return Noun(to=_phone(element.text), send_digits=digits, url=url, method=method, told=told)


def _phone(text: str) -> PhoneNumber:
    try:
        return PhoneNumber.parse(text)
    except InvalidNumber as error:
        raise DocumentError(13223, f"{text[:64]!r} is not a telephone number") from error


def _sip(text: str) -> tuple[SipAddress, tuple[tuple[str, str], ...]]:
    """Read a SIP URI; what follows its `?` are headers of the INVITE (RFC 3261, 19.1.1)."""
    uri, _, query = text.partition("?")
    try:
        address = SipAddress(uri)
        headers = tuple(parse_qsl(query, strict_parsing=True)) if query else ()
    except (InvalidInput, ValueError) as error:
        raise DocumentError(13243, f"{text[:100]!r} is not a SIP address") from error
    for name, value in headers:
        if not _HEADER.fullmatch(name) or not value.isprintable():
            raise DocumentError(13243, f"{name[:64]!r} is not a header that can be added: use X-…")
    return address, headers


def _target(runtime: Runtime, noun: Noun) -> DialTarget:
    before: StartProgram | None = None
    if noun.url:
        before = partial(_whisper, runtime, runtime.absolute(noun.url), noun.method)
    return DialTarget(
        to=noun.to,
        send_digits=noun.send_digits,
        before=before,
        follower=noun.told.of_leg(runtime),
        headers=dict(noun.headers),
        sip_user=noun.user,
        sip_password=noun.password,
    )


def _whisper(runtime: Runtime, url: str, method: str, leg: CallFacts) -> Program:
    return runtime.leg_program(leg, url, method)


def _parameters(runtime: Runtime, result: StepResult) -> Mapping[str, str]:
    """Return what the action is told."""
    if not isinstance(result, Dialed):
        return {"DialCallStatus": "failed", "DialCallDuration": "0"}
    connected = result.connected > timedelta()
    status = STATUS_OF_OUTCOME[result.outcome]
    found = {
        "DialCallStatus": status,
        "DialCallDuration": str(round(result.connected.total_seconds())),
        "DialBridged": str(connected).lower(),
    }
    if result.call_id is not None:
        found["DialCallSid"] = runtime.sid(Kind.CALL, result.call_id)
    if result.recording_id is not None:
        found["RecordingSid"] = runtime.sid(Kind.RECORDING, result.recording_id)
        found["RecordingUrl"] = runtime.recording_url(result.recording_id)
    if result.sip_status is not None:
        found["DialSipResponseCode"] = str(result.sip_status)
    return found
