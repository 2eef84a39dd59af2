"""CallFire v2: webhooks, and what they are told."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from ringcast.apis.callfire_v2.callbacks import NOT_SENT, SENT
from ringcast.bootstrap.deliveries import renderers, resources
from ringcast.config import Settings
from ringcast.domain.ids import CallId
from ringcast.domain.outcomes import Outcome
from ringcast.domain.subscriptions import DeliveryState
from ringcast.integrations.callback_sender import HttpCallbackSender
from ringcast.services.announcements import AddressDeliveries
from ringcast.services.deliveries import SendDeliveries
from ringcast.services.delivery_care import ListDeliveries, ResendDeliveries
from tests.acceptance.callfire_v2.conftest import Answer, Client, Rig
from tests.contract.store_things import a_call

HOOK = {
    "name": "Finished calls",
    "resource": "OutboundCall",
    "events": ["Finished"],
    "callback": "https://example.com/hook",
}
WHOLE = HOOK | {
    "events": ["FINISHED"],
    "resource": "outboundCall",
    "enabled": True,
    "nonStrictSsl": "true",
    "fields": "id,records(result)",
    "secret": "s3cret",
    "singleUse": True,
    "expiresAt": 1900000000000,
}


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"callback": None}, "callback"),
    ({"callback": ""}, "callback"),
    ({"callback": "ftp://example.com"}, "https://"),
    ({"callback": "http://127.0.0.1/"}, "inner address"),
    ({"callback": "https://example.com/" + "x" * 2000}, "2000"),
    ({"resource": None}, "resource"),
    ({"resource": "Pigeon"}, "Pigeon"),
    ({"resource": "InboundText"}, "never sent"),
    ({"resource": "monthlyrenewal"}, "never sent"),
    ({"events": ["Started"]}, "Started"),
    ({"events": "Finished,Exploded"}, "Exploded"),
    ({"fields": "id,"}, "fields"),
    ({"expiresAt": 1000}, "past"),
    ({"expiresAt": -1}, "expiresAt"),
    ({"expiresAt": 10**17}, "expiresAt"),
    ({"name": "x" * 256}, "name"),
    ({"secret": "x" * 256}, "secret"),
    ({"enabled": "perhaps"}, "enabled"),
    ({"id": 5}, "id"),
    ({"createdAt": 5}, "createdAt"),
    ({"colour": "red"}, "colour"),
]


async def create(client: Client, **members: object) -> int:
    answer = await client("POST", "/webhooks", json=HOOK | members)
    assert answer.status == 201, answer.body
    return int(answer.json["id"])


class TestWebhooks:
    async def test_a_webhook_is_made_and_read_back(self, client: Client) -> None:
        made = await client("POST", "/webhooks", json=HOOK)
        made.is_golden("create_webhook")
        (await client("GET", f"/webhooks/{made.json['id']}")).is_golden("webhook")

    async def test_all_members_are_kept_in_callfires_spelling(self, client: Client) -> None:
        made = await client("POST", "/webhooks", json=WHOLE)
        (await client("GET", f"/webhooks/{made.json['id']}")).is_golden("webhook_whole")
        only = await client("GET", f"/webhooks/{made.json['id']}?fields=id,secret")
        assert only.json == {"id": made.json["id"], "secret": "s3cret"}

    async def test_members_that_are_left_out_have_a_default(self, client: Client) -> None:
        few = {"resource": "OutboundCall", "callback": "http://example.com"}
        made = await client("POST", "/webhooks", json=few)
        found = (await client("GET", f"/webhooks/{made.json['id']}")).json
        assert found["events"] == ["Finished"]
        assert "name" not in found
        assert (found["enabled"], found["nonStrictSsl"], found["singleUse"]) == (True, False, False)

    async def test_events_come_as_a_list_or_with_commas(self, client: Client) -> None:
        for events in ["finished", " Finished,FINISHED ", ["fInIsHeD"], "", []]:
            webhook = await create(client, events=events)
            found = (await client("GET", f"/webhooks/{webhook}")).json
            assert found["events"] == ["Finished"], events

    async def test_what_cannot_be_is_refused_by_name(self, client: Client) -> None:
        for members, named in REFUSED:
            answer = await client("POST", "/webhooks", json=HOOK | members)
            assert answer.status == 400, members
            assert named in answer.json["message"]
        assert (await client("GET", "/webhooks")).json["totalCount"] == 0

    async def test_what_is_never_sent_cannot_be_asked_for(self, client: Client) -> None:
        for resource in NOT_SENT:
            answer = await client("POST", "/webhooks", json=HOOK | {"resource": resource})
            assert answer.status == 400, resource
        answer.is_golden("webhook_never_sent")

    async def test_webhooks_are_found_by_what_is_known_of_them(self, client: Client) -> None:
        one = await create(client, name="First Straße")
        two = await create(client, name="second", callback="http://example.org/", enabled=False)

        async def found(query: str) -> list[int]:
            page = (await client("GET", f"/webhooks?{query}")).json
            assert page["totalCount"] >= len(page["items"])
            return [webhook["id"] for webhook in page["items"]]

        assert await found("") == [two, one]
        assert await found("limit=1") == [two]
        assert await found("limit=1&offset=1") == [one]
        assert await found("name=FIRST") == [one]
        assert await found("name=strasse") == [one]
        assert await found("name=third") == []
        assert await found("resource=outboundcall&event=finished") == [two, one]
        assert await found("resource=InboundCall") == []
        assert await found("event=Started") == []
        assert await found("resource=CallBroadcast") == []
        assert await found("callback=http%3A%2F%2Fexample.org%2F") == [two]
        assert await found("enabled=true") == [one]
        assert await found("enabled=False&fields=items(id)") == [two]
        (await client("GET", "/webhooks?name=first")).is_golden("find_webhooks")

    async def test_webhooks_for_calls_to_a_number_are_not_those_for_calls_by_us(
        self, client: Client
    ) -> None:
        inbound = await create(client, resource="inboundcall", fields="id")
        outbound = await create(client)
        path = f"/webhooks/{inbound}"

        async def found(resource: str) -> list[int]:
            page = (await client("GET", f"/webhooks?resource={resource}")).json
            return [webhook["id"] for webhook in page["items"]]

        shown = (await client("GET", path)).json
        assert (shown["resource"], shown["events"]) == ("InboundCall", ["Finished"])
        assert (await found("InboundCall"), await found("OUTBOUNDCALL")) == ([inbound], [outbound])
        await client("PUT", path, json={"fields": "id,state"})
        shown = (await client("GET", path)).json
        assert (shown["resource"], shown["fields"]) == ("InboundCall", "id,state")
        await client("PUT", path, json={"resource": "OutboundCall"})
        assert (await client("GET", path)).json["resource"] == "OutboundCall"
        assert await found("InboundCall") == []

    async def test_a_search_that_makes_no_sense_is_refused(self, client: Client) -> None:
        for query in ("resource=Pigeon", "event=Exploded", "enabled=2", "limit=0", "colour=red"):
            answer = await client("GET", f"/webhooks?{query}")
            assert answer.status == 400, query
            assert query.split("=")[0] in answer.json["developerMessage"]

    async def test_a_change_touches_what_it_names(self, client: Client, rig: Rig) -> None:
        made = await client("POST", "/webhooks", json=WHOLE)
        path = f"/webhooks/{made.json['id']}"
        before = (await client("GET", path)).json
        rig.clock.advance(60)

        changed = await client("PUT", path, json={"name": "New", "nonStrictSsl": False})
        assert (changed.status, changed.body) == (204, b"")
        after = (await client("GET", path)).json
        assert after == before | {
            "name": "New", "nonStrictSsl": False, "updatedAt": before["updatedAt"] + 60_000,
        }  # fmt: skip
        # Clients send back what they got, and empty members to take something away.
        same = await client("PUT", path, json=after | {"secret": "", "fields": ""})
        assert same.status == 204
        last = (await client("GET", path)).json
        assert "secret" not in last
        assert "fields" not in last
        assert last["expiresAt"] == after["expiresAt"]

    async def test_a_change_to_what_cannot_be_is_refused(self, client: Client) -> None:
        webhook = await create(client)
        before = (await client("GET", f"/webhooks/{webhook}")).json
        changes: list[tuple[dict[str, object], str]] = [
            ({"id": 5}, "id"),
            ({"callback": "http://10.0.0.1/"}, "inner address"),
            ({"resource": "TextBroadcast"}, "never sent"),
            ({"events": ["Stopped"]}, "Stopped"),
            ({"fields": "("}, "fields"),
            ({"expiresAt": 5}, "past"),
        ]
        for members, named in changes:
            answer = await client("PUT", f"/webhooks/{webhook}", json=members)
            assert answer.status == 400, members
            assert named in answer.json["message"]
        assert (await client("GET", f"/webhooks/{webhook}")).json == before

    async def test_a_deleted_webhook_is_gone(self, client: Client) -> None:
        webhook = await create(client)
        answer = await client("DELETE", f"/webhooks/{webhook}")
        assert (answer.status, answer.body) == (204, b"")
        for method in ("GET", "PUT", "DELETE"):
            again = await client(method, f"/webhooks/{webhook}", json={})
            assert again.status == 404
        again.is_golden("webhook_not_found")

    async def test_another_accounts_webhook_does_not_exist(
        self, client: Client, stranger: Client
    ) -> None:
        webhook = await create(client)
        for method in ("GET", "PUT", "DELETE"):
            answer = await stranger(method, f"/webhooks/{webhook}", json={})
            assert answer.status == 404, method
        assert (await stranger("GET", "/webhooks")).json["totalCount"] == 0
        assert (await client("GET", f"/webhooks/{webhook}")).status == 200

    async def test_a_repeated_request_makes_one_webhook(self, client: Client) -> None:
        headers = {"Idempotency-Key": "k1"}
        answers = [await client("POST", "/webhooks", json=HOOK, headers=headers) for _ in range(2)]
        assert [answer.status for answer in answers] == [201, 201]
        assert answers[0].body == answers[1].body
        assert (await client("GET", "/webhooks")).json["totalCount"] == 1

    async def test_there_is_an_end_to_how_many_an_account_can_have(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ringcast.services.subscriptions.MAX_SUBSCRIPTIONS", 2)
        await create(client)
        await create(client)
        assert (await client("POST", "/webhooks", json=HOOK)).status == 400

    async def test_resources_are_those_that_are_sent(self, client: Client) -> None:
        (await client("GET", "/webhooks/resources")).is_golden("webhook_resources")
        one = await client("GET", "/webhooks/resources/outboundcall")
        assert one.json == {"resource": "OutboundCall", "supportedEvents": ["Finished"]}
        only = await client("GET", "/webhooks/resources?fields=resource")
        assert [list(item) for item in only.json["items"]] == [["resource"]] * len(SENT)
        for unknown in ("Pigeon", "InboundText"):
            assert (await client("GET", f"/webhooks/resources/{unknown}")).status == 404


@dataclass
class Receiver:
    """A subscriber's own server."""

    url: str = ""
    status: int = 200
    seen: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.seen.append((request.headers.copy(), await request.read()))
        return web.Response(status=self.status)

    @property
    def payload(self) -> Any:
        """The last body."""
        return json.loads(self.seen[-1][1])


