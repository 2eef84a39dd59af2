"""Numbers that an account must not call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import AccountId, CampaignId, DoNotCallListId
from ringcast.domain.numbers import PhoneNumber

__all__ = ["DoNotCallEntry", "DoNotCallList", "checked_source"]

_MAX_SOURCE = 255  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class DoNotCallEntry:
    """What may not be done with a number, in the whole account.

    An account has one entry for a number at the most. An entry without any ban stays in the list
    and bans nothing.
    """

    account_id: AccountId
    number: PhoneNumber
    call: bool
    """It is not called."""
    text: bool
    """It is not sent texts."""
    inbound_call: bool
    """Its calls are not taken."""
    inbound_text: bool
    """Its texts are not taken."""
    source: str
    """Where the entry comes from, in the words of whoever made it."""
    created_at: datetime
    campaign_id: CampaignId | None = None
    """The campaign in whose call the person asked for it. The ban is not limited to that campaign:
    whoever says no has said no to the caller."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DoNotCallList:
    """A name for some of the numbers that an account must not call.

    The ban is the number's entry, which is of the whole account: a list says why it is there.
    """

    id: DoNotCallListId
    account_id: AccountId
    name: str
    created_at: datetime
    campaign_id: CampaignId | None = None
    """The campaign that the list was made for; it bars the numbers from all of them."""
    size: int = 0
    """How many numbers are in it; counted by the store as they come and go."""


def checked_source(source: str) -> str:
    """Return the source without spaces around it; raise InvalidInput for a bad one."""
    source = source.strip()
    if not source or len(source) > _MAX_SOURCE or not source.isprintable():
        raise InvalidInput(f"a source has 1 to {_MAX_SOURCE} printable characters", field="source")
    return source
