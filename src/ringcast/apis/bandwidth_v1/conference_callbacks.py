"""What the receiver of a conference is told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ringcast.apis.bandwidth_v1.identities import Ids, Kind
from ringcast.apis.bandwidth_v1.settings import Settings
from ringcast.apis.bandwidth_v1.times import iso
from ringcast.domain import conference_events as events
from ringcast.services.conference_terms import ConferenceDetails

__all__ = ["CONFERENCE_EVENT_TYPES", "conference_body"]

CONFERENCE_EVENT_TYPES = (
    "conference", "conference-member", "conference-playback", "conference-speak",
)  # fmt: skip

Body = dict[str, Any]


def conference_body(
    ids: Ids, settings: Settings, details: ConferenceDetails, event: object, at: datetime
) -> Body | None:
    """Return what is said of an event; None for what the vendor does not tell."""
    conference = details.conference
    conference_id = ids.of(Kind.CONFERENCE, conference.id)
    url = f"{settings.base}/users/{settings.user}/conferences/{conference_id}"
    tag = {"tag": settings.tag} if settings.tag else {}
    match event:
        case events.ConferenceOpened() | events.ConferenceEnded():
            is_over = isinstance(event, events.ConferenceEnded)
            body: Body = {
                "eventType": "conference",
                "conferenceId": conference_id,
                "conferenceUri": url,
                "status": "completed" if is_over else "created",
                "createdTime": iso(conference.created_at),
            }
            if is_over:
                body["completedTime"] = iso(conference.ended_at or at)
            return body | tag
        case events.MemberJoined() | events.MemberLeft() | events.MemberChanged():
            member_id = ids.of(Kind.MEMBER, event.member_id)
            has_left = isinstance(event, events.MemberLeft)
            return {
                "eventType": "conference-member",
                "conferenceId": conference_id,
                "callId": ids.of(Kind.CALL, event.call_id),
                "memberId": member_id,
                "memberUri": f"{url}/members/{member_id}",
                "activeMembers": event.members,
                "state": "completed" if has_left else "active",
                "hold": event.is_on_hold,
                "mute": event.is_muted,
                "time": iso(at),
                **tag,
            }
        case events.AnnouncementStarted() | events.AnnouncementEnded():
            is_start = isinstance(event, events.AnnouncementStarted)
            return {
                "eventType": f"conference-{'speak' if event.is_speech else 'playback'}",
                "conferenceId": conference_id,
                "conferenceUri": url,
                "status": "started" if is_start else "done",
                "time": iso(at),
                **({"tag": event.reference} if event.reference else {}),
            }
        case _:
            return None
