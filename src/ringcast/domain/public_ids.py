"""The unguessable, reversible face of an identifier (DESIGN 1).

Dialects whose clients take identifiers for secrets show 16 bytes made of the integer and a keyed
checksum, enciphered so that neither can be read or counted: no table maps one to the other.
"""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["PublicIds"]

_ROUNDS = 4
_HALF = 8  # bytes


class PublicIds:
    """Turn integers into 32 hex digits and back, under one key of the system."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("the key must have at least 16 bytes")
        self._key = key

    def hex_of(self, number: int) -> str:
        """Return the 32 hex digits of `number` (0 ≤ number < 2**64)."""
        left = number.to_bytes(_HALF, "big")
        right = self._digest(b"check", left)
        for round_number in range(_ROUNDS):  # a Feistel network: a permutation of 16 bytes
            mask = self._digest(b"round%d" % round_number, right)
            left, right = right, bytes(a ^ b for a, b in zip(left, mask, strict=True))
        return (left + right).hex()

    def number_of(self, text: str) -> int | None:
        """Return the integer behind 32 hex digits, or None if this system did not make them."""
        try:
            block = bytes.fromhex(text)
        except ValueError:
            return None
        if len(block) != 2 * _HALF:
            return None
        left, right = block[:_HALF], block[_HALF:]
        for round_number in reversed(range(_ROUNDS)):
            mask = self._digest(b"round%d" % round_number, left)
            left, right = bytes(a ^ b for a, b in zip(right, mask, strict=True)), left
        if not hmac.compare_digest(right, self._digest(b"check", left)):
            return None
        return int.from_bytes(left, "big")

    def _digest(self, label: bytes, data: bytes) -> bytes:
        return hashlib.blake2b(
            data, digest_size=_HALF, key=self._key[:64], person=label[:16]
        ).digest()
