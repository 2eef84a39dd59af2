"""Who wants to be told of what, and how each telling goes.

An announcement says that something happened to a resource. A subscription asks for announcements of
some topics to be sent to a URL. A delivery is one announcement on its way to one subscription.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from ringcast.domain.conference_events import ConferenceEvent
from ringcast.domain.errors import IllegalTransition
from ringcast.domain.events import CallEvent
from ringcast.domain.ids import AccountId, DeliveryId, SubscriptionId

__all__ = [
    "MAX_ATTEMPTS",
    "RETRY_AFTER",
    "Announcement",
    "Delivery",
    "DeliveryState",
    "Follower",
    "Subscription",
    "Topic",
    "is_mailbox",
    "mail_url",
    "mailbox_of",
    "retry_after",
]

_MAILTO: Final = "mailto:"
_MOST_MAILBOX: Final = 254  # RFC 5321 4.5.3.1.3: a path with its brackets has 256
_MAILBOX = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)


def is_mailbox(text: str) -> bool:
    """Tell whether the text is an e-mail address: a dot-atom at a domain (RFC 5321 4.1.2)."""
    return len(text) <= _MOST_MAILBOX and _MAILBOX.fullmatch(text) is not None


def mail_url(mailbox: str) -> str:
    """Return the URL of a subscription that is told by e-mail."""
    return _MAILTO + mailbox


def mailbox_of(url: str) -> str:
    """Return the e-mail address of such a URL, empty for any other."""
    return url.removeprefix(_MAILTO) if url.startswith(_MAILTO) else ""


class Topic(StrEnum):
    """What can be announced: a kind of resource, and what has happened to it."""

    CALL_RECEIVED = "call_received"
    """Somebody calls, and waits to be answered."""
    CALL_STARTED = "call_started"
    """Its number is being dialled."""
    CALL_RINGING = "call_ringing"
    CALL_ANSWERED = "call_answered"
    CALL_EVENT = "call_event"
    """Something on a live call that leaves its state as it is: a sound, a key, a recording."""
    CALL_FINISHED = "call_finished"
    CAMPAIGN_STARTED = "campaign_started"
    CAMPAIGN_STOPPED = "campaign_stopped"
    CAMPAIGN_FINISHED = "campaign_finished"
    CONFERENCE_EVENT = "conference_event"
    CONTACT_LIST_READY = "contact_list_ready"
    CONTACT_LIST_FAILED = "contact_list_failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """Something has happened to a resource of an account."""

    topic: Topic
    account_id: AccountId
    subject_id: int
    """The resource; what is announced of the same one is delivered in order."""
    at: datetime
    event: CallEvent | ConferenceEvent | None = None
    """What has happened, where the topic alone does not say it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """The wish of an account to be told of some topics at a URL, of the web or `mailto:`."""

    id: SubscriptionId
    account_id: AccountId
    dialect: str
    """Whose words the account is told in."""
    name: str
    topics: frozenset[Topic]
    url: str = field(repr=False)
    created_at: datetime
    updated_at: datetime
    enabled: bool = True
    verify_certificate: bool = True
    secret: str | None = field(default=None, repr=False)
    """What deliveries are signed with; kept readable, because signing needs it."""
    expires_at: datetime | None = None
    single_use: bool = False
    """Whether it ends with its first delivery that succeeds."""
    under_way: bool = False
    """Whether it is for single use and its delivery is on its way."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What only its dialect understands."""
    subject_id: int | None = None
    """The one resource it is about: made with that, and forgotten some days after it."""
    max_attempts: int | None = None
    """How often each delivery is tried; None: MAX_ATTEMPTS."""

    @property
    def is_listening(self) -> bool:
        """Whether announcements are to be sent, as long as it has not expired."""
        return self.enabled and not self.under_way

    @property
    def receiver(self) -> str:
        """The host and port that the URL leads to; of an e-mail address its domain."""
        mailbox = mailbox_of(self.url)
        if mailbox:
            return f"mail:{mailbox.rpartition('@')[2].lower()}"
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return f"{parts.hostname}:{port}"

    def has_expired(self, now: datetime) -> bool:
        """Whether nothing that happens now is sent any more."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, kw_only=True, slots=True)
class Follower:
    """Who is told of the progress of one call, and of what."""

    dialect: str
    topics: frozenset[Topic]
    url: str = field(repr=False)
    options: Mapping[str, str]
    max_attempts: int
    secret: str = field(default="", repr=False)
    """What is signed with; empty is the account's signing key, as it is when the call begins."""

    def following(
        self,
        new_id: SubscriptionId,
        account_id: AccountId,
        subject_id: int,
        *,
        at: datetime,
        signing_key: str = "",
    ) -> Subscription:
        """Return the subscription to what becomes of one resource.

        `signing_key` is the account's.
        """
        return Subscription(
            id=new_id,
            account_id=account_id,
            dialect=self.dialect,
            name="",
            topics=self.topics,
            url=self.url,
            secret=self.secret or signing_key,
            options=self.options,
            subject_id=subject_id,
            max_attempts=self.max_attempts,
            created_at=at,
            updated_at=at,
        )


