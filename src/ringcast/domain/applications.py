"""Applications: what is done with the calls of all numbers that are given to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ringcast.domain.ids import AccountId, ApplicationId
from ringcast.domain.instructions import Script
from ringcast.domain.subscriptions import Follower

__all__ = ["Application"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """How calls are handled, made once for many numbers and calls."""

    id: ApplicationId
    account_id: AccountId
    dialect: str
    """Whose words it was made in; only that dialect shows it."""
    name: str
    created_at: datetime
    updated_at: datetime
    script: Script | None = None
    """What is done with calls to its numbers; None: they are not answered."""
    follower: Follower | None = None
    """Who is told of the progress of such calls."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What was asked for, in the words of its dialect."""
