"""Everything that makes calls, joined, started and stopped."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from ringcast.bootstrap.interpreters import interpreters, prepare
from ringcast.bootstrap.recording_addresses import RecordingAddresses
from ringcast.bootstrap.storage import open_store
from ringcast.bootstrap.trunk import tls_settings, trunk_of
from ringcast.config import Settings
from ringcast.domain.errors import RingcastError, Unavailable
from ringcast.domain.events import CallEnded, CallEvent
from ringcast.domain.legal_hours import Law
from ringcast.domain.public_ids import PublicIds
from ringcast.engines.embedded.engine import EmbeddedEngine
from ringcast.integrations.audio_files import AudioImporter
from ringcast.integrations.clock import SystemClock
from ringcast.integrations.http_fetch import HttpFetcher
from ringcast.integrations.public_holidays import is_public_holiday
from ringcast.integrations.recording_archive import RecordingDirectory
from ringcast.integrations.remote_sounds import CachedRemoteSounds
from ringcast.integrations.speech import StoredSpeech
from ringcast.integrations.speech_espeak import EspeakSynthesizer
from ringcast.ports.audio import AudioStore
from ringcast.ports.clock import Clock
from ringcast.ports.engine import EngineEvent
from ringcast.ports.recording_archive import RecordingArchive
from ringcast.ports.speech import Speech
from ringcast.ports.store import Store
from ringcast.services.accounts import public_ids
from ringcast.services.admission import Admission
from ringcast.services.calls import SendCalls
from ringcast.services.changes import ChangeWriter
from ringcast.services.conferences import Conferences
from ringcast.services.dialer import HOLD_FOR, Dialer
from ringcast.services.idempotency import ForgetAnswers
from ringcast.services.inbound import ReceiveCalls
from ringcast.services.incidents import KeepIncident
from ringcast.services.list_imports import ImportLists
from ringcast.services.program_run import Programs
from ringcast.services.program_steps import StepTools
from ringcast.services.prompts import Prompts
from ringcast.services.recording_files import KeepRecordings
from ringcast.services.recordings import CompleteAbandonedRecordings
from ringcast.services.recovery import EndOrphanedAttempts, HoldAttempts
from ringcast.services.sound_calls import SettleSpokenSounds

__all__ = ["Core", "running_core"]

log = logging.getLogger(__name__)

_FORGET_PERIOD = 3600.0  # seconds between clean-ups of saved answers
_CLOSING = 15.0  # seconds for the ends of calls to be written on the way out


@dataclass(frozen=True, kw_only=True, slots=True)
class Core:
    """The running product, without any way in."""

    store: Store
    clock: Clock
    audio: AudioStore
    speech: Speech
    engine: EmbeddedEngine
    recordings: RecordingArchive
    conferences: Conferences
    dialer: Dialer
    list_imports: ImportLists
    changes: ChangeWriter
    ring_timeout: timedelta
    public_ids: PublicIds

    @property
    def send_calls(self) -> SendCalls:
        """The way in that every dialect shares."""
        return SendCalls(
            store=self.store,
            speech=self.speech,
            clock=self.clock,
            wake=self.dialer.wake,
            ring_timeout=self.ring_timeout,
        )

    async def drain(self) -> None:
        """Dial no more, and return when the last call has ended."""
        self.dialer.drain()
        await self.dialer.drained()

    async def end_calls(self, reason: str) -> None:
        """Dial no more, and hang up: every call gets its end, and with it its outcome."""
        self.dialer.drain()
        await self.dialer.hang_up_all(reason)
        await self.engine.close()


@asynccontextmanager
async def running_core(
    settings: Settings,
    *,
    observer: Callable[[Sequence[CallEvent]], None] | None = None,
) -> AsyncIterator[Core]:
    """Start everything that makes calls; on the way out live calls are hung up and written down."""
    trunk = trunk_of(settings)
    clock = SystemClock()
    holder = f"{os.uname().nodename}-{os.getpid()}-{secrets.token_hex(4)}"
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings))
        async with store.begin() as tx:
            ids = await public_ids(tx)
            await tx.commit()
        audio = _audio(settings.data_dir / "sounds")
        stack.push_async_callback(audio.close)
        recordings = RecordingDirectory(settings.data_dir / "recordings")
        stack.push_async_callback(recordings.close)
        synthesizer = EspeakSynthesizer()
        stack.push_async_callback(synthesizer.close)
        engine = EmbeddedEngine(
            clock=clock,
            sip=(settings.sip.host, settings.sip.port),
            transports=("udp", "tcp", "tls"),
            tls=tls_settings(settings),
            rtp_ports=settings.rtp_ports,
            rtp_host=settings.sip.host,
            advertise=settings.sip_advertise,
            media_workers=settings.media_workers or os.cpu_count() or 1,
            trunk=trunk,
            playable=audio.playable,
        )
        changes = ChangeWriter(store=store, observer=observer)
        web = HttpFetcher(allow_private=settings.allow_private_urls)
        remote_sounds = CachedRemoteSounds(web=web, audio=audio, clock=clock)
        stack.push_async_callback(remote_sounds.close)
        speech = StoredSpeech(synthesizer, audio, directory=settings.data_dir / "speech")
        addresses = RecordingAddresses(_root(settings))
        prompts = Prompts(
            store=store,
            audio=audio,
            speech=speech,
            remote=remote_sounds,
            archive=recordings,
            recording_at=addresses.recording_at,
        )
        conferences = Conferences(
            store=store,
            engine=engine,
            clock=clock,
            holder=holder,
            hold_for=HOLD_FOR,
            prompts=prompts,
        )
        tools = StepTools(
            prompts=prompts,
            incidents=KeepIncident(store=store, clock=clock),
            conferences=conferences,
            web=web,
            recordings=KeepRecordings(
                store=store,
                archive=recordings,
                clock=clock,
                url_of=addresses.address_of,
            ),
        )
        admission = Admission(
            calls_per_second=settings.trunk_cps, max_calls=settings.trunk_max_calls
        )
        dialer = Dialer(
            store=store,
            engine=engine,
            admission=admission,
            changes=changes,
            clock=clock,
            holder=holder,
            law=Law(is_holiday=is_public_holiday),
            programs=Programs(interpreters=interpreters(ids), tools=tools, clock=clock),
        )
        spoken_sounds = SettleSpokenSounds(store=store, archive=recordings, audio=audio)
        changes.observe(partial(_wake_at_ends, spoken_sounds.wake))
        list_imports = ImportLists(store=store, clock=clock, holder=holder)
        inbound = ReceiveCalls(
            store=store,
            engine=engine,
            live=dialer,
            admission=admission,
            clock=clock,
            holder=holder,
            hold_for=HOLD_FOR,
            prepare=partial(prepare, root=_root(settings), ids=ids),
        )

        def deliver(event: EngineEvent) -> None:
            dialer.deliver(event)
            conferences.note(event)

        await engine.start(deliver, on_offer=inbound.offered, on_room=conferences.note_room)
        stack.push_async_callback(engine.close)
        core = Core(
            store=store,
            clock=clock,
            audio=audio,
            speech=speech,
            engine=engine,
            recordings=recordings,
            conferences=conferences,
            dialer=dialer,
            list_imports=list_imports,
            changes=changes,
            ring_timeout=timedelta(seconds=settings.ring_timeout),
            public_ids=ids,
        )
        failure: RingcastError | None = None
        async with asyncio.TaskGroup() as group:
            workers = [
                group.create_task(work)
                for work in (
                    changes.run(),
                    dialer.run(),
                    inbound.run(),
                    list_imports.run(),
                    conferences.run(),
                    spoken_sounds.run(),
                    HoldAttempts(store=store, clock=clock, holder=holder).run(),
                    EndOrphanedAttempts(store=store, clock=clock).run(),
                    CompleteAbandonedRecordings(store=store, archive=recordings, clock=clock).run(),
                    _repeat(ForgetAnswers(store=store, clock=clock), every=_FORGET_PERIOD),
                )
            ]
            try:
                yield core
            except RingcastError as error:  # raised below: the group would wrap it in its own
                failure = error
            finally:
                await core.end_calls("the program was stopped")
                try:
                    async with asyncio.timeout(_CLOSING):
                        await dialer.drained()
                        await changes.drained()
                        await conferences.drained()
                except TimeoutError:
                    log.warning(
                        "closing before all calls were written", extra={"calls": dialer.live}
                    )
                for worker in workers:
                    worker.cancel()
        if failure is not None:
            raise failure


def _wake_at_ends(wake: Callable[[], None], events: Sequence[CallEvent]) -> None:
    if any(isinstance(event, CallEnded) for event in events):
        wake()


async def _repeat(action: Callable[[], Awaitable[object]], *, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            await action()
        except Unavailable:
            log.warning("store unavailable, clean-up waits")


def _root(settings: Settings) -> str:
    return (settings.public_url or f"http://{settings.http}").rstrip("/")


def _audio(directory: Path) -> AudioImporter:
    try:
        return AudioImporter(directory)
    except OSError as error:
        raise Unavailable(
            f"sounds cannot be kept in {directory} ({error.strerror}): let this user write there,"
            " or give another directory with --data-dir"
        ) from error
