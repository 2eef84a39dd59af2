"""Conferences of documents, on real calls to the simulated phones and by Twilio's own library."""

from __future__ import annotations

import time

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.system.laml.world import CALLER, World, assert_signed
from tests.system.programs import eventually

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.timeout(180),
]

FIRST, SPEAKER, THIRD, KEY = "+12135556000", "+12135556043", "+12135556100", "+12135556042"
CALLED = "+12135556200"


def test_participants_hear_each_other_and_are_acted_on(world: World) -> None:
    documents, client = world.documents, world.client
    documents.give("/wait", '<Play loop="2">/tone/480</Play><Redirect>/wait2</Redirect>')
    documents.give("/wait2", "<Pause/>", "<Redirect>/wait</Redirect>")
    documents.give("/after-conference", "<Play>/tone/530</Play>")
    documents.give("/announced", "<Play>/tone/560</Play>")
    documents.give("/held", "<Play>/tone/610</Play>")
    documents.give("/conference-told", "")
    conference = (
        '<Conference beep="false" waitUrl="/wait" waitMethod="GET"'
        ' statusCallback="/conference-told"'
        ' statusCallbackEvent="start end join leave mute hold announcement"{}>daily</Conference>'
    )
    room = documents.give(
        "/room", f'<Dial action="/after-conference">{conference.format("")}</Dial>'
    )
    named = conference.format(' participantLabel="third"')
    other = documents.give("/labelled", f'<Dial action="/after-conference">{named}</Dial>')

    first = world.call(FIRST, url=room)
    eventually(lambda: len(documents.requests("/conference-told")) == 1, within=20)
    (waiting,) = client.conferences.list(friendly_name="daily", status="init")
    made = client.conferences(waiting.sid).participants.create(
        from_=CALLER, to=CALLED, label="called", beep="false", end_conference_on_exit=False
    )
    assert (made.conference_sid, made.label) == (waiting.sid, "called")
    with pytest.raises(TwilioRestException) as recorded:
        client.conferences("other").participants.create(from_=CALLER, to=CALLED, record=True)
    assert recorded.value.code == 90000
    third = world.call(THIRD, url=other)
    speaker = world.call(SPEAKER, url=room)
    live = client.conferences(waiting.sid)
    eventually(lambda: len(live.participants.list()) == 4, within=20)
    assert live.fetch().status == "in-progress"
    there = {one.call_sid: one for one in live.participants.list()}
    assert set(there) == {first, third, speaker, made.call_sid}
    assert {one.status for one in there.values()} == {"connected"}
    assert live.participants("third").fetch().call_sid == third

    # The speaker has begun three seconds after its answer, and goes on for three more.
    time.sleep(7)
    live.participants(speaker).update(muted=True)
    assert [one.call_sid for one in live.participants.list(muted=True)] == [speaker]
    live.update(announce_url=f"{documents.url}/announced")
    eventually(lambda: "announcement-end" in _told(world), within=20)
    live.participants(third).update(hold=True, hold_url=f"{documents.url}/held")
    eventually(lambda: "participant-hold" in _told(world))
    live.participants(first).delete()
    assert live.participants(first).fetch().status == "complete"
    first_call = world.ended(first)
    with pytest.raises(TwilioRestException) as refused:
        live.participants(first).update(muted=True)
    assert refused.value.code == 10000
    live.update(status="completed")
    for sid in (third, speaker, made.call_sid):
        world.ended(sid)

    assert first_call.status == "completed"
    ended = live.fetch()
    assert (ended.status, ended.reason_conference_ended) == (
        "completed",
        "conference-ended-via-api",
    )
    eventually(lambda: "conference-end" in _told(world))
    assert _told(world) == [
        "participant-join", "participant-join", "conference-start", *["participant-join"] * 2,
        "participant-mute", "announcement-end", "participant-hold", *["participant-leave"] * 4,
        "conference-end",
    ]  # fmt: skip
    assert world.hears(FIRST, 480, seconds=0.6)
    assert world.hears(FIRST, 700, seconds=0.8)
    assert world.hears(THIRD, 700, seconds=0.8)
    assert not world.hears(SPEAKER, 700, seconds=0.8)
    assert world.hears(CALLED, 560, seconds=0.8)
    for number in (FIRST, THIRD, SPEAKER):
        assert world.hears(number, 560, seconds=0.8), number
        assert world.hears(number, 530, seconds=0.8), number
    assert world.hears(THIRD, 610, seconds=0.8)
    told = documents.requests("/conference-told")
    mute = next(one for one in told if one.form["StatusCallbackEvent"] == "participant-mute")
    assert (mute.form["CallSid"], mute.form["Muted"]) == (speaker, "true")
    assert mute.form["ConferenceSid"] == waiting.sid
    assert mute.form["FriendlyName"] == "daily"
    after = {
        one.form["CallSid"]: one.form["DialCallStatus"]
        for one in documents.requests("/after-conference")
    }
    assert after == dict.fromkeys((first, third, speaker), "answered")
    assert_signed(world)


def test_conference_ends_with_its_host_who_leaves_by_a_key(world: World) -> None:
    documents = world.documents
    documents.give("/left", "<Play>/tone/530</Play>")
    host = (
        '<Dial action="/left" hangupOnStar="true"><Conference endConferenceOnExit="true"'
        ' waitUrl="">short</Conference></Dial>'
    )
    guest = '<Dial><Conference startConferenceOnEnter="false">short</Conference></Dial><Pause/>'
    guests = [
        world.call("+12135556101", url=documents.give("/guest", guest)),
        world.call("+12135556102", url=f"{documents.url}/guest"),
    ]
    star = world.call(KEY, url=documents.give("/host", host))

    for sid in (*guests, star):
        assert world.ended(sid).status == "completed"

    (ended,) = world.client.conferences.list(friendly_name="short")
    assert ended.reason_conference_ended == "participant-with-end-conference-on-exit-left"
    assert ended.call_sid_ending_conference == star
    assert world.hears(KEY, 530, seconds=0.8)
    with pytest.raises(TwilioRestException) as missing:
        world.client.conferences("CF" + "0" * 32).fetch()
    assert missing.value.code == 20404


def _told(world: World) -> list[str]:
    return [one.form["StatusCallbackEvent"] for one in world.documents.requests("/conference-told")]
