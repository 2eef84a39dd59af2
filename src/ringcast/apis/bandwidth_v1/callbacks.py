"""Callbacks: what a call's receiver is told, as JSON or in the query, and the fallback."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

import msgspec

from ringcast.apis.bandwidth_v1.conference_callbacks import (
    CONFERENCE_EVENT_TYPES,
    conference_body,
)
from ringcast.apis.bandwidth_v1.identities import Ids, Kind
from ringcast.apis.bandwidth_v1.settings import DIALECT, Settings, settings_of
from ringcast.apis.bandwidth_v1.statuses import GATHER_REASONS, cause_of
from ringcast.apis.bandwidth_v1.times import iso
from ringcast.domain import events
from ringcast.domain.conference_events import ConferenceEvent
from ringcast.domain.outcomes import Outcome
from ringcast.domain.public_ids import PublicIds
from ringcast.domain.subscriptions import Announcement, Subscription, Topic
from ringcast.ports.deliveries import Callback
from ringcast.services.calls import CallDetails
from ringcast.services.conference_terms import ConferenceDetails

__all__ = ["AGENT", "DIALECT", "EVENT_TYPES", "NOT_SENT", "CallCallbacks"]

EVENT_TYPES = (
    "incomingcall", "answer", "playback", "speak", "dtmf", "gather", "timeout", "hangup",
    "recording", *CONFERENCE_EVENT_TYPES,
)  # fmt: skip
"""What receivers are told of."""

NOT_SENT = frozenset(Topic) - frozenset(
    {
        Topic.CALL_RECEIVED,
        Topic.CALL_ANSWERED,
        Topic.CALL_EVENT,
        Topic.CALL_FINISHED,
        Topic.CONFERENCE_EVENT,
    }
)

AGENT = "BandwidthAPI/v1 (Ringcast)"
_JSON = "application/json; charset=utf-8"
_DEFAULT_TIMEOUT = 10_000  # milliseconds

Body = dict[str, Any]


class CallCallbacks:
    """Renders callbacks (implements `ports.deliveries.CallbackRenderer`)."""

    def __init__(self, ids: PublicIds) -> None:
        self._ids = Ids(ids)

    def body(
        self,
        subscription: Subscription,
        announcement: Announcement,
        resource: object,
        now: datetime,
    ) -> bytes | None:
        """Return the event as JSON; None for what the vendor does not tell."""
        settings = Settings.read(subscription.options)
        if isinstance(resource, ConferenceDetails):
            said = conference_body(
                self._ids, settings, resource, announcement.event, announcement.at
            )
            return None if said is None else msgspec.json.encode(said)
        assert isinstance(resource, CallDetails), "that is what is announced of calls"
        told = _Told(self._ids, settings, resource, announcement.at)
        match announcement.topic:
            case Topic.CALL_RECEIVED:
                body: Body | None = told.incoming()
            case Topic.CALL_ANSWERED:
                body = told.answer()
            case Topic.CALL_FINISHED:
                body = told.hangup()
            case _:
                body = told.of(announcement.event)
        return None if body is None else msgspec.json.encode(body)

    def callback(self, subscription: Subscription, body: bytes) -> Callback:
        """Return the request, with that to the fallback URL if there is one."""
        settings = Settings.read(subscription.options)
        first = _request(subscription.url, settings, body)
        if not settings.fallback_url:
            return first
        return replace(first, otherwise=_request(settings.fallback_url, settings, body))


class _Told:
    """What is said of one call."""

    def __init__(self, ids: Ids, settings: Settings, details: CallDetails, at: datetime) -> None:
        self._ids = ids
        self._settings = settings
        self._details = details
        self._at = at

    def incoming(self) -> Body:
        """Somebody calls."""
        caller = self._details.call.from_number
        body = self._call("incomingcall", ends=True) | {"callState": "active"}
        application = settings_of(self._details.call).application
        if application:
            body["applicationId"] = application
        withheld = "true" if caller is None else "false"
        return body | {
            "time": iso(self._at),
            "displayName": "" if caller is None else caller.e164,
            "withholdCallerName": withheld,
            "withholdCallerNumber": withheld,
        }

    def answer(self) -> Body:
        """The call was answered."""
        caller = self._details.call.from_number
        body = self._call("answer", ends=True) | {"callState": "active", "time": iso(self._at)}
        if self._details.call.is_inbound:
            body |= {
                "displayName": "" if caller is None else caller.e164,
                "withholdCallerNumber": "true" if caller is None else "false",
            }
        return body | self._tag()

    def hangup(self) -> Body:
        """The call is over."""
        attempts = self._details.attempts
        outcome = self._details.call.outcome or Outcome.INTERNAL_ERROR
        return {
            **self._call("hangup", ends=True),
            "cause": cause_of(outcome, attempts[-1] if attempts else None),
            "callState": "completed",
            "time": iso(self._at),
            **self._tag(),
        }

    def of(self, event: events.CallEvent | ConferenceEvent | None) -> Body | None:
        """Return what is said of an event; None if nothing is."""
        match event:
            case events.RingTimedOut():
                return self._call("timeout", ends=True) | {"time": iso(self._at)} | self._tag()
            case events.AudioStarted() | events.AudioEnded():
                return self._audio(event)
            case events.DigitPressed():
                body = self._call("dtmf") | {"dtmfDigit": event.digit, "time": iso(self._at)}
                return body | self._tag()
            case events.KeysGathered():
                return {
                    "eventType": "gather",
                    "callId": self._call_id(),
                    "gatherId": self._ids.of(Kind.GATHER, event.gather_id),
                    "state": "completed",
                    "digits": event.digits,
                    "reason": GATHER_REASONS[event.ended_by],
                    "time": iso(self._at),
                    **({"tag": event.reference} if event.reference else {}),
                }
            case events.RecordingEnded():
                return self._recording(event)
            case _:
                return None

    def _audio(self, event: events.AudioStarted | events.AudioEnded) -> Body:
        is_start = isinstance(event, events.AudioStarted)
        body = self._call("speak" if event.is_speech else "playback")
        body["status"] = "started" if is_start else "done"
        if event.is_speech:
            body["state"] = "PLAYBACK_START" if is_start else "PLAYBACK_STOP"
        body["time"] = iso(self._at)
        if event.reference:
            body["tag"] = event.reference
        return body

    def _recording(self, event: events.RecordingEnded) -> Body:
        recording_id = self._ids.of(Kind.RECORDING, event.recording_id)
        state = "complete" if event.is_kept else "error"
        body: Body = {
            "eventType": "recording",
            "callId": self._call_id(),
            "recordingId": recording_id,
            "recordingUri": self._url("recordings", recording_id),
            "state": state,
            "status": state,
        }
        found = [one for one in self._details.recordings if one.id == event.recording_id]
        if found:
            body["startTime"] = iso(found[0].created_at)
            body["endTime"] = iso(found[0].ended_at or self._at)
        return body | self._tag()

    def _call(self, event_type: str, *, ends: bool = False) -> Body:
        """Return what every event says; with `ends` also who calls whom."""
        call, body = self._details.call, {"eventType": event_type}
        if ends:
            body["from"] = "" if call.from_number is None else call.from_number.e164
            body["to"] = call.to_text if call.to is None else str(call.to)
        return body | {"callId": self._call_id(), "callUri": self._url("calls", self._call_id())}

    def _call_id(self) -> str:
        return self._ids.of(Kind.CALL, self._details.call.id)

    def _url(self, *parts: str) -> str:
        return "/".join((self._settings.base, "users", self._settings.user, *parts))

    def _tag(self) -> Body:
        return {"tag": self._settings.tag} if self._settings.tag else {}


def _request(url: str, settings: Settings, body: bytes) -> Callback:
    """Return a request that tells of an event."""
    target, headers = _with_credentials(url.partition("#")[0])
    headers["User-Agent"] = AGENT
    fields: Mapping[str, Any] = msgspec.json.decode(body)
    method = settings.callback_method or "POST"
    details = {
        "dialect": DIALECT,
        "callId": str(fields.get("callId", "")),
        "callbackUrl": target,
        "callbackMethod": method,
        "callbackEvent": str(fields["eventType"]),
        "callbackTimeout": settings.callback_timeout or str(_DEFAULT_TIMEOUT),
    }
    timeout = timedelta(milliseconds=int(details["callbackTimeout"]))
    if method == "GET":
        parts = urlsplit(target)
        query = "&".join(part for part in (parts.query, urlencode(fields)) if part)
        target, body = urlunsplit(parts._replace(query=query)), b""
    else:
        headers["Content-Type"] = _JSON
    return Callback(
        url=target, headers=headers, body=body, method=method, timeout=timeout, details=details
    )


def _with_credentials(url: str) -> tuple[str, dict[str, str]]:
    """Return the URL without its user info, which goes into a header instead."""
    parts = urlsplit(url)
    info, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    token = b64encode(unquote(info).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": f"Basic {token}"}
