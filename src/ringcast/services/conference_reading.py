"""Conferences looked at, and live calls added to them by requests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from ringcast.domain.calls import CallState
from ringcast.domain.conferences import Conference, ConferenceMember, ConferenceState
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, AttemptId, CallId, ConferenceId
from ringcast.ports.store import Page, Store
from ringcast.services.conference_terms import ConferenceDetails, Joining
from ringcast.services.conferences import Conferences
from ringcast.services.live_calls import CallElsewhere, CallNotLive

__all__ = ["AddCall", "ReadConferences"]


class ReadConferences:
    """Looks at conferences, also those of other servers and those that have ended."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def details(
        self, account_id: AccountId, conference_id: ConferenceId
    ) -> ConferenceDetails:
        """Return a conference with its members; raise NotFound."""
        async with self._store.begin(read_only=True) as tx:
            conference = await tx.conference(account_id, conference_id)
            if conference is None:
                raise NotFound("conference", conference_id)
            return ConferenceDetails(conference, await tx.members_of([conference_id]))

    async def find(
        self,
        account_id: AccountId,
        page: Page,
        *,
        name: str | None = None,
        states: Sequence[ConferenceState] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        updated_since: datetime | None = None,
        updated_until: datetime | None = None,
    ) -> tuple[Sequence[Conference], int]:
        """Return a page of conferences, newest first, and how many there are in all."""
        async with self._store.begin(read_only=True) as tx:
            return await tx.conferences(
                account_id,
                page,
                name=name,
                states=states,
                since=since,
                until=until,
                updated_since=updated_since,
                updated_until=updated_until,
            )

    async def named(self, account_id: AccountId, subjects: Collection[int]) -> Mapping[int, object]:
        """Return conferences by their ids, as they are announced."""
        found: dict[int, object] = {}
        async with self._store.begin(read_only=True) as tx:
            for subject in subjects:
                conference = await tx.conference(account_id, ConferenceId(subject))
                if conference is not None:
                    members = await tx.members_of([conference.id])
                    found[subject] = ConferenceDetails(conference, members)
        return found


class AddCall:
    """Adds a live call to a conference, beside what its script does."""

    def __init__(
        self,
        *,
        store: Store,
        conferences: Conferences,
        leg_of: Callable[[CallId], AttemptId | None],
    ) -> None:
        """`leg_of` gives the leg of a call that lives on this server."""
        self._store = store
        self._conferences = conferences
        self._leg_of = leg_of

    async def __call__(
        self,
        account_id: AccountId,
        conference_id: ConferenceId,
        call_id: CallId,
        joining: Callable[[AttemptId], Joining],
    ) -> ConferenceMember:
        """Return the new member; `joining` says what it is, given the leg.

        Raises NotFound, CallNotLive, CallElsewhere, and what `Conferences.add` raises.
        """
        async with self._store.begin(read_only=True) as tx:
            call = await tx.call(account_id, call_id)
            attempts = await tx.attempts_of([call_id])
        if call is None:
            raise NotFound("call", call_id)
        last = attempts[call_id][-1] if attempts.get(call_id) else None
        if call.state is not CallState.ACTIVE or last is None or last.answered_at is None:
            raise CallNotLive(call)
        leg = self._leg_of(call_id)
        if leg is None:
            raise CallElsewhere(call_id)
        member = await self._conferences.add(account_id, conference_id, joining(leg))
        if self._leg_of(call_id) is None:  # it ended while it joined
            self._conferences.leave_soon(leg)
        return member
