"""Sending callbacks over HTTP."""

from __future__ import annotations

import ssl
from datetime import timedelta
from types import TracebackType
from urllib.parse import urlsplit

import aiohttp

import ringcast
from ringcast.domain.errors import InvalidInput
from ringcast.integrations.exact_urls import as_written
from ringcast.integrations.inner_addresses import ForbiddenAddress, GuardedResolver, check_url
from ringcast.ports.deliveries import Callback, CallbackAnswer

__all__ = ["HttpCallbackSender"]

_MAX_ANSWER = 64 * 1024  # bytes that are read of an answer, to end it in good order
_MAX_URL = 2000  # characters
_MAX_CONNECTIONS = 256
_AGENT = f"Ringcast/{ringcast.__version__}"


class HttpCallbackSender:
    """Sends callbacks (implements `ports.deliveries.CallbackSender`).

    Inner addresses are refused unless `allow_private` is set, as in `http_fetch`. Redirects are not
    followed: they count as a failure. Each request has a connection of its own, since one kept from
    an earlier request may be closed by the far end just as it is used again, which cannot be told
    from a failure.
    """

    def __init__(
        self, *, allow_private: bool = False, timeout: timedelta = timedelta(seconds=10)
    ) -> None:
        """`timeout` is for a whole request, from the look-up of the name to the last byte."""
        self._allow_private = allow_private
        self._timeout = aiohttp.ClientTimeout(total=timeout.total_seconds())
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> HttpCallbackSender:
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(allow_private=self._allow_private),
            use_dns_cache=False,
            force_close=True,
            limit=_MAX_CONNECTIONS,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": _AGENT},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._session is not None, "__aenter__ made it"
        await self._session.close()
        self._session = None

    def check(self, url: str) -> None:
        """Raise InvalidInput for a URL that nothing would ever be sent to."""
        if len(url) > _MAX_URL:
            raise InvalidInput(f"a URL for callbacks has at most {_MAX_URL} characters")
        try:
            check_url(url, allow_private=self._allow_private)
            urlsplit(url).port  # noqa: B018 -- raises ValueError for a port that is none
        except ForbiddenAddress as error:
            raise InvalidInput(f"callbacks cannot be sent to {url}: {error}") from error
        except ValueError as error:
            raise InvalidInput(
                f"callbacks cannot be sent to {url!r}: give a URL like https://example.com/path"
            ) from error

    async def send(self, callback: Callback) -> CallbackAnswer:
        """Send it once; raise nothing that the far end is the cause of."""
        assert self._session is not None, "used as a context manager"
        status: int | None = None
        longest = self._timeout.total or 0.0
        limit = longest
        if callback.timeout is not None:
            limit = min(callback.timeout.total_seconds(), longest)
        try:
            # Again, for the rule may have become stricter since the URL was given.
            check_url(callback.url, allow_private=self._allow_private)
            async with self._session.request(
                callback.method,
                as_written(callback.url),
                data=callback.body if callback.method == "POST" else None,
                headers=callback.headers,
                timeout=aiohttp.ClientTimeout(total=limit),
                allow_redirects=False,
                ssl=callback.verify_certificate,
            ) as response:
                status = response.status
                await _read_away(response)
        except ForbiddenAddress as error:
            return CallbackAnswer(problem=str(error))
        except aiohttp.ClientConnectorCertificateError as error:
            return CallbackAnswer(problem=f"its certificate is not trusted: {_words(error)}")
        except aiohttp.ClientConnectorError as error:
            return CallbackAnswer(problem=str(error.os_error))
        except TimeoutError:
            if status is None:
                return CallbackAnswer(problem=f"no answer within {limit:g} s")
        except (aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as error:
            if status is None:
                return CallbackAnswer(problem=_words(error))
        # The status says whether it was taken, even if the text after it was cut off or endless.
        assert status is not None, "the ways out without one are above"
        if 200 <= status <= 299:
            return CallbackAnswer(status=status)
        return CallbackAnswer(status=status, problem=f"it answered {status}")


async def _read_away(response: aiohttp.ClientResponse) -> None:
    """Read the answer, but not one without end."""
    seen = 0
    async for chunk in response.content.iter_chunked(_MAX_ANSWER):
        seen += len(chunk)
        if seen > _MAX_ANSWER:
            response.close()
            return


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
