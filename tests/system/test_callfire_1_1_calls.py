"""CallFire 1.1 on real telephones: dialplans, recordings, sounds by phone, transfers, callers."""

from __future__ import annotations

import asyncio
import io
import threading
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import av
import numpy as np
import pytest
from lxml import etree
from numpy.typing import NDArray

from ringcast.audio import compare, g711, tones, wav
from ringcast.engines.simulator import FarEnd
from ringcast.integrations.clock import SystemClock
from ringcast.integrations.speech_espeak import EspeakSynthesizer
from ringcast.phones.carrier import Carrier, PhonesOptions
from ringcast.phones.plan import Plan, parse_plan
from ringcast.phones.sounds import SoundLibrary
from ringcast.phones.steps import Say
from tests.contract.sip_phones import SipPhones
from tests.fakes.mail_server import MailServer
from tests.system.programs import Api, eventually, make_account, phone_calls, running

PLAN = """
extends = "default"

[[phone]]
ends_in = "61"
name = "person who presses 1, leaves a message, and hears it back"
steps = ["answer", "message 1", "press 1", "pause 2.5",
         'say "Anna is ill today and stays at home until Friday"', "press #", "listen"]

[[phone]]
ends_in = "62"
name = "person who presses 2, then 3, and speaks with whom they get"
steps = ["answer", "message 1", "press 2", "pause 1.5", "press 3", "pause 3", "tone 440 4",
         "listen"]

[[phone]]
ends_in = "63"
name = "person who wants no more calls"
steps = ["answer", "message 1", "press 4", "listen"]

[[phone]]
ends_in = "64"
name = "person who presses 1 in a message"
steps = ["answer", "message 1", "press 1", "listen"]

[[phone]]
ends_in = "70"
name = "person who speaks a sound and keeps it"
steps = ["answer", "message 6.5", 'say "School is closed on Monday, we see you on Tuesday"',
         "press #", "pause 2", "press 1", "listen"]

[[phone]]
ends_in = "71"
name = "person who speaks no sound"
steps = ["answer", "pause 1", "hang_up"]

[[phone]]
ends_in = "7700"
name = "person at the other end of a transfer, who hears who is calling before"
steps = ["ring 0.3", "answer", "pause 3", "tone 620 4", "hang_up"]
"""

DIALPLAN = """\
<dialplan name="Root">
  <menu name="main" maxDigits="1" timeout="4">
    <play name="question" type="callfireid">{sound}</play>
    <keypress pressed="1">
      <record varname="message" timeout="12000"/>
      <play type="url">${{message}}</play>
      <stash varname="choice">message</stash>
    </keypress>
    <keypress pressed="2">
      <menu name="which" maxDigits="1" timeout="4">
        <play type="tts">Three is for the office.</play>
        <keypress pressed="3">
          <transfer mode="waterfall" timeout="10" musiconhold="blues" whisper-tts="School"
            continue-after="true">12135550320, 12135557700</transfer>
          <stash varname="choice">the office</stash>
        </keypress>
        <keypress pressed="default"><goto>which</goto></keypress>
      </menu>
    </keypress>
    <keypress pressed="4">
      <dnc>${{call.phonenumber}}</dnc>
      <stash varname="choice">no more calls</stash>
    </keypress>
    <keypress pressed="timeout"><stash varname="choice">nothing</stash></keypress>
  </menu>
</dialplan>"""

INBOUND = """\
<dialplan name="Root">
  <menu maxDigits="1" timeout="4">
    <play type="callfireid">{sound}</play>
    <keypress pressed="5"><stash varname="caller">${{call.callerid}}</stash></keypress>
  </menu>
</dialplan>"""

OURS = "12135550199"
CALLER = "12025550123"
ANSWERS = {"61": "message", "62": "the office", "63": "no more calls", "03": "nothing"}
RESULTS = {"61": "LA", "62": "XFER", "63": "LA", "03": "LA", "20": "BUSY"}
REST = "/api/1.1/rest"
SVC = "{http://api.callfire.com/service/xsd}"

T = TypeVar("T")
Samples = NDArray[np.int16]