class DeliveryState(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up; it can be sent again by hand."""


_NEXT: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.PENDING: frozenset({DeliveryState.DELIVERED, DeliveryState.DEAD}),
    DeliveryState.DELIVERED: frozenset({DeliveryState.PENDING}),  # by hand: the receiver lost it
    DeliveryState.DEAD: frozenset({DeliveryState.PENDING}),  # by hand
}

RETRY_AFTER = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(seconds=90),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=45),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=18),
    timedelta(hours=24),
)
"""How long to wait after the first attempt that failed, the second, and so on."""

MAX_ATTEMPTS = len(RETRY_AFTER) + 1
"""How often a delivery is tried before it is given up, after a little more than two days."""

_JITTER = 0.2  # of a wait, added at random: receivers that come back are not met by all at once


def retry_after(
    attempts: int,
    *,
    random: float,
    most: int | None = None,
    waits: Sequence[timedelta] = RETRY_AFTER,
) -> timedelta | None:
    """Return how long to wait after so many attempts, or None to give up.

    `random`, from 0 to 1, chooses how much is added to the wait: up to a fifth.
    """
    if attempts >= min(MAX_ATTEMPTS, most or MAX_ATTEMPTS):
        return None
    return waits[min(attempts, len(waits)) - 1] * (1 + _JITTER * random)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One announcement on its way to one subscription."""

    id: DeliveryId
    account_id: AccountId
    subscription_id: SubscriptionId
    topic: Topic
    subject_id: int
    sequence: int
    """Orders the deliveries of a subscription and subject: the next waits until this has ended."""
    receiver: str
    """Where it goes to: a host and port, or the domain of an e-mail address."""
    body: bytes = field(repr=False)
    """What is sent, the same at each attempt."""
    state: DeliveryState
    created_at: datetime
    due_at: datetime
    """When it may be sent; while it is being sent, when whoever sends it is presumed dead."""
    attempts: int = 0
    """How often sending has begun, since the last time it was asked for by hand."""
    holder: str | None = None
    """The server process that is sending it."""
    ended_at: datetime | None = None
    status: int | None = None
    """The HTTP status of the last answer, or a mail server's reply code, if one came."""
    problem: str | None = None
    """In plain words why the last attempt failed."""

    def claimed(self, holder: str, *, until: datetime) -> Delivery:
        """Return the delivery as one more attempt begins."""
        return replace(self, holder=holder, due_at=until, attempts=self.attempts + 1)

    def delivered(self, *, status: int, now: datetime) -> Delivery:
        """Return the delivery after an attempt that succeeded."""
        moved = self._moved_to(DeliveryState.DELIVERED)
        return replace(moved, ended_at=now, status=status, problem=None)

    def failed(
        self,
        *,
        status: int | None,
        problem: str,
        now: datetime,
        random: float,
        max_attempts: int | None = None,
        waits: Sequence[timedelta] = RETRY_AFTER,
    ) -> Delivery:
        """Return the delivery after an attempt that failed: due again later, or dead."""
        wait = retry_after(self.attempts, random=random, most=max_attempts, waits=waits)
        if wait is None:
            moved = self._moved_to(DeliveryState.DEAD)
            return replace(moved, ended_at=now, status=status, problem=problem)
        return replace(self, holder=None, due_at=now + wait, status=status, problem=problem)

    def released(self, *, now: datetime) -> Delivery:
        """Return the delivery after an attempt that was broken off by us."""
        return replace(self, holder=None, due_at=now)

    def sent_again(self, *, now: datetime) -> Delivery:
        """Return the delivery due now, with all its attempts before it, as asked for by hand."""
        moved = self._moved_to(DeliveryState.PENDING)
        return replace(moved, due_at=now, attempts=0, ended_at=None)

    def _moved_to(self, state: DeliveryState) -> Delivery:
        if state not in _NEXT[self.state]:
            raise IllegalTransition("delivery", self.id, self.state, state)
        return replace(self, state=state, holder=None)
