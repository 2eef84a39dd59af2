"""What a stream plays: mapped files and silence, cut into runs of packets by address."""

from __future__ import annotations

import mmap
import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ringcast.audio.g711 import ALAW_SILENCE, ULAW_SILENCE, ULAW_TO_ALAW
from ringcast.media.messages import Codec, PlayFile, PlayItem, PlaySilence

#: Samples in the longest packet (60 ms).
LONGEST_PACKET = 480
SILENCE: dict[Codec, int] = {"PCMU": ULAW_SILENCE, "PCMA": ALAW_SILENCE}
#: Files mapped whole at once; longer ones are read ahead by the kernel.
_POPULATE_UP_TO = 2 << 20
_IDLE_FILES_KEPT = 64

_silence_packets = {
    codec: np.full(LONGEST_PACKET, byte, np.uint8) for codec, byte in SILENCE.items()
}


_silence_addresses = {codec: packet.ctypes.data for codec, packet in _silence_packets.items()}


def silence_address(codec: Codec) -> int:
    """Return where a packet of silence lies in memory, for any packet length."""
    return _silence_addresses[codec]


class MappedFile:
    """The samples of a file in one codec, in memory for as long as this object lives."""

    def __init__(self, path: str, samples: NDArray[np.uint8], signature: tuple[int, ...]) -> None:
        self.path = path
        self.samples = samples
        self.address = samples.ctypes.data
        self.signature = signature
        self.users = 0


class Files:
    """Mapped files, shared by all streams that play them."""

    def __init__(self) -> None:
        self._mapped: OrderedDict[tuple[str, Codec], MappedFile] = OrderedDict()

    def acquire(self, path: str, codec: Codec) -> MappedFile:
        """Return the file in a codec; raise OSError. Give it back with `release`."""
        source, convert = path, False
        if codec == "PCMA":
            beside = Path(path).with_suffix(".alaw")
            if beside.exists():
                source = str(beside)
            else:
                convert = True
        status = Path(source).stat()
        signature = (status.st_ino, status.st_size, status.st_mtime_ns)
        key = (path, codec)
        mapped = self._mapped.get(key)
        if mapped is None or mapped.signature != signature:
            samples = _map(source)
            samples = ULAW_TO_ALAW[samples] if convert else samples
            mapped = MappedFile(path, samples, signature)
            self._mapped[key] = mapped
        self._mapped.move_to_end(key)
        mapped.users += 1
        return mapped

    def release(self, mapped: MappedFile) -> None:
        """Give a file back; the least recently used of the idle ones are unmapped."""
        mapped.users -= 1
        if len(self._mapped) > _IDLE_FILES_KEPT:
            idle = [key for key, one in self._mapped.items() if not one.users]
            for key in idle[: len(self._mapped) - _IDLE_FILES_KEPT]:
                del self._mapped[key]


def _map(path: str) -> NDArray[np.uint8]:
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            return np.zeros(0, np.uint8)
        flags = mmap.MAP_SHARED | (mmap.MAP_POPULATE if size <= _POPULATE_UP_TO else 0)
        mapped = mmap.mmap(file.fileno(), size, flags=flags, prot=mmap.PROT_READ)
    if size > _POPULATE_UP_TO:
        mapped.madvise(mmap.MADV_WILLNEED)
    return np.frombuffer(mapped, np.uint8)


