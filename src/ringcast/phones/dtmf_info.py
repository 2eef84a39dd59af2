"""DTMF in SIP INFO: application/dtmf-relay and application/dtmf (de-facto, never standardised)."""

from __future__ import annotations

from typing import Final

__all__ = ["DTMF_RELAY", "read_digit", "relay_body"]

DTMF_RELAY: Final = "application/dtmf-relay"
_DTMF: Final = "application/dtmf"
_DIGITS: Final = frozenset("0123456789*#ABCD")
_BY_EVENT: Final = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}
_LONGEST_BODY: Final = 256


def relay_body(digit: str, *, milliseconds: int = 160) -> bytes:
    """Return the body that says that a key was pressed for so long."""
    return f"Signal={digit}\r\nDuration={milliseconds}\r\n".encode()


def read_digit(content_type: str | None, body: bytes) -> str | None:
    """Return the key that an INFO says, or None if it says none."""
    if content_type not in (_DTMF, DTMF_RELAY) or len(body) > _LONGEST_BODY:
        return None
    text = body.decode("ascii", "replace").strip()
    if content_type == DTMF_RELAY:
        fields = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition("=") for line in text.splitlines())
        }
        text = fields.get("signal", "")
    digit = _BY_EVENT.get(text, text.upper())
    return digit if digit in _DIGITS else None
