"""Foreign audio files to 8 kHz mono, by FFmpeg (PyAV) and soxr.

Runs in a process of its own (`audio_process`): never call it where calls are handled.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import soxr
from numpy.typing import NDArray

__all__ = ["MAX_CHANNELS", "RATE", "RATES", "Decoded", "TooLong", "Unreadable", "decode"]

RATE: Final = 8000
RATES: Final = range(4000, 384_001)
MAX_CHANNELS: Final = 16

# What is accepted is listed, so that FFmpeg's hundreds of other formats are never reached.
CODECS: Final[dict[str, frozenset[str]]] = {
    "wav": frozenset(
        {"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"}
        | {"pcm_mulaw", "pcm_alaw", "adpcm_ms", "adpcm_ima_wav", "gsm_ms", "mp3"}
    ),
    "mp3": frozenset({"mp3", "mp2"}),
    "flac": frozenset({"flac"}),
    "ogg": frozenset({"vorbis", "opus", "flac"}),
}
ACCEPTED: Final = "WAV, MP3, FLAC and OGG are"
_FULL_SCALE: Final = 32767 / 32768
_LENGTH_NOT_KNOWN: Final = 0x7FFFFFFF  # or more: a program could not go back to fill it in
_LOUDEST: Final = 8.0  # of floating-point samples: 18 dB over full scale


class Unreadable(Exception):
    """The file is no audio we read, or is damaged."""


class TooLong(Exception):
    """The file plays longer than allowed."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded file: mono samples at 8 kHz between -1 and 1, in pieces."""

    pieces: list[NDArray[np.float32]]
    form: str
    """A key of `CODECS`."""

    @property
    def samples(self) -> int:
        """How many samples the pieces have together."""
        return sum(map(len, self.pieces))


def decode(path: Path, *, max_seconds: float) -> Decoded:
    """Decode a file; raise `Unreadable` or `TooLong`.

    Channels are averaged. Only if that would cancel them out (one is the other inverted) the
    first alone is taken. If the result would clip, all of it is made quieter, not just its peaks.
    """
    form = recognise(path)
    mixed = _Mixer(max_samples=int(max_seconds * RATE))
    for block, rate in _blocks(path, form, max_seconds):
        mixed.add(block.mean(axis=0), rate)
        mixed.heard += float(np.square(block).mean()) * block.shape[1]
    pieces = mixed.finish()
    if mixed.is_cancelled:
        mixed = _Mixer(max_samples=int(max_seconds * RATE))
        for block, rate in _blocks(path, form, max_seconds):
            mixed.add(block[0], rate)
        pieces = mixed.finish()
    peak = max((float(np.abs(piece).max()) for piece in pieces if len(piece)), default=0.0)
    if peak > _FULL_SCALE:
        pieces = [piece * np.float32(_FULL_SCALE / peak) for piece in pieces]
    return Decoded(pieces, form)


def recognise(path: Path) -> str:
    """Return which of the accepted formats a file has, by its first bytes."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "wav"
    if head.startswith(b"fLaC"):
        return "flac"
    if head.startswith(b"OggS"):
        return "ogg"
    if head.startswith(b"ID3") or _is_mpeg_header(head.lstrip(b"\0")):
        return "mp3"
    if b"ftyp" in head[:12]:
        raise Unreadable(f"MP4 and M4A files are not accepted, {ACCEPTED}: convert it to MP3")
    raise Unreadable(f"it is not in a format that is accepted, {ACCEPTED}")


def _is_mpeg_header(head: bytes) -> bool:
    """Say whether this begins as an MPEG audio frame of layer II or III (ISO 11172-3, 2.4.1.3)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bit_rate, sampling = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer in (1, 2) and bit_rate not in (0, 15) and sampling != 3


