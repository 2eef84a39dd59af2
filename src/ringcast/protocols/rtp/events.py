"""Telephone events (RFC 4733): DTMF digits sent and received as RTP events.

Times are in seconds, durations on the wire in timestamp units of the 8 kHz clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

DIGITS = "0123456789*#ABCD"
CLOCK_RATE = 8000
LONGEST = 0xFFFF
END_PACKETS = 3
#: Characters of a digit string that only wait, with how long (ms).
PAUSES = {"w": 500, "W": 1000}
#: Longest digit sent: what one event's 16-bit duration can say (2.5.1.3 is for longer ones).
LONGEST_MS = 8000


@dataclass(frozen=True, slots=True)
class EventPayload:
    """The four bytes of an event (2.3)."""

    event: int
    end: bool
    volume: int
    duration: int

    def serialize(self) -> bytes:
        """Return the payload as it goes on the wire."""
        flags = (0x80 if self.end else 0) | self.volume
        return bytes((self.event, flags)) + self.duration.to_bytes(2, "big")

    @classmethod
    def parse(cls, data: bytes) -> EventPayload:
        """Read the first event of a payload; raise ValueError if it is shorter than one."""
        if len(data) < 4:
            raise ValueError(f"a telephone event has 4 bytes, not {len(data)}")
        return cls(data[0], bool(data[1] & 0x80), data[1] & 0x3F, data[2] << 8 | data[3])


@dataclass(frozen=True, slots=True)
class EventPacket:
    """What one packet interval carries while digits are being sent."""

    payload: bytes
    marker: bool
    #: Timestamp of the beginning of the event, the same in all its packets (2.5.1.2).
    timestamp: int


def check_digits(digits: str, *, duration_ms: int, gap_ms: int) -> None:
    """Raise ValueError for what `EventSender` cannot send."""
    for digit in digits:
        if digit.upper() not in DIGITS and digit not in PAUSES:
            raise ValueError(f"{digit!r} is no DTMF digit (0-9 * # A-D) and no pause (w W)")
    if not 40 <= duration_ms <= LONGEST_MS:
        raise ValueError(f"a digit lasts 40 to {LONGEST_MS} ms, not {duration_ms}")
    if not 0 <= gap_ms <= LONGEST_MS:
        raise ValueError(f"the gap after a digit is 0 to {LONGEST_MS} ms, not {gap_ms}")


class EventSender:
    """Sends digits one packet interval at a time; call `next_packet` once per interval.

    Each digit begins with the marker, repeats its starting timestamp with a growing duration, and
    ends with three end packets at the interval of its updates (2.5.1.4).
    """

    def __init__(self, *, interval: int = 160, volume: int = 10) -> None:
        self._interval = interval
        self._volume = volume
        self._steps: deque[tuple[int, bool, int, bool] | None] = deque()
        self._started_at = 0

    @property
    def is_idle(self) -> bool:
        """True when every digit and the gap after it have passed."""
        return not self._steps

    def send(self, digits: str, *, duration_ms: int, gap_ms: int) -> None:
        """Append digits to what is being sent; raise ValueError for what cannot be."""
        check_digits(digits, duration_ms=duration_ms, gap_ms=gap_ms)
        for digit in digits:
            if digit in PAUSES:
                self._steps.extend([None] * self._intervals(PAUSES[digit]))
            else:
                self._append(DIGITS.index(digit.upper()), duration_ms, gap_ms)

    def next_packet(self, timestamp: int) -> EventPacket | None:
        """Return what this interval carries; None when it carries audio or nothing.

        `timestamp` is that of an audio packet in this interval.
        """
        step = self._steps.popleft() if self._steps else None
        if step is None:
            return None
        event, end, duration, first = step
        if first:
            self._started_at = timestamp
        payload = EventPayload(event, end, self._volume, duration).serialize()
        return EventPacket(payload, first, self._started_at)

    def _append(self, event: int, duration_ms: int, gap_ms: int) -> None:
        updates = self._intervals(duration_ms)
        total = duration_ms * CLOCK_RATE // 1000
        for number in range(1, updates):
            self._steps.append((event, False, number * self._interval, number == 1))
        ends = [(event, True, total, updates == 1)] + [(event, True, total, False)] * 2
        self._steps.extend(ends)
        # The first end packet falls into the digit's last interval, the other two into the gap.
        self._steps.extend([None] * max(0, self._intervals(gap_ms) - (END_PACKETS - 1)))

    def _intervals(self, milliseconds: int) -> int:
        return -(-milliseconds * CLOCK_RATE // 1000 // self._interval)


@dataclass(frozen=True, slots=True)
class Digit:
    """A digit pressed by the far end, and for how long."""

    digit: str
    duration_ms: int


@dataclass(slots=True)
class _Press:
    event: int
    #: Timestamp of the segment being received, and the length of the segments before it.
    timestamp: int
    earlier: int
    duration: int
    heard_at: float
    reported: bool = False


class EventReceiver:
    """Turns event packets into digits, each reported once.

    A digit is reported at its first end packet; if all were lost, when another event begins or
    after `timeout` seconds without packets of it. Segments of a long press (2.5.1.3) are one digit.
    Events other than the 16 digits are ignored.
    """

    #: How far from the end of a segment (timestamp units) the next may begin: one long update.
    SEGMENT_SLACK = 800

    def __init__(self, *, timeout: float = 0.12) -> None:
        self._timeout = timeout
        self._press: _Press | None = None

    def receive(self, payload: bytes, *, timestamp: int, marker: bool, now: float) -> list[Digit]:
        """Take one event packet; return the digits it completes (none, one or two)."""
        try:
            packet = EventPayload.parse(payload)
        except ValueError:
            return []
        if packet.event >= len(DIGITS):
            return []
        digits: list[Digit] = []
        press = self._press
        if press is not None and press.timestamp != timestamp:
            distance = (timestamp - press.timestamp) & 0xFFFFFFFF
            if distance >= 0x80000000:
                return []  # a late packet of an earlier event or segment
            if self._continues(press, packet, distance, marker):
                press.earlier += distance
                press.timestamp = timestamp
                press.duration = 0
            else:
                digits += self._report()
                press = None
        if press is None:
            press = self._press = _Press(packet.event, timestamp, 0, 0, now)
        press.duration = max(press.duration, packet.duration)
        press.heard_at = now
        if packet.end:
            digits += self._report()
        return digits

    def handle_timer(self, *, now: float) -> list[Digit]:
        """Return the digit whose packets have stopped without an end."""
        press = self._press
        if press is None or press.reported or now - press.heard_at < self._timeout:
            return []
        return self._report()

    @property
    def is_waiting(self) -> bool:
        """True while a digit has begun and not been reported."""
        return self._press is not None and not self._press.reported

    def _continues(self, press: _Press, packet: EventPayload, distance: int, marker: bool) -> bool:
        """Whether a packet with a new timestamp is the next segment of the same press."""
        return (
            not press.reported
            and not marker
            and packet.event == press.event
            and press.duration >= LONGEST - self.SEGMENT_SLACK
            and abs(distance - press.duration) <= self.SEGMENT_SLACK
        )

    def _report(self) -> list[Digit]:
        press = self._press
        if press is None or press.reported:
            return []
        press.reported = True
        return [Digit(DIGITS[press.event], (press.earlier + press.duration) * 1000 // CLOCK_RATE)]
