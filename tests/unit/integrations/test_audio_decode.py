"""Files of many formats become 8 kHz mono, and what is not audio is refused with a reason."""

from pathlib import Path

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from ringcast.audio import compare, g711, wav
from ringcast.integrations.audio_decode import Decoded, TooLong, Unreadable, decode
from tests.fakes.sounds import encode, speech_like

SOUND = speech_like(3.0, seed=11)


def at_rate(rate: int, samples: NDArray[np.int16] = SOUND) -> NDArray[np.int16]:
    wave: NDArray[np.float32] = soxr.resample(samples.astype(np.float32), 8000, rate, quality="VHQ")
    return np.clip(np.rint(wave), -32768, 32767).astype(np.int16)


def linear(decoded: Decoded) -> NDArray[np.int16]:
    return np.rint(np.concatenate(decoded.pieces) * 32768).astype(np.int16)


def decoded(path: Path, data: bytes | None = None) -> NDArray[np.int16]:
    if data is not None:
        path.write_bytes(data)
    return linear(decode(path, max_seconds=60))


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
def test_wav_of_any_rate_keeps_its_sound_and_speed(tmp_path: Path, rate: int) -> None:
    samples = decoded(tmp_path / "a.wav", wav.write(at_rate(rate), rate))

    match = compare.find(SOUND, samples)
    assert match.correlation >= 0.98
    assert match.is_intact
    assert abs(match.offset_seconds) < 0.001
    assert len(samples) == pytest.approx(len(SOUND), abs=2)


