"""WAV files as bytes: reading what telephony meets, writing 16-bit PCM and µ-law.

Reads 8, 16, 24 and 32-bit PCM, 32 and 64-bit float, µ-law and A-law, also as
WAVE_FORMAT_EXTENSIBLE. Little-endian throughout (RIFF).
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ringcast.audio import g711

__all__ = ["MAX_CHANNELS", "BadWav", "Encoding", "Wav", "header", "read", "write", "write_ulaw"]

MAX_CHANNELS: Final = 64

_EXTENSIBLE: Final = 0xFFFE
# The tail of every SubFormat GUID made from a format tag (mmreg.h: DEFINE_WAVEFORMATEX_GUID).
_GUID_TAIL: Final = bytes.fromhex("000000001000800000aa00389b71")
# Written by programs that could not go back to fill in the length.
_LENGTH_NOT_KNOWN: Final = frozenset({0, 0x7FFFFFFF, 0x7FFFFFFF + 1, 0xFFFFFFFF})


class BadWav(ValueError):
    """The bytes are not a WAV file, or not one that is read here."""


class Encoding(IntEnum):
    """Format tags (RFC 2361)."""

    PCM = 1
    FLOAT = 3
    ALAW = 6
    ULAW = 7


class Wav(NamedTuple):
    """A decoded WAV file."""

    rate: int
    """Frames a second."""
    channels: int
    samples: NDArray[np.int16]
    """One row per frame, one column per channel."""

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return len(self.samples) / self.rate

    def mono(self) -> NDArray[np.int16]:
        """Return the average of the channels, which never clips."""
        if self.channels == 1:
            return self.samples[:, 0]
        average: NDArray[np.float64] = self.samples.mean(axis=1, dtype=np.float64)
        return np.rint(average).astype(np.int16)


class _Format(NamedTuple):
    encoding: Encoding
    channels: int
    rate: int
    bits: int


def read(data: bytes) -> Wav:
    """Decode a WAV file; raise `BadWav` saying what is wrong with it.

    A file whose length was never filled in (0 or the largest number) is read to its end; one
    that ends before the length it states is refused as cut off.
    """
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise BadWav("this is no WAV file: it does not begin with RIFF and WAVE")
    found: _Format | None = None
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8
        if name == b"fmt ":
            found = _format(data[at : at + size])
        elif name == b"data":
            if found is None:
                raise BadWav("the sound comes before its format (no fmt chunk ahead of data)")
            return _decode(found, _sound(data, at, size))
        at += size + (size & 1)  # chunks begin on even positions
    raise BadWav("the file holds no sound (no data chunk)")


def _sound(data: bytes, at: int, size: int) -> bytes:
    there = len(data) - at
    if size in _LENGTH_NOT_KNOWN:
        return data[at:]
    if size > there:
        raise BadWav(f"the file is cut off: {there:,} of {size:,} bytes of sound are there")
    return data[at : at + size]


def _format(chunk: bytes) -> _Format:
    if len(chunk) < 16:
        raise BadWav(f"the fmt chunk has {len(chunk)} bytes, at least 16 are needed")
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE:
        if len(chunk) < 40:
            raise BadWav(f"the extensible fmt chunk has {len(chunk)} bytes, 40 are needed")
        if chunk[26:40] != _GUID_TAIL:
            raise BadWav("the sound has a format that is not among the registered ones")
        tag = int.from_bytes(chunk[24:26], "little")
    widths = _WIDTHS.get(tag)
    if widths is None:
        raise BadWav(f"format {tag:#06x} is not read: save as PCM, float, µ-law or A-law")
    if bits not in widths:
        raise BadWav(f"{Encoding(tag).name} of {bits} bits is not read: {widths} are")
    if not 1 <= channels <= MAX_CHANNELS:
        raise BadWav(f"{channels} channels: between 1 and {MAX_CHANNELS} are read")
    if not rate:
        raise BadWav("the rate is 0 samples a second")
    if block != channels * bits // 8:
        raise BadWav(f"a frame of {channels} x {bits} bits cannot have {block} bytes")
    return _Format(Encoding(tag), channels, rate, bits)


_WIDTHS: Final[dict[int, tuple[int, ...]]] = {
    Encoding.PCM: (8, 16, 24, 32),
    Encoding.FLOAT: (32, 64),
    Encoding.ALAW: (8,),
    Encoding.ULAW: (8,),
}


def _decode(form: _Format, sound: bytes) -> Wav:
    frame = form.channels * form.bits // 8
    sound = sound[: len(sound) // frame * frame]
    match form.encoding, form.bits:
        case Encoding.ULAW, _:
            samples = g711.decode_ulaw(sound)
        case Encoding.ALAW, _:
            samples = g711.decode_alaw(sound)
        case Encoding.FLOAT, bits:
            samples = _from_float(np.frombuffer(sound, dtype=f"<f{bits // 8}"))
        case _, 8:  # 8-bit PCM has no sign
            samples = (np.frombuffer(sound, dtype=np.uint8).astype(np.int16) - 128) << 8
        case _, bits:
            samples = _upper_16_bits(sound, width=bits // 8)
    return Wav(form.rate, form.channels, samples.reshape(-1, form.channels))


def _upper_16_bits(sound: bytes, *, width: int) -> NDArray[np.int16]:
    upper = np.frombuffer(sound, dtype=np.uint8).reshape(-1, width)[:, -2:]
    return np.ascontiguousarray(upper).reshape(-1).view("<i2").astype(np.int16, copy=False)


def _from_float(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    scaled = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0).astype(np.float64) * 32768
    return np.clip(np.rint(scaled), -32768, 32767).astype(np.int16)


def header(encoding: Encoding, *, rate: int, channels: int, frames: int) -> bytes:
    """Return everything that comes before the sound, for 16-bit PCM, µ-law or A-law.

    Always 58 bytes, so that a recorder can write it for no frames first and again at the end.
    """
    if encoding is Encoding.FLOAT:
        raise ValueError("floating point is read, not written")
    bits = 16 if encoding is Encoding.PCM else 8
    block = channels * bits // 8
    size = frames * block
    # With cbSize and a fact chunk, as everything but PCM must have (RFC 2361, and MS RIFF 1994).
    return struct.pack(
        "<4sI4s4sIHHIIHHH4sII4sI",
        *(b"RIFF", 50 + size + (size & 1), b"WAVE"),
        *(b"fmt ", 18, encoding, channels, rate, rate * block, block, bits, 0),
        *(b"fact", 4, frames),
        *(b"data", size),
    )


def write(samples: NDArray[np.int16], rate: int = 8000) -> bytes:
    """Return a 16-bit PCM WAV file of mono samples, or of rows of channels."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    head = header(Encoding.PCM, rate=rate, channels=channels, frames=len(samples))
    return head + samples.astype("<i2", copy=False).tobytes()


def write_ulaw(codes: bytes, rate: int = 8000) -> bytes:
    """Return a mono µ-law WAV file of these codes."""
    head = header(Encoding.ULAW, rate=rate, channels=1, frames=len(codes))
    return head + codes + b"\0" * (len(codes) & 1)
