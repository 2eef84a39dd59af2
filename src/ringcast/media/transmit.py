"""The sending half of the tick: every stream's packet in one pass over columns."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringcast.media.datagrams import Outgoing, Ports
from ringcast.media.messages import (
    Codec,
    DigitsSent,
    PlaybackEnd,
    PlaybackFinished,
    PlaybackStarted,
    StreamFailed,
)
from ringcast.media.packets import FOREVER, TICK, Packets
from ringcast.media.playback import LONGEST_PACKET, SILENCE, Playback, silence_address
from ringcast.media.playout import Playout
from ringcast.media.recordings import CODEC_NUMBER, Recordings, converted
from ringcast.protocols.rtp.events import EventSender
from ringcast.protocols.rtp.header import MARKER

_EVENT_SIZE = 4
_NOBODY = -1


@dataclass(slots=True, eq=False)
class Dialling:
    """Digits being sent on a row, and what the row goes on with afterwards."""

    sender: EventSender
    address: int
    step: int
    left: int


@dataclass(slots=True, eq=False)
class Voice:
    """The Python side of a sending row: touched when something begins or ends, not per packet."""

    stream: int
    codec: Codec = "PCMU"
    playback: Playback | None = None
    event_payload_type: int | None = None
    dialling: Dialling | None = None


class Transmitter:
    """Sends one packet per row and packet interval: of a playback, of a digit, or silence.

    In place of silence a bridged row sends what the other receives, one that is fed what is put.
    """

    def __init__(
        self,
        outgoing: Outgoing,
        ports: Ports,
        recordings: Recordings,
        playout: Playout,
        *,
        emit: Callable[[object], None],
        random_bits: Callable[[int], int],
    ) -> None:
        capacity = len(outgoing.messages)
        self._out = outgoing
        self._ports = ports
        self._recordings = recordings
        self._playout = playout
        self._emit = emit
        self._random_bits = random_bits
        self._voices: dict[int, Voice] = {}
        self._packets = Packets(outgoing)
        #: The codec of each row, as in `CODEC_NUMBER`.
        self.law = np.zeros(capacity, np.uint8)
        self._marked: set[int] = set()
        self._dialling: set[int] = set()
        #: Payload type and marker of the audio of rows whose present packet is an event.
        self._audio_kind: dict[int, int] = {}
        self._kinds = outgoing.headers["kind"]
        self._timestamps = outgoing.headers["timestamp"]
        events = np.zeros(capacity * _EVENT_SIZE, np.uint8)
        self._events = memoryview(events.data)
        self._events_at = events.ctypes.data
        #: The row that each row is bridged to, and the packets they make of it.
        self._other = np.full(capacity, _NOBODY, np.int64)
        self._bridged = 0
        self._forwarded = np.zeros((capacity, LONGEST_PACKET), np.uint8)
        #: Rows that are given what they send in place of silence, tick by tick (`put`).
        self._is_fed = np.zeros(capacity, np.bool_)
        self.packets_sent = 0
        self.packets_failed = 0

    # What the pump asks.

    def open(self, row: int, stream: int) -> None:
        """Prepare a row for a stream, with random beginnings (RFC 3550, 5.1)."""
        self._voices[row] = Voice(stream)
        sequence = self._random_bits(15)
        self._packets.open(row, sequence=sequence, base=self._random_bits(32))
        self._out.headers["ssrc"][row] = self._random_bits(32)
        self._be_silent(row)

    def connect(
        self,
        row: int,
        *,
        payload_type: int,
        codec: Codec,
        event_payload_type: int | None,
        send: bool,
        ptime_ms: int,
        now: float,
    ) -> None:
        """Set what a row sends; what it is playing goes on."""
        voice = self._voices[row]
        every = ptime_ms // 20
        if codec != voice.codec or every != self._packets.every[row]:
            self._recode(row, voice, codec, every, now)
        self.law[row] = CODEC_NUMBER[codec]
        self._out.payload_length[row] = every * TICK
        self._kinds[row] = payload_type
        voice.event_payload_type = event_payload_type
        if event_payload_type is None and voice.dialling is not None:
            self._end_digits(row, voice)
            reason = "digits broken off: the far end takes no telephone events any more"
            self._emit(StreamFailed(stream=voice.stream, at=now, reason=reason))
        if send and not self._packets.is_sending[row]:
            self._marked.add(row)  # a talkspurt begins (RFC 3551, 4.1)
        if row in self._marked:
            self._kinds[row] |= MARKER
        self._packets.set_sending(row, is_sending=send)

    def sent(self, row: int) -> int:
        """Return how many packets a row has sent since it was opened."""
        return self._packets.sent(row)

    def play(self, row: int, playback: Playback, *, now: float) -> None:
        """Play from the next tick on, in place of what is playing."""
        self.stop(row, None, now=now)
        self._voices[row].playback = playback
        self._set_run(row, 0, 0, 0)

    def stop(self, row: int, playback: int | None, *, now: float) -> None:
        """Stop that playback, or any; do nothing if it is not playing."""
        voice = self._voices[row]
        playing = voice.playback
        if playing is None or playback not in (None, playing.number):
            return
        self._finish(row, "stopped", now, left=self._packets_left(row))
        self._be_silent(row)

    def playback_settings(self, row: int) -> tuple[Codec, int]:
        """Return the codec of a row and the samples in its packets."""
        return self._voices[row].codec, int(self._packets.every[row]) * TICK

    def send_digits(self, row: int, digits: str, *, duration_ms: int, gap_ms: int) -> None:
        """Send digits from the next tick on, after those being sent; the playback waits."""
        voice = self._voices[row]
        if voice.dialling is None:
            packets = self._packets
            sender = EventSender(interval=int(packets.every[row]) * TICK)
            address, step = int(self._out.payload[row]), int(packets.step[row])
            voice.dialling = Dialling(sender, address, step, int(packets.left[row]))
            packets.set_run(row, silence_address(voice.codec), 0, FOREVER)
            self._dialling.add(row)
        voice.dialling.sender.send(digits, duration_ms=duration_ms, gap_ms=gap_ms)

    def bridge(self, row: int, other: int) -> None:
        """Send what another row receives, which is open in the playout, while nothing plays."""
        assert self._other[row] == _NOBODY
        self._other[row] = other
        self._bridged += 1
        if self._voices[row].playback is None:
            self._be_silent(row)

    def unbridge(self, row: int) -> None:
        """Send silence again while nothing plays."""
        self._other[row] = _NOBODY
        self._bridged -= 1
        if self._voices[row].playback is None:
            self._be_silent(row)

    def feed(self, row: int) -> None:
        """Send what is `put`, while nothing plays."""
        self._forwarded[row] = SILENCE[self._voices[row].codec]
        self._is_fed[row] = True
        if self._voices[row].playback is None:
            self._be_silent(row)

    def unfeed(self, row: int) -> None:
        """Send silence again while nothing plays."""
        self._is_fed[row] = False
        if self._voices[row].playback is None:
            self._be_silent(row)

    def put(self, rows: NDArray[np.int64], audio: NDArray[np.uint8], tick: int) -> None:
        """Take 20 ms, each in the codec of its row, of what rows send; before `send` of a tick."""
        if not self._packets.has_slow:
            self._forwarded[rows, :TICK] = audio
            return
        # A longer packet leaves on the tick at which its last part comes.
        every = self._packets.every[rows]
        place = (rows + tick - 1) % every
        for part in set(place.tolist()):
            chosen = place == part
            self._forwarded[rows[chosen], part * TICK : (part + 1) * TICK] = audio[chosen]

    def close(self, row: int, *, now: float) -> None:
        """End all that a row sends; it is not bridged or fed any more."""
        self.stop(row, None, now=now)
        self._packets.close(row)
        self._marked.discard(row)
        self._dialling.discard(row)
        del self._voices[row]

    # The tick.

    def send(self, tick: int, now: float) -> None:
        """Send the packets of one tick."""
        packets = self._packets
        rows = packets.begin(tick)
        if not len(rows):
            return
        for row in packets.ended(rows):
            self._next_run(row, now)
        packets.number(tick)
        if self._bridged:
            self._forward(rows[self._other[rows] != _NOBODY], tick)
        dialled = self._put_digits(tick) if self._dialling else ()
        self.packets_failed += self._ports.send(rows)
        self.packets_sent += len(rows)
        if self._recordings.sent_count:
            self._record(rows, tick)
        packets.advance()
        for row in dialled:
            self._restore_audio(row, now)
        if self._marked:
            self._unmark(rows)

    def _unmark(self, rows: NDArray[np.int64]) -> None:
        """Take the marker off the headers of rows that have sent it."""
        marked = self._marked.intersection(rows.tolist())
        for row in marked:
            self._kinds[row] &= 0x7F
        self._marked -= marked

    def _next_run(self, row: int, now: float) -> None:
        """Give a row whose run has ended its next packets."""
        voice = self._voices[row]
        playback = voice.playback
        run = None if playback is None else playback.next_run()
        if playback is None:
            self._be_silent(row)
        elif run is None:
            self._finish(row, "completed", now, left=0)
            self._be_silent(row)
        else:
            if not playback.is_started:
                playback.is_started = True
                self._emit(PlaybackStarted(stream=voice.stream, at=now, playback=playback.number))
            self._set_run(row, run.address, run.step, run.packets)

    def _finish(
        self, row: int, reason: PlaybackEnd, now: float, *, left: int, error: str | None = None
    ) -> None:
        voice = self._voices[row]
        playback = voice.playback
        assert playback is not None
        voice.playback = None
        playback.close()
        self._emit(
            PlaybackFinished(
                stream=voice.stream,
                at=now,
                playback=playback.number,
                reason=reason,
                played_ms=playback.played_ms(left),
                error=error,
            )
        )

    def _packets_left(self, row: int) -> int:
        """Return how many packets of the present run have not been sent."""
        dialling = self._voices[row].dialling
        return int(self._packets.left[row]) if dialling is None else dialling.left

    def _be_silent(self, row: int) -> None:
        """Send nothing of our own: silence, or what a bridge or a room brings."""
        address = silence_address(self._voices[row].codec)
        if self._other[row] != _NOBODY or self._is_fed[row]:
            address = self._forwarded.ctypes.data + row * LONGEST_PACKET
        self._set_run(row, address, 0, FOREVER)

    def _forward(self, rows: NDArray[np.int64], tick: int) -> None:
        """Make the packets of bridged rows, also of those that play something of ours now."""
        every = self._packets.every[rows]
        for ticks in set(every.tolist()):
            chosen = rows[every == ticks]
            others = self._other[chosen]
            audio = self._playout.read(others, tick, ticks)
            audio = converted(audio, self._playout.law[others], self.law[chosen])
            self._forwarded[chosen, : ticks * TICK] = audio

    def _set_run(self, row: int, address: int, step: int, left: int) -> None:
        """Set what a row sends next, now or when its digits are through."""
        dialling = self._voices[row].dialling
        if dialling is not None:
            dialling.address, dialling.step, dialling.left = address, step, left
            return
        self._packets.set_run(row, address, step, left)

    def _recode(self, row: int, voice: Voice, codec: Codec, every: int, now: float) -> None:
        """Go on in another codec or packet length."""
        left = self._packets_left(row)
        self._packets.set_every(row, every)
        voice.codec = codec
        if voice.dialling is not None:
            self._out.payload[row] = silence_address(codec)
        if voice.playback is None:
            self._be_silent(row)
            return
        self._set_run(row, silence_address(codec), 0, 0)
        try:
            voice.playback.rebase(codec=codec, packet=every * TICK, packets_left=left)
        except OSError as exc:
            self._finish(row, "failed", now, left=left, error=str(exc))
            self._be_silent(row)

    # Digits.

    def _put_digits(self, tick: int) -> list[int]:
        """Turn the packets of dialling rows into events; return those rows."""
        rows = []
        out, packets = self._out, self._packets
        for row in self._dialling:
            if not packets.is_sending[row] or (row + tick) % int(packets.every[row]):
                continue
            rows.append(row)
            voice = self._voices[row]
            assert voice.dialling is not None
            packet = voice.dialling.sender.next_packet(int(self._timestamps[row]))
            if packet is None:
                continue
            place = row * _EVENT_SIZE
            self._events[place : place + _EVENT_SIZE] = packet.payload
            out.payload[row] = self._events_at + place
            out.payload_length[row] = _EVENT_SIZE
            self._timestamps[row] = packet.timestamp
            self._saved_kind(row, voice, marker=packet.marker)
        return rows

    def _saved_kind(self, row: int, voice: Voice, *, marker: bool) -> None:
        """Put the events' payload type in the header, keeping that of the audio aside."""
        assert voice.event_payload_type is not None
        self._audio_kind[row] = int(self._kinds[row])
        self._kinds[row] = voice.event_payload_type | (MARKER if marker else 0)

    def _restore_audio(self, row: int, now: float) -> None:
        """Make a dialling row's packet an audio packet again."""
        voice = self._voices[row]
        out = self._out
        kind = self._audio_kind.pop(row, None)
        if kind is not None:
            self._kinds[row] = kind
            out.payload[row] = silence_address(voice.codec)
            out.payload_length[row] = int(self._packets.every[row]) * TICK
        assert voice.dialling is not None
        if voice.dialling.sender.is_idle:
            self._end_digits(row, voice)
            self._emit(DigitsSent(stream=voice.stream, at=now))

    def _end_digits(self, row: int, voice: Voice) -> None:
        dialling, voice.dialling = voice.dialling, None
        assert dialling is not None
        self._dialling.discard(row)
        self._set_run(row, dialling.address, dialling.step, dialling.left)

    # Recording.

    def _record(self, rows: NDArray[np.int64], tick: int) -> None:
        """Give the recordings of what we say their copy of it."""
        rows = rows[self._recordings.is_sent[rows]]
        sizes = self._out.payload_length[rows]
        for size in set(sizes.tolist()):
            if size == _EVENT_SIZE:
                continue  # a digit: silence
            chosen = rows[sizes == size]
            spoken = b"".join(
                [ctypes.string_at(address, size) for address in self._out.payload[chosen].tolist()]
            )
            payload = np.frombuffer(spoken, np.uint8).reshape(len(chosen), size)
            self._recordings.say(chosen, self.law[chosen], payload, tick)