@pytest.fixture
async def receiver(rig: Rig) -> AsyncIterator[Receiver]:
    rig.sender._allow_private = True  # for this one is on this machine
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


@asynccontextmanager
async def telling(rig: Rig) -> AsyncIterator[None]:
    """Have webhooks called, as the server does, for the length of the block."""
    async with AsyncExitStack() as stack:
        sending = SendDeliveries(
            store=rig.store,
            sender=await stack.enter_async_context(HttpCallbackSender(allow_private=True)),
            renderers=renderers(Settings()),
            clock=rig.clock,
            holder="test",
            random=lambda: 0.0,
        )
        addressing = AddressDeliveries(
            store=rig.store,
            clock=rig.clock,
            renderers=renderers(Settings()),
            resources=resources(rig.store),
            wake=sending.wake,
        )
        while await addressing():
            pass
        task = asyncio.create_task(sending.run())
        try:
            yield
        finally:
            sending.stop()
            await task


async def delivered(rig: Rig) -> None:
    """Wait until each delivery was tried."""
    async with asyncio.timeout(10):
        while True:
            found = await ListDeliveries(store=rig.store)(100)
            if all(one.delivery.attempts and one.delivery.holder is None for one in found):
                return
            await asyncio.sleep(0.005)


async def finished_call(client: Client, rig: Rig) -> Any:
    answer = await client(
        "POST",
        "/calls",
        json=[{"phoneNumber": "12135550142", "liveMessage": "Hi", "attributes": {"name": "Zoë"}}],
    )
    call_id = answer.json["items"][0]["id"]
    await rig.finish("Clinic", call_id, Outcome.HUMAN, talked=12.4)
    return (await client("GET", f"/calls/{call_id}")).json


