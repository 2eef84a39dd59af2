"""What the contract suite of engines needs around an engine: far ends, sounds, and time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import Destination, PhoneNumber
from ringcast.engines.simulator import FarEnd, SimulatedEngine
from ringcast.ports.engine import (
    CallEngine,
    CallOffered,
    EngineEvent,
    LegEnded,
    Originate,
    TakeCall,
)
from ringcast.ports.rooms import RoomEvent

E = TypeVar("E", bound=EngineEvent)

CALLER = PhoneNumber("12025550199")


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


@dataclass
class Phone:
    """A called telephone: where it is, and what it does."""

    to: Destination
    far_end: FarEnd


class Log:
    """What an engine has reported."""

    def __init__(self) -> None:
        self.events: list[EngineEvent] = []

    def __call__(self, event: EngineEvent) -> None:
        self.events.append(event)

    def of(self, leg: AttemptId, kind: type[E]) -> list[E]:
        """Return the events of this kind."""
        return [e for e in self.events if isinstance(e, kind) and e.leg == leg]

    def kinds(self, leg: AttemptId) -> list[str]:
        """Return the names of what happened to the leg, in order."""
        return [type(event).__name__ for event in self.events if event.leg == leg]

    def legs(self) -> set[AttemptId]:
        return {event.leg for event in self.events}


class Rig(Protocol):
    """An engine that has been started, with telephones around it."""

    engine: CallEngine
    log: Log
    nowhere: Destination
    """A destination that no route leads to."""
    offers: list[CallOffered]
    """The calls that came to the engine."""
    is_real: bool
    """Whether there is audio."""
    room_events: list[RoomEvent]
    """What was reported of rooms."""

    def phone(self, far_end: FarEnd, *, speaks: bool = False) -> Phone:
        """Set up a telephone under a number of its own.

        If it `speaks` it sounds like its `answer_kind`; others hum.
        """

    async def call_in(self, phone: Phone, to: str, *, gives_up_after: float | None = None) -> None:
        """Have the telephone call the engine; what it does after the answer is its `far_end`."""

    def note_taken(self, phone: Phone, leg: AttemptId) -> None:
        """The telephone's call has become this leg."""

    def refused_with(self, phone: Phone) -> int | None:
        """Return the SIP status with which the telephone's call was refused."""

    async def hears(self, phone: Phone, other: Phone) -> bool:
        """Whether what one telephone says is heard whole and well by another."""

    async def who_hears_whom(self, phones: Sequence[Phone]) -> set[tuple[int, int]]:
        """Let all speak at once; return who hears whom, by their places among `phones`."""

    def sound(self, length: float) -> str:
        """Make a sound of so many seconds (whole frames of 20 ms); return its content hash."""

    def heard(self, phone: Phone, sounds: list[str]) -> bool:
        """Whether the telephone heard these sounds one after the other without a gap."""

    def digits(self, phone: Phone) -> str:
        """Return the digits that the telephone received."""

    def is_recorded(self, path: Path, length: timedelta) -> bool:
        """Whether the file is complete and holds what the telephone sent for so long."""

    async def until(self, condition: Callable[[], bool], *, within: float = 5.0) -> None:
        """Let time pass until the condition holds; fail if it does not `within` seconds."""

    async def pass_time(self, length: float) -> None:
        """Let so many seconds pass."""

    async def close(self) -> None:
        """Close the engine and what is around it."""


_last_leg = 0


async def call(
    rig: Rig,
    phone: Phone,
    *,
    ring_timeout: float = 10.0,
    max_length: float = 60.0,
    near: AttemptId | None = None,
) -> AttemptId:
    """Place a call to the telephone; return its leg."""
    global _last_leg
    _last_leg += 1
    leg = AttemptId(_last_leg)
    await rig.engine.originate(
        Originate(
            leg=leg,
            to=phone.to,
            from_number=CALLER,
            ring_timeout=seconds(ring_timeout),
            max_length=seconds(max_length),
            near=near,
        )
    )
    return leg


async def offered(rig: Rig, phone: Phone, to: str = "+12135550100") -> CallOffered:
    """Have the telephone call the engine; return what the engine tells of it."""
    before = len(rig.offers)
    await rig.call_in(phone, to)
    await rig.until(lambda: len(rig.offers) > before)
    return rig.offers[-1]


async def taken(
    rig: Rig, phone: Phone, *, ring_timeout: float = 10.0, max_length: float = 60.0
) -> AttemptId:
    """Have the telephone call the engine and take its call; return the leg."""
    global _last_leg
    offer = await offered(rig, phone)
    _last_leg += 1
    leg = AttemptId(_last_leg)
    rig.note_taken(phone, leg)
    await rig.engine.take(
        TakeCall(
            offer=offer.offer,
            leg=leg,
            ring_timeout=seconds(ring_timeout),
            max_length=seconds(max_length),
        )
    )
    return leg


