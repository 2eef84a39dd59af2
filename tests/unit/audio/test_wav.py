"""WAV files: every encoding, both directions, and what is wrong with broken ones."""

import io
import struct
import wave

import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.audio import g711, wav

RAMP = np.linspace(-32768, 32767, 1001).astype(np.int16)


def riff(form: bytes, sound: bytes, *, size: int | None = None, between: bytes = b"") -> bytes:
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + between
    chunks += b"data" + struct.pack("<I", len(sound) if size is None else size) + sound
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def form(tag: int, bits: int, *, channels: int = 1, rate: int = 8000) -> bytes:
    block = channels * bits // 8
    return struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits)


def extensible(tag: int, bits: int, *, tail: str = "000000001000800000aa00389b71") -> bytes:
    guid = struct.pack("<H", tag) + bytes.fromhex(tail)
    return form(0xFFFE, bits) + struct.pack("<HHI", 22, bits, 4) + guid


def in_24_bits(samples: NDArray[np.int16]) -> bytes:
    wide = (samples.astype("<i4") << 8).view(np.uint8).reshape(-1, 4)
    return wide[:, :3].tobytes()


def test_written_pcm_is_what_the_standard_library_reads() -> None:
    stereo = np.stack([RAMP, RAMP[::-1]], axis=1)

    with wave.open(io.BytesIO(wav.write(stereo, 44100))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (44100, 2, 2)
        assert file.getnframes() == len(RAMP)
        assert file.readframes(2000) == stereo.astype("<i2").tobytes()


def test_what_the_standard_library_writes_is_read() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
        out.writeframes(RAMP.astype("<i2").tobytes())

    read = wav.read(file.getvalue())

    assert (read.rate, read.channels) == (16000, 1)
    assert (read.samples[:, 0] == RAMP).all()
    assert read.seconds == len(RAMP) / 16000


@pytest.mark.parametrize(
    ("chunk", "sound", "tolerance"),
    [
        (form(1, 16), RAMP.tobytes(), 0),
        (form(1, 8), ((RAMP >> 8) + 128).astype(np.uint8).tobytes(), 255),
        (form(1, 24), in_24_bits(RAMP), 0),
        (form(1, 32), (RAMP.astype("<i4") << 16).tobytes(), 0),
        (form(3, 32), (RAMP / 32768).astype("<f4").tobytes(), 0),
        (form(3, 64), (RAMP / 32768).astype("<f8").tobytes(), 0),
        (extensible(1, 16), RAMP.tobytes(), 0),
        (extensible(3, 32), (RAMP / 32768).astype("<f4").tobytes(), 0),
        (form(7, 8), g711.encode_ulaw(RAMP).tobytes(), 660),
        (form(6, 8), g711.encode_alaw(RAMP).tobytes(), 520),
    ],
    ids=["16", "8", "24", "32", "float", "double", "ext-16", "ext-float", "ulaw", "alaw"],
)
def test_every_encoding_is_read(chunk: bytes, sound: bytes, tolerance: int) -> None:
    read = wav.read(riff(chunk, sound))

    assert read.samples.dtype == np.int16
    assert read.samples.shape == (len(RAMP), 1)
    error = np.abs(read.samples[:, 0].astype(np.int32) - RAMP)
    assert error.max() <= tolerance


def test_float_that_is_too_loud_or_no_number_is_limited() -> None:
    values = np.array([2.0, -2.0, np.nan, np.inf, 0.5], dtype="<f4")
    read = wav.read(riff(form(3, 32), values.tobytes()))
    assert read.samples[:, 0].tolist() == [32767, -32768, 0, 32767, 16384]


def test_mono_is_the_average_of_the_channels_and_does_not_clip() -> None:
    loud = np.array([[32767, 32767], [-32768, -32768], [100, -100], [3, 4]], dtype=np.int16)
    assert wav.read(wav.write(loud)).mono().tolist() == [32767, -32768, 0, 4]
    assert wav.read(wav.write(RAMP)).mono().tolist() == RAMP.tolist()


@pytest.mark.parametrize("length", [160, 161])
def test_ulaw_is_written_with_the_chunks_it_needs(length: int) -> None:
    codes = bytes(range(160)) + b"\x12" * (length - 160)

    data = wav.write_ulaw(codes)

    assert len(data) % 2 == 0
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert b"fact" in data[:58]
    assert (wav.read(data).samples[:, 0] == g711.decode_ulaw(codes)).all()


def test_header_can_be_written_first_and_again_at_the_end() -> None:
    first = wav.header(wav.Encoding.PCM, rate=8000, channels=1, frames=0)
    last = wav.header(wav.Encoding.PCM, rate=8000, channels=1, frames=len(RAMP))

    assert len(first) == len(last) == 58
    # Not yet rewritten, as after a crash: what is there is read.
    assert (wav.read(first + RAMP.tobytes()).samples[:, 0] == RAMP).all()
    assert (wav.read(last + RAMP.tobytes()).samples[:, 0] == RAMP).all()


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_length_that_was_never_filled_in_means_to_the_end(size: int) -> None:
    assert len(wav.read(riff(form(1, 16), RAMP.tobytes(), size=size)).samples) == len(RAMP)


def test_other_chunks_are_passed_over_also_of_odd_length() -> None:
    between = b"LIST" + struct.pack("<I", 5) + b"hello\0"
    assert len(wav.read(riff(form(1, 16), RAMP.tobytes(), between=between)).samples) == len(RAMP)


def test_half_a_frame_at_the_end_is_left_out() -> None:
    assert len(wav.read(riff(form(1, 16, channels=2), b"\0" * 11)).samples) == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no WAV file"),
        (b"RIFF", "no WAV file"),
        (b"Hello, this is a text file", "no WAV file"),
        (b"RIFF\0\0\0\0WAVE", "no data chunk"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0", "no fmt chunk"),
        (riff(form(1, 16)[:10], b""), "10 bytes, at least 16"),
        (riff(form(1, 12), b""), "PCM of 12 bits"),
        (riff(form(3, 16), b""), "FLOAT of 16 bits"),
        (riff(form(0x55, 0), b""), "0x0055 is not read"),
        (riff(form(1, 16, channels=0), b""), "0 channels"),
        (riff(form(1, 16, channels=65), b""), "65 channels"),
        (riff(form(1, 16, rate=0), b""), "0 samples a second"),
        (riff(form(1, 16)[:12] + b"\x03\0\x10\0", b""), "cannot have 3 bytes"),
        (riff(extensible(1, 16)[:30], b""), "30 bytes, 40 are needed"),
        (riff(extensible(1, 16, tail="00" * 14), b""), "not among the registered"),
        (riff(form(1, 16), b"\0" * 100, size=1000), "cut off: 100 of 1,000 bytes"),
    ],
)
def test_broken_file_is_refused_with_the_reason(data: bytes, message: str) -> None:
    with pytest.raises(wav.BadWav, match=message):
        wav.read(data)


def test_no_beginning_of_a_file_and_no_changed_byte_raises_anything_else() -> None:
    whole = riff(extensible(1, 16), RAMP[:40].tobytes(), between=b"LIST\x04\0\0\0abcd")
    for end in range(len(whole)):
        with pytest.raises(wav.BadWav):
            wav.read(whole[:end])
    for at in range(12, 90):
        for value in (0, 1, 0x7F, 0xFF):
            changed = whole[:at] + bytes([value]) + whole[at + 1 :]
            try:
                wav.read(changed)
            except wav.BadWav as exc:
                assert str(exc)  # noqa: PT017 - most changes are harmless, some are refused


def test_float_is_not_written() -> None:
    with pytest.raises(ValueError, match="not written"):
        wav.header(wav.Encoding.FLOAT, rate=8000, channels=1, frames=0)
