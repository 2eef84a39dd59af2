"""One answered leg on the simulated engine, in simulated time, for programs to run on."""

from __future__ import annotations

import asyncio
import heapq
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TypeVar

from ringcast.domain.errors import EngineUnavailable
from ringcast.domain.events import CallEvent
from ringcast.domain.ids import AccountId, AttemptId, CallId, RecordingId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import CallFacts, Detect, Program, Prompt, Spoken, Step, StepResult
from ringcast.domain.recordings import RecordingSource
from ringcast.domain.subscriptions import Follower
from ringcast.engines.simulator import FarEnd, SimulatedEngine
from ringcast.ports.audio import ImportedAudio
from ringcast.ports.engine import (
    AnswerKind,
    EngineEvent,
    LegAnswered,
    LegEnded,
    Originate,
    Refusal,
)
from ringcast.ports.recording_files import KeptRecording, RecordingPlace
from ringcast.ports.speech import Voice
from ringcast.ports.web import NoAnswer, WebAnswer, WebRequest
from ringcast.services.call_recordings import CallRecordings
from ringcast.services.detecting_beside import DetectBeside
from ringcast.services.leg_actions import LegActions, LegOver, News
from ringcast.services.program_run import Programs
from ringcast.services.program_steps import StepTools
from ringcast.services.prompts import Prompts
from ringcast.services.second_legs import SecondAnswered, SecondCall, SecondOver
from ringcast.stores.sql.store import SqlStore
from tests.fakes.sound_library import MemoryAudio, MemorySpeech, wav_file

START = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNT = AccountId(7)
LEG = AttemptId(1)
CALLED, CALLER = PhoneNumber("12135550100"), PhoneNumber("12135550199")
_TURNS = 12
"""Turns of the event loop in which whatever needs no time is done."""

R = TypeVar("R", bound=StepResult)


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def pressing(*keys: tuple[float, str]) -> FarEnd:
    """A phone that presses keys so many seconds after its answer."""
    return FarEnd(presses=[(after(when), key) for when, key in keys])


def hanging_up(seconds: float) -> FarEnd:
    return FarEnd(hangs_up_after=after(seconds))


def spoken(text: str, seconds: float) -> Spoken:
    """A prompt that lasts so long: what is spoken lasts 0.05 s a character."""
    return Spoken(text=text.ljust(round(seconds / 0.05), "."))


class NamingSpeech(MemorySpeech):
    """Remembers what each sound says."""

    def __init__(self, audio: MemoryAudio) -> None:
        super().__init__(audio)
        self.texts: dict[str, str] = {}

    async def speak(self, text: str, voice: Voice) -> ImportedAudio:
        imported = await super().speak(text, voice)
        self.texts[imported.digest] = text.rstrip(".")
        return imported


class Web:
    """Answers by URL, each after so many seconds (`ports.web.WebClient`, `RemoteSounds`)."""

    def __init__(self, bench: Bench, audio: MemoryAudio) -> None:
        self._bench = bench
        self._audio = audio
        self.answers: dict[str, tuple[float, int, bytes]] = {}
        self.requests: list[WebRequest] = []
        self.canceled = 0

    async def request(self, request: WebRequest) -> WebAnswer:
        self.requests.append(request)
        if request.url not in self.answers:
            raise NoAnswer(request.url, "nobody is there")
        seconds, status, body = self.answers[request.url]
        try:
            await self._bench.sleep(seconds)
        except asyncio.CancelledError:
            self.canceled += 1
            raise
        kind = (("Content-Type", "text/plain"),)
        return WebAnswer(status=status, headers=kind, body=body, url=request.url)

    async def fetch(self, url: str, *, cache: bool = True) -> str:
        answer = await self.request(WebRequest(url=url))
        return (await self._audio.import_bytes(answer.body)).digest