async def call_that_came_in(rig: Rig) -> int:
    """Keep a call to a number of the account, which is over."""
    (call_id,) = await rig.store.take_ids(1, rig.clock.now())
    async with rig.store.begin() as tx:
        (account,) = await tx.accounts()
        await tx.add_calls([a_call(account, id=CallId(call_id), is_inbound=True)])
        await tx.commit()
    await rig.finish("Clinic", call_id, Outcome.HUMAN, talked=3)
    return call_id


class TestCallbacks:
    async def test_a_finished_call_is_told_as_its_get_answers(
        self, client: Client, rig: Rig, receiver: Receiver
    ) -> None:
        await create(client, callback=receiver.url)
        call = await finished_call(client, rig)
        async with telling(rig):
            await delivered(rig)

        ((headers, body),) = receiver.seen
        assert headers["Content-Type"] == "application/json"
        assert "X-CallFire-Signature" not in headers
        assert receiver.payload["events"][0]["resource"] == call
        assert list(receiver.payload["events"][0]["resource"]) == list(call)  # in the same order
        Answer(200, {"content-type": "application/json"}, body).is_golden("callback_call_finished")

    async def test_a_secret_signs_the_body(
        self, client: Client, rig: Rig, receiver: Receiver
    ) -> None:
        await create(client, callback=receiver.url, secret="s3cret ☎")
        await finished_call(client, rig)
        async with telling(rig):
            await delivered(rig)

        ((headers, body),) = receiver.seen
        expected = hmac.new("s3cret ☎".encode(), body, hashlib.sha1).hexdigest()
        assert headers["X-CallFire-Signature"] == expected

    @pytest.mark.parametrize("fields", ["id,records(result)", "items(id,records(result))"])
    async def test_fields_limit_the_resource(
        self, client: Client, rig: Rig, receiver: Receiver, fields: str
    ) -> None:
        webhook = await create(client, callback=receiver.url, fields=fields)
        call = await finished_call(client, rig)
        async with telling(rig):
            await delivered(rig)

        (event,) = receiver.payload["events"]
        assert event["resource"] == {"id": call["id"], "records": [{"result": "LA"}]}
        assert (event["webhookId"], event["eventType"]) == (webhook, "Finished")
        assert receiver.payload["webhookName"] == "Finished calls"

    async def test_single_use_ends_with_the_first_success(
        self, client: Client, rig: Rig, receiver: Receiver
    ) -> None:
        webhook = await create(client, callback=receiver.url, singleUse=True)
        first = await finished_call(client, rig)
        await finished_call(client, rig)
        async with telling(rig):
            await delivered(rig)

        assert receiver.payload["events"][0]["resource"] == first
        assert len(receiver.seen) == 1
        assert (await client("GET", f"/webhooks/{webhook}")).status == 404

    async def test_nothing_is_told_while_disabled_or_expired_or_to_strangers(
        self, client: Client, stranger: Client, rig: Rig, receiver: Receiver
    ) -> None:
        off = await create(client, callback=receiver.url, enabled=False)
        soon = int(rig.clock.now().timestamp() * 1000) + 1000
        await create(client, callback=receiver.url, expiresAt=soon)
        await create(stranger, callback=receiver.url)
        rig.clock.advance(2)
        await finished_call(client, rig)
        async with telling(rig):
            await delivered(rig)
        assert receiver.seen == []

        await client("PUT", f"/webhooks/{off}", json={"enabled": True})
        call = await finished_call(client, rig)
        async with telling(rig):
            await delivered(rig)
        assert receiver.payload["events"][0]["resource"] == call
        assert len(receiver.seen) == 1

    async def test_a_webhook_that_fails_is_called_again_with_the_same_body(
        self, client: Client, rig: Rig, receiver: Receiver
    ) -> None:
        await create(client, callback=receiver.url, secret="s")
        await finished_call(client, rig)
        receiver.status = 500
        async with telling(rig):
            await delivered(rig)
        receiver.status = 200
        rig.clock.advance(10)
        async with telling(rig):
            async with asyncio.timeout(10):
                while len(receiver.seen) < 2:  # noqa: ASYNC110 -- a receiver has no event to offer
                    await asyncio.sleep(0.005)
        (first, body), (second, again) = receiver.seen
        assert body == again
        assert first["X-CallFire-Signature"] == second["X-CallFire-Signature"]

    async def test_what_was_given_up_is_called_again_on_demand(
        self,
        client: Client,
        rig: Rig,
        receiver: Receiver,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("ringcast.domain.subscriptions.MAX_ATTEMPTS", 1)
        await create(client, callback=receiver.url)
        call = await finished_call(client, rig)
        receiver.status = 503
        async with telling(rig):
            await delivered(rig)
        list_deliveries = ListDeliveries(store=rig.store)
        (dead,) = await list_deliveries(10, state=DeliveryState.DEAD)
        assert (dead.delivery.status, dead.delivery.problem) == (503, "it answered 503")

        receiver.status = 200
        await ResendDeliveries(store=rig.store, clock=rig.clock)([dead.delivery.id])
        async with telling(rig):
            await delivered(rig)
        assert receiver.payload["events"][0]["resource"] == call
        assert await list_deliveries(10, state=DeliveryState.DEAD) == []

    async def test_calls_to_a_number_are_told_to_who_asks_for_them(
        self, client: Client, rig: Rig, receiver: Receiver
    ) -> None:
        await create(client, callback=receiver.url)
        await call_that_came_in(rig)
        async with telling(rig):
            await delivered(rig)
        assert receiver.seen == []
        await create(client, callback=receiver.url, resource="InboundCall")
        inbound_id = await call_that_came_in(rig)
        outbound = await finished_call(client, rig)

        async with telling(rig):
            await delivered(rig)

        told = [json.loads(body)["events"][0] for _, body in receiver.seen]
        assert sorted((one["resourceType"], one["resource"]["id"]) for one in told) == [
            ("InboundCall", inbound_id),
            ("OutboundCall", outbound["id"]),
        ]
        assert next(o for o in told if o["resourceType"] == "InboundCall")["resource"]["inbound"]

    async def test_a_broadcast_is_told_as_its_get_answers(
        self, client: Client, rig: Rig, receiver: Receiver
    ) -> None:
        await create(client, callback=receiver.url, resource="CallBroadcast", events=None)
        only = {"resource": "callbroadcast", "events": ["finished"]}
        await create(client, callback=receiver.url, **only)
        made = await client(
            "POST",
            "/calls/broadcasts?start=true",
            json={
                "name": "Reminders",
                "fromNumber": "12135550100",
                "recipients": [{"phoneNumber": "12135550142"}],
                "sounds": {"liveSoundText": "Hello"},
            },
        )
        assert made.status == 201, made.body
        path = f"/calls/broadcasts/{made.json['id']}"
        started = (await client("GET", path)).json
        async with telling(rig):
            await delivered(rig)
        (event,) = receiver.payload["events"]
        assert (event["resourceType"], event["eventType"]) == ("CallBroadcast", "Started")
        assert event["resource"] == started

        assert (await client("POST", f"{path}/stop")).status < 300
        stopped = (await client("GET", path)).json
        async with telling(rig):
            await delivered(rig)
        (event,) = receiver.payload["events"]
        assert event["eventType"] == "Stopped"
        assert event["resource"] == stopped
        assert len(receiver.seen) == 2  # none for who wants to know of the end
        body = receiver.seen[-1][1]
        Answer(200, {"content-type": "application/json"}, body).is_golden("callback_broadcast")