@dataclass(frozen=True)
class Office:
    """A client of CallFire 1.1."""

    api: Api

    def create(self, path: str, **form: Any) -> int:
        """POST a form; return the new identifier."""
        sent = urlencode(form, doseq=True).encode()
        answer = self.api.request("POST", f"{REST}{path}.json", sent)
        assert answer.status == 201, answer.body
        return int(answer.json["ResourceReference"]["Id"])

    def find(self, path: str, query: str = "") -> Any:
        """GET what is inside a Resource or a ResourceList."""
        answer = self.api.request("GET", f"{REST}{path}.json{query}")
        assert answer.status == 200, answer.body
        return answer.json.get("Resource") or answer.json["ResourceList"]

    def calls(self, query: str) -> list[Any]:
        """QueryCalls, the oldest first."""
        return list(reversed(self.find("/call", query).get("Call", [])))

    def are_over(self, query: str, count: int) -> bool:
        """Whether there are so many calls, and all have ended."""
        found = self.calls(query)
        return len(found) == count and all(one["State"] == "FINISHED" for one in found)

    def audio(self, path: str) -> bytes:
        """GET a file."""
        answer = self.api.request("GET", path)
        assert answer.status == 200, answer.body
        return answer.body

    def recording_by_soap(self, call: int, name: str) -> bytes:
        """GetRecordingData, as MP3."""
        message = (
            '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
            ' xmlns="http://api.callfire.com/service/xsd"><e:Body><GetRecordingData>'
            f"<CallId>{call}</CallId><Name>{name}</Name><Format>MP3</Format>"
            "</GetRecordingData></e:Body></e:Envelope>"
        )
        headers = {"Content-Type": "application/soap+xml"}
        answer = self.api.request("POST", "/api/1.1/soap12/call", message.encode(), headers=headers)
        assert answer.status == 200, answer.body
        data = etree.fromstring(answer.body).find(f".//{SVC}RecordingData")
        assert data is not None
        return b64decode(data.text or "")


