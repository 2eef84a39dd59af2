"""Calls that come to numbers with a document, from real telephones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.audio import g711
from ringcast.engines.simulator import FarEnd
from tests.contract.rig import seconds
from tests.contract.sip_phones import SipPhones
from tests.system.laml.world import ANSWERED, CALLER, OTHER_CALLER, World, assert_signed, hears

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.timeout(120),
]

PRESSES, TURNED_AWAY, FALLS_BACK, LATE = (f"1202555013{n}" for n in range(4))


async def until(condition: Callable[[], bool], *, within: float = 40) -> None:
    """Wait for a condition while telephones go on."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0.05)


async def test_calls_to_numbers_run_documents_and_their_ends_are_told(world: World) -> None:
    documents, client = world.documents, world.client
    documents.give(
        "/answered",
        '<Pause length="1"/>',
        '<Gather numDigits="1" action="/pressed"><Play loop="9">/tone/440</Play></Gather>',
    )
    documents.give("/pressed", "<Play>/tone/520</Play>", "<Hangup/>")
    rejects = documents.give("/rejects", '<Reject reason="busy"/>')
    documents.give("/falls-back", "<Play>/tone/560</Play>")
    told = documents.give("/number-told")
    turned, handled = CALLER, OTHER_CALLER

    def configure() -> str:
        numbers = {one.phone_number: one for one in client.incoming_phone_numbers.list()}
        changed = numbers[turned].update(
            friendly_name="front desk",
            voice_url=rejects,
            voice_method="GET",
            status_callback=told,
        )
        assert (changed.friendly_name, changed.voice_url) == ("front desk", rejects)
        assert (changed.voice_method, changed.status_callback) == ("GET", told)
        application = client.applications.create(
            friendly_name="desk",
            voice_url=f"{documents.url}/nothing-there",
            voice_fallback_url=f"{documents.url}/falls-back",
            status_callback=f"{told}?of=application",
            status_callback_method="GET",
        )
        changed = numbers[handled].update(voice_application_sid=application.sid)
        assert changed.voice_application_sid == application.sid
        return str(application.sid)

    def heard(number: str) -> NDArray[np.int16]:
        return g711.decode_ulaw(phones.by_number[number].rtp.heard())

    def of(to: str) -> list[Any]:
        return [one.form for one in documents.requests("/number-told") if one.form["To"] == to]

    application = await asyncio.to_thread(configure)
    phones = SipPhones()
    await phones.start()
    try:
        presses = FarEnd(presses=((seconds(3), "5"),))
        await phones.call_in(PRESSES, presses, to=ANSWERED, at=world.sip)
        refused = await phones.call_in(TURNED_AWAY, FarEnd(), to=turned, at=world.sip)
        await phones.call_in(FALLS_BACK, FarEnd(), to=handled, at=world.sip)
        called = await asyncio.to_thread(
            world.call, "+12135551170", application_sid=application, url="http://not.this/"
        )
        await until(lambda: len(of("+12135551170") + of(turned) + of(handled)) == 3)
        await until(lambda: bool(documents.requests("/pressed")) and phones.call_count == 0)
        await asyncio.to_thread(client.applications(application).delete)
        late = await phones.call_in(LATE, FarEnd(), to=handled, at=world.sip)
        await until(lambda: late.status is not None)
    finally:
        await phones.close()

    assert (refused.status, late.status) == (486, 480)
    assert hears(heard(PRESSES), 440)
    assert hears(heard(PRESSES), 520)
    assert hears(heard(FALLS_BACK), 560)
    assert world.hears("+12135551170", 560)
    (asked,) = documents.requests("/answered")
    form = asked.form
    assert (form["CallStatus"], form["Direction"]) == ("ringing", "inbound")
    assert (form["From"], form["To"]) == (f"+{PRESSES}", ANSWERED)
    (asked,) = documents.requests("/pressed")
    assert (asked.form["CallStatus"], asked.form["Digits"]) == ("in-progress", "5")
    assert asked.form["CallSid"] == form["CallSid"]
    call = await asyncio.to_thread(client.calls(form["CallSid"]).fetch)
    assert (call.direction, call.status) == ("inbound", "completed")
    (asked,) = documents.requests("/rejects")
    assert (asked.method, asked.form["CallStatus"]) == ("GET", "ringing")
    by_application = documents.requests("/nothing-there")
    assert {one.form["ApplicationSid"] for one in by_application} == {application}
    assert len(by_application) == 2, "that of the number and that of the call"
    errors = {one.form["ErrorCode"] for one in documents.requests("/falls-back")}
    assert errors == {"11217"}
    assert [form["CallStatus"] for form in of(turned)] == ["busy"]
    (form,) = of(handled)
    assert (form["CallStatus"], form["of"], form["Direction"]) == (
        "completed", "application", "inbound",
    )  # fmt: skip
    assert int(form["CallDuration"]) >= 1
    (form,) = of("+12135551170")
    assert (form["CallSid"], form["CallStatus"]) == (called, "completed")
    assert_signed(world)


def test_applications_are_made_listed_changed_and_deleted(world: World) -> None:
    client, documents = world.client, world.documents
    made = client.applications.create(friendly_name="one", voice_url=f"{documents.url}/a")
    bare = client.applications.create(friendly_name="two")

    assert client.applications(made.sid).fetch().voice_url == f"{documents.url}/a"
    assert {one.sid for one in client.applications.list(page_size=1)} >= {made.sid, bare.sid}
    assert [one.sid for one in client.applications.list(friendly_name="two")] == [bare.sid]
    changed = made.update(voice_method="GET", friendly_name="three")
    assert (changed.voice_method, changed.voice_url) == ("GET", f"{documents.url}/a")
    cleared = world.post(f"/Applications/{made.sid}", {"VoiceUrl": ""})
    assert (cleared.json["voice_url"], cleared.json["friendly_name"]) == ("", "three")
    other = world.post("/Applications", {"FriendlyName": "four"}, account="project_id")
    assert "-" in other.json["sid"]
    given = {"To": "+12135551171", "From": "+12135550199", "ApplicationSid": bare.sid}
    assert world.post("/Calls", given).json["code"] == 21205
    assert client.applications(made.sid).delete()
    assert world.post(f"/Applications/{made.sid}", {}).json["code"] == 20404


@pytest.mark.parametrize(
    ("code", "path", "form"),
    [
        (20002, "/Applications", {"FriendlyName": "x" * 65}),
        (21402, "/Applications", {"VoiceUrl": "/relative"}),
        (21209, "/Applications", {"VoiceMethod": "PUT"}),
        (90000, "/Applications", {"SmsUrl": "http://a.example/"}),
        (21218, "/IncomingPhoneNumbers/{number}", {"VoiceApplicationSid": "AP" + "0" * 32}),
        (10000, "/IncomingPhoneNumbers/{number}", {"VoiceReceiveMode": "fax"}),
        (90000, "/IncomingPhoneNumbers/{number}", {"TrunkSid": "TK"}),
        (20404, "/IncomingPhoneNumbers/PN1", {"VoiceUrl": "http://a.example/"}),
    ],
)
def test_wrong_number_or_application_is_refused_with_the_documented_code(
    world: World, code: int, path: str, form: dict[str, str]
) -> None:
    number = world.client.incoming_phone_numbers.list(phone_number=OTHER_CALLER)[0].sid

    answer = world.post(path.format(number=number), form)

    assert answer.json["code"] == code, answer.json
    assert answer.status == (404 if code == 20404 else 400)
