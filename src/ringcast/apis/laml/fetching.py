"""How a document is asked for: parameters, signature, and the time limits in a URL's fragment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit, urlunsplit

from ringcast.apis.laml.signatures import signed
from ringcast.domain.programs import Fetch

__all__ = ["request_for", "total_limit", "with_query"]

_CONNECT, _READ, _TOTAL = "ot", "rt", "tt"
_DEFAULTS: Final[Mapping[str, int]] = {_CONNECT: 2000, _READ: 5000, _TOTAL: 15_000}  # milliseconds
_LEAST = 100
_MOST: Final[Mapping[str, int]] = {_CONNECT: 10_000, _READ: 15_000, _TOTAL: 15_000}
_MAX_BYTES = 65_536
_NUMBER = re.compile(r"[0-9]{1,6}")


def request_for(url: str, method: str, parameters: Mapping[str, str], *, key: str) -> Fetch:
    """Return the signed request; the fragment of the URL may say `#ot=…&rt=…&tt=…` milliseconds."""
    target, fragment = urldefrag(url)
    limits = _limits(fragment)
    pairs = tuple(parameters.items())
    form: tuple[tuple[str, str], ...] = ()
    if method == "GET":
        target = with_query(target, pairs)
    else:
        form = pairs
    return Fetch(
        url=target,
        method=method,
        parameters=form,
        headers=tuple(signed(key, target, form).items()),
        connect_timeout=timedelta(milliseconds=limits[_CONNECT]),
        timeout=_total(limits),
        max_bytes=_MAX_BYTES,
    )


def total_limit(url: str) -> timedelta:
    """Return how long a whole request may take, by the fragment of its URL."""
    return _total(_limits(urldefrag(url).fragment))


def with_query(url: str, pairs: tuple[tuple[str, str], ...]) -> str:
    """Return a URL with more in its query."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(pairs)) if part)
    return urlunsplit(parts._replace(query=query))


def _total(limits: Mapping[str, int]) -> timedelta:
    return timedelta(milliseconds=min(limits[_TOTAL], limits[_CONNECT] + limits[_READ]))


def _limits(fragment: str) -> Mapping[str, int]:
    given = {
        name: int(value)
        for name, value in parse_qsl(fragment)
        if name in _DEFAULTS and _NUMBER.fullmatch(value)
    }
    return {
        name: min(max(given.get(name, default), _LEAST), _MOST[name])
        for name, default in _DEFAULTS.items()
    }
