"""The two families of identifiers: UUIDs for SignalWire's clients, `CA` + 32 hex for Twilio's."""

from __future__ import annotations

import re
import uuid
from enum import StrEnum

from ringcast.domain.public_ids import PublicIds

__all__ = ["Family", "Kind", "Sids", "family_of"]


class Family(StrEnum):
    """Whose clients are answered."""

    SIGNALWIRE = "signalwire"
    TWILIO = "twilio"


class Kind(StrEnum):
    """What an identifier is of: Twilio's prefixes."""

    ACCOUNT = "AC"
    APPLICATION = "AP"
    CALL = "CA"
    CONFERENCE = "CF"
    NUMBER = "PN"
    RECORDING = "RE"
    NOTIFICATION = "NO"


_TWILIO = re.compile(r"[A-Z]{2}[0-9a-f]{32}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def family_of(account_sid: str) -> Family:
    """Return the family that a request asks for by the account in its path."""
    return Family.TWILIO if account_sid.startswith(Kind.ACCOUNT) else Family.SIGNALWIRE


class Sids:
    """Writes identifiers in one family, and reads those of both."""

    def __init__(self, ids: PublicIds, family: Family) -> None:
        self._ids = ids
        self.family = family

    def of(self, kind: Kind, number: int) -> str:
        """Return the identifier of a resource."""
        digits = self._ids.hex_of(number)
        if self.family is Family.TWILIO:
            return f"{kind}{digits}"
        return str(uuid.UUID(hex=digits))

    def number(self, kind: Kind, text: str) -> int | None:
        """Return the resource behind an identifier, or None if this system made no such one."""
        if _TWILIO.fullmatch(text) and text.startswith(kind):
            return self._ids.number_of(text[2:])
        if _UUID.fullmatch(text):
            return self._ids.number_of(text.replace("-", "").lower())
        return None
