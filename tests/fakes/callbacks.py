"""A receiver of callbacks without a network, and callbacks that are easy to read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from ringcast.domain.errors import InvalidInput
from ringcast.domain.subscriptions import Announcement, Subscription
from ringcast.ports.deliveries import Callback, CallbackAnswer

TAKEN = CallbackAnswer(status=200)
BROKEN = CallbackAnswer(status=500, problem="it answered 500")


class FakeSender:
    """Answers as told (implements `ports.deliveries.CallbackSender`)."""

    def __init__(self) -> None:
        self.sent: list[Callback] = []
        self.answer: Callable[[Callback], CallbackAnswer] = lambda _: TAKEN
        self.open = asyncio.Event()
        """Requests hang while it is not set."""
        self.open.set()
        self.under_way = 0

    def check(self, url: str) -> None:
        """Refuse one URL."""
        if "refused" in url:
            raise InvalidInput(f"nothing can be sent to {url}")

    async def send(self, callback: Callback) -> CallbackAnswer:
        """Note what is sent, and answer."""
        self.sent.append(callback)
        self.under_way += 1
        try:
            await self.open.wait()
        finally:
            self.under_way -= 1
        return self.answer(callback)


class PlainRenderer:
    """Says `topic subject resource` (implements `ports.deliveries.CallbackRenderer`)."""

    def body(
        self,
        subscription: Subscription,
        announcement: Announcement,
        resource: object,
        now: datetime,
    ) -> bytes | None:
        """Return the words, unless the resource is one that the subscription does not want."""
        if subscription.options.get("except") == str(resource):
            return None
        if subscription.options.get("broken"):
            raise RuntimeError("a bug")
        return f"{announcement.topic} {announcement.subject_id} {resource}".encode()

    def callback(self, subscription: Subscription, body: bytes) -> Callback:
        """Return the request, with one header."""
        return Callback(
            url=subscription.url,
            headers={"X-Secret": subscription.secret or ""},
            body=body,
            verify_certificate=subscription.verify_certificate,
        )
