"""Lists of calls by when they ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from ringcast.apis.laml.errors import Refused
from ringcast.ports.store import Page
from ringcast.services.calls import CallDetails

__all__ = ["Span", "ended_between"]

Find: TypeAlias = Callable[..., Awaitable[tuple[Sequence[CallDetails], Any]]]

_LONGEST: Final = timedelta(hours=25)
"""From when a call is asked for to its end: a day, and an hour of waiting for its turn."""
_PAGE: Final = 1000
_MOST: Final = 20_000
"""Calls that are looked at for one page."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time; None is without a limit."""

    since: datetime | None
    until: datetime | None

    def has(self, when: datetime) -> bool:
        """Whether it is in it."""
        return (self.since is None or when >= self.since) and (
            self.until is None or when < self.until
        )


async def ended_between(find: Find, ended: Span, began: Span, page: Page) -> Sequence[CallDetails]:
    """Return a page of the calls that ended in a time and began in another, newest first.

    `find` takes a page, `since` and `until`. Raises Refused where too many would have to be
    looked at.
    """
    since = began.since
    if ended.since is not None:
        earliest = ended.since - _LONGEST
        since = earliest if since is None else max(since, earliest)
    until = began.until
    if ended.until is not None:
        until = ended.until if until is None else min(until, ended.until)
    found: list[CallDetails] = []
    offset = 0
    while len(found) < page.offset + page.limit:
        if offset >= _MOST:
            raise Refused(20422, "Too many calls: narrow the list with StartTime as well")
        some, _ = await find(Page(limit=_PAGE, offset=offset), since=since, until=until)
        found += [one for one in some if one.call.state.is_final and ended.has(one.call.updated_at)]
        offset += len(some)
        if len(some) < _PAGE:
            break
    return found[page.offset : page.offset + page.limit]