@pytest.mark.timeout(120)
def test_calls_of_all_kinds_by_callfire_1_1(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    plan = parse_plan(PLAN, source="test")
    question = tones.noise(1.5, seed=11, level_dbfs=-20)
    with (
        _telephones(tmp_path, plan) as carrier,
        _mail_server() as mails,
        running(
            "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--trunk", f"sip:{carrier}",
            "--data-dir", str(tmp_path), "--media-workers", "1",
            "--smtp", f"smtp://127.0.0.1:{mails.port}", "--smtp-from", "calls@us.example",
            cwd=tmp_path,
        ) as server,
        ThreadPoolExecutor(1) as thread,
    ):  # fmt: skip
        login, password = make_account(tmp_path)
        office = Office(Api(f"http://{server.ready()['http']}", login, password))
        sound = office.api.upload(wav.write(question, 8000), name="q.wav", content_type="audio/wav")
        sound_id = sound.json["id"]

        office.create(
            "/subscription",
            Endpoint="ann@office.example",
            TriggerEvent="INBOUND_CALL_FINISHED",
            NotificationFormat="EMAIL",
        )
        spoken, silent = (office.create("/call/sound", ToNumber=_number(e)) for e in ("70", "71"))
        assert office.find(f"/call/sound/{spoken}")["SoundMeta"]["Status"] == "PENDING"
        inbound = thread.submit(_call_in, office, server.ready()["sip"], sound_id)
        ivr = office.create(
            "/call",
            Type="IVR",
            To=[_number(ending) for ending in RESULTS],
            DialplanXml=DIALPLAN.format(sound=sound_id),
        )
        transfers = _broadcast_to_a_contact(office, sound_id)
        eventually(lambda: office.are_over(f"?BroadcastId={ivr}", len(RESULTS)), within=40)
        eventually(lambda: office.are_over(f"?BroadcastId={transfers}", 1), within=40)
        eventually(lambda: _status(office, spoken) == "ACTIVE", within=40)
        eventually(lambda: _status(office, silent) == "FAILED", within=40)
        caller_heard = inbound.result(30)
        eventually(lambda: office.are_over("?Inbound=true", 1))

        eventually(lambda: bool(mails.taken))

        calls = {one["ToNumber"]["value"][-2:]: one for one in office.calls(f"?BroadcastId={ivr}")}
        (put_through,) = office.calls(f"?BroadcastId={transfers}")
        legs = office.calls("?Result=XFER_LEG")
        (came_in,) = office.calls("?Inbound=true")
        barred = office.find("/contact/dnc")["DncNumber"]
        (meta,) = calls["61"]["CallRecord"][0]["RecordingMeta"]
        mp3 = office.audio(urlsplit(meta["Link"]).path)
        assert office.recording_by_soap(calls["61"]["@id"], "message") == mp3
        message = office.audio(urlsplit(meta["Link"]).path.replace(".mp3", ".wav"))
        spoken_sound = office.audio(f"{REST}/call/sound/{spoken}.mp3")
        everybody = {*(_number(e) for e in (*ANSWERS, "64", "70", "71")), "12135557700"}
        eventually(lambda: {_digits(line) for line in phone_calls(heard)} >= everybody)
        recordings = _recordings(heard)
        said = asyncio.run(_said(tmp_path, plan, "61", "70"))

    assert {e: call["FinalResult"] for e, call in calls.items()} == RESULTS
    answers = {
        ending: [(one["Question"], one["Response"]) for one in _answers(calls[ending])]
        for ending in ANSWERS
    }
    assert answers == {ending: [("choice", answer)] for ending, answer in ANSWERS.items()}
    assert [one["Number"] for one in barred] == [_number("63")]

    # The message is what was said, as MP3 too, and was played back in the call.
    assert meta["Name"] == "message"
    assert compare.find(said["61"], _of_mp3(mp3)).correlation >= 0.95
    assert compare.find(said["70"], _of_mp3(spoken_sound)).correlation >= 0.95
    message_samples = wav.read(message).mono()
    assert compare.find(said["61"], message_samples).correlation >= 0.95
    assert compare.find(message_samples, recordings[_number("61")][0]).correlation >= 0.95

    # Who was put through heard the one who answered, in place of the first, who was busy.
    assert _hears_tone(recordings[_number("62")][0], 620)
    assert any(_hears_tone(one, 440) for one in recordings["12135557700"])

    # The contact was busy at home, and was put through at the mobile telephone.
    assert [one["Result"] for one in put_through["CallRecord"]] == ["XFER", "BUSY"]
    assert put_through["ToNumber"]["value"] == "12135550420"
    assert _hears_tone(recordings[_number("64")][0], 620)
    assert [one["ToNumber"]["value"] for one in legs] == ["12135557700"] * 2

    # Who called heard the question and pressed a key.
    assert (came_in["FromNumber"], came_in["FinalResult"]) == (CALLER, "LA")
    (answer,) = _answers(came_in)
    assert (answer["Question"], answer["Response"]) == ("caller", CALLER)
    assert compare.find(question, caller_heard).correlation >= 0.95
    (mail,) = mails.taken
    assert (mail.sender, mail.to) == ("calls@us.example", "ann@office.example")
    assert mail.message["Subject"] == f"Call from {CALLER} finished: LA"


def _broadcast_to_a_contact(office: Office, sound: int) -> int:
    """Have a contact called whose first telephone is busy; a key puts them through."""
    contacts = office.create(
        "/contact/list",
        **{
            "Name": "Parents",
            "Contact[0][homePhone]": "12135550420",
            "Contact[0][mobilePhone]": _number("64"),
        },
    )
    broadcast = office.create(
        "/broadcast",
        Name="Transfers",
        Type="VOICE",
        LiveSoundId=sound,
        TransferDigit="1",
        TransferNumber="12135557700",
        MaxAttempts=2,
        MinutesBetweenAttempts=0,
        RetryResults="BUSY",
        RetryPhoneTypes="MOBILE_PHONE",
    )
    office.create(f"/broadcast/{broadcast}/batch", ContactListId=contacts, Start="true")
    return broadcast


def _call_in(office: Office, sip: str, sound: int) -> Samples:
    """Give our number a dialplan, call it, press 5, and return what was heard."""
    form = {"InboundCallConfigurationType": "IVR", "DialplanXml": INBOUND.format(sound=sound)}
    path = f"{REST}/number/{OURS}"
    configured = office.api.request("PUT", path, urlencode(form).encode())
    assert configured.status == 204, configured.body
    host, port = sip.rsplit(":", 1)

    async def call() -> Samples:
        phones = SipPhones()
        await phones.start()
        try:
            presses = FarEnd(presses=((timedelta(seconds=3), "5"),))
            at = host, int(port)
            caller = await phones.call_in(CALLER, presses, to=f"+{OURS}", at=at)
            async with asyncio.timeout(20):
                while not caller.events or phones.call_count:  # noqa: ASYNC110 -- none tells of it
                    await asyncio.sleep(0.05)
            return g711.decode_ulaw(caller.rtp.heard())
        finally:
            await phones.close()

    return asyncio.run(call())


@contextmanager
def _telephones(directory: Path, plan: Plan) -> Iterator[str]:
    """Run a carrier with the telephones of a plan; give its address."""
    options = PhonesOptions(
        sip=("127.0.0.1", 0),
        record_dir=directory / "heard",
        sounds_dir=directory / "said",
        plan=plan,
    )

    @asynccontextmanager
    async def carrier() -> AsyncIterator[str]:
        synthesizer = EspeakSynthesizer()
        try:
            async with Carrier(options, synthesizer=synthesizer, clock=SystemClock()) as made:
                yield str(made.address)
        finally:
            await synthesizer.close()

    with _in_a_thread(carrier()) as address:
        yield address


@contextmanager
def _mail_server() -> Iterator[MailServer]:
    """Run a mail server."""
    with _in_a_thread(MailServer().running()) as server:
        yield server


@contextmanager
def _in_a_thread(thing: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Run something that needs a loop, in one of its own."""
    ready: Future[T] = Future()
    enough = threading.Event()

    async def run() -> None:
        async with thing as made:
            ready.set_result(made)
            await asyncio.to_thread(enough.wait)

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(asyncio.run, run())
        running.add_done_callback(lambda _: ready.cancel())
        try:
            yield ready.result(30)
        finally:
            enough.set()
            running.result(30)


async def _said(directory: Path, plan: Plan, *endings: str) -> Mapping[str, Samples]:
    """Return what telephones of the plan have said: no synthesizer says it twice alike."""
    says = {
        ending: next(one for one in plan.phones[ending].steps if isinstance(one, Say))
        for ending in endings
    }
    synthesizer = EspeakSynthesizer()
    try:
        library = SoundLibrary(directory / "said", synthesizer=synthesizer, voice=plan.voice)
        await library.prepare(list(says.values()))
        return {e: g711.decode_ulaw(library[s].path.read_bytes()) for e, s in says.items()}
    finally:
        await synthesizer.close()


def _status(office: Office, sound: int) -> str:
    return str(office.find(f"/call/sound/{sound}")["SoundMeta"]["Status"])


def _answers(call: Mapping[str, Any]) -> Any:
    return call["CallRecord"][0]["QuestionResponse"]


def _recordings(heard: Path) -> Mapping[str, list[Samples]]:
    found: dict[str, list[Samples]] = {}
    for line in phone_calls(heard):
        if line["recording"]:
            samples = wav.read((heard / line["recording"]).read_bytes()).mono()
            found.setdefault(_digits(line), []).append(samples)
    return found


def _of_mp3(data: bytes) -> Samples:
    with av.open(io.BytesIO(data), "r") as read:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in read.decode(audio=0)])
    if samples.dtype != np.int16:
        samples = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
    return samples


def _hears_tone(recording: Samples, hertz: float) -> bool:
    """Whether two seconds of that tone can be heard."""
    wave = 8000 * np.sin(2 * np.pi * hertz * np.arange(2 * 8000) / 8000)
    return compare.find(wave.astype(np.int16), recording).correlation >= 0.95


def _number(ending: str) -> str:
    return f"121355502{ending}"


def _digits(line: Mapping[str, str]) -> str:
    return line["called"].removeprefix("+")
