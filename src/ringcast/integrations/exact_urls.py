"""URLs sent as they are: who signs a URL must see it leave as it was signed."""

from __future__ import annotations

import re

from yarl import URL

__all__ = ["as_written"]

_PLAIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+([/?][!-~]*)?")


def as_written(url: str) -> URL:
    """Return a URL that aiohttp sends without writing any of its characters in another way.

    One with characters that a request cannot have as they are is encoded, as usual.
    """
    return URL(url, encoded=True) if _PLAIN.fullmatch(url) else URL(url)