class Files:
    """Keeps recordings nowhere, and remembers them (`ports.recording_files.RecordingFiles`)."""

    def __init__(self) -> None:
        self.begun: list[RecordingPlace] = []
        self.kept: dict[RecordingId, tuple[timedelta, bool]] = {}
        """How long each was, and whether its silence was to be cut off."""

    async def begin(
        self,
        call: CallFacts,
        name: str | None,
        *,
        source: RecordingSource,
        follower: Follower | None = None,
    ) -> RecordingPlace:
        number = RecordingId(100 + len(self.begun))
        place = RecordingPlace(
            id=number, account_id=call.account_id, path=Path(os.devnull), name=name
        )
        self.begun.append(place)
        return place

    async def finish(
        self,
        place: RecordingPlace,
        length: timedelta,
        *,
        trim_silence: bool = False,
        only_sent: bool = False,
    ) -> KeptRecording:
        self.kept[place.id] = length, trim_silence
        return KeptRecording(id=place.id, length=length, url=f"http://here/{place.id}")


class Bench:
    """A leg, those it can be connected to, and what a program leaves behind."""

    def __init__(
        self,
        far_end: FarEnd | None = None,
        *,
        others: Mapping[PhoneNumber, FarEnd] | None = None,
        store: SqlStore | None = None,
    ) -> None:
        self.audio = MemoryAudio()
        self.speech = NamingSpeech(self.audio)
        self.web = Web(self, self.audio)
        phones = {CALLED: far_end or FarEnd()} | dict(others or {})
        self.engine = SimulatedEngine(
            now=START,
            far_end=lambda to: phones.get(to) if isinstance(to, PhoneNumber) else None,
            length_of=lambda digest: after(self.audio.describe(digest).seconds),
        )
        # Only sounds of the account are looked up in it.
        self._store = store or SqlStore(f"sqlite:///{Path('/nonexistent/store')}")
        self.prompts = Prompts(
            store=self._store, audio=self.audio, speech=self.speech, remote=self.web
        )
        self.files = Files()
        self.tools = StepTools(prompts=self.prompts, web=self.web, recordings=self.files)
        self.programs = Programs(interpreters={}, tools=self.tools, clock=self)
        self.actions = LegActions(
            leg=LEG, engine=self.engine, clock=self, next_news=self.next_news, deliver=self.deliver
        )
        self.told: list[CallEvent] = []
        self.beside: list[asyncio.Future[None]] = []
        self.recordings = CallRecordings(
            self.actions, self.facts, self.files, tell=self.told.append, now=self.now
        )
        self.events: list[EngineEvent] = []
        self.answered_by: list[AnswerKind] = []
        self.answers: dict[str, str] = {}
        self.bans: list[tuple[str, PhoneNumber | None]] = []
        self.is_transferred = False
        self.seconds_placed: list[SecondCall] = []
        self.results: list[StepResult] = []
        """What the steps of `does` answered."""
        self._waiting: deque[News] = deque()
        self._timers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = count()
        self._legs = count(2)
        self._leg_of: dict[int, AttemptId] = {}
        self._number_of: dict[AttemptId, int] = {}

    # Time

    def now(self) -> datetime:
        return self.engine.now

    def monotonic(self) -> float:
        return (self.engine.now - START).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Let simulated time pass."""
        if seconds <= 0:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due = self.engine.now + after(seconds)
        heapq.heappush(self._timers, (due, next(self._order), future))
        await future

    # Running

    async def run(self, start: Callable[[], Program]) -> str | None:
        """Answer, and run a program; return why it wants the leg to be ended."""
        await self.answer()
        return await self.programs.run(start(), self.actions, self)

    async def does(self, *steps: Step) -> str | None:
        """Answer, and carry out steps; what they answer is in `results`."""

        def program() -> Program:
            for step in steps:
                result = yield step
                self.results.append(result)

        return await self.run(program)

    async def result(self, step: Step, kind: type[R]) -> R:
        """Answer, and return what a step answers."""
        await self.does(step)
        (result,) = self.results
        assert isinstance(result, kind), result
        return result

    async def answer(self) -> None:
        await self.engine.start(self._take)
        await self.engine.originate(Originate(leg=LEG, to=CALLED, from_number=CALLER))
        while not isinstance(await self.next_news(None), LegAnswered):
            pass

    @property
    def since_answer(self) -> float:
        """Seconds."""
        (answered,) = [e for e in self.events if isinstance(e, LegAnswered) and e.leg == LEG]
        return (self.engine.now - answered.at).total_seconds()

    @property
    def heard(self) -> Sequence[str]:
        """What was said, or the content hash where nothing was."""
        return self.heard_by(LEG)

    def heard_by(self, leg: AttemptId) -> Sequence[str]:
        return [self.speech.texts.get(one, one) for one in self.engine.heard.get(leg, [])]

    def of(self, kind: type[EngineEvent]) -> Iterator[EngineEvent]:
        return (e for e in self.events if isinstance(e, kind) and e.leg == LEG)

    async def sound(self, seconds: float, *, level: int = 1000) -> str:
        """Keep a sound of that length; return its content hash."""
        return (await self.audio.import_bytes(wav_file(seconds, level=level))).digest

    # The call (`scripted_call.ScriptedCall`)

    def facts(self) -> CallFacts:
        return CallFacts(
            call_id=CallId(1),
            attempt_id=LEG,
            account_id=ACCOUNT,
            to=CALLED,
            from_number=CALLER,
            answered_at=START,
        )

    def note_answered_by(self, kind: AnswerKind) -> None:
        self.answered_by.append(kind)

    def detect_beside(self, step: Detect) -> None:
        find_out = DetectBeside(
            self.actions,
            self.facts,
            note=self.note_answered_by,
            tell=self.told.append,
            now=self.now,
        )
        self.beside.append(asyncio.ensure_future(find_out(step)))

    def note_answer(self, question: str, response: str) -> None:
        self.answers[question] = response

    async def pick_up(self) -> None:
        """The call is one that we have placed."""

    async def turn_away(self, refusal: Refusal) -> None:
        """The call is one that we have placed."""

    def note_transferred(self) -> None:
        self.is_transferred = True

    def ban(self, source: str, number: PhoneNumber | None = None) -> None:
        self.bans.append((source, number))

    def place_second(self, number: int, wanted: SecondCall) -> None:
        self.seconds_placed.append(wanted)
        leg = AttemptId(next(self._legs))
        request = Originate(
            leg=leg, to=wanted.to, from_number=None, near=LEG, ring_timeout=wanted.ring_timeout
        )
        try:
            self.engine.originate(request).send(None)
        except StopIteration:  # done: the simulator waits for nothing
            self._leg_of[number], self._number_of[leg] = leg, number
        except EngineUnavailable:
            self._waiting.append(SecondOver(number=number, outcome=Outcome.UNDIALED))

    async def end_second(self, number: int) -> None:
        await self.engine.hang_up(self._leg_of[number])

    # News

    def deliver(self, news: News) -> None:
        self._waiting.append(news)

    async def next_news(self, until: float | None) -> News | None:
        limit = None if until is None else START + after(until)
        while True:
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if self._waiting:
                break
            due = self._next_due()
            if limit is not None and (due is None or due > limit):
                self.engine.advance(limit - self.engine.now)
                return None
            assert due is not None, "the program waits for what never comes"
            self.engine.advance(due - self.engine.now)
            while self._timers and self._timers[0][0] <= self.engine.now:
                _, _, future = heapq.heappop(self._timers)
                if not future.done():
                    future.set_result(None)
        news = self._waiting.popleft()
        if isinstance(news, LegEnded):
            raise LegOver(news)
        return news

    def _next_due(self) -> datetime | None:
        while self._timers and self._timers[0][2].done():
            heapq.heappop(self._timers)
        dues = [self._timers[0][0]] if self._timers else []
        if self.engine.next_due is not None:
            dues.append(self.engine.next_due)
        return min(dues, default=None)

    def _take(self, event: EngineEvent) -> None:
        self.events.append(event)
        number = self._number_of.get(event.leg)
        if event.leg == LEG:
            self._waiting.append(event)
        elif number is None:
            pass
        elif isinstance(event, LegAnswered):
            self._waiting.append(SecondAnswered(number, event.leg, CallId(event.leg)))
        elif isinstance(event, LegEnded):
            outcome = Outcome.HUMAN if event.sip_status is None else Outcome.NO_ANSWER
            self._waiting.append(
                SecondOver(
                    number=number,
                    outcome=outcome,
                    call_id=CallId(event.leg),
                    sip_status=event.sip_status,
                )
            )


def prompts_of(*texts: str) -> tuple[Prompt, ...]:
    return tuple(Spoken(text=text) for text in texts)
