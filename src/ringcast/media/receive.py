"""The receiving half of the tick: all packets that arrived, in a few passes over columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ringcast.media.arrivals import Arrivals
from ringcast.media.datagrams import AddressInUse, Outgoing, Ports
from ringcast.media.expected import Expected, Usual
from ringcast.media.messages import (
    Codec,
    DigitReceived,
    FirstPacketReceived,
    RtpResumed,
    RtpTimeout,
    StreamStats,
)
from ringcast.media.playout import Playout
from ringcast.media.recordings import CODEC_NUMBER, Recordings
from ringcast.protocols.rtp.events import Digit, EventReceiver
from ringcast.protocols.rtp.header import HEADER_SIZE, PacketColumns, parse_packets
from ringcast.protocols.rtp.reception import Reception
from ringcast.protocols.rtp.reordering import LONGEST

#: In the table of payload types: 0 is not agreed, then the codecs, then telephone events.
EVENT = 3
#: Seconds a far end must have been silent before media from another port of it is taken instead.
RELATCH_AFTER = 1.0
_HOST_BITS = np.uint64(32)
_NEVER = -1e9
#: Ticks after which all that came as expected is accounted for: less than 60,000 packets.
_SETTLE_EVERY = 500
#: Packets among which events are looked for one by one.
_FEW = 32


@dataclass(slots=True, eq=False)
class Ear:
    """The Python side of a receiving row."""

    stream: int
    has_been_heard: bool = False
    events: EventReceiver = field(default_factory=EventReceiver)


@dataclass(frozen=True, slots=True)
class Heard:
    """Packets of audio for those who listen, as columns."""

    rows: NDArray[np.int64]
    law: NDArray[np.uint8]
    ssrc: NDArray[np.int64]
    timestamp: NDArray[np.int64]
    newest: NDArray[np.bool_]

    def select(self, mask: NDArray[np.bool_]) -> Heard:
        """Return the packets where the mask is true."""
        return Heard(
            self.rows[mask],
            self.law[mask],
            self.ssrc[mask],
            self.timestamp[mask],
            self.newest[mask],
        )


class Receiver:
    """Takes what arrives: where from, in which order, which digits, and silence on the wire.

    Symmetric RTP: a stream sends to the address of its SDP until an agreed packet (RTP version 2,
    agreed payload type) arrives; from then on it sends to where that came from and takes nothing
    from elsewhere. Two exceptions: what comes from the address of the SDP is always right, so that
    a stranger who was faster is turned out; and a far end that has been silent for `RELATCH_AFTER`
    seconds may go on from another port of its host, as behind a NAT that has forgotten it.
    """

    def __init__(
        self,
        outgoing: Outgoing,
        ports: Ports,
        recordings: Recordings,
        playout: Playout,
        *,
        emit: Callable[[object], None],
        rtp_timeout: float | None,
    ) -> None:
        capacity = len(outgoing.messages)
        self._out = outgoing
        self._ports = ports
        self._recordings = recordings
        self._playout = playout
        self._emit = emit
        self._rtp_timeout = rtp_timeout
        self._ears: dict[int, Ear] = {}
        self._reception = Reception(capacity)
        self._expected = Expected(capacity, self._reception)
        self._agreed = np.zeros((capacity, 128), np.uint8)
        self._is_hearing = np.zeros(capacity, np.bool_)
        #: Where packets are taken from, once one has come.
        self._source = np.zeros(capacity, np.uint64)
        self._is_latched = np.zeros(capacity, np.bool_)
        self._signalled = np.zeros(capacity, np.uint64)
        self._heard_at = np.full(capacity, _NEVER)
        #: Rows whose next packet is an event of its own: the first, or the first after a time-out.
        self._is_awaited = np.zeros(capacity, np.bool_)
        self._is_timed_out = np.zeros(capacity, np.bool_)
        self._pressing: set[int] = set()
        self.packets_received = 0

    # What the pump asks.

    def open(self, row: int, stream: int) -> None:
        """Prepare a row for a stream."""
        self._ears[row] = Ear(stream)
        self._reception.clear(row)
        self._expected.forget(row)
        self._expected.count_on(np.array([row]))
        self._signalled[row] = 0
        self._is_latched[row] = False
        self._is_awaited[row] = True
        self._is_timed_out[row] = False
        self._heard_at[row] = _NEVER

    def connect(
        self,
        row: int,
        *,
        remote: int,
        payload_types: dict[int, Codec],
        event_payload_type: int | None,
        receive: bool,
        now: float,
    ) -> None:
        """Set what a row takes and where from; raise AddressInUse.

        An address that has not changed keeps the source learnt since.
        """
        if remote != int(self._signalled[row]):
            before = int(self._out.remote[row])
            self._out.remote[row] = remote
            try:
                self._ports.aim(row)
            except AddressInUse:
                self._out.remote[row] = before
                raise
            self._signalled[row] = remote
            self._is_latched[row] = False
            self._source[row] = remote
        self._agreed[row] = 0
        for payload_type, codec in payload_types.items():
            self._agreed[row, payload_type] = CODEC_NUMBER[codec]
        if event_payload_type is not None:
            self._agreed[row, event_payload_type] = EVENT
        if receive and not self._is_hearing[row]:
            self._heard_at[row] = now  # the time-out counts from here
        self._is_hearing[row] = receive
        self._expected.forget(row)

    def close(self, row: int) -> None:
        """Take nothing for a row any more."""
        self._is_hearing[row] = False
        self._expected.forget(row)
        self._pressing.discard(row)
        del self._ears[row]

    def stats(self, row: int, *, sent: int) -> StreamStats:
        """Return what went over the wire on a row."""
        self._expected.settle(np.array([row]))
        heard = self._reception.stats(row)
        return StreamStats(
            packets_sent=sent,
            packets_received=heard.received,
            packets_lost=heard.lost,
            packets_reordered=heard.reordered,
            packets_duplicate=heard.duplicate,
            jitter_ms=round(heard.jitter_ms, 3),
        )

    # The tick.

    def receive(self, tick: int, now: float) -> None:
        """Take all that has arrived."""
        for arrivals in self._ports.receive():
            usual, rest = self._expected.split(arrivals)
            if usual is not None:
                self._take_usual(usual, tick, now)
            if rest is not None and len(rest.rows) <= _FEW:
                rest = self._take_events(rest, now)
            if rest is not None:
                for distinct in _distinct_rows(rest):
                    self._take(distinct, tick, now)

    def handle_timers(self, tick: int, now: float) -> None:
        """Report digits whose end was lost, and streams that have fallen silent."""
        for row in list(self._pressing):
            ear = self._ears[row]
            self._report(row, ear, ear.events.handle_timer(now=now), now)
        if tick % _SETTLE_EVERY == 0:
            self._expected.settle(np.nonzero(self._is_hearing)[0])
        if self._rtp_timeout is None or tick % 10:
            return
        silence = now - self._heard_at
        silent = self._is_hearing & ~self._is_timed_out & (silence > self._rtp_timeout)
        for row in np.nonzero(silent)[0].tolist():
            self._is_timed_out[row] = self._is_awaited[row] = True
            self._expected.forget(row)
            seconds = round(float(silence[row]), 3)
            self._emit(RtpTimeout(stream=self._ears[row].stream, at=now, seconds=seconds))

    def _take_usual(self, usual: Usual, tick: int, now: float) -> None:
        """Take packets that are as expected: agreed, in order, from where they should come."""
        rows, slots, index = usual.rows, usual.slots, usual.index
        self.packets_received += len(rows)
        self._heard_at[rows] = now
        timestamp = slots.timestamp[index]
        self._reception.measure_jitter(rows, timestamp, slots.arrival(index))
        if not (self._recordings.is_hearing or self._playout.is_hearing):
            return
        audible = self._recordings.is_heard[rows] | self._playout.is_open[rows]
        if audible.any():
            rows = rows[audible]
            places = np.arange(index.start, index.stop) if isinstance(index, slice) else index
            self._hear_audio(
                Heard(
                    rows,
                    self._agreed[rows, usual.payload_types[audible]],
                    self._reception.ssrc[rows],
                    timestamp[audible].astype(np.int64),
                    np.ones(len(rows), np.bool_),
                ),
                slots.datagrams,
                places[audible],
                start=np.full(len(rows), HEADER_SIZE),
                sizes=usual.lengths[audible].astype(np.int64) - HEADER_SIZE,
                tick=tick,
            )

    def _take_events(self, arrivals: Arrivals, now: float) -> Arrivals | None:
        """Take the events among a few packets, if all else of them is as expected; give the rest.

        Of a row that has another packet before them they are left too.
        """
        left = np.ones(len(arrivals.rows), np.bool_)
        others: set[int] = set()
        for i in range(len(left)):
            event = self._expected.event(arrivals, i)
            if event is None or self._agreed[event.row, event.payload_type] != EVENT:
                others.add(int(arrivals.rows[i]))
            elif event.row not in others:
                left[i] = False
                self._expected.take_event(event.row)
                self.packets_received += 1
                self._heard_at[event.row] = now
                ear = self._ears[event.row]
                digits = ear.events.receive(
                    event.payload, timestamp=event.timestamp, marker=event.marker, now=now
                )
                self._report(event.row, ear, digits, now)
        return arrivals.select(left) if left.any() else None

    def _take(self, arrivals: Arrivals, tick: int, now: float) -> None:
        """Take at most one packet per row."""
        packets = parse_packets(arrivals.slots.datagrams, arrivals.lengths, index=arrivals.places)
        kind = self._agreed[arrivals.rows, packets.payload_type]
        good = packets.valid & (kind != 0) & self._is_hearing[arrivals.rows]
        strange = good & (arrivals.source != self._source[arrivals.rows])
        if strange.any():
            good &= ~strange | self._latch(arrivals, strange, now)
        if not good.all():
            arrivals, packets, kind = arrivals.select(good), packets.select(good), kind[good]
        rows = arrivals.rows
        if not len(rows):
            return
        self.packets_received += len(rows)
        self._is_latched[rows] = True
        self._heard_at[rows] = now
        awaited = self._is_awaited[rows]
        if awaited.any():
            self._note_heard(rows[awaited], now)
        self._expected.settle(rows)
        fresh, newest = self._reception.take(rows, packets.ssrc, packets.sequence)
        in_order = newest & (kind != EVENT)
        if in_order.any():
            self._reception.measure_jitter(
                rows[in_order],
                packets.timestamp[in_order],
                arrivals.slots.arrival(arrivals.index)[in_order],
            )
        for i in np.nonzero(fresh & (kind == EVENT))[0].tolist():
            self._hear_event(arrivals, packets, i, now)
        self._expected.expect(
            arrivals,
            follows=in_order & packets.is_plain,
            payload_type=packets.payload_type,
            ssrc=packets.ssrc,
        )
        is_heard = self._recordings.is_heard[rows] | self._playout.is_open[rows]
        audible = np.nonzero(is_heard & fresh & (kind != EVENT))[0]
        if len(audible):
            start = packets.payload_start[audible]
            self._hear_audio(
                Heard(
                    rows[audible],
                    kind[audible],
                    packets.ssrc[audible],
                    packets.timestamp[audible],
                    newest[audible],
                ),
                arrivals.slots.datagrams,
                arrivals.places[audible],
                start=start,
                sizes=packets.payload_end[audible] - start,
                tick=tick,
            )

    def _latch(
        self, arrivals: Arrivals, strange: NDArray[np.bool_], now: float
    ) -> NDArray[np.bool_]:
        """Return which packets of other sources are taken; their rows now talk to those."""
        rows = arrivals.rows
        # Of a packed address the upper half is the host.
        same_host = arrivals.source >> _HOST_BITS == self._source[rows] >> _HOST_BITS
        is_silent = now - self._heard_at[rows] > RELATCH_AFTER
        is_promised = arrivals.source == self._signalled[rows]
        taken: NDArray[np.bool_] = strange & (
            ~self._is_latched[rows] | is_promised | (same_host & is_silent)
        )
        self._source[rows[taken]] = arrivals.source[taken]
        self._out.remote[rows[taken]] = arrivals.source[taken]
        return taken

    def _note_heard(self, rows: NDArray[np.int64], now: float) -> None:
        for row in rows.tolist():
            ear = self._ears[row]
            if not ear.has_been_heard:
                ear.has_been_heard = True
                self._emit(FirstPacketReceived(stream=ear.stream, at=now))
            if self._is_timed_out[row]:
                self._is_timed_out[row] = False
                self._emit(RtpResumed(stream=ear.stream, at=now))
            self._is_awaited[row] = False

    def _hear_event(self, arrivals: Arrivals, packets: PacketColumns, i: int, now: float) -> None:
        row = int(arrivals.rows[i])
        ear = self._ears[row]
        start, end = int(packets.payload_start[i]), int(packets.payload_end[i])
        digits = ear.events.receive(
            arrivals.slots.datagrams[arrivals.places[i], start:end].tobytes(),
            timestamp=int(packets.timestamp[i]),
            marker=bool(packets.marker[i]),
            now=now,
        )
        self._report(row, ear, digits, now)

    def _report(self, row: int, ear: Ear, digits: list[Digit], now: float) -> None:
        for digit in digits:
            self._emit(
                DigitReceived(
                    stream=ear.stream, at=now, digit=digit.digit, duration_ms=digit.duration_ms
                )
            )
        if ear.events.is_waiting:
            self._pressing.add(row)
        else:
            self._pressing.discard(row)

    def _hear_audio(
        self,
        heard: Heard,
        datagrams: NDArray[np.uint8],
        places: NDArray[np.int64],
        *,
        start: NDArray[np.int64],
        sizes: NDArray[np.int64],
        tick: int,
    ) -> None:
        """Give recordings and listeners their packets, those of one length together.

        The payload of packet i lies in `datagrams[places[i]]` from `start[i]` on.
        """
        for size in set(sizes.tolist()):
            if not 0 < size <= LONGEST:
                continue  # empty, or nothing that was agreed
            chosen = sizes == size
            some = heard.select(chosen)
            payload = _payload(datagrams, places[chosen], start[chosen], size)
            for takes, take in (
                (self._recordings.is_heard, self._recordings.hear),
                (self._playout.is_open, self._playout.place),
            ):
                taken = takes[some.rows]
                if taken.any():
                    whole = taken.all()
                    one = some if whole else some.select(taken)
                    take(
                        one.rows,
                        one.law,
                        one.ssrc,
                        one.timestamp,
                        one.newest,
                        payload if whole else payload[taken],
                        tick=tick,
                    )


def _payload(
    datagrams: NDArray[np.uint8], places: NDArray[np.int64], start: NDArray[np.int64], size: int
) -> NDArray[np.uint8]:
    """Return a copy of the payload of datagrams in which it has the same size."""
    first = int(start[0])
    payload: NDArray[np.uint8]
    if (start == first).all():  # without unusual headers: rows are copied whole
        payload = datagrams[places, first : first + size]
    else:
        payload = datagrams[places[:, None], start[:, None] + np.arange(size)]
    return payload


def _distinct_rows(arrivals: Arrivals) -> Iterator[Arrivals]:
    """Cut arrivals, in their order, into groups that have each row at most once."""
    rows = arrivals.rows
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    repeated = ordered[1:] == ordered[:-1]
    if not repeated.any():
        yield arrivals
        return
    # How many packets of its row come before each: its distance from the first of the row.
    position = np.arange(len(rows))
    first = np.concatenate(([True], ~repeated))
    rank = np.empty(len(rows), np.int64)
    rank[order] = position - np.maximum.accumulate(np.where(first, position, 0))
    for number in range(int(rank.max()) + 1):
        yield arrivals.select(rank == number)
