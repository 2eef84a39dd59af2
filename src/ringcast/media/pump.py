"""All streams of one worker: commands in, events out, packets on every tick."""

from __future__ import annotations

import errno
import heapq
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from ringcast.media import messages as m
from ringcast.media.board import Board
from ringcast.media.datagrams import AddressInUse, Outgoing, Ports, pack_address
from ringcast.media.detecting import Detections
from ringcast.media.keys import KeyWatch
from ringcast.media.mixing import Part
from ringcast.media.playback import Files, Playback
from ringcast.media.playout import Playout
from ringcast.media.receive import Receiver
from ringcast.media.recorder import RecordingFile, Writer
from ringcast.media.recordings import Recordings, TooManyRecordings
from ringcast.media.room_messages import (
    LeaveRoom,
    PlayInRoom,
    SetMember,
    StartRoomRecording,
    StopRoomPlayback,
    StopRoomRecording,
)
from ringcast.media.rooms import Rooms
from ringcast.media.silences import SilenceWatch
from ringcast.media.transmit import Transmitter

_OF_ROOMS = (PlayInRoom, StopRoomPlayback, StartRoomRecording, StopRoomRecording)


@dataclass(slots=True, eq=False)
class _Stream:
    row: int
    #: Recordings not yet complete on disk.
    files: set[RecordingFile] = field(default_factory=set)
    #: The stream it is bridged to.
    other: int | None = None
    closed: m.StreamClosed | None = None


