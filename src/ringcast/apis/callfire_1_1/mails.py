"""Postbacks by e-mail: a few lines to be read, and the notification in XML attached.

What the vendor's mails say is not documented; these are ours.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from ringcast.apis.callfire_1_1.statuses import CAMPAIGN_STATUS, result_of
from ringcast.domain.calls import Call
from ringcast.domain.campaigns import Campaign
from ringcast.domain.numbers import PhoneNumber
from ringcast.services.calls import CallDetails

__all__ = ["mail"]

_FILE: Final = "notification.xml"
_MOST_NAME: Final = 100  # characters of a name in a subject


def mail(resource: object, notification: bytes, *, at: datetime) -> bytes:
    """Return a message (RFC 5322) without sender and receiver; the same for the same arguments."""
    match resource:
        case CallDetails(call=call):
            subject, lines = _of_call(call)
        case Campaign():
            subject, lines = _of_campaign(resource)
        case _:
            raise TypeError(f"no mail tells of {type(resource).__name__}")
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday note is wanted
    message.set_content("".join(f"{line}\n" for line in lines), cte="quoted-printable")
    message.add_attachment(
        notification, maintype="application", subtype="xml", filename=_FILE, cte="base64"
    )
    # One drawn at random would make each rendering another message.
    message.set_boundary(hashlib.sha256(notification).hexdigest()[:32])
    return message.as_bytes()


def _of_call(call: Call) -> tuple[str, list[str]]:
    to = call.to.digits if isinstance(call.to, PhoneNumber) else call.to_text
    from_number = "" if call.from_number is None else call.from_number.digits
    other, way = (from_number, "from") if call.is_inbound else (to, "to")
    result = result_of(call) or "UNDIALED"
    lines = [
        f"The call {way} {_plain(other)} has finished: {result}.",
        "",
        f"From: {from_number}",
        f"To: {_plain(to)}",
        f"Call: {call.id}",
    ]
    if call.campaign_id is not None:
        lines.append(f"Broadcast: {call.campaign_id}")
    return f"Call {way} {_plain(other)} finished: {result}", lines


def _of_campaign(campaign: Campaign) -> tuple[str, list[str]]:
    name, status = _plain(campaign.name), CAMPAIGN_STATUS[campaign.status]
    lines = [
        f"The broadcast {name} is {status}.",
        "",
        f"Broadcast: {campaign.id}",
    ]
    return f"Broadcast {name}: {status}", lines


def _plain(text: str) -> str:
    """Return the text fit for one line of a message."""
    return "".join(one if one.isprintable() else " " for one in text)[:_MOST_NAME]
