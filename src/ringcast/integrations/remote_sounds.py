"""Sounds at addresses that clients name, kept as HTTP's rules of caching allow."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

from ringcast.ports.audio import AudioNotFound, AudioStore
from ringcast.ports.clock import Clock
from ringcast.ports.web import NoAnswer, WebAnswer, WebClient, WebRequest

__all__ = ["CachedRemoteSounds"]

_TIMEOUT = timedelta(seconds=20)
_MOST_BYTES = 64 * 1024 * 1024
_MOST_KEPT = 10_000  # addresses
_MAX_AGE = re.compile(r"(?:^|[,\s])(?:s-maxage|max-age)\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Copy:
    digest: str
    fresh_until: float
    """On the monotonic clock."""
    etag: str
    last_modified: str


class CachedRemoteSounds:
    """Fetches sounds into the audio store (implements `ports.web.RemoteSounds`).

    A copy is used without asking as long as the answer said (RFC 9111: max-age, Expires), then only
    if the server says that it has not changed. Whoever asks while an address is being fetched gets
    what that brings. What is known of addresses is lost with the process, the sounds are not.
    """

    def __init__(self, *, web: WebClient, audio: AudioStore, clock: Clock) -> None:
        self._web = web
        self._audio = audio
        self._clock = clock
        self._copies: OrderedDict[str, _Copy] = OrderedDict()
        self._fetching: dict[tuple[str, bool], asyncio.Task[str]] = {}

    async def fetch(self, url: str, *, cache: bool = True) -> str:
        """Return the content hash of the sound there."""
        copy = self._copies.get(url)
        if cache and copy is not None and self._clock.monotonic() < copy.fresh_until:
            self._copies.move_to_end(url)
            return copy.digest
        key = (url, cache)
        task = self._fetching.get(key)
        if task is None:
            task = self._fetching[key] = asyncio.create_task(self._fetch(url, cache=cache))
            task.add_done_callback(lambda _: self._fetching.pop(key, None))
        # One of several who wait may be gone before it is there.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End what is being fetched."""
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch(self, url: str, *, cache: bool) -> str:
        copy = self._copies.get(url) if cache else None
        headers = []
        if copy is not None and copy.etag:
            headers.append(("If-None-Match", copy.etag))
        elif copy is not None and copy.last_modified:
            headers.append(("If-Modified-Since", copy.last_modified))
        answer = await self._web.request(
            WebRequest(
                url=url,
                headers=(*headers, ("Accept", "audio/*, */*;q=0.5")),
                timeout=_TIMEOUT,
                max_bytes=_MOST_BYTES,
            )
        )
        if answer.status == 304 and copy is not None:
            with contextlib.suppress(AudioNotFound):  # removed behind our back
                digest = self._audio.describe(copy.digest).digest
                self._keep(url, digest, answer, before=copy)
                return digest
            del self._copies[url]
            return await self._fetch(url, cache=cache)
        if answer.status != 200:
            raise NoAnswer(url, f"it answered {answer.status}")
        imported = await self._audio.import_bytes(answer.body)
        self._keep(url, imported.digest, answer, before=None)
        return imported.digest

    def _keep(self, url: str, digest: str, answer: WebAnswer, *, before: _Copy | None) -> None:
        if "no-store" in answer.header("Cache-Control").lower():
            self._copies.pop(url, None)
            return
        self._copies[url] = _Copy(
            digest,
            self._clock.monotonic() + self._fresh_for(answer),
            answer.header("ETag") or ("" if before is None else before.etag),
            answer.header("Last-Modified") or ("" if before is None else before.last_modified),
        )
        self._copies.move_to_end(url)
        while len(self._copies) > _MOST_KEPT:
            self._copies.popitem(last=False)

    def _fresh_for(self, answer: WebAnswer) -> float:
        """Return for how many seconds the answer may be used without asking (RFC 9111, 4.2.1)."""
        control = answer.header("Cache-Control")
        if "no-cache" in control.lower():
            return 0.0
        if (age := _MAX_AGE.search(control)) is not None:
            return float(age[1])
        if expires := answer.header("Expires"):
            with contextlib.suppress(ValueError, TypeError):
                date = answer.header("Date")
                since = parsedate_to_datetime(date) if date else self._clock.now()
                return max(0.0, (parsedate_to_datetime(expires) - since).total_seconds())
        return 0.0
