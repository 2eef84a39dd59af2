"""The simulated carrier: takes calls over SIP and gives each to the phone of its number."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Final, Self

from ringcast.media import messages as media
from ringcast.media.pool import MediaPool
from ringcast.phones.calls import CallJournal, CallOutcome, CallRecord, WhoEnded
from ringcast.phones.errors import CannotStart
from ringcast.phones.phone_call import PhoneCall, Switchroom
from ringcast.phones.phone_media import MediaDesk
from ringcast.phones.plan import Phone, Plan, default_plan
from ringcast.phones.sounds import SoundLibrary
from ringcast.ports.clock import Clock
from ringcast.ports.speech import SpeechSynthesizer
from ringcast.protocols.sip.agent import ADMIT, Admission, Refuse
from ringcast.protocols.sip.message import Request
from ringcast.protocols.sip.transactions import Destination
from ringcast.protocols.sip.uri import OpaqueUri, SipUri, format_host_port
from ringcast.useragent import IncomingCall, UserAgent, UserAgentError

__all__ = ["JOURNAL", "Carrier", "PhonesOptions", "run_phones"]

log = logging.getLogger(__name__)

JOURNAL: Final = "calls.jsonl"
"""Name of the file with a line for each call, in the folder of the recordings."""
FINISHING: Final = 1.0
"""Seconds given to the calls to be completed when the carrier stops."""
FAREWELL: Final = 0.5
"""Seconds given to the far ends to answer the last BYE."""
_IGNORED_KEPT: Final = 10_000
"""How many ignored INVITEs are told from their repetitions, which come for 32 s (Timer B)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonesOptions:
    """What a carrier is made of."""

    sip: tuple[str, int] = ("127.0.0.1", 5090)
    """The IPv4 address where it listens, over UDP and TCP; port 0 takes a free one."""
    rtp_ports: range = range(30000, 40000)
    plan: Plan = field(default_factory=default_plan)
    record_dir: Path | None = None
    """Where `calls.jsonl` and the recordings go; None keeps neither."""
    sounds_dir: Path | None = None
    """Where sounds are kept from run to run; None makes them anew in a temporary folder."""
    media_workers: int = 1
    silence_limit: timedelta = timedelta(seconds=60)
    """A caller that sends no RTP for so long is gone, and hung up; on hold it may be silent."""
    on_line: Callable[[str], None] | None = None
    """Also gets each line of the journal."""


async def run_phones(
    options: PhonesOptions,
    *,
    synthesizer: SpeechSynthesizer,
    clock: Clock,
    ready: Callable[[str], None],
    stop: asyncio.Event,
) -> None:
    """Take calls until `stop` is set; `ready` gets host:port first. Raises CannotStart."""
    async with Carrier(options, synthesizer=synthesizer, clock=clock) as carrier:
        ready(carrier.address)
        await stop.wait()


