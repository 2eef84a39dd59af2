"""Status callbacks: what a call's subscriber is told of its progress, signed for both vendors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from ringcast.apis.laml.fetching import with_query
from ringcast.apis.laml.following import EVENTS, FAMILY, METHOD
from ringcast.apis.laml.identities import Family, Kind, Sids
from ringcast.apis.laml.responses import rfc2822, settings_of
from ringcast.apis.laml.signatures import signed
from ringcast.apis.laml.statuses import answered_by, status_of
from ringcast.domain.public_ids import PublicIds
from ringcast.domain.subscriptions import Announcement, Subscription, Topic
from ringcast.ports.deliveries import Callback
from ringcast.services.calls import CallDetails

__all__ = ["StatusCallbacks"]

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
    ) -> bytes:
        """Return the form."""
        assert isinstance(resource, CallDetails), "that is what is announced of calls"
        family = Family(subscription.options[FAMILY])
        sids = Sids(self._ids, family)
        call = resource.call
        last = resource.attempts[-1] if resource.attempts else None
        is_end = announcement.topic is Topic.CALL_FINISHED
        fields = {
            "CallSid": sids.of(Kind.CALL, call.id),
            "AccountSid": sids.of(Kind.ACCOUNT, call.account_id),
            "ApiVersion": "2010-04-01",
            "From": "" if call.from_number is None else call.from_number.e164,
            "To": call.to_text if call.to is None else str(call.to),
            "Direction": "inbound" if call.is_inbound else "outbound-api",
            "CallStatus": status_of(resource) if is_end else _STATUS[announcement.topic],
            "SequenceNumber": str(_place(subscription, announcement.topic, resource)),
            "Timestamp": rfc2822(announcement.at),
            "CallbackSource": "call-progress-events",
        }
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
            if who is not None and settings_of(call).get("detect"):
                fields["AnsweredBy"] = who
        return urlencode(fields).encode()

    def callback(self, subscription: Subscription, body: bytes) -> Callback:
        """Return the signed request: a form, or a query."""
        pairs = tuple(parse_qsl(body.decode(), keep_blank_values=True))
        key = subscription.secret or ""
        url, method = subscription.url.partition("#")[0], subscription.options[METHOD]
        if method == "GET":
            url = with_query(url, pairs)
            return Callback(url=url, headers=signed(key, url), body=b"", method=method)
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        headers = {"Content-Type": kind, **signed(key, url, pairs)}
        return Callback(url=url, headers=headers, body=body)


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