@dataclass(frozen=True, slots=True)
class Run:
    """Packets that follow each other without Python's help.

    The payload of packet i lies at `address + i * step`.
    """

    address: int
    step: int
    packets: int
    #: Samples in it that belong to the items (the last packet of a playback is filled up).
    samples: int


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of samples: of a file, or of silence (no file)."""

    file: MappedFile | None
    start: int
    length: int


class Playback:
    """Items played one after the other without a gap, as often as `loop` says (None: for ever)."""

    def __init__(
        self,
        number: int,
        items: Sequence[PlayItem],
        *,
        loop: int | None,
        codec: Codec,
        packet: int,
        files: Files,
    ) -> None:
        """Map the files; raise OSError or ValueError for one that cannot be played."""
        self.number = number
        self.codec = codec
        self._packet = packet
        self._loops = loop
        self._files = files
        self._parts: list[_Part] = []
        self._scratch = np.empty(packet, np.uint8)
        self._silence = silence_address(codec)
        self._part = 0
        self._offset = 0
        #: Samples in the runs given out so far.
        self._given = 0
        self.is_started = False
        try:
            for item in items:
                self._append(item)
        except BaseException:
            self.close()
            raise

    def next_run(self) -> Run | None:
        """Return the next packets to send; None at the end."""
        part = self._current()
        if part is None:
            return None
        left = part.length - self._offset
        if left < self._packet:
            return self._stitched()
        packets = left // self._packet
        samples = packets * self._packet
        if part.file is None:
            run = Run(self._silence, 0, packets, samples)
        else:
            address = part.file.address + part.start + self._offset
            run = Run(address, self._packet, packets, samples)
        self._offset += samples
        self._given += samples
        return run

    def rebase(self, *, codec: Codec, packet: int, packets_left: int) -> None:
        """Go on in another codec or packet length, with the packets of the last run not yet sent.

        Raise OSError if a file is gone.
        """
        unsent = packets_left * self._packet
        if unsent <= self._offset:  # else it was a stitched packet, already behind us
            self._offset -= unsent
            self._given -= unsent
        if codec != self.codec:
            parts = [
                part
                if part.file is None
                else replace(part, file=self._files.acquire(part.file.path, codec))
                for part in self._parts
            ]
            self.close()
            self._parts = parts
        self.codec = codec
        self._packet = packet
        self._scratch = np.empty(packet, np.uint8)
        self._silence = silence_address(codec)

    def played_ms(self, packets_left: int) -> int:
        """Return how much has been sent, when that many packets of the last run have not."""
        return max(0, self._given - packets_left * self._packet) * 1000 // 8000

    def close(self) -> None:
        """Let go of the files."""
        for part in self._parts:
            if part.file is not None:
                self._files.release(part.file)
        self._parts.clear()

    def _append(self, item: PlayItem) -> None:
        if isinstance(item, PlaySilence):
            self._parts.append(_Part(None, 0, item.milliseconds * 8))
            return
        file = self._files.acquire(item.path, self.codec)
        total = len(file.samples)
        start = min(item.start_frame, total)
        end = total if item.frames is None else min(start + item.frames, total)
        self._parts.append(_Part(file, start, end - start))

    def _current(self) -> _Part | None:
        """Return the part to go on with, which has samples left; None at the end."""
        while True:
            while self._part < len(self._parts):
                part = self._parts[self._part]
                if self._offset < part.length:
                    return part
                self._part += 1
                self._offset = 0
            if not any(part.length for part in self._parts):
                return None
            if self._loops is not None:
                if self._loops <= 1:
                    return None
                self._loops -= 1
            self._part = 0

    def _stitched(self) -> Run:
        """Make one packet of the end of this part, the beginning of the next, and so on."""
        filled = 0
        while filled < self._packet:
            part = self._current()
            if part is None:
                self._scratch[filled:] = SILENCE[self.codec]
                break
            taken = min(part.length - self._offset, self._packet - filled)
            if part.file is None:
                self._scratch[filled : filled + taken] = SILENCE[self.codec]
            else:
                start = part.start + self._offset
                self._scratch[filled : filled + taken] = part.file.samples[start : start + taken]
            self._offset += taken
            filled += taken
        self._given += filled
        return Run(self._scratch.ctypes.data, 0, 1, filled)


def check_items(items: Sequence[PlayItem], *, loop: int | None) -> None:
    """Raise ValueError for what makes no sense to play."""
    if loop is not None and loop < 1:
        raise ValueError(f"loop is 1 or more, or None for ever; not {loop}")
    for item in items:
        if isinstance(item, PlayFile):
            if item.start_frame < 0 or (item.frames is not None and item.frames < 0):
                raise ValueError(f"{item.path}: start and number of frames cannot be negative")
        elif item.milliseconds < 0:
            raise ValueError(f"silence of {item.milliseconds} ms cannot be played")
