"""Identifiers: a prefix for the kind of resource, and 26 letters of base32 for which."""

from __future__ import annotations

import hashlib
import re
from base64 import b32decode, b32encode
from enum import StrEnum

from ringcast.domain.ids import CallId
from ringcast.domain.public_ids import PublicIds

__all__ = ["Ids", "Kind"]


class Kind(StrEnum):
    """What an identifier is of."""

    CALL = "c"
    EVENT = "ce"
    GATHER = "gtr"
    RECORDING = "rec"
    APPLICATION = "a"
    NUMBER = "n"
    BRIDGE = "brg"
    CONFERENCE = "conf"
    MEMBER = "member"
    ERROR = "ue"
    ERROR_DETAIL = "ued"


_ID = re.compile(r"([a-z]{1,6})-([a-z2-7]{26})")
_PADDING = "======"
_EVENT_BYTES = 16


class Ids:
    """Writes identifiers and reads them."""

    def __init__(self, ids: PublicIds) -> None:
        self._ids = ids

    def of(self, kind: Kind, number: int) -> str:
        """Return the identifier of a resource."""
        return f"{kind}-{_letters(bytes.fromhex(self._ids.hex_of(number)))}"

    def number(self, kind: Kind, text: str) -> int:
        """Return the resource behind an identifier; 0, which none has, if there is no such one."""
        match = _ID.fullmatch(text)
        if match is None or match[1] != kind:
            return 0
        return self._ids.number_of(b32decode(match[2].upper() + _PADDING).hex()) or 0

    def of_part(self, kind: Kind, call_id: CallId, number: int) -> str:
        """Return the identifier of a part of a resource, which is looked up among the parts."""
        whole = f"{self._ids.hex_of(call_id)}/{kind}/{number}"
        digest = hashlib.blake2b(whole.encode(), digest_size=_EVENT_BYTES).digest()
        return f"{kind}-{_letters(digest)}"


def _letters(block: bytes) -> str:
    return b32encode(block).decode().lower().rstrip("=")
