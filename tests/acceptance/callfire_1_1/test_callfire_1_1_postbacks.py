"""Postbacks: from what happens, through the outbox, to what a subscriber is sent."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from ringcast.apis.callfire_1_1.callbacks import DIALECT, NOT_SENT, SENT
from ringcast.apis.callfire_1_1.simple_types import TRIGGER_EVENT
from ringcast.apis.callfire_1_1.xsd import SCHEMAS
from ringcast.bootstrap.deliveries import renderers, resources
from ringcast.config import Settings
from ringcast.domain.ids import CallId
from ringcast.domain.outcomes import Outcome
from ringcast.domain.subscriptions import (
    MAX_ATTEMPTS,
    Announcement,
    Delivery,
    DeliveryState,
    Topic,
)
from ringcast.integrations.mail_sender import MailCallbackSender, MailServer, WebOrMail
from ringcast.ports.deliveries import Callback
from ringcast.ports.store import Page
from ringcast.services.announcements import AddressDeliveries
from ringcast.services.calls import FindCalls
from ringcast.services.deliveries import SendDeliveries
from tests.acceptance.callfire_1_1.conftest import Client, Rig
from tests.fakes import mail_server as fake
from tests.fakes.callbacks import FakeSender

OFFICIAL = Path(__file__).parents[4] / "shared" / "specs" / "callfire-1.1" / "older"
HOOK = "https://93.184.216.34/hook"
MAIL = {
    "Endpoint": "ann@office.example",
    "TriggerEvent": "OUTBOUND_CALL_FINISHED",
    "NotificationFormat": "EMAIL",
}


async def told(rig: Rig) -> list[Callback]:
    """Return what subscribers are sent of all that has happened."""
    sender = FakeSender()
    sending = SendDeliveries(
        store=rig.store,
        sender=sender,
        renderers=renderers(Settings()),
        clock=rig.clock,
        holder="test",
        random=lambda: 0.0,
    )
    await _address(rig, sending.wake)
    async with rig.store.begin(read_only=True) as tx:
        expected = len(await tx.due_deliveries(rig.clock.now(), 1000))
    task = asyncio.create_task(sending.run())
    async with asyncio.timeout(10):
        while len(sender.sent) < expected:  # noqa: ASYNC110 - the fake sender rings no bell
            await asyncio.sleep(0.005)
    sending.stop()
    await task
    return sender.sent


async def _address(rig: Rig, wake: Callable[[], None]) -> None:
    """Make deliveries of all that was announced."""
    addressing = AddressDeliveries(
        store=rig.store,
        clock=rig.clock,
        renderers=renderers(Settings()),
        resources=resources(rig.store),
        wake=wake,
    )
    while await addressing():
        pass


async def subscribe(client: Client, event: str, **members: str) -> int:
    """Make a subscription and return its identifier."""
    form = {"Endpoint": HOOK, "TriggerEvent": event, **members}
    return (await client.rest("POST", "/subscription", form)).new_id


async def broadcast(rig: Rig, client: Client, *, to: str = "12135550100") -> int:
    """Send a broadcast to one number, whose call ends."""
    form = {"Type": "VOICE", "To": to, "LiveSoundText": "Hello"}
    made = (await client.rest("POST", "/call", form)).new_id
    found = (await client.rest("GET", f"/call.json?BroadcastId={made}")).json
    await rig.finish("Clinic", found["ResourceList"]["Call"][0]["@id"], Outcome.HUMAN, talked=3)
    return made


async def test_a_finished_call_is_posted_in_xml(rig: Rig, client: Client) -> None:
    subscription = await subscribe(client, "OUTBOUND_CALL_FINISHED")
    await broadcast(rig, client)
    (callback,) = await told(rig)

    assert callback.url == HOOK
    assert callback.headers["Content-Type"] == "text/xml; charset=UTF-8"
    text = callback.body.decode()
    start = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><n:CallFinished '
    assert text.startswith(start)
    assert f"<n:SubscriptionId>{subscription}</n:SubscriptionId><Call id=" in text
    call = (await client.rest("GET", "/call")).text
    shown = re.search(r"<Call id=.*</Call>", call)
    assert shown is not None
    assert shown[0] in text
    assert etree.fromstring(callback.body).tag == (
        "{http://api.callfire.com/notification/xsd}CallFinished"
    )


async def test_a_finished_call_is_posted_in_json(rig: Rig, client: Client) -> None:
    await subscribe(client, "OUTBOUND_CALL_FINISHED", NotificationFormat="JSON", NonStrictSsl="1")
    await broadcast(rig, client)
    (callback,) = await told(rig)

    assert callback.headers["Content-Type"] == "application/json"
    assert not callback.verify_certificate
    body = json.loads(callback.body)
    assert list(body) == ["CallFinished"]
    call = (await client.rest("GET", "/call.json")).json["ResourceList"]["Call"][0]
    assert body["CallFinished"]["Call"] == call


async def test_broadcasts_that_start_and_stop_are_posted(rig: Rig, client: Client) -> None:
    await subscribe(client, "CAMPAIGN_STARTED")
    await subscribe(client, "CAMPAIGN_STOPPED", NotificationFormat="JSON")
    made = await broadcast(rig, client)
    await client.rest("PUT", f"/broadcast/{made}/control", {"Command": "STOP"})
    started, stopped = await told(rig)

    assert b"<n:BroadcastNotification " in started.body
    found = json.loads(stopped.body)["BroadcastNotification"]["Broadcast"]
    assert (found["@id"], found["Status"]) == (made, "STOPPED")


@pytest.mark.parametrize(
    ("limits", "number"),
    [
        ({"ToNumber": "12135550100"}, 1),
        ({"ToNumber": "12135550101"}, 0),
        ({"FromNumber": "12135550100", "Inbound": "false"}, 1),
        ({"FromNumber": "12135550199"}, 0),
        ({"Inbound": "true"}, 0),
        ({"BroadcastId": "1"}, 0),
        ({"BatchId": "1"}, 0),
    ],
)
async def test_a_filter_leaves_out_what_is_not_wanted(
    rig: Rig, client: Client, limits: dict[str, str], number: int
) -> None:
    await subscribe(client, "OUTBOUND_CALL_FINISHED", **limits)
    await broadcast(rig, client)
    assert len(await told(rig)) == number


async def test_a_call_to_a_number_is_another_event_than_one_by_us(rig: Rig, client: Client) -> None:
    await subscribe(client, "INBOUND_CALL_FINISHED")
    made = await broadcast(rig, client)
    assert await told(rig) == []
    found = (await client.rest("GET", f"/call.json?BroadcastId={made}")).json
    call_id = CallId(found["ResourceList"]["Call"][0]["@id"])
    account = (await rig.account("Clinic")).id
    await rig.record("Clinic", call_id, called="message")
    (details,), _ = await FindCalls(store=rig.store)(account, Page(), ids=[call_id])
    inbound = replace(details, call=replace(details.call, is_inbound=True))
    (subscription,), _ = await rig.services().find_subscriptions(account, DIALECT, Page())
    said = Announcement(
        topic=Topic.CALL_FINISHED, account_id=account, subject_id=call_id, at=rig.clock.now()
    )
    postbacks = renderers(Settings(public_url="https://calls.example"))[DIALECT]
    body = postbacks.body(subscription, said, inbound, rig.clock.now())
    assert body is not None
    assert b"<Inbound>true</Inbound>" in body
    link = f"https://calls.example/api/1.1/rest/call/{call_id}/message.mp3"
    assert f"<Link>{link}</Link>" in body.decode()


async def test_postbacks_are_what_the_schemas_say(rig: Rig, client: Client) -> None:
    await subscribe(client, "OUTBOUND_CALL_FINISHED")
    await broadcast(rig, client)
    (callback,) = await told(rig)
    document = etree.fromstring(callback.body)

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Ours())
    etree.XMLSchema(etree.fromstring(SCHEMAS["callfire-notification.xsd"], parser)).assertValid(
        document
    )
    if not OFFICIAL.is_dir():
        pytest.skip("the vendor's schemas are not here")
    schema = etree.XMLSchema(etree.parse(str(OFFICIAL / "callfire-notification.xsd")))
    schema.assertValid(document)


def test_every_event_is_sent_or_declined() -> None:
    assert set(SENT) | NOT_SENT == set(TRIGGER_EVENT.values)
    assert not set(SENT) & NOT_SENT


async def test_what_is_never_sent_is_refused(client: Client) -> None:
    for form in (
        {"Endpoint": HOOK, "TriggerEvent": "INBOUND_TEXT_FINISHED"},
        {"Endpoint": HOOK, "TriggerEvent": "CAMPAIGN_STARTED", "NotificationFormat": "SOAP"},
        MAIL,  # without a mail server
    ):
        refused = await client.rest("POST", "/subscription.json", form)
        assert refused.status == 501
    assert "--smtp" in refused.text
    form = {"Endpoint": "ftp://example.com", "TriggerEvent": "CAMPAIGN_STARTED"}
    assert (await client.rest("POST", "/subscription.json", form)).status == 400


async def test_a_mail_tells_of_a_finished_call_and_of_a_broadcast(rig: Rig, client: Client) -> None:
    mails = fake.MailServer()
    async with mails.running(), rig.serving(_relay(mails)) as base:
        ours = client.at(base)
        made = (await ours.rest("POST", "/subscription", MAIL)).new_id
        found = (await ours.rest("GET", f"/subscription/{made}.json")).json
        finished = MAIL | {"TriggerEvent": "CAMPAIGN_FINISHED", "Endpoint": "bob@office.example"}
        await ours.rest("POST", "/subscription", finished)
        broadcast_id = await broadcast(rig, ours)
        await ours.rest("PUT", f"/broadcast/{broadcast_id}/control", {"Command": "STOP"})
        await _mailed(rig, mails)

    kept = found["Resource"]["Subscription"]
    assert (kept["Endpoint"], kept["NotificationFormat"]) == ("ann@office.example", "EMAIL")
    (mail,) = mails.taken
    assert mail.to == "ann@office.example"
    assert mail.message["Subject"] == "Call to 12135550100 finished: LA"
    text, attached = mail.message.iter_parts()
    assert f"Broadcast: {broadcast_id}" in text.get_content()
    root = etree.fromstring(attached.get_content())
    assert root.tag == "{http://api.callfire.com/notification/xsd}CallFinished"
    assert attached.get_filename() == "notification.xml"


async def test_a_mail_that_is_refused_is_tried_again_until_it_is_dead(
    rig: Rig, client: Client
) -> None:
    mails = fake.MailServer(refuses="451 4.3.0 Later")
    async with mails.running(), rig.serving(_relay(mails)) as base:
        await client.at(base).rest("POST", "/subscription", MAIL)
        await broadcast(rig, client)
        await broadcast(rig, client, to="12135550101")
        await _mailed(rig, mails)
        first = await _deliveries(rig)
        rig.clock.advance(timedelta(seconds=12))
        mails.refuses = None
        await _mailed(rig, mails)
        second = await _deliveries(rig)
        assert len(mails.taken) == 2

        await broadcast(rig, client, to="12135550102")
        mails.refuses = "550 5.1.1 No such user"
        for _ in range(MAX_ATTEMPTS):
            await _mailed(rig, mails)
            rig.clock.advance(timedelta(hours=30))

    assert [(d.state, d.status, d.attempts) for d in first] == [(DeliveryState.PENDING, 451, 1)] * 2
    assert [(d.state, d.status) for d in second] == [(DeliveryState.DELIVERED, 250)] * 2
    dead = (await _deliveries(rig))[0]
    assert (dead.state, dead.status) == (DeliveryState.DEAD, 550)
    assert "No such user" in (dead.problem or "")


async def test_mail_goes_to_an_address_and_nothing_else(rig: Rig, client: Client) -> None:
    async with rig.serving(_relay(fake.MailServer())) as base:
        ours = client.at(base)
        made = (await ours.rest("POST", "/subscription", MAIL)).new_id
        path = f"/subscription/{made}.json"
        for changes in (
            {"Endpoint": "https://93.184.216.34/hook"},
            {"Endpoint": "ann@office"},
            {"NotificationFormat": "XML"},
            {"NonStrictSsl": "true"},
        ):
            assert (await ours.rest("POST", "/subscription.json", MAIL | changes)).status == 400
            assert (await ours.rest("PUT", path, changes)).status == 400
        to_web = {"Endpoint": HOOK, "NotificationFormat": "JSON"}
        assert (await ours.rest("PUT", path, to_web)).status == 204


def _relay(mails: fake.MailServer) -> MailServer:
    return MailServer(host="127.0.0.1", port=mails.port, sender="calls@us.example")


async def _mailed(rig: Rig, mails: fake.MailServer) -> None:
    """Have everything that is due sent once."""
    async with MailCallbackSender(_relay(mails)) as mail:
        sending = SendDeliveries(
            store=rig.store,
            sender=WebOrMail(web=FakeSender(), mail=mail),
            renderers=renderers(Settings()),
            clock=rig.clock,
            holder="test",
            random=lambda: 0.0,
        )
        await _address(rig, sending.wake)
        async with rig.store.begin(read_only=True) as tx:
            expected = len(await tx.due_deliveries(rig.clock.now(), 1000))
        before = len(mails.taken) + mails.refused
        task = asyncio.create_task(sending.run())
        async with asyncio.timeout(10):
            while len(mails.taken) + mails.refused < before + expected:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.005)
        sending.stop()
        await task


async def _deliveries(rig: Rig) -> Sequence[Delivery]:
    async with rig.store.begin(read_only=True) as tx:
        return await tx.deliveries(10)


class _Ours(etree.Resolver):
    def resolve(  # type: ignore[override]  # the stubs have forgotten the context
        self, system_url: str, public_id: str, context: object
    ) -> object:
        schema = SCHEMAS[system_url.rsplit("/", 1)[-1]].decode()
        return self.resolve_string(schema, context)  # type: ignore[call-arg]  # as above