def _blocks(path: Path, form: str, max_seconds: float) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Yield decoded blocks (one row per channel) with their rates, in frames a second."""
    try:
        with av.open(f"file:{path}", format=form, metadata_errors="replace") as container:
            stream = next(iter(container.streams.audio), None)
            if stream is None:
                raise Unreadable("there is no sound in it")
            codec = stream.codec_context.codec.canonical_name
            if codec not in CODECS[form]:
                raise Unreadable(
                    f"{codec} sound in a {form.upper()} file is not accepted: "
                    "save it as 16-bit PCM WAV or as MP3"
                )
            _check(stream.codec_context.sample_rate, stream.codec_context.channels)
            if form == "wav":
                _check_wav_is_whole(path)
            stated = _stated_seconds(path, form, stream)
            if stated is not None and stated > max_seconds:
                raise TooLong
            yield from _decoded_blocks(container, stream, stated)
    except av.FFmpegError as exc:
        raise Unreadable(f"it is damaged or incomplete ({exc.strerror})") from exc


def _decoded_blocks(
    container: av.container.InputContainer, stream: av.AudioStream, stated: float | None
) -> Iterator[tuple[NDArray[np.float32], int]]:
    seconds, good, damaged = 0.0, 0, 0
    # Frames are short: taken one by one, most of the time would go into the calls.
    waiting: list[NDArray[Any]] = []
    waiting_frames, waiting_form = 0, (0, 0)
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            damaged += 1  # MP3 files often begin or end in half a frame, which players skip
            continue
        good += 1
        for frame in frames:
            assert isinstance(frame, av.AudioFrame)
            form = (frame.sample_rate, len(frame.layout.channels))
            if form != waiting_form or waiting_frames >= frame.sample_rate:
                if waiting:
                    yield _as_float(np.concatenate(waiting, axis=1)), waiting_form[0]
                _check(*form)  # it may change on the way
                waiting, waiting_frames, waiting_form = [], 0, form
            waiting.append(_as_rows(frame))
            waiting_frames += frame.samples
            seconds += frame.samples / frame.sample_rate
    if waiting:
        yield _as_float(np.concatenate(waiting, axis=1)), waiting_form[0]
    if damaged > max(2, good // 50):
        raise Unreadable(f"{damaged} of its {good + damaged} packets are damaged: export it again")
    if stated is not None:
        _check_is_whole(seconds, stated, tolerance=0.2)


def _check(rate: int, channels: int) -> None:
    if rate not in RATES:
        raise Unreadable(
            f"{rate:,} samples a second is outside {RATES[0]:,} to {RATES[-1]:,}: "
            "convert it to 8,000 or 44,100"
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise Unreadable(
            f"{channels} channels, at most {MAX_CHANNELS} are accepted: save it as mono"
        )


def _check_is_whole(there: float, stated: float, *, tolerance: float) -> None:
    if stated - there > max(tolerance, stated / 100):
        raise Unreadable(f"it is cut off, {there / stated:.0%} of it is there: send it again")


def _check_wav_is_whole(path: Path) -> None:
    """Compare the length of a WAV file's sound with what is there, which FFmpeg does not."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(12)
        for _ in range(1000):
            head = file.read(8)
            if len(head) < 8:
                return
            length = int.from_bytes(head[4:], "little")
            if head[:4] == b"data":
                if length < _LENGTH_NOT_KNOWN:
                    _check_is_whole(size - file.tell(), length, tolerance=2048)
                return
            file.seek(length + (length & 1), os.SEEK_CUR)


def _as_rows(frame: av.AudioFrame) -> NDArray[Any]:
    """Return one row per channel, as the codec has them."""
    array: NDArray[Any] = frame.to_ndarray()
    if frame.format.is_planar:
        return array
    return array.reshape(-1, len(frame.layout.channels)).T


def _as_float(array: NDArray[Any]) -> NDArray[np.float32]:
    """Return samples with full scale being 1."""
    with np.errstate(over="ignore"):  # a double may be larger: it becomes infinite, see below
        block = np.ascontiguousarray(array, dtype=np.float32)
    if array.dtype == np.uint8:
        return (block - np.float32(128)) / np.float32(128)
    if array.dtype.kind == "i":
        return block / np.float32(-float(np.iinfo(array.dtype).min))
    finite = np.nan_to_num(block, nan=0.0, posinf=_LOUDEST, neginf=-_LOUDEST)
    return np.clip(finite, -_LOUDEST, _LOUDEST)


def _stated_seconds(path: Path, form: str, stream: av.AudioStream) -> float | None:
    """Return how long the file says it plays, or None if that would be FFmpeg's estimate."""
    if stream.duration is None or stream.time_base is None:
        return None
    if form in ("wav", "ogg") or (form == "mp3" and not _counts_its_frames(path)):
        return None
    return float(stream.duration * stream.time_base)


def _counts_its_frames(path: Path) -> bool:
    """Say whether an MP3 file begins with the Xing or Info tag, which holds its length."""
    with path.open("rb") as file:
        head = file.read(10)
        if head.startswith(b"ID3") and len(head) == 10:  # ID3v2.4, 3.1: 7 bits in each byte
            size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
            file.seek(10 + size)
        else:
            file.seek(0)
        frame = file.read(512)
    return b"Xing" in frame or b"Info" in frame


class _Mixer:
    """Collects mono blocks of any rate as 8 kHz pieces."""

    def __init__(self, *, max_samples: int) -> None:
        self.heard = 0.0  # energy of all channels, averaged
        self._kept = 0.0  # energy of what was given to us
        self._pieces: list[NDArray[np.float32]] = []
        self._samples = 0
        self._max_samples = max_samples
        self._rate: int | None = None
        self._resampler: soxr.ResampleStream | None = None

    @property
    def is_cancelled(self) -> bool:
        """Whether mixing lost more than 99 % of the energy."""
        return self._kept < self.heard / 100

    def add(self, block: NDArray[np.float32], rate: int) -> None:
        """Take the next block."""
        if rate != self._rate:  # also in mid-file, where files were joined
            self._flush()
            self._rate = rate
            if rate != RATE:  # what has the rate of a call is kept bit for bit
                self._resampler = soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="HQ")
        self._kept += float(np.square(block).sum())
        self._keep(block if self._resampler is None else self._resampler.resample_chunk(block))

    def finish(self) -> list[NDArray[np.float32]]:
        """Return the pieces."""
        self._flush()
        return self._pieces

    def _flush(self) -> None:
        if self._resampler is not None:
            nothing = np.zeros(0, dtype=np.float32)
            self._keep(self._resampler.resample_chunk(nothing, last=True))
            self._resampler = None

    def _keep(self, piece: NDArray[np.float32]) -> None:
        if len(piece):
            self._pieces.append(piece)
            self._samples += len(piece)
        if self._samples > self._max_samples:
            raise TooLong