class Pump:
    """Carries out commands and runs the tick.

    The caller keeps the time: `send` for each tick, also those that are late, then `receive` and
    `handle_timers` once. Streams are rows of columns; the lowest free row is used first.
    """

    def __init__(
        self,
        outgoing: Outgoing,
        ports: Ports,
        *,
        writer: Writer,
        emit: Callable[[object], None],
        rtp_timeout: float | None = None,
        random_bits: Callable[[int], int],
        board: Board | None = None,
        tick: int = 0,
    ) -> None:
        """Begin before `tick`; ticks are counted by the caller, 20 ms apart.

        Without a board there is no other worker.
        """
        capacity = len(outgoing.messages)
        self._ports = ports
        self._writer = writer
        self._emit = emit
        self._files = Files()
        self._recordings = Recordings(capacity, writer)
        self._playout = Playout(capacity)
        self._detections = Detections(self._playout, emit=emit, tick=tick)
        self._silences = SilenceWatch(self._playout, emit=emit, tick=tick)
        self._keys = KeyWatch(self._playout, emit=emit, tick=tick)
        self.transmitter = Transmitter(
            outgoing, ports, self._recordings, self._playout, emit=emit, random_bits=random_bits
        )
        self.receiver = Receiver(
            outgoing,
            ports,
            self._recordings,
            self._playout,
            emit=self._note_received,
            rtp_timeout=rtp_timeout,
        )
        self._rooms = Rooms(
            self._playout, self.transmitter, writer, self._files, board=board, emit=emit
        )
        self._free = list(range(capacity))
        self._streams: dict[int, _Stream] = {}
        self._closing: dict[int, _Stream] = {}
        self._tick = tick
        self._now = 0.0
        self._was_idle = True

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    @property
    def is_idle(self) -> bool:
        """Whether ticks may be left out: there is no stream, nor was there on the last one."""
        return self._was_idle and not self._streams and not self._rooms.is_busy

    # The tick.

    def skip(self, tick: int) -> None:
        """Leave out the ticks up to this one; the pump is idle."""
        self._tick = tick
        self._detections.skip(tick)

    def send(self, tick: int, *, now: float) -> None:
        """Send the packets of one tick."""
        self._tick, self._now = tick, now
        self._playout.advance(tick)
        self._rooms.mix(tick, now)
        self.transmitter.send(tick, now)

    def receive(self, *, now: float) -> None:
        """Take what has arrived."""
        self._now = now
        self.receiver.receive(self._tick, now)

    def handle_timers(self, *, now: float) -> None:
        """Do what is due at the end of a tick."""
        self._now = now
        self.receiver.handle_timers(self._tick, now)
        self._recordings.handle_tick(self._tick)
        self._detections.handle_tick(self._tick, now)
        self._silences.handle_tick(self._tick, now)
        self._keys.handle_tick(self._tick, now)
        for file in self._writer.finished():
            self._note_finished(file)
        self._was_idle = not self._streams and not self._closing

    def shut(self) -> None:
        """End every stream; its recordings are complete once the writer is closed."""
        for stream in list(self._streams):
            self._close(stream)
        self._rooms.shut()
        self._ports.shut()

    # Commands.

    def handle(self, command: m.AnyCommand, *, now: float) -> None:
        """Carry out a command. One for a stream that has just closed is too late, and no error."""
        self._now = now
        if isinstance(command, m.Open | m.OpenReserved):
            self._open(command)
            return
        if isinstance(command, m.Reserve):
            self._reserve(command)
            return
        assert not isinstance(command, m.Configure | m.ReportStats | m.ShutDown)
        if isinstance(command, _OF_ROOMS):
            self._handle_room(command)
            return
        stream = self._streams.get(command.stream)
        if stream is None:
            return
        match command:
            case m.Connect():
                self._connect(stream, command)
            case m.Play():
                self._play(stream, command)
            case m.StopPlayback():
                self.transmitter.stop(stream.row, command.playback, now=now)
            case m.SendDigits():
                self.transmitter.send_digits(
                    stream.row,
                    command.digits,
                    duration_ms=command.duration_ms,
                    gap_ms=command.gap_ms,
                )
            case m.StartDetection():
                codec, _ = self.transmitter.playback_settings(stream.row)
                self._detections.start(stream.row, command.stream, command.settings, codec)
            case m.StopDetection():
                self._detections.stop(stream.row)
            case m.WatchSilence():
                codec, _ = self.transmitter.playback_settings(stream.row)
                self._silences.start(stream.row, command.stream, command.seconds, codec)
            case m.StopWatchingSilence():
                self._silences.stop(stream.row)
            case m.ListenForKeys():
                codec, _ = self.transmitter.playback_settings(stream.row)
                self._keys.start(stream.row, command.stream, codec)
            case m.StopListeningForKeys():
                self._keys.stop(stream.row)
            case SetMember():
                self._unbridge(command.stream, stream)
                part = Part(command.hears, command.speaks, command.hears_too)
                self._rooms.set_member(stream.row, part)
            case LeaveRoom():
                self._rooms.leave(stream.row)
            case m.Bridge():
                self._bridge(stream, command)
            case m.Unbridge():
                self._unbridge(command.stream, stream)
            case m.StartRecording():
                self._start_recording(stream, command)
            case m.StopRecording():
                self._recordings.stop(stream.row, command.recording, tick=self._tick)
            case m.Close():
                self._close(command.stream)

    def _handle_room(
        self, command: PlayInRoom | StopRoomPlayback | StartRoomRecording | StopRoomRecording
    ) -> None:
        match command:
            case PlayInRoom():
                self._rooms.play(command, now=self._now)
            case StopRoomPlayback():
                self._rooms.stop_playback(command.room, command.playback, now=self._now)
            case StartRoomRecording():
                self._rooms.start_recording(command)
            case StopRoomRecording():
                self._rooms.stop_recording(command.room, command.recording)

    def _reserve(self, command: m.Reserve) -> None:
        try:
            self._ports.reserve(command.port)
        except OSError as exc:
            self._emit(m.PortReserved(port=command.port, errno=exc.errno or errno.EIO))
        else:
            self._emit(m.PortReserved(port=command.port))

    def _note_received(self, event: object) -> None:
        """Hand on an event of the receiver."""
        if isinstance(event, m.DigitReceived):
            stream = self._streams.get(event.stream)
            if stream is not None:
                self._keys.note_event(stream.row)
        self._emit(event)

    def _open(self, command: m.Open | m.OpenReserved) -> None:
        stream = command.stream
        if not self._free:
            number, reason = errno.EMFILE, "the worker has no room for another stream"
            self._emit(m.StreamOpened(stream=stream, errno=number, error=reason))
            return
        row = heapq.heappop(self._free)
        try:
            host, port = self._ports.open(row, command.port)
        except OSError as exc:
            heapq.heappush(self._free, row)
            number, reason = exc.errno or errno.EIO, os.strerror(exc.errno or errno.EIO)
            self._emit(m.StreamOpened(stream=stream, errno=number, error=reason))
            return
        self._streams[stream] = _Stream(row)
        self.transmitter.open(row, stream)
        self.receiver.open(row, stream)
        if isinstance(command, m.Open):
            self._emit(m.StreamOpened(stream=stream, host=host, port=port))

    def _connect(self, stream: _Stream, command: m.Connect) -> None:
        # 0.0.0.0 is how old peers say "on hold" (RFC 3264, 8.4); port 0 is a refused stream.
        reachable = command.host != "0.0.0.0" and command.port != 0  # noqa: S104 - no binding
        remote = pack_address(command.host, command.port) if reachable else 0
        try:
            if reachable:
                self.receiver.connect(
                    stream.row,
                    remote=remote,
                    payload_types=command.receive_payload_types,
                    event_payload_type=command.receive_event_payload_type,
                    receive=command.receive,
                    now=self._now,
                )
        except AddressInUse as exc:
            self._emit(m.StreamFailed(stream=command.stream, at=self._now, reason=str(exc)))
            return
        self.transmitter.connect(
            stream.row,
            payload_type=command.payload_type,
            codec=command.codec,
            event_payload_type=command.event_payload_type,
            send=command.send and reachable,
            ptime_ms=command.ptime_ms,
            now=self._now,
        )

    def _play(self, stream: _Stream, command: m.Play) -> None:
        codec, packet = self.transmitter.playback_settings(stream.row)
        try:
            playback = Playback(
                command.playback,
                command.items,
                loop=command.loop,
                codec=codec,
                packet=packet,
                files=self._files,
            )
        except OSError as exc:
            self.transmitter.stop(stream.row, None, now=self._now)
            self._emit(
                m.PlaybackFinished(
                    stream=command.stream,
                    at=self._now,
                    playback=command.playback,
                    reason="failed",
                    played_ms=0,
                    error=f"{exc.filename}: {exc.strerror}",
                )
            )
            return
        self.transmitter.play(stream.row, playback, now=self._now)

    def _bridge(self, stream: _Stream, command: m.Bridge) -> None:
        other = self._streams.get(command.other)
        if other is None:
            return  # it has just closed; the pool's owner is told so
        for number, one in ((command.stream, stream), (command.other, other)):
            self._unbridge(number, one)
            self._rooms.leave(one.row)
            codec, _ = self.transmitter.playback_settings(one.row)
            self._playout.open(one.row, codec)
        stream.other, other.other = command.other, command.stream
        self.transmitter.bridge(stream.row, other.row)
        self.transmitter.bridge(other.row, stream.row)

    def _unbridge(self, number: int, stream: _Stream) -> None:
        """Part a stream from whom it is bridged to, if it is."""
        if stream.other is None:
            return
        other = self._streams[stream.other]
        assert other.other == number
        for one in (stream, other):
            one.other = None
            self.transmitter.unbridge(one.row)
            self._playout.close(one.row)

    def _start_recording(self, stream: _Stream, command: m.StartRecording) -> None:
        codec, _ = self.transmitter.playback_settings(stream.row)
        file = RecordingFile(
            command.stream,
            command.recording,
            command.path,
            codec,
            channels=2 if command.tracks == "separate" else 1,
        )
        try:
            self._recordings.start(
                stream.row,
                file,
                with_sent=command.tracks != "received",
                max_seconds=command.max_seconds,
                tick=self._tick,
            )
        except TooManyRecordings as exc:
            file.error = str(exc)
            self._emit(_finished(file, self._now))
            return
        stream.files.add(file)

    def _close(self, number: int) -> None:
        self._unbridge(number, self._streams[number])
        stream = self._streams.pop(number)
        row = stream.row
        self._rooms.leave(row)
        self._detections.stop(row)
        self._silences.stop(row)
        self._keys.close(row)
        self._recordings.stop_all(row, tick=self._tick)
        self.transmitter.close(row, now=self._now)
        self._ports.close(row)
        stats = self.receiver.stats(row, sent=self.transmitter.sent(row))
        self.receiver.close(row)
        heapq.heappush(self._free, row)
        stream.closed = m.StreamClosed(stream=number, at=self._now, stats=stats)
        if stream.files:
            self._closing[number] = stream
        else:
            self._emit(stream.closed)

    def _note_finished(self, file: RecordingFile) -> None:
        if self._rooms.note_finished(file, now=self._now):
            return
        self._emit(_finished(file, self._now))
        stream = self._streams.get(file.stream) or self._closing.get(file.stream)
        if stream is None:
            return
        stream.files.discard(file)
        if stream.closed is not None and not stream.files:
            del self._closing[file.stream]
            self._emit(stream.closed)


def _finished(file: RecordingFile, now: float) -> m.RecordingFinished:
    return m.RecordingFinished(
        stream=file.stream,
        at=now,
        recording=file.recording,
        path=file.path,
        seconds=file.seconds,
        error=file.error,
    )
