"""Telling subscribers: joined, started and stopped."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import secrets
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress

from ringcast.apis.bandwidth_v1 import callbacks as bandwidth_callbacks
from ringcast.apis.callfire_1_1 import callbacks as callfire_1_1_callbacks
from ringcast.apis.callfire_v2 import callbacks
from ringcast.apis.laml import callbacks as laml_callbacks
from ringcast.apis.laml import conference_callbacks as laml_conference_callbacks
from ringcast.apis.laml import conference_words as laml_conferences
from ringcast.apis.laml import following as laml_following
from ringcast.bootstrap.core import Core
from ringcast.bootstrap.mail import mail_server
from ringcast.config import Settings
from ringcast.domain.errors import NotFound, Unavailable
from ringcast.domain.ids import AccountId, CallId, CampaignId, ContactListId
from ringcast.domain.subscriptions import Topic
from ringcast.integrations.callback_sender import HttpCallbackSender
from ringcast.integrations.mail_sender import MailCallbackSender, WebOrMail
from ringcast.ports.deliveries import CallbackRenderer
from ringcast.ports.store import Page, Store
from ringcast.services.announcements import AddressDeliveries, ReadResources
from ringcast.services.calls import FindCalls
from ringcast.services.campaigns import GetCampaign
from ringcast.services.conference_reading import ReadConferences
from ringcast.services.contact_lists import GetContactList
from ringcast.services.deliveries import SendDeliveries
from ringcast.services.delivery_care import ForgetDeliveries

__all__ = ["renderers", "resources", "running_deliveries"]

log = logging.getLogger(__name__)

_FORGET_PERIOD = 3600.0  # seconds between clean-ups of old deliveries


def renderers(settings: Settings) -> Mapping[str, CallbackRenderer]:
    """Return what the subscriptions of each dialect are told, and how."""
    root = None if settings.public_url is None else settings.public_url.rstrip("/")
    return {
        callfire_1_1_callbacks.DIALECT: callfire_1_1_callbacks.Postbacks(
            root=None if root is None else f"{root}/api/1.1/rest"
        ),
        callbacks.DIALECT: callbacks.CallfireCallbacks(base=None if root is None else f"{root}/v2"),
    }


@asynccontextmanager
async def running_deliveries(core: Core, settings: Settings) -> AsyncIterator[None]:
    """Tell subscribers what happens in the core; on the way out requests under way may end."""
    store, clock = core.store, core.clock
    told = {
        **renderers(settings),
        laml_following.DIALECT: laml_callbacks.StatusCallbacks(core.public_ids),
        laml_conferences.DIALECT: laml_conference_callbacks.ConferenceCallbacks(core.public_ids),
        bandwidth_callbacks.DIALECT: bandwidth_callbacks.CallCallbacks(core.public_ids),
    }
    async with (
        HttpCallbackSender(allow_private=settings.allow_private_urls) as web,
        MailCallbackSender(mail_server(settings)) as mail,
    ):
        sending = SendDeliveries(
            store=store,
            sender=WebOrMail(web=web, mail=mail),
            renderers=told,
            clock=clock,
            holder=f"{os.uname().nodename}-{os.getpid()}-{secrets.token_hex(4)}",
            random=random.random,
        )
        addressing = AddressDeliveries(
            store=store,
            clock=clock,
            renderers=told,
            resources=resources(store),
            wake=sending.wake,
        )

        store.when_announced(addressing.wake)
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


def resources(store: Store) -> Mapping[Topic, ReadResources]:
    """Return how the subjects of each topic are read: by the use cases behind their GET."""
    find_calls = FindCalls(store=store)
    get_campaign = GetCampaign(store=store)
    get_list = GetContactList(store=store)

    async def calls(account_id: AccountId, subjects: Collection[int]) -> Mapping[int, object]:
        ids = [CallId(one) for one in subjects]
        found, _ = await find_calls(account_id, Page(limit=len(ids) + 1), ids=ids)
        return {one.call.id: one for one in found}

    async def campaigns(account_id: AccountId, subjects: Collection[int]) -> Mapping[int, object]:
        found: dict[int, object] = {}
        for one in subjects:
            with suppress(NotFound):
                found[one] = await get_campaign(account_id, CampaignId(one))
        return found

    async def lists(account_id: AccountId, subjects: Collection[int]) -> Mapping[int, object]:
        found: dict[int, object] = {}
        for one in subjects:
            with suppress(NotFound):
                found[one] = await get_list(account_id, ContactListId(one))
        return found

    return {
        Topic.CALL_RECEIVED: calls,
        Topic.CALL_STARTED: calls,
        Topic.CALL_RINGING: calls,
        Topic.CALL_ANSWERED: calls,
        Topic.CALL_EVENT: calls,
        Topic.CALL_FINISHED: calls,
        Topic.CAMPAIGN_STARTED: campaigns,
        Topic.CAMPAIGN_STOPPED: campaigns,
        Topic.CAMPAIGN_FINISHED: campaigns,
        Topic.CONFERENCE_EVENT: ReadConferences(store=store).named,
        Topic.CONTACT_LIST_READY: lists,
        Topic.CONTACT_LIST_FAILED: lists,
    }


async def _forget(forget: ForgetDeliveries) -> None:
    while True:
        await asyncio.sleep(_FORGET_PERIOD)
        try:
            await forget()
        except Unavailable:
            log.warning("store unavailable, clean-up waits")
