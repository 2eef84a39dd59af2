"""Status callbacks: what a call's subscriber is told of its progress, signed for both vendors."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from ringcast.apis.laml.detected import detected_fields
from ringcast.apis.laml.fetching import total_limit, with_query
from ringcast.apis.laml.following import (
    EVENTS,
    FAMILY,
    KIND,
    METHOD,
    OF_ANSWER,
    OF_RECORDING,
    PARTIAL,
    WANTED,
)
from ringcast.apis.laml.identities import Family, Kind, Sids
from ringcast.apis.laml.recording_callbacks import recording_fields, whole_call
from ringcast.apis.laml.responses import direction_of, rfc2822, settings_of
from ringcast.apis.laml.signatures import signed
from ringcast.apis.laml.statuses import answered_by, status_of
from ringcast.domain.events import AnswerDetected
from ringcast.domain.programs import GreetingEnd, WhoAnswered
from ringcast.domain.public_ids import PublicIds
from ringcast.domain.subscriptions import Announcement, Subscription, Topic
from ringcast.ports.deliveries import Callback
from ringcast.services.calls import CallDetails

__all__ = ["StatusCallbacks"]

_RETRY_AFTER = (timedelta(seconds=1), timedelta(seconds=3))
"""Short: what comes next of the same call waits for it."""
_TOKEN = "I-Twilio-Idempotency-Token"  # noqa: S105 -- the name of a header

_STATUS: Mapping[Topic, str] = {
    Topic.CALL_STARTED: "initiated",
    Topic.CALL_RINGING: "ringing",
    Topic.CALL_ANSWERED: "in-progress",
}


class StatusCallbacks:
    """Renders status callbacks (implements `ports.deliveries.CallbackRenderer`)."""

    def __init__(self, ids: PublicIds) -> None:
        self._ids = ids

    def body(
        self,
        subscription: Subscription,
        announcement: Announcement,
        resource: object,
        now: datetime,
    ) -> bytes | None:
        """Return the form; None for what the subscriber does not want to hear of."""
        assert isinstance(resource, CallDetails), "that is what is announced of calls"
        family = Family(subscription.options[FAMILY])
        sids = Sids(self._ids, family)
        if subscription.options.get(KIND) == OF_RECORDING:
            told = recording_fields(subscription.options, announcement.event, resource, sids)
            return None if told is None else urlencode(told).encode()
        if subscription.options.get(KIND) == OF_ANSWER:
            event = announcement.event
            wanted = PARTIAL in subscription.options[WANTED]
            if not isinstance(event, AnswerDetected) or not (event.is_final or wanted):
                return None
            end = None if event.greeting_end is None else GreetingEnd(event.greeting_end)
            told = {
                "CallSid": sids.of(Kind.CALL, event.call_id),
                "AccountSid": sids.of(Kind.ACCOUNT, subscription.account_id),
                **detected_fields(WhoAnswered(event.who), event.after, end),
            }
            return urlencode(told).encode()
        if announcement.topic not in EVENTS.values():
            return None
        call = resource.call
        last = resource.attempts[-1] if resource.attempts else None
        is_end = announcement.topic is Topic.CALL_FINISHED
        fields = {
            "CallSid": sids.of(Kind.CALL, call.id),
            "AccountSid": sids.of(Kind.ACCOUNT, call.account_id),
            "ApiVersion": "2010-04-01",
            "From": "" if call.from_number is None else call.from_number.e164,
            "To": call.to_text if call.to is None else str(call.to),
            "Direction": direction_of(call),
            "CallStatus": status_of(resource) if is_end else _STATUS[announcement.topic],
            "SequenceNumber": str(_place(subscription, announcement.topic, resource)),
            "Timestamp": rfc2822(announcement.at),
            "CallbackSource": "call-progress-events",
        }
        if call.transferred_from is not None:
            fields["ParentCallSid"] = sids.of(Kind.CALL, call.transferred_from)
        if family is Family.TWILIO:
            fields |= {"Caller": fields["From"], "Called": fields["To"]}
        if is_end:
            talked = timedelta() if last is None else last.talk_time
            fields["CallDuration"] = str(round(talked.total_seconds()))
            if family is Family.TWILIO:
                fields["Duration"] = str(math.ceil(talked / timedelta(minutes=1)))
            if last is not None and last.sip_status is not None:
                name = "SipResponseCode" if family is Family.TWILIO else "SipResultCode"
                fields[name] = str(last.sip_status)
            who = answered_by(None if last is None else last.outcome)
            settings = settings_of(call)
            if who is not None and settings.get("detect"):
                fields["AnsweredBy"] = who
            if settings.get("record"):
                base = settings.get("base", "")
                fields |= whole_call(resource, sids, base)
        return urlencode(fields).encode()

    def callback(self, subscription: Subscription, body: bytes) -> Callback:
        """Return the signed request: a form, or a query."""
        pairs = tuple(parse_qsl(body.decode(), keep_blank_values=True))
        key = subscription.secret or ""
        url, method = subscription.url.partition("#")[0], subscription.options[METHOD]
        headers: dict[str, str] = {_TOKEN: _token(subscription, body)}
        if method == "GET":
            url = with_query(url, pairs)
            headers |= signed(key, url)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
            headers |= signed(key, url, pairs)
        return Callback(
            url=url,
            headers=headers,
            body=b"" if method == "GET" else body,
            method=method,
            timeout=total_limit(subscription.url),
            retry_after=_RETRY_AFTER,
        )


def _token(subscription: Subscription, body: bytes) -> str:
    """Return what is the same in each attempt to tell one thing, and in nothing else."""
    return hashlib.sha256(f"{subscription.id} ".encode() + body).hexdigest()[:32]


def _place(subscription: Subscription, topic: Topic, details: CallDetails) -> int:
    """Return how many callbacks of the call come before that one."""
    last = details.attempts[-1] if details.attempts else None
    happened = {
        Topic.CALL_STARTED: last is not None,
        Topic.CALL_RINGING: last is not None and last.ringing_at is not None,
        Topic.CALL_ANSWERED: last is not None and last.answered_at is not None,
    }
    topics = list(EVENTS.values())
    before = topics[: topics.index(topic)]
    return sum(happened[one] for one in before if one in subscription.topics)