async def happens(
    rig: Rig, leg: AttemptId, kind: type[E], *, times: int = 1, within: float = 5.0
) -> E:
    """Wait until an event of this kind has come so many times; return the last of them."""
    await rig.until(lambda: len(rig.log.of(leg, kind)) >= times, within=within)
    return rig.log.of(leg, kind)[times - 1]


def check_promises(log: Log) -> None:
    """Assert what holds for all legs once their engine is closed."""
    for leg in log.legs():
        events = [event for event in log.events if event.leg == leg]
        assert len(log.of(leg, LegEnded)) == 1, f"one LegEnded per leg, not {log.kinds(leg)}"
        assert isinstance(events[-1], LegEnded), f"LegEnded comes last, not {log.kinds(leg)}"
        assert all(event.at.tzinfo is UTC for event in events)


class SimulatedRig:
    """The engine without network."""

    nowhere: Destination = PhoneNumber("12025550000")
    is_real = False

    def __init__(self) -> None:
        self._phones: dict[Destination, Phone] = {}
        self._sounds: dict[str, timedelta] = {}
        self.simulator = SimulatedEngine(
            now=datetime(2026, 1, 1, tzinfo=UTC),
            far_end=lambda to: self._phones[to].far_end if to in self._phones else None,
            length_of=self._sounds.__getitem__,
        )
        self.engine: CallEngine = self.simulator
        self.log = Log()
        self.offers: list[CallOffered] = []
        self.room_events: list[RoomEvent] = []
        self._taken: dict[Destination, AttemptId] = {}
        self._offer_of: dict[Destination, int] = {}

    async def start(self) -> None:
        await self.engine.start(
            self.log, on_offer=self.offers.append, on_room=self.room_events.append
        )

    async def call_in(self, phone: Phone, to: str, *, gives_up_after: float | None = None) -> None:
        self._offer_of[phone.to] = self.simulator.call_in(
            to,
            from_text=str(phone.to),
            far_end=phone.far_end,
            gives_up_after=seconds(60 if gives_up_after is None else gives_up_after),
            headers={"X-Campaign": "spring"},
        )

    def note_taken(self, phone: Phone, leg: AttemptId) -> None:
        self._taken[phone.to] = leg

    def refused_with(self, phone: Phone) -> int | None:
        refusal = self.simulator.refused(self._offer_of[phone.to])
        return None if refusal is None else refusal.sip_status

    def phone(self, far_end: FarEnd, *, speaks: bool = False) -> Phone:
        to = PhoneNumber(f"1213555{1000 + len(self._phones)}")
        phone = self._phones[to] = Phone(to, far_end)
        return phone

    async def hears(self, phone: Phone, other: Phone) -> bool:
        return self.simulator.hears(self._leg_of(phone)) == self._leg_of(other)

    async def who_hears_whom(self, phones: Sequence[Phone]) -> set[tuple[int, int]]:
        legs = [self._leg_of(phone) for phone in phones]
        return {
            (here, there)
            for here, leg in enumerate(legs)
            for there, other in enumerate(legs)
            if self.simulator.rooms.hears(leg, other)
        }

    def sound(self, length: float) -> str:
        digest = f"sound{len(self._sounds)}"
        self._sounds[digest] = seconds(length)
        return digest

    def heard(self, phone: Phone, sounds: list[str]) -> bool:
        heard = self.simulator.heard.get(self._leg_of(phone), [])
        return any(heard[i : i + len(sounds)] == sounds for i in range(len(heard)))

    def digits(self, phone: Phone) -> str:
        return self.simulator.digits.get(self._leg_of(phone), "")

    def is_recorded(self, path: Path, length: timedelta) -> bool:
        return path.exists()  # the simulator keeps no audio

    async def until(self, condition: Callable[[], bool], *, within: float = 5.0) -> None:
        limit = self.simulator.now + seconds(within)
        while not condition():
            due = self.simulator.next_due
            assert due is not None, "nothing more will happen"
            assert due <= limit, f"it did not happen within {within} s"
            self.simulator.advance(due - self.simulator.now)

    async def pass_time(self, length: float) -> None:
        self.simulator.advance(seconds(length))

    async def close(self) -> None:
        await self.engine.close()

    def _leg_of(self, phone: Phone) -> AttemptId:
        if phone.to in self._taken:
            return self._taken[phone.to]
        (request,) = [r for r in self.simulator.originated if r.to == phone.to]
        return request.leg
