"""Scripts on real calls: our dialer and engine, the simulated phones, SIP and RTP on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ringcast.audio import compare, g711, tones, wav
from ringcast.domain.calls import Call, CallState
from ringcast.domain.events import CallEvent
from ringcast.domain.ids import CallId
from ringcast.domain.instructions import Menu, Play, Script, Transfer, WhenAnsweredBy
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import Interpreter
from ringcast.engines.embedded import EmbeddedEngine, Trunk
from ringcast.integrations.audio_files import AudioImporter
from ringcast.integrations.clock import SystemClock
from ringcast.integrations.http_fetch import HttpFetcher
from ringcast.integrations.recording_archive import RecordingDirectory
from ringcast.integrations.remote_sounds import CachedRemoteSounds
from ringcast.integrations.speech import StoredSpeech
from ringcast.integrations.speech_espeak import EspeakSynthesizer
from ringcast.phones.carrier import JOURNAL, Carrier, PhonesOptions
from ringcast.phones.plan import Plan, default_plan
from ringcast.phones.sounds import SoundLibrary
from ringcast.phones.steps import Say
from ringcast.services.admission import Admission
from ringcast.services.changes import ChangeWriter
from ringcast.services.dialer import Dialer
from ringcast.services.program_run import Programs
from ringcast.services.program_steps import StepTools
from ringcast.services.prompts import Prompts
from ringcast.services.recording_files import KeepRecordings
from ringcast.stores.sql import SqlStore
from tests.integration.test_dialing import ACCOUNT, _add_account

HOST = "127.0.0.1"
FROM = PhoneNumber("12135550199")
AGENT = PhoneNumber("12135550100")


@dataclass
class World:
    folder: Path
    store: SqlStore
    dialer: Dialer
    audio: AudioImporter
    archive: RecordingDirectory
    sounds: dict[str, NDArray[np.int16]]
    events: list[CallEvent]
    """What has happened to calls."""

    @property
    def recordings(self) -> Path:
        """Where recordings of programs are kept."""
        return self.folder / "recordings" / str(ACCOUNT)

    async def said_by(self, ending: str) -> NDArray[np.int16]:
        """Return the first thing that a phone says."""
        plan = default_plan()
        (say, *_) = [step for step in plan.phones[ending].steps if isinstance(step, Say)]
        synthesizer = EspeakSynthesizer()
        library = SoundLibrary(self.folder / "said", synthesizer=synthesizer, voice=plan.voice)
        await library.prepare([say])
        await synthesizer.close()
        return g711.decode_ulaw(library[say].path.read_bytes())

    async def call(self, *endings: str, script: Script) -> list[CallId]:
        """Have the phones with these numbers called."""
        now = SystemClock().now()
        ids = await self.store.take_ids(len(endings), now)
        calls = [
            Call(
                id=CallId(number),
                account_id=ACCOUNT,
                to=PhoneNumber(f"121355502{ending}"),
                to_text="",
                from_number=FROM,
                script=script,
                state=CallState.READY,
                created_at=now,
                updated_at=now,
                due_at=now,
            )
            for number, ending in zip(ids, endings, strict=True)
        ]
        async with self.store.begin() as tx:
            await tx.add_calls(calls)
            await tx.commit()
        self.dialer.wake()
        return [call.id for call in calls]

    async def outcome(self, call_id: CallId) -> Outcome | None:
        """Wait for the end of a call."""
        async with asyncio.timeout(40):
            while True:
                async with self.store.begin(read_only=True) as tx:
                    call = await tx.call(ACCOUNT, call_id)
                assert call is not None
                if call.state.is_final:
                    return call.outcome
                await asyncio.sleep(0.1)

    async def heard(self, number: str) -> NDArray[np.int16]:
        """Return what a phone recorded of its call, once that is over."""
        async with asyncio.timeout(10):
            while True:
                text = (self.folder / "record" / JOURNAL).read_text()
                for line in map(json.loads, text.splitlines()):
                    if line["called"].endswith(number) and line.get("recording"):
                        data = (self.folder / "record" / line["recording"]).read_bytes()
                        return wav.read(data).mono()
                await asyncio.sleep(0.1)


def noises() -> dict[str, NDArray[np.int16]]:
    """Return the sounds that are played."""
    names = ("live", "machine")
    return {name: tones.noise(2.0, seed=seed, level_dbfs=-20) for seed, name in enumerate(names)}


@asynccontextmanager
async def world(
    folder: Path,
    interpreters: Mapping[str, Interpreter] | None = None,
    *,
    plan: Plan | None = None,
) -> AsyncIterator[World]:
    sounds = noises()
    for name, samples in sounds.items():
        (folder / f"{name}.ulaw").write_bytes(g711.encode_ulaw(samples).tobytes())
    async with AsyncExitStack() as stack:
        synthesizer = EspeakSynthesizer()
        stack.push_async_callback(synthesizer.close)
        options = PhonesOptions(
            sip=(HOST, 0),
            rtp_ports=range(35000, 35200),
            record_dir=folder / "record",
            sounds_dir=folder / "said",
            plan=plan or default_plan(),
        )
        carrier = await stack.enter_async_context(
            Carrier(options, synthesizer=synthesizer, clock=SystemClock())
        )
        store = SqlStore.for_directory(folder)
        stack.push_async_callback(store.close)
        await store.migrate()
        await _add_account(store)
        audio = AudioImporter(folder / "sounds")
        stack.push_async_callback(audio.close)

        for samples in sounds.values():
            await audio.import_samples(samples.tobytes(), 8000)

        def playable(digest: str) -> Path:
            own = folder / f"{digest}.ulaw"
            return own if own.exists() else audio.playable(digest)

        engine = EmbeddedEngine(
            clock=SystemClock(),
            sip=(HOST, 0),
            transports=("udp",),
            rtp_ports=range(35200, 35400),
            rtp_host=HOST,
            advertise=None,
            media_workers=1,
            trunk=Trunk.parse(f"sip:{carrier.address}"),
            playable=playable,
        )
        events: list[CallEvent] = []
        changes = ChangeWriter(store=store, observer=events.extend)
        web = HttpFetcher(allow_private=True)
        remote = CachedRemoteSounds(web=web, audio=audio, clock=SystemClock())
        speech = StoredSpeech(synthesizer, audio, directory=folder / "speech")
        archive = RecordingDirectory(folder / "recordings")
        stack.push_async_callback(archive.close)
        tools = StepTools(
            prompts=Prompts(
                store=store, audio=audio, speech=speech, remote=remote, archive=archive
            ),
            web=web,
            recordings=KeepRecordings(store=store, archive=archive, clock=SystemClock()),
        )
        dialer = Dialer(
            store=store,
            engine=engine,
            admission=Admission(calls_per_second=50, max_calls=50),
            changes=changes,
            clock=SystemClock(),
            holder="here",
            programs=Programs(interpreters=interpreters or {}, tools=tools, clock=SystemClock()),
        )
        await engine.start(dialer.deliver)
        tasks = [asyncio.create_task(changes.run()), asyncio.create_task(dialer.run())]
        try:
            yield World(folder, store, dialer, audio, archive, sounds, events)
        finally:
            await engine.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_people_machines_and_faxes_each_hear_what_is_for_them(tmp_path: Path) -> None:
    script = Script(
        instructions=(
            WhenAnsweredBy(human=(Play(audio=("live",)),), machine=(Play(audio=("machine",)),)),
        )
    )
    expected = {
        "00": Outcome.HUMAN,
        "02": Outcome.HUMAN,
        "03": Outcome.HUMAN,
        "10": Outcome.MACHINE,
        "12": Outcome.MACHINE,
        "13": Outcome.MACHINE,
        "15": Outcome.FAX,
    }
    async with world(tmp_path) as made:
        calls = await made.call(*expected, script=script)

        outcomes = [await made.outcome(call) for call in calls]
        heard = {ending: await made.heard(ending) for ending in expected if ending != "15"}

    assert dict(zip(expected, outcomes, strict=True)) == expected
    for ending, recording in heard.items():
        name = "machine" if expected[ending] is Outcome.MACHINE else "live"
        other = "live" if name == "machine" else "machine"
        assert compare.find(made.sounds[name], recording).correlation >= 0.95, ending
        assert compare.find(made.sounds[other], recording).correlation < 0.3, ending


async def test_who_presses_1_is_put_through_and_hears_the_other_person(tmp_path: Path) -> None:
    script = Script(
        instructions=(
            Menu(
                audio=("live", "live"),
                keys={"1": (Transfer(to=AGENT, ring_timeout=timedelta(seconds=10)),)},
            ),
        )
    )
    async with world(tmp_path) as made:
        (call_id,) = await made.call("31", script=script)
        async with asyncio.timeout(20):
            while made.dialer.live < 2:  # noqa: ASYNC110 - there is nothing to wait on
                await asyncio.sleep(0.05)
        await asyncio.sleep(3.0)  # the agent rings for 1 s, says hello, and both listen
        await made.dialer.hang_up_all("enough")

        assert await made.outcome(call_id) is Outcome.TRANSFERRED
        recording = await made.heard("31")

    # The far end's hello comes after the message was cut short by the key.
    power = np.square(recording[-3 * 8000 :].astype(np.float64)).reshape(-1, 160).mean(axis=1)
    spoken = int((power > (32768 * 0.01) ** 2).sum()) * 0.02
    assert 0.2 <= spoken <= 1.0
