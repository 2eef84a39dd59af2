"""Status callbacks of conferences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from ringcast.apis.laml.callbacks import StatusCallbacks
from ringcast.apis.laml.conference_words import ENDED_BECAUSE, TOLD
from ringcast.apis.laml.following import FAMILY
from ringcast.apis.laml.identities import Family, Kind, Sids
from ringcast.apis.laml.responses import rfc2822
from ringcast.domain.conference_events import (
    AnnouncementEnded,
    ConferenceEnded,
    ConferenceStarted,
    MemberChanged,
    MemberJoined,
    MemberLeft,
)
from ringcast.domain.conferences import ConferenceMember
from ringcast.domain.public_ids import PublicIds
from ringcast.domain.subscriptions import Announcement, Subscription
from ringcast.ports.deliveries import Callback
from ringcast.services.conference_terms import ConferenceDetails

__all__ = ["ConferenceCallbacks"]


class ConferenceCallbacks:
    """Renders them (implements `ports.deliveries.CallbackRenderer`)."""

    def __init__(self, ids: PublicIds) -> None:
        self._ids = ids
        self._requests = StatusCallbacks(ids)

    def body(
        self,
        subscription: Subscription,
        announcement: Announcement,
        resource: object,
        now: datetime,
    ) -> bytes | None:
        """Return the form; None for events that the subscription does not want."""
        assert isinstance(resource, ConferenceDetails), "that is what is announced of conferences"
        event = announcement.event
        kind, name = _named(event)
        if kind not in subscription.options[TOLD].split():
            return None
        sids = Sids(self._ids, Family(subscription.options[FAMILY]))
        conference = resource.conference
        fields = {
            "AccountSid": sids.of(Kind.ACCOUNT, conference.account_id),
            "ConferenceSid": sids.of(Kind.CONFERENCE, conference.id),
            "FriendlyName": conference.name,
            "StatusCallbackEvent": name,
            "Timestamp": rfc2822(announcement.at),
        }
        if sids.family is Family.SIGNALWIRE:
            fields["EventName"] = name
        if isinstance(event, MemberJoined | MemberLeft | MemberChanged):
            found = [one for one in resource.members if one.id == event.member_id]
            fields |= _of_member(event, found[0], sids)
        elif isinstance(event, ConferenceEnded):
            fields["ReasonConferenceEnded"] = ENDED_BECAUSE[event.reason]
            if event.call_id is not None:
                fields["CallSidEndingConference"] = sids.of(Kind.CALL, event.call_id)
            began = conference.started_at or conference.created_at
            fields["Duration"] = str(round((event.at - began).total_seconds()))
        elif isinstance(event, AnnouncementEnded) and event.failed is not None:
            fields["ReasonAnnouncementFailed"] = event.failed
        return urlencode(fields).encode()

    def callback(self, subscription: Subscription, body: bytes) -> Callback:
        """Return the signed request: a form, or a query."""
        return self._requests.callback(subscription, body)


def _named(event: object) -> tuple[str, str]:
    """Return by which word an event is asked for, and what it is called; empty if it is not."""
    match event:
        case ConferenceStarted():
            return "start", "conference-start"
        case ConferenceEnded():
            return "end", "conference-end"
        case MemberJoined():
            return "join", "participant-join"
        case MemberLeft():
            return "leave", "participant-leave"
        case MemberChanged() if event.is_muted != event.was_muted:
            return "mute", "participant-mute" if event.is_muted else "participant-unmute"
        case MemberChanged() if event.is_on_hold != event.was_on_hold:
            return "hold", "participant-hold" if event.is_on_hold else "participant-unhold"
        case MemberChanged():
            return "modify", "participant-modify"
        case AnnouncementEnded():
            word = "announcement-end" if event.failed is None else "announcement-fail"
            return "announcement", word
        case _:
            return "", ""


def _of_member(
    event: MemberJoined | MemberLeft | MemberChanged, member: ConferenceMember, sids: Sids
) -> Mapping[str, str]:
    fields = {
        "CallSid": sids.of(Kind.CALL, event.call_id),
        "Muted": _word(event.is_muted),
        "Hold": _word(event.is_on_hold),
        "StartConferenceOnEnter": _word(member.starts),
        "EndConferenceOnExit": _word(member.ends),
    }
    if sids.family is Family.TWILIO:
        fields["Coaching"] = _word(member.coaches is not None)
        if member.coaches is not None:
            fields["CallSidToCoach"] = sids.of(Kind.CALL, member.coaches)
    return fields


def _word(flag: bool) -> str:
    return str(flag).lower()
