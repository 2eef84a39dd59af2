"""What went wrong in the background, kept for whoever asks: nobody waited for an answer then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ringcast.domain.ids import AccountId, IncidentId

__all__ = ["Incident", "IncidentKind"]


class IncidentKind(StrEnum):
    """What went wrong."""

    CALLBACK_FAILED = "callback_failed"
    """A receiver of callbacks did not take one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident:
    """Something that went wrong, once."""

    id: IncidentId
    account_id: AccountId
    at: datetime
    kind: IncidentKind
    dialect: str
    """Whose words `details` are in."""
    message: str
    """In plain words."""
    details: Mapping[str, str] = field(default_factory=dict)