@pytest.mark.parametrize(
    ("suffix", "codec", "settings", "form"),
    [
        (".wav", "pcm_s24le", {}, "wav"),
        (".wav", "pcm_f32le", {}, "wav"),
        (".wav", "pcm_u8", {}, "wav"),
        (".wav", "pcm_mulaw", {}, "wav"),
        (".wav", "pcm_alaw", {}, "wav"),
        (".wav", "adpcm_ima_wav", {}, "wav"),
        (".mp3", "libmp3lame", {"bit_rate": 64_000}, "mp3"),
        (".mp3", "libmp3lame", {"flags": 2, "global_quality": 4 * 118}, "mp3"),  # VBR, quality 4
        (".flac", "flac", {}, "flac"),
        (".ogg", "libopus", {"bit_rate": 96_000}, "ogg"),
    ],
    ids=["24", "float", "8", "ulaw", "alaw", "adpcm", "mp3-cbr", "mp3-vbr", "flac", "opus"],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_accepted_codec_keeps_the_sound(
    tmp_path: Path, suffix: str, codec: str, settings: dict[str, int], form: str, channels: int
) -> None:
    path, samples = tmp_path / f"a{suffix}", at_rate(48000)
    if channels == 2:
        samples = np.stack([samples, samples], axis=1)
    encode(path, samples, 48000, codec=codec, **settings)

    result = decode(path, max_seconds=60)

    assert result.form == form
    match = compare.find(SOUND, linear(result))
    assert match.correlation >= 0.98
    assert match.speed_ratio == pytest.approx(1, abs=1e-4)


def test_variable_bit_rate_is_variable(tmp_path: Path) -> None:
    """The case above is worth something only if the file really is VBR."""
    loud = np.concatenate([at_rate(44100), np.zeros(44100 * 3, dtype=np.int16)])
    data = encode(
        tmp_path / "a.mp3", loud, 44100, codec="libmp3lame", flags=2, global_quality=4 * 118
    )
    assert b"Xing" in data[:600]
    assert b"Info" not in data[:600]


def test_8_khz_ulaw_is_kept_bit_for_bit(tmp_path: Path) -> None:
    codes = g711.encode_ulaw(SOUND).tobytes()
    samples = decoded(tmp_path / "a.wav", wav.write_ulaw(codes))
    assert (samples == g711.decode_ulaw(codes)).all()


def test_channels_are_averaged(tmp_path: Path) -> None:
    other = speech_like(3.0, seed=12)
    both = wav.write(np.stack([SOUND, other], axis=1))

    samples = decoded(tmp_path / "a.wav", both)

    expected = (SOUND.astype(np.int32) + other) / 2
    assert np.abs(samples - expected).max() <= 1


def test_channels_that_would_cancel_each_other_are_not_averaged(tmp_path: Path) -> None:
    both = np.stack([SOUND, -SOUND], axis=1)
    samples = decoded(tmp_path / "a.wav", wav.write(both))
    assert compare.find(SOUND, samples).is_intact


def test_float_above_full_scale_is_made_quieter_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    encode(path, SOUND, 8000, codec="pcm_f32le")
    data = path.read_bytes()
    at = data.index(b"data") + 8
    louder = np.frombuffer(data[at:], dtype="<f4") * np.float32(5)
    assert np.abs(louder).max() > 2

    samples = decoded(path, data[:at] + louder.tobytes())

    assert np.abs(samples.astype(np.int32)).max() == 32767
    assert compare.find(SOUND, samples).correlation > 0.9999  # clipping would cost some


def test_float_that_is_no_number_or_immense_is_limited(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    data = encode(path, SOUND, 8000, codec="pcm_f64le")
    at = data.index(b"data") + 8
    values = np.frombuffer(data[at:], dtype="<f8").copy()
    values[100:105] = [np.nan, np.inf, -np.inf, 1e300, -1e300]

    samples = decoded(path, data[:at] + values.tobytes())

    assert samples[100:105].tolist() == [0, 32767, -32767, 32767, -32767]


def test_square_wave_at_full_scale_does_not_overflow_in_resampling(tmp_path: Path) -> None:
    square = np.where(np.arange(44100) // 50 % 2, 32767, -32768).astype(np.int16)
    pieces = (tmp_path / "a.wav", wav.write(square, 44100))
    samples = decoded(*pieces).astype(np.int32)
    assert np.abs(np.diff(samples)).max() < 65000  # no wrap-around between extremes
    assert np.abs(samples).max() <= 32767


def test_files_joined_with_another_rate_are_read_to_the_end(tmp_path: Path) -> None:
    first = encode(tmp_path / "1.mp3", at_rate(44100), 44100, codec="libmp3lame", bit_rate=64_000)
    other = at_rate(22050)
    second = encode(tmp_path / "2.mp3", other, 22050, codec="libmp3lame", bit_rate=64_000)
    # Without the tag that counts the first file's frames.
    frames = first[first.index(b"\xff\xfb", first.index(b"Info")) :]

    samples = decoded(tmp_path / "a.mp3", frames + second)

    assert len(samples) == pytest.approx(2 * len(SOUND), abs=2000)
    assert compare.find(SOUND, samples[: len(SOUND) + 1000]).is_intact
    assert compare.find(SOUND, samples[len(SOUND) - 1000 :]).is_intact


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".flac"])
def test_file_that_is_cut_off_is_refused_with_how_much_is_there(
    tmp_path: Path, suffix: str
) -> None:
    codec = {".wav": "pcm_s16le", ".mp3": "libmp3lame", ".flac": "flac"}[suffix]
    data = encode(tmp_path / f"a{suffix}", at_rate(44100), 44100, codec=codec)
    with pytest.raises(Unreadable, match=r"cut off, (3\d|4\d|50)% of it is there"):
        decoded(tmp_path / "b", data[: len(data) // 2])


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_wav_whose_length_was_never_filled_in_is_read(tmp_path: Path, size: int) -> None:
    data = bytearray(wav.write(SOUND))
    data[54:58] = data[4:8] = size.to_bytes(4, "little")
    assert (decoded(tmp_path / "a.wav", bytes(data)) == SOUND).all()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Hello, this is text\n" * 100, "not in a format that is accepted"),
        (b"RIFF\x24\0\0\0WAVE", "damaged or incomplete"),
        (b"RIFF\x24\0\0\0AVI LIST", "not in a format"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(100), "M4A files are not accepted"),
        (b"\0" * 5000, "not in a format"),
        (b"ID3\x04\0\0\0\0\0\x00" + b"text " * 500, "damaged|no sound|packets"),
        (b"fLaC" + b"\xff" * 3000, "damaged|packets"),
        (b"OggS" + b"\0" * 3000, "damaged|no sound"),
        (bytes(np.random.default_rng(1).integers(0, 256, 4000, dtype=np.uint8)), "format|damaged"),
    ],
    ids=["text", "head", "avi", "m4a", "zeros", "id3-text", "flac", "ogg", "random"],
)
def test_what_is_no_audio_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        decoded(tmp_path / "a.wav", data)


@pytest.mark.parametrize(("rate", "channels"), [(1, 1), (3999, 1), (1_000_000, 1), (8000, 40)])
def test_absurd_rates_and_channels_are_refused(tmp_path: Path, rate: int, channels: int) -> None:
    sound = np.zeros((4000, channels), dtype=np.int16)
    with pytest.raises(Unreadable, match=r"outside 4,000 to 384,000|at most 16"):
        decoded(tmp_path / "a.wav", wav.write(sound, rate))


def test_codec_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    encode(path, at_rate(8000), 8000, codec="pcm_s64le")
    with pytest.raises(Unreadable, match="pcm_s64le sound in a WAV file is not accepted"):
        decoded(path)


def test_mp3_with_a_damaged_middle_is_refused(tmp_path: Path) -> None:
    data = bytearray(
        encode(tmp_path / "a.mp3", at_rate(44100), 44100, codec="libmp3lame", bit_rate=64_000)
    )
    data[4000:16000] = np.random.default_rng(3).integers(0, 256, 12000, dtype=np.uint8).tobytes()
    with pytest.raises(Unreadable, match=r"cut off|damaged"):
        decoded(tmp_path / "b.mp3", bytes(data))


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".flac", "flac"), (".ogg", "libopus"), (".wav", "pcm_s16le")]
)
def test_more_sound_than_allowed_is_not_decoded(tmp_path: Path, suffix: str, codec: str) -> None:
    path = tmp_path / f"bomb{suffix}"
    encode(path, np.zeros(30 * 48000, dtype=np.int16), 48000, codec=codec)
    with pytest.raises(TooLong):
        decode(path, max_seconds=20)
    assert decode(path, max_seconds=31).samples == pytest.approx(240_000, abs=200)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_bytes_raise_nothing_unexpected(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    suffix, codec = [(".wav", "pcm_s16le"), (".mp3", "libmp3lame"), (".flac", "flac")][seed % 3]
    sound = at_rate(16000)[:16000]
    data = bytearray(encode(tmp_path / f"a{suffix}", sound, 16000, codec=codec))
    for at in random.integers(0, min(len(data), 600 if seed % 2 else len(data)), 12):
        data[at] = int(random.integers(0, 256))
    path = tmp_path / "b"
    path.write_bytes(data)
    try:
        samples = linear(decode(path, max_seconds=60))
    except (Unreadable, TooLong):
        return
    assert samples.dtype == np.int16
