"""Conferences and their members as the vendor shows them; what is absent is left out."""

from __future__ import annotations

from typing import Any

from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.apis.bandwidth_v1.identities import Kind
from ringcast.apis.bandwidth_v1.settings import Settings
from ringcast.apis.bandwidth_v1.statuses import CONFERENCE_STATES
from ringcast.apis.bandwidth_v1.times import iso
from ringcast.domain.conferences import ConferenceMember
from ringcast.services.conference_terms import ConferenceDetails

__all__ = ["conference", "member"]

Body = dict[str, Any]


def conference(exchange: Exchange, details: ConferenceDetails) -> Body:
    """Return a conference."""
    one = details.conference
    settings = Settings.read(one.options)
    present = [each for each in details.members if each.left_at is None]
    body: Body = {
        "id": exchange.ids.of(Kind.CONFERENCE, one.id),
        "state": CONFERENCE_STATES[one.state],
        "from": one.options.get("from", ""),
        "createdTime": iso(one.created_at),
        "activeMembers": len(present),
        "hold": bool(present) and all(each.is_on_hold for each in present),
        "mute": bool(present) and all(each.is_muted for each in present),
        "profile": "passthru_digits",
    }
    if one.ended_at is not None:
        body["completedTime"] = iso(one.ended_at)
    if settings.callback_url:
        body["callbackUrl"] = settings.callback_url
        body["callbackHttpMethod"] = settings.callback_method.lower()
        body["callbackTimeout"] = int(settings.callback_timeout)
    for name, value in (("fallbackUrl", settings.fallback_url), ("tag", settings.tag)):
        if value:
            body[name] = value
    return body


def member(exchange: Exchange, one: ConferenceMember) -> Body:
    """Return a member."""
    body: Body = {
        "id": exchange.ids.of(Kind.MEMBER, one.id),
        "state": "active" if one.left_at is None else "completed",
        "mute": one.is_muted,
        "hold": one.is_on_hold,
        "joinTone": one.tone_on_join,
        "leavingTone": one.tone_on_leave,
        "addedTime": iso(one.joined_at),
        "call": exchange.url("calls", exchange.ids.of(Kind.CALL, one.call_id)),
    }
    if one.left_at is not None:
        body["removedTime"] = iso(one.left_at)
    return body
