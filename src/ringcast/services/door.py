"""The way in: who has a credential, and who comes too often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from ringcast.domain.accounts import Access
from ringcast.domain.errors import LimitReached, Unauthenticated
from ringcast.services.accounts import Authenticate
from ringcast.web.credentials import BasicCredentials
from ringcast.web.rates import Rates, source_of

__all__ = ["Door"]


class Door:
    """Lets in who has a credential, and holds up who comes too often."""

    def __init__(
        self,
        authenticate: Authenticate,
        *,
        failures_at_once: int,
        failures_per_second: float,
        requests_per_second: float | None,
        monotonic: Callable[[], float],
    ) -> None:
        """Failures are those of one address, requests those of one credential; None counts none."""
        self._authenticate = authenticate
        self._failures = Rates(
            per_second=failures_per_second, burst=failures_at_once, monotonic=monotonic
        )
        self._requests: Rates | None = None
        if requests_per_second is not None:
            self._requests = Rates(
                per_second=requests_per_second,
                burst=max(1.0, requests_per_second),
                monotonic=monotonic,
            )

    async def open(self, credentials: BasicCredentials | None, *, address: str) -> Access:
        """Return what the credentials open; raise Unauthenticated or LimitReached.

        Only failures count against an address: many clients may share one behind a proxy, and who
        knows a secret is never held up by who does not.
        """
        try:
            if credentials is None:
                raise Unauthenticated("send the API credential with HTTP Basic authentication")
            access = await self._authenticate(credentials.identifier, credentials.secret)
        except Unauthenticated:
            wait = self._failures.take(source_of(address))
            _limit(wait, "too many requests without a valid credential")
            raise
        if self._requests is not None:
            _limit(self._requests.take(access.credential.id), "too many requests")
        return access


def _limit(wait: float, what: str) -> None:
    if wait > 0:
        raise LimitReached(f"{what}: wait before the next", retry_after=timedelta(seconds=wait))