class Carrier:
    """Telephones behind one SIP address."""

    def __init__(
        self, options: PhonesOptions, *, synthesizer: SpeechSynthesizer, clock: Clock
    ) -> None:
        """Prepare; raise CannotStart for options that no carrier can have."""
        self._options = options
        self._synthesizer = synthesizer
        self._clock = clock
        self._calls: dict[int, PhoneCall] = {}
        self._all_finished = asyncio.Event()
        self._ignored: OrderedDict[tuple[str, str | None, int], None] = OrderedDict()
        self._streams = 0
        self._is_closing = False
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._journal: CallJournal | None = None
        self._room: Switchroom | None = None
        try:
            self._pool = MediaPool(
                workers=options.media_workers,
                host=options.sip[0],
                ports=options.rtp_ports,
                on_event=self._on_media_event,
                rtp_timeout=options.silence_limit,
            )
        except ValueError as exc:  # no IPv4 address, no even port
            raise CannotStart(str(exc)) from exc
        self._agent = UserAgent(
            listen=options.sip,
            on_incoming=self._on_incoming,
            admit=self._admit,
            user_agent="Ringcast phones",
        )

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def address(self) -> str:
        """Where it listens, as host:port."""
        return format_host_port(*self._agent.local_address)

    @property
    def call_count(self) -> int:
        """How many calls have not ended."""
        return len(self._calls)

    @property
    def folder(self) -> Path:
        """Where recordings are written: the one asked for, or a temporary one."""
        assert self._room is not None  # it is started
        return self._room.folder

    @property
    def media_pids(self) -> list[int]:
        """The process ids of the media workers."""
        return self._pool.worker_pids

    async def start(self) -> None:
        """Prepare the sounds and begin to take calls; raise CannotStart."""
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End all calls, complete their records and files, and release everything."""
        self._is_closing = True
        for call in list(self._calls.values()):
            call.hang_up()
        try:
            async with asyncio.timeout(FINISHING):
                await self._finished()
        except TimeoutError:
            log.warning("calls ended without their media", extra={"calls": len(self._calls)})
        await self._pool.close()
        openings = [call.opening for call in self._calls.values() if call.opening is not None]
        await asyncio.gather(*openings, return_exceptions=True)
        for call in list(self._calls.values()):
            call.complete_now()
        await self._say_farewell()
        await self._agent.close()
        if self._journal is not None:
            self._journal.close()
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    async def _start(self) -> None:
        options = self._options
        self._temporary = tempfile.TemporaryDirectory(prefix="ringcast-phones-")
        temporary = Path(self._temporary.name)
        record_dir = options.record_dir
        self._journal = CallJournal(
            None if record_dir is None else record_dir / JOURNAL, on_line=options.on_line
        )
        sounds = SoundLibrary(
            options.sounds_dir or temporary / "sounds",
            synthesizer=self._synthesizer,
            voice=options.plan.voice,
        )
        self._room = Switchroom(
            desk=MediaDesk(
                pool=self._pool,
                host=options.sip[0],
                sounds=sounds,
                random=Random(),  # noqa: S311 - which packets are lost is no secret
            ),
            clock=self._clock,
            folder=temporary if record_dir is None else record_dir,
            keeps_recordings=record_dir is not None,
            on_finished=self._on_finished,
        )
        # Both to their ends: workers that are cancelled while they start take long to be gone.
        for result in await asyncio.gather(
            self._pool.start(), sounds.prepare(options.plan.sounds()), return_exceptions=True
        ):
            if isinstance(result, media.MediaError):
                raise CannotStart(str(result)) from result
            if isinstance(result, BaseException):
                raise result
        try:
            await self._agent.start()
        except UserAgentError as exc:
            raise CannotStart(f"{exc}; give another --sip") from exc

    async def _finished(self) -> None:
        while self._calls:
            self._all_finished.clear()
            await self._all_finished.wait()

    async def _say_farewell(self) -> None:
        """Wait a moment for the answers to the last BYEs, so that a lost one is sent again."""
        for _ in range(round(FAREWELL / 0.02)):
            if not self._agent.session_count:
                return
            await asyncio.sleep(0.02)

    # Calls

    def _admit(self, request: Request, source: Destination) -> Admission:
        called = _user(request.request_uri)
        phone = self._options.plan.find(called)
        if phone.is_silent and request.method != "OPTIONS":
            if request.method == "INVITE":
                self._ignore(request, source, phone)
            return None
        return Refuse(503) if self._is_closing and request.method == "INVITE" else ADMIT

    def _ignore(self, request: Request, source: Destination, phone: Phone) -> None:
        """Write the line of an INVITE that is not answered, once: it will be repeated."""
        key = (request.call_id, request.from_tag, request.cseq.number)
        if key in self._ignored:
            return
        self._ignored[key] = None
        if len(self._ignored) > _IGNORED_KEPT:
            self._ignored.popitem(last=False)
        record = self._new_record(request, source, phone)
        record.outcome, record.ended_by = CallOutcome.IGNORED, WhoEnded.PHONE
        record.ended_at, record.ended_monotonic = record.invite_at, record.invite_monotonic
        self._write(record)

    def _on_incoming(self, call: IncomingCall) -> None:
        assert self._room is not None  # the agent was started after it was made
        phone = self._options.plan.find(_user(call.request.request_uri))
        record = self._new_record(call.request, call.source, phone)
        self._streams += 1
        phone_call = PhoneCall(
            call,
            room=self._room,
            phone=phone,
            record=record,
            stream=self._streams,
            file_name=_file_name(record, call.request.from_tag),
        )
        self._calls[self._streams] = phone_call
        phone_call.start()

    def _new_record(self, request: Request, source: Destination, phone: Phone) -> CallRecord:
        assert self._journal is not None  # the agent was started after it was made
        called, caller = _user(request.request_uri), _user(request.from_.uri)
        return CallRecord(
            call_id=request.call_id,
            called=called,
            caller=caller,
            phone=phone.ends_in,
            name=phone.name,
            attempt=self._journal.next_attempt(caller=caller, called=called),
            headers={
                name: ", ".join(request.headers.get_all(name))
                for name, _ in request.headers
                if name[:2] in ("X-", "x-")
            },
            source=f"{source.transport.lower()} {format_host_port(source.host, source.port)}",
            invite_at=self._clock.now(),
            invite_monotonic=self._clock.monotonic(),
        )

    def _on_finished(self, call: PhoneCall) -> None:
        self._calls.pop(call.stream, None)
        if not self._calls:
            self._all_finished.set()
        self._write(call.record)

    def _write(self, record: CallRecord) -> None:
        assert self._journal is not None
        try:
            self._journal.write(record)
        except OSError:  # a full disk: the calls that are up go on
            log.exception("line not written", extra={"call_id": record.call_id})

    # Media

    def _on_media_event(self, event: media.MediaEvent) -> None:
        streams = event.streams if isinstance(event, media.WorkerLost) else (event.stream,)
        for stream in streams:
            call = self._calls.get(stream)
            if call is None:
                continue
            try:
                if isinstance(event, media.WorkerLost):
                    call.lose_media()
                else:
                    call.on_media_event(event)
            except Exception:  # one call's bug must not end the others
                log.exception("media event failed", extra={"call_id": call.record.call_id})


def _user(uri: SipUri | OpaqueUri) -> str:
    """Return the number of a URI, without the parameters some gateways put into the user part."""
    return (uri.unescaped_user or "").partition(";")[0]


def _file_name(record: CallRecord, from_tag: str | None) -> str:
    """Return a name that tells the number called and is not given twice."""
    digits = "".join(filter(str.isdecimal, record.called))[:20] or "none"
    what = f"{record.call_id}\n{from_tag}\n{record.invite_at}\n{record.attempt}"
    return f"{digits}-{hashlib.sha256(what.encode(errors='replace')).hexdigest()[:16]}.wav"
