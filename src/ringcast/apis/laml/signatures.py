"""Signatures of webhooks, as the validators of both vendors check them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping

__all__ = ["HEADERS", "signature", "signed"]

HEADERS = ("X-SignalWire-Signature", "X-Twilio-Signature")
"""Both carry the same value: clients look for their own."""


def signature(key: str, url: str, parameters: Iterable[tuple[str, str]] = ()) -> str:
    """Return the signature of a form sent to `url`, or of a GET, which has no form.

    The URL, then each name with its value in the order of the names; values of a name that is there
    repeatedly are unique and sorted.
    """
    text = url + "".join(f"{name}{value}" for name, value in sorted(set(parameters)))
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def signed(key: str, url: str, parameters: Iterable[tuple[str, str]] = ()) -> Mapping[str, str]:
    """Return the headers of a signed request."""
    value = signature(key, url, parameters)
    return dict.fromkeys(HEADERS, value)
