"""The bodies of answers: members in the vendors' order, dates by RFC 2822."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime

from ringcast.apis.laml.exchange import Exchange
from ringcast.apis.laml.handling import shown
from ringcast.apis.laml.identities import Kind
from ringcast.apis.laml.statuses import answered_by, status_of
from ringcast.domain.accounts import AccountNumber
from ringcast.domain.applications import Application
from ringcast.domain.calls import Call
from ringcast.domain.instructions import Interpret
from ringcast.domain.recordings import Recording, RecordingSource, RecordingState
from ringcast.services.calls import CallDetails

__all__ = [
    "SOURCES",
    "account",
    "application",
    "call",
    "direction_of",
    "number",
    "recording",
    "recording_status",
    "rfc2822",
    "settings_of",
    "source_of",
]

_SUBRESOURCES = (
    "recordings", "notifications", "payments", "events", "siprec", "streams", "transcriptions",
    "user_defined_messages", "user_defined_message_subscriptions",
)  # fmt: skip
_VERSION = "2010-04-01"
_SHORTEST = timedelta(milliseconds=100)
SOURCES: Mapping[RecordingSource, str] = {
    RecordingSource.CALL: "OutboundAPI",
    RecordingSource.MESSAGE: "RecordVerb",
    RecordingSource.CONNECTION: "DialVerb",
}
_RECORDING_STATUS: Mapping[RecordingState, str] = {
    RecordingState.RECORDING: "in-progress",
    RecordingState.READY: "completed",
    RecordingState.FAILED: "absent",
}


def rfc2822(when: datetime) -> str:
    """Return a time as `Wed, 19 Sep 2018 20:00:00 +0000`."""
    return format_datetime(when)


def call(exchange: Exchange, details: CallDetails) -> dict[str, object]:
    """Return a call as its GET shows it."""
    one, attempts = details.call, details.attempts
    last = attempts[-1] if attempts else None
    sid = exchange.sids.of(Kind.CALL, one.id)
    to = one.to_text if one.to is None else str(one.to)
    shown = one.from_number.e164 if one.from_number is not None else ""
    ended = one.updated_at if one.state.is_final else None
    seconds = round(last.talk_time.total_seconds()) if last is not None else 0
    duration: object = None
    if ended is not None:
        duration = str(seconds) if exchange.is_twilio else seconds
    parent = one.transferred_from
    twilio = exchange.is_twilio
    direction = direction_of(one) if twilio or one.is_inbound else "outbound"
    body: dict[str, object] = {
        "sid": sid,
        "date_created": rfc2822(one.created_at),
        "date_updated": rfc2822(one.updated_at),
        "parent_call_sid": None if parent is None else exchange.sids.of(Kind.CALL, parent),
        "account_sid": exchange.account_sid,
        "to": to,
        "to_formatted": _formatted(to),
        "from": shown,
        "from_formatted": _formatted(shown),
        "phone_number_sid": None,
        "status": status_of(details),
        "start_time": None if last is None else rfc2822(last.created_at),
        "end_time": None if ended is None else rfc2822(ended),
        "duration": duration,
        "price": None,
        "price_unit": "USD",
        "direction": direction,
        "answered_by": (
            answered_by(last.outcome)
            if last is not None and settings_of(one).get("detect")
            else None
        ),
        "api_version": _VERSION,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "annotation": None,
        "uri": exchange.uri("Calls", sid),
    }
    base = f"{exchange.account_uri}/Calls/{sid}"
    if twilio:
        body |= {"queue_time": "0", "trunk_sid": None}
        body["subresource_uris"] = {name: f"{base}/{_title(name)}.json" for name in _SUBRESOURCES}
    else:
        body |= {
            "formatted_to": _formatted(to),
            "formatted_from": _formatted(shown),
            "sip_result_code": None if last is None else last.sip_status,
            "audio_in_mos": None,
        }
        body["subresource_uris"] = {
            "notifications": f"{base}/Notifications",
            "recordings": f"{base}/Recordings",
        }
    return body


def settings_of(one: Call) -> dict[str, str]:
    """Return the settings that a call of this dialect was created with."""
    for instruction in one.script.instructions:
        if isinstance(instruction, Interpret):
            return dict(instruction.settings)
    return {}


def direction_of(one: Call) -> str:
    """Return the direction of a call as webhooks say it."""
    if one.is_inbound:
        return "inbound"
    return "outbound-api" if one.transferred_from is None else "outbound-dial"


def recording_status(one: Recording) -> str:
    """Return the status of a recording; one in which nothing was to be heard is absent."""
    if one.state is RecordingState.READY and one.length < _SHORTEST:
        return "absent"
    return _RECORDING_STATUS[one.state]


def source_of(one: Recording, *, twilio: bool) -> str:
    """Return what asked for a recording, as each vendor spells it."""
    source = SOURCES[one.source]
    return source if twilio else source.replace("OutboundAPI", "OutBoundApi")


def recording(exchange: Exchange, one: Recording) -> dict[str, object]:
    """Return a recording as its GET shows it."""
    twilio = exchange.is_twilio
    sid = exchange.sids.of(Kind.RECORDING, one.id)
    seconds = round(one.length.total_seconds())
    ended = one.ended_at or one.created_at
    body: dict[str, object] = {
        "sid": sid,
        "account_sid": exchange.account_sid,
        "api_version": _VERSION,
        "call_sid": exchange.sids.of(Kind.CALL, one.call_id),
        "conference_sid": None,
        "channels": one.channels,
        "date_created": rfc2822(one.created_at),
        "date_updated": rfc2822(ended),
        "start_time": rfc2822(one.created_at),
        "duration": str(seconds) if twilio else seconds,
        "price": None,
        "price_unit": "USD",
        "source": source_of(one, twilio=twilio),
        "status": recording_status(one),
        "error_code": None,
        "encryption_details": None,
        "uri": exchange.uri("Recordings", sid),
    }
    if twilio:
        media = f"{exchange.absolute_base}/Accounts/{exchange.account_sid}/Recordings/{sid}"
        body["media_url"] = media
    else:
        body["end_time"] = None if one.ended_at is None else rfc2822(one.ended_at)
    return body


def account(exchange: Exchange) -> dict[str, object]:
    """Return the account as its GET shows it."""
    one = exchange.account
    created = rfc2822(one.created_at)
    names = ("available_phone_numbers", "calls", "incoming_phone_numbers", "recordings")
    return {
        "sid": exchange.account_sid,
        "friendly_name": one.name,
        "status": "active",
        "auth_token": "redacted",
        "date_created": created,
        "date_updated": created,
        "type": "Full",
        "owner_account_sid": exchange.account_sid,
        "uri": exchange.account_uri + (".json" if exchange.is_twilio else ""),
        "subresource_uris": {name: f"{exchange.account_uri}/{_title(name)}.json" for name in names},
    }


def number(exchange: Exchange, one: AccountNumber) -> dict[str, object]:
    """Return a number of the account as its GET shows it."""
    sid = exchange.sids.of(Kind.NUMBER, one.id)
    created = rfc2822(one.created_at)
    post = "POST"
    return {
        "sid": sid,
        "account_sid": exchange.account_sid,
        "friendly_name": one.name or _formatted(one.number.e164),
        "phone_number": one.number.e164,
        "voice_caller_id_lookup": False,
        "voice_application_sid": (
            None
            if one.application_id is None
            else exchange.sids.of(Kind.APPLICATION, one.application_id)
        ),
        "date_created": created,
        "date_updated": created,
        "sms_url": "",
        "sms_method": post,
        "sms_fallback_url": "",
        "sms_fallback_method": post,
        "sms_application_sid": None,
        "capabilities": {"voice": True, "sms": False, "mms": False, "fax": False},
        **shown(one.options),
        "address_requirements": "none",
        "address_sid": None,
        "identity_sid": None,
        "trunk_sid": None,
        "beta": False,
        "origin": "hosted",
        "emergency_status": "Inactive",
        "emergency_address_sid": None,
        "api_version": _VERSION,
        "uri": exchange.uri("IncomingPhoneNumbers", sid),
    }


def application(exchange: Exchange, one: Application) -> dict[str, object]:
    """Return an application as its GET shows it."""
    sid = exchange.sids.of(Kind.APPLICATION, one.id)
    return {
        "sid": sid,
        "account_sid": exchange.account_sid,
        "friendly_name": one.name,
        "date_created": rfc2822(one.created_at),
        "date_updated": rfc2822(one.updated_at),
        "api_version": _VERSION,
        "voice_caller_id_lookup": False,
        **shown(one.options),
        "sms_url": "",
        "sms_method": "POST",
        "sms_fallback_url": "",
        "sms_fallback_method": "POST",
        "sms_status_callback": "",
        "message_status_callback": None,
        "uri": exchange.uri("Applications", sid),
    }


def _formatted(text: str) -> str:
    """Return a North American number as `(310) 567-8901`, anything else as it is."""
    digits = text.removeprefix("+1")
    if len(text) == 12 and len(digits) == 10:
        return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"
    return text


def _title(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
