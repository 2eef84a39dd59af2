"""Telling subscribers: joined, started and stopped."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from ringcast.apis.callfire_v2 import callbacks
from ringcast.bootstrap.core import Core
from ringcast.config import Settings
from ringcast.domain.errors import Unavailable
from ringcast.domain.events import CallEnded, CallEvent
from ringcast.domain.ids import AccountId, CallId, CampaignId
from ringcast.domain.subscriptions import Topic
from ringcast.integrations.callback_sender import HttpCallbackSender
from ringcast.ports.deliveries import CallbackRenderer
from ringcast.ports.store import Store
from ringcast.services.calls import GetCall
from ringcast.services.campaigns import GetCampaign
from ringcast.services.deliveries import AddressDeliveries, ReadResource, SendDeliveries
from ringcast.services.delivery_care import ForgetDeliveries

__all__ = ["RENDERERS", "resources", "running_deliveries"]

log = logging.getLogger(__name__)

_FORGET_PERIOD = 3600.0  # seconds between clean-ups of old deliveries

RENDERERS: Mapping[str, CallbackRenderer] = {callbacks.DIALECT: callbacks.CallfireCallbacks()}
"""What the subscriptions of each dialect are told, and how."""


@asynccontextmanager
async def running_deliveries(core: Core, settings: Settings) -> AsyncIterator[None]:
    """Tell subscribers what happens in the core; on the way out requests under way may end."""
    store, clock = core.store, core.clock
    async with HttpCallbackSender(allow_private=settings.allow_private_urls) as sender:
        sending = SendDeliveries(
            store=store,
            sender=sender,
            renderers=RENDERERS,
            clock=clock,
            holder=f"{os.uname().nodename}-{os.getpid()}-{secrets.token_hex(4)}",
            random=random.random,
        )
        addressing = AddressDeliveries(
            store=store,
            clock=clock,
            renderers=RENDERERS,
            resources=resources(store),
            wake=sending.wake,
        )

        def wake(events: Sequence[CallEvent]) -> None:
            if any(isinstance(event, CallEnded) for event in events):
                addressing.wake()

        core.changes.observe(wake)
        # No group: their loops end only when they are told to, and a group would wrap what is
        # raised by whatever runs meanwhile.
        others = [
            asyncio.create_task(addressing.run()),
            asyncio.create_task(_forget(ForgetDeliveries(store=store, clock=clock))),
        ]
        sent = asyncio.create_task(sending.run())
        try:
            yield
        finally:
            for worker in others:
                worker.cancel()
            sending.stop()
            await asyncio.gather(sent, *others, return_exceptions=True)


def resources(store: Store) -> Mapping[Topic, ReadResource]:
    """Return how the subject of each topic is read: by the use case behind its GET."""
    get_call = GetCall(store=store)
    get_campaign = GetCampaign(store=store)

    async def call(account_id: AccountId, subject_id: int) -> object:
        return await get_call(account_id, CallId(subject_id))

    async def campaign(account_id: AccountId, subject_id: int) -> object:
        return await get_campaign(account_id, CampaignId(subject_id))

    return {
        Topic.CALL_FINISHED: call,
        Topic.CAMPAIGN_STARTED: campaign,
        Topic.CAMPAIGN_STOPPED: campaign,
        Topic.CAMPAIGN_FINISHED: campaign,
    }


async def _forget(forget: ForgetDeliveries) -> None:
    while True:
        await asyncio.sleep(_FORGET_PERIOD)
        try:
            await forget()
        except Unavailable:
            log.warning("store unavailable, clean-up waits")
