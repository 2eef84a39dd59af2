"""What went wrong in the background, kept for whoever asks: nobody waited for an answer then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from ringcast.domain.ids import AccountId, IncidentId

__all__ = ["CALL", "Incident", "IncidentKind"]

CALL: Final = "call"
"""The detail that names the call it was on."""


class IncidentKind(StrEnum):
    """What went wrong."""

    CALLBACK_FAILED = "callback_failed"
    """A receiver of callbacks did not take one."""
    SCRIPT_FAILED = "script_failed"
    """The script of a call could not be had or run, or something in it could not be done."""


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
