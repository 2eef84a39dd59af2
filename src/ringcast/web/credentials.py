"""HTTP Basic authentication (RFC 7617)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

__all__ = ["BasicCredentials", "parse_basic"]

_MAX_LENGTH = 1024  # characters of the header's value; far more than any credential of ours


@dataclass(frozen=True, slots=True)
class BasicCredentials:
    """What the client presents."""

    identifier: str
    secret: str = field(repr=False)


def parse_basic(header: str | None) -> BasicCredentials | None:
    """Read the value of an Authorization header; return None if it is no Basic credential."""
    if header is None or len(header) > _MAX_LENGTH:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "basic":  # RFC 7235 section 2.1: schemes have no case
        return None
    try:
        text = base64.b64decode(token.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    identifier, colon, secret = text.partition(":")
    if not colon or not identifier or any(ord(c) < 32 or ord(c) == 127 for c in text):
        return None  # RFC 7617 section 2: no control characters
    return BasicCredentials(identifier, secret)
