"""LaML documents on real calls to the simulated phones, asked for by Twilio's own library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.system.laml.world import CALLER, OTHER_CALLER, World, assert_signed, hears
from tests.system.programs import Api, eventually

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.timeout(180),
]


def test_verbs_are_carried_out_and_every_request_is_signed(world: World) -> None:
    documents = world.documents
    play = documents.give("/play", '<Play loop="2">/tone/440</Play>')
    digits = documents.give("/digits", '<Play digits="9w#"/>', '<Pause length="1"/>')
    redirect = documents.give(
        "/redirect", "<Play>/missing</Play>", '<Redirect method="GET">/target?a=1</Redirect>'
    )
    documents.give("/target", f"<Play>{documents.tone(520)}</Play>", "<Hangup/>", "<Play>/x</Play>")
    gather = documents.give(
        "/gather",
        '<Gather action="/one" numDigits="1" timeout="9"><Play loop="9">/tone/470</Play></Gather>',
    )
    documents.give("/one", '<Gather action="/two" method="GET" timeout="9"><Pause/></Gather>')
    documents.give("/two", "<Play>/tone/570</Play>")
    empty = documents.give(
        "/empty",
        '<Gather timeout="1"/>',
        '<Gather timeout="1" action="/nothing" actionOnEmptyResult="true"/>',
        "<Play>/missing</Play>",
    )
    documents.give("/nothing", '<Say voice="man" language="de">Auf Wiedersehen.</Say>')
    bad = documents.give("/bad", "<Sing/>")
    documents.give("/fallback", "<Play>/tone/540</Play>")
    fallback = {"fallback_url": f"{documents.url}/fallback", "fallback_method": "GET"}
    sids = {
        "00": world.call("+12135551000", url=play),
        "90": world.call("+12135551090", url=digits, method="GET", send_digits="1w2W3"),
        "91": world.call("+12135551091", url=redirect),
        "41": world.call("+12135551041", url=gather),
        "92": world.call("+12135551092", url=empty),
        "93": world.call("+12135551093", url=bad, **fallback),
        "94": world.call("+12135551094", url=f"{documents.url}/gone", **fallback),
        "95": world.call("+12135551095", url=bad),
        "96": world.call(
            "+12135551096",
            twiml=f"<Response><Say>Hello.</Say><Redirect>{documents.url}/two</Redirect></Response>",
            caller_id=OTHER_CALLER,
        ),
        "97": world.call("+12135551097", twiml="<Response/>"),
        "21": world.call("+12135551021", url=play, timeout=3),
        "20": world.call("+12135551020", url=play),
        "23": world.call("+12135551023", url=play),
    }

    calls = {ending: world.ended(sid) for ending, sid in sids.items()}

    statuses = {ending: call.status for ending, call in calls.items()}
    assert statuses == dict.fromkeys(sids, "completed") | {
        "21": "no-answer", "20": "busy", "23": "failed",
    }  # fmt: skip
    assert world.hears("+12135551000", 440, seconds=3.5)
    assert world.line("+12135551090")["digits_heard"] == "1239#"
    assert world.hears("+12135551091", 520)
    assert len(documents.requests("/x")) == 0, "nothing after Hangup is done"
    for hertz in (470, 570):
        assert world.hears("+12135551041", hertz), hertz
    for ending in ("93", "94"):
        assert world.hears(f"+121355510{ending}", 540), ending
    assert world.hears("+12135551096", 570)
    assert calls["96"]._from == OTHER_CALLER
    assert 2.5 <= (calls["21"].end_time - calls["21"].start_time).total_seconds() <= 5

    (asked,) = documents.requests("/play")
    assert asked.method == "POST"
    assert asked.form == {
        "CallSid": sids["00"], "AccountSid": world.members["account_sid"],
        "ApiVersion": "2010-04-01", "From": CALLER, "To": "+12135551000",
        "CallStatus": "in-progress", "Direction": "outbound-api",
        "Caller": CALLER, "Called": "+12135551000",
    }  # fmt: skip
    (asked,) = documents.requests("/target")
    assert (asked.method, asked.form["a"]) == ("GET", "1")
    (asked,) = documents.requests("/one")
    assert (asked.method, asked.form["Digits"]) == ("POST", "1")
    two = [one for one in documents.requests("/two") if one.method == "GET"]
    assert [(one.form["Digits"], one.form["FinishedOnKey"]) for one in two] == [("2", "#")]
    (asked,) = documents.requests("/nothing")
    assert asked.form["Digits"] == ""
    errors = [
        (one.form["ErrorCode"], one.form["ErrorUrl"]) for one in documents.requests("/fallback")
    ]
    assert sorted(errors) == [("11217", f"{documents.url}/gone"), ("13750", bad)]

    def notices(ending: str) -> list[tuple[str, str, str]]:
        found = world.client.calls(sids[ending]).notifications.list()
        assert {one.call_sid for one in found} <= {sids[ending]}
        return [(one.log, one.error_code, one.request_url) for one in found]

    assert notices("93") == notices("95") == [("0", "13750", bad)]
    assert notices("94") == [("0", "11217", f"{documents.url}/gone")]
    assert notices("91") == [("1", "13420", redirect)]
    assert notices("00") == []
    everything = world.client.api.account.notifications.list(page_size=2)
    assert len(everything) >= 4
    one = world.client.calls(sids["95"]).notifications.list()[0].fetch()
    assert "<Sing> is not a verb" in one.message_text
    assert_signed(world)


def test_detection_says_who_answered_before_the_document_is_asked_for(world: World) -> None:
    documents = world.documents
    url = documents.give("/detected", "<Play>/tone/440</Play>")
    enable = {
        "00": "human", "10": "machine_start", "03": "unknown", "15": "fax",
    }  # fmt: skip
    sids = {
        ending: world.call(f"+121355511{ending}", url=url, machine_detection="Enable")
        for ending in enable
    }
    end = world.call("+12135552012", url=url, machine_detection="DetectMessageEnd")
    strict = world.call(
        "+12135552000",
        url=url,
        machine_detection="Enable",
        machine_detection_silence_timeout=2000,
        machine_detection_speech_threshold=6000,
    )
    calls = {ending: world.ended(sid) for ending, sid in sids.items()}
    for sid in (end, strict):
        world.ended(sid)

    found = {one.form["CallSid"]: one.form for one in documents.requests("/detected")}
    assert {ending: found[sid]["AnsweredBy"] for ending, sid in sids.items()} == enable
    assert found[end]["AnsweredBy"] == "machine_end_beep"
    assert found[strict]["AnsweredBy"] == "human"
    assert 0 < int(found[sids["00"]]["MachineDetectionDuration"]) < 10_000
    assert calls["10"].answered_by == "machine"
    assert calls["00"].answered_by == "human"


def test_dial_connects_and_tells_its_action_what_came_of_it(world: World) -> None:
    documents = world.documents
    documents.give("/whisper", "<Play>/tone/480</Play>")
    documents.give("/whisper-no", "<Hangup/>")
    documents.give("/after", "<Play>/tone/500</Play>")

    def dial(name: str, inside: str, attributes: str = "") -> str:
        path = f"/dial-{name}"
        return documents.give(path, f'<Dial action="/after?of={name}" {attributes}>{inside}</Dial>')

    sids = {
        "agent": world.call("+12135553070", url=dial("agent", "\n +12135557700 \n")),
        "busy": world.call("+12135553071", url=dial("busy", "<Number>+12135553320</Number>")),
        "whisper": world.call(
            "+12135553072",
            url=dial(
                "whisper",
                '<Number url="/whisper" sendDigits="5">+12135567700</Number>',
                f'callerId="{OTHER_CALLER}"',
            ),
        ),
        "refused": world.call(
            "+12135553073",
            url=dial("refused", '<Number url="/whisper-no">+12135577701</Number>'),
        ),
        "turns": world.call(
            "+12135553074",
            url=dial(
                "turns",
                "<Number>+12135553420</Number><Number>+12135587700</Number>",
                'sequential="true"',
            ),
        ),
        "star": world.call("+12135553042", url=dial("star", "+12135597701", 'hangupOnStar="true"')),
        "limit": world.call("+12135553075", url=dial("limit", "+12135607701", 'timeLimit="2"')),
        "late": world.call("+12135553076", url=dial("late", "+12135553521", 'timeout="5"')),
    }
    for sid in sids.values():
        assert world.ended(sid).status == "completed"

    told = {one.url.rpartition("=")[2]: one.form for one in documents.requests("/after")}
    statuses = {name: form["DialCallStatus"] for name, form in told.items()}
    assert statuses == dict.fromkeys(sids, "completed") | {"busy": "busy", "late": "no-answer"}
    bridged = {name for name, form in told.items() if form["DialBridged"] == "true"}
    assert bridged == set(sids) - {"busy", "late", "refused"}
    assert told["busy"]["DialSipResponseCode"] == "486"
    assert 1 <= int(told["limit"]["DialCallDuration"]) <= 3
    for number in ("+12135553070", "+12135553072", "+12135553074"):
        assert world.hears(number, 620), number
    for number in (f"+1213555307{n}" for n in range(7)):
        assert world.hears(number, 500), number
    assert world.hears("+12135567700", 480)
    assert world.line("+12135567700")["digits_heard"] == "5"
    leg = world.client.calls(told["whisper"]["DialCallSid"]).fetch()
    assert (leg.parent_call_sid, leg.direction) == (sids["whisper"], "outbound-dial")
    assert leg._from == OTHER_CALLER
    (asked,) = documents.requests("/whisper")
    assert asked.form["ParentCallSid"] == sids["whisper"]
    assert asked.form["Direction"] == "outbound-dial"


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        (21201, {"To": ""}),
        (21211, {"To": "everybody"}),
        (21211, {"To": "sip: nobody"}),
        (21217, {"To": "client:me"}),
        (21213, {"From": ""}),
        (21212, {"From": "me"}),
        (21210, {"From": "+12135550177"}),
        (21210, {"CallerId": "+12135550177"}),
        (21205, {"Url": ""}),
        (21205, {"Url": "/relative"}),
        (21218, {"ApplicationSid": "AP" + "0" * 32}),
        (20422, {"Url": "", "Laml": "<Response><Sing/></Response>"}),
        (20422, {"Url": "", "Twiml": f"<Response>{' ' * 4000}</Response>"}),
        (21209, {"Method": "PUT"}),
        (21209, {"FallbackMethod": "PUT"}),
        (21402, {"FallbackUrl": "nowhere"}),
        (13222, {"SendDigits": "x"}),
        (13222, {"SendDigits": "1" * 33}),
        (21208, {"Timeout": "601"}),
        (21208, {"Timeout": "soon"}),
        (10000, {"TimeLimit": "0"}),
        (21234, {"MachineDetection": "Perhaps"}),
        (21234, {"MachineDetection": "Enable", "MachineDetectionTimeout": "121"}),
        (21234, {"MachineDetection": "Enable", "MachineDetectionSpeechThreshold": "999"}),
        (21234, {"MachineDetection": "Enable", "MachineDetectionSpeechEndThreshold": "5001"}),
        (21234, {"MachineDetection": "Enable", "MachineDetectionSilenceTimeout": "1999"}),
        (21234, {"MachineDetection": "Enable", "MachineWordsThreshold": "0"}),
        (21234, {"MachineDetectionTimeout": "30"}),
        (13621, {"Record": "true", "RecordingStatusCallbackEvent": "sung"}),
        (21456, {"Record": "true", "RecordingStatusCallback": "/here"}),
        (13699, {"Record": "true", "Trim": "a little"}),
        (10000, {"Record": "true", "RecordingTrack": "outbound", "RecordingChannels": "dual"}),
        (10000, {"RecordingChannels": "dual"}),
        (21456, {"StatusCallback": "/here"}),
        (10000, {"StatusCallback": "http://a.example/", "StatusCallbackEvent": "sung"}),
        (21209, {"StatusCallback": "http://a.example/", "StatusCallbackMethod": "PUT"}),
        (10000, {"StatusCallbackEvent": "ringing"}),
        (21234, {"AsyncAmd": "true"}),
        (21262, {"AsyncAmd": "true", "MachineDetection": "Enable"}),
        (10000, {"AsyncAmdPartialResults": "true"}),
        (90000, {"MaxPricePerMinute": "0.01"}),
        (90000, {"Colour": "red"}),
    ],
)
def test_wrong_parameter_is_refused_with_the_documented_code(
    world: World, code: int, changed: dict[str, str]
) -> None:
    given = {"To": "+12135556000", "From": CALLER, "Url": "http://a.example/"} | changed

    answer = world.post("/Calls.json", given)

    assert answer.status == 400, answer.body
    assert answer.json["code"] == code, answer.json
    assert answer.json["errors"][0]["code"] == str(code)


def test_status_callbacks_come_in_their_order_numbered_and_signed(world: World) -> None:
    documents = world.documents
    told = documents.give("/status")
    query = documents.give("/status-get")
    twiml = "<Response><Pause/></Response>"
    everything = ["initiated", "ringing", "answered", "completed"]
    options = {"twiml": twiml, "status_callback": f"{told}?a=1&b=%2F"}
    whole = world.call("+12135559070", status_callback_event=everything, **options)
    some = world.call("+12135559071", status_callback_event=["answered", "completed"], **options)
    busy = world.call("+12135559020", status_callback_event=everything, **options)
    late = world.call(
        "+12135559021", twiml=twiml, timeout=2,
        status_callback=query, status_callback_method="GET",
    )  # fmt: skip
    other = world.post(
        "/Calls",
        {
            "To": "+12135559072", "From": CALLER, "Laml": twiml,
            "MachineDetection": "Enable", "StatusCallback": told,
        },
        account="project_id",
        prefix="/api/laml/2010-04-01",
    ).json["sid"]  # fmt: skip

    def of(sid: str) -> list[Mapping[str, str]]:
        asked = documents.requests("/status") + documents.requests("/status-get")
        return [one.form for one in asked if one.form["CallSid"] == sid]

    for sid in (whole, some, busy, late, other):
        eventually(
            lambda: any("CallDuration" in form for form in of(sid)),  # noqa: B023 -- now
            within=40,
        )
    words = {sid: [form["CallStatus"] for form in of(sid)] for sid in (whole, some, busy, late)}
    assert words[whole] == ["initiated", "ringing", "in-progress", "completed"]
    assert words[some] == ["in-progress", "completed"]
    assert (words[busy][0], words[busy][-1]) == ("initiated", "busy")
    assert words[late] == ["no-answer"]
    for sid in (whole, some, busy, late):
        numbers = [form["SequenceNumber"] for form in of(sid)]
        assert numbers == [str(n) for n in range(len(numbers))]
    last = of(whole)[-1]
    assert (last["From"], last["To"], last["Direction"]) == (CALLER, "+12135559070", "outbound-api")
    assert last["CallbackSource"] == "call-progress-events"
    assert last["CallDuration"] in ("1", "2")
    assert last["Timestamp"].endswith(" +0000")
    assert of(busy)[-1]["SipResponseCode"] == "486"
    (form,) = of(other)
    assert form["AccountSid"] == world.members["project_id"]
    assert form["AnsweredBy"] == "human"
    assert_signed(world)


def test_recordings_are_told_of_listed_heard_and_deleted(world: World) -> None:
    documents, client = world.documents, world.client
    record = documents.give("/record", '<Record action="/recorded" timeout="4" maxLength="20"/>')
    quiet = documents.give("/quiet", '<Record action="/recorded" playBeep="false"/>')
    documents.give("/recorded", "<Hangup/>")
    key = documents.give("/key", '<Record action="/recorded" trim="do-not-trim"/>')
    play = documents.give("/both", '<Pause length="2"/><Play>/tone/450</Play><Pause length="3"/>')
    dial = documents.give(
        "/dial-record",
        '<Dial record="record-from-answer" action="/recorded">+12135617700</Dial>',
    )
    sids = {
        "silence": world.call("+12135558043", url=record),
        "hangup": world.call("+12135558044", url=quiet),
        "key": world.call("+12135558041", url=key),
        "dual": world.call("+12135558143", url=play, record=True, recording_channels="dual"),
        "inbound": world.call("+12135558243", url=play, record=True, recording_track="inbound"),
        "mono": world.call("+12135558370", url=play, record=True),
        "dial": world.call("+12135558070", url=dial),
    }
    for sid in sids.values():
        world.ended(sid)
    eventually(lambda: len(documents.requests("/recorded")) == 4)

    told = {one.form["CallSid"]: one.form for one in documents.requests("/recorded")}
    assert [told[sids[name]]["Digits"] for name in ("silence", "hangup", "key")] == [
        "", "hangup", "1",
    ]  # fmt: skip
    for name in ("silence", "hangup"):
        form = told[sids[name]]
        assert 2 <= int(form["RecordingDuration"]) <= 6, name
        assert hears(world.audio(form["RecordingUrl"]), 700), name
    assert told[sids["dial"]]["RecordingSid"].startswith("RE")
    assert hears(world.audio(told[sids["dial"]]["RecordingUrl"] + ".wav"), 620)

    def recorded(name: str) -> Any:
        (one,) = client.calls(sids[name]).recordings.list()
        return one

    dual, inbound, mono = recorded("dual"), recorded("inbound"), recorded("mono")
    assert (dual.channels, inbound.channels, mono.channels) == (2, 1, 1)
    assert (dual.status, dual.source, recorded("key").source) == (
        "completed", "OutboundAPI", "RecordVerb",
    )  # fmt: skip
    theirs, ours = world.audio(dual.uri.removesuffix(".json")).T
    assert hears(theirs, 700)
    assert not hears(theirs, 450)
    assert hears(ours, 450)
    assert not hears(ours, 700)
    assert hears(world.audio(inbound.uri.removesuffix(".json")), 700)
    assert not hears(world.audio(inbound.uri.removesuffix(".json")), 450)
    both = world.audio(mono.uri.removesuffix(".json"))
    assert hears(both, 450)
    everything = {one.sid for one in client.recordings.list(page_size=2)}
    assert everything >= {dual.sid, inbound.sid, mono.sid}
    assert client.recordings(mono.sid).delete()
    assert {one.sid for one in client.recordings.list()} == everything - {mono.sid}


def test_both_families_of_identifiers_open_the_same_call(world: World) -> None:
    given = {
        "To": "+12135557020", "From": CALLER, "Laml": "<Response><Say>Hello.</Say></Response>"
    }  # fmt: skip
    made = world.post("/Calls", given, account="project_id", prefix="/api/laml/2010-04-01")
    call = made.json
    assert made.status == 200
    assert call["uri"] == (
        f"/api/laml/2010-04-01/Accounts/{world.members['project_id']}/Calls/{call['sid']}"
    )

    twilio = "CA" + call["sid"].replace("-", "")
    assert world.client.calls(twilio).fetch().sid == twilio
    assert world.ended(twilio).status == "busy"
    assert world.client.api.accounts(world.members["account_sid"]).fetch().status == "active"
    numbers = [one.phone_number for one in world.client.incoming_phone_numbers.list()]
    assert numbers[:2] == [CALLER, OTHER_CALLER]
    missing = world.post("/Queues.json", {"FriendlyName": "q"})
    assert (missing.status, missing.json["code"]) == (400, 10001)
    wrong = Api(world.base, world.members["account_sid"], "wrong")
    assert wrong.request("GET", "/2010-04-01/Accounts.json").json["code"] == 20003
    right = Api(world.base, world.members["account_sid"], world.members["auth_token"])
    other = f"/2010-04-01/Accounts/AC{'0' * 32}/Calls.json"
    assert right.request("GET", other).json["code"] == 20404
    assert right.request("GET", "/2010-04-01/nothing").json["code"] == 20404


def test_live_call_is_redirected_ended_and_found_in_lists(world: World) -> None:
    documents, client = world.documents, world.client
    long = documents.give("/long", '<Play loop="0">/tone/440</Play>')
    other = documents.give("/other", "<Play>/tone/590</Play>")
    redirected = world.call("+12135554000", url=long)
    inline = world.call("+12135554001", url=long)
    ended = world.call("+12135554002", url=long)
    ringing = world.call("+12135554021", url=long)
    eventually(lambda: len(documents.requests("/long")) == 3)
    eventually(lambda: client.calls(ringing).fetch().status == "ringing")

    live = {one.sid for one in client.calls.list(status="in-progress")}
    assert live == {redirected, inline, ended}
    assert [one.sid for one in client.calls.list(status="ringing")] == [ringing]
    client.calls(redirected).update(url=other, method="GET")
    client.calls(inline).update(twiml=f"<Response><Play>{documents.tone(610)}</Play></Response>")
    client.calls(ended).update(status="completed")
    client.calls(ringing).update(status="canceled")

    statuses = {sid: world.ended(sid).status for sid in (redirected, inline, ended, ringing)}
    assert statuses == {
        redirected: "completed", inline: "completed", ended: "completed", ringing: "canceled",
    }  # fmt: skip
    assert world.hears("+12135554000", 590)
    assert world.hears("+12135554001", 610)
    assert [one.sid for one in client.calls.list(to="+12135554021")] == [ringing]
    assert ringing in {one.sid for one in client.calls.list(status="canceled")}
    everything = [one.sid for one in client.calls.list()]
    assert [one.sid for one in client.calls.list(page_size=2)] == everything
