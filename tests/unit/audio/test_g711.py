"""G.711 tables against the standard's values and against FFmpeg."""

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.audio import g711

ALL_CODES = np.arange(256, dtype=np.uint8)
ALL_SAMPLES = np.arange(-32768, 32768, dtype=np.int32).astype(np.int16)


def ffmpeg_decodes(codec: str, codes: NDArray[np.uint8]) -> NDArray[np.int16]:
    context = av.CodecContext.create(codec, "r")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate = 8000
    context.layout = "mono"
    frames = context.decode(av.Packet(codes.tobytes()))
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])


def ffmpeg_encodes(codec: str, samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate = 8000
    context.layout = "mono"
    context.format = "s16"
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = 8000
    packets = [*context.encode(frame), *context.encode(None)]
    return np.frombuffer(b"".join(bytes(packet) for packet in packets), dtype=np.uint8)


@pytest.mark.parametrize(
    ("code", "sample"),
    # G.711 table 2a/2b: the decoder output values, times 4
    [
        (0x80, 32124),
        (0x00, -32124),
        (0xFF, 0),
        (0x7F, 0),
        (0x8F, 16764),
        (0x90, 15996),
        (0xFE, 8),
        (0x7E, -8),
    ],
)
def test_ulaw_code_decodes_to_the_value_of_the_standard(code: int, sample: int) -> None:
    assert g711.ULAW_DECODE[code] == sample


@pytest.mark.parametrize(
    ("code", "sample"),
    # G.711 table 1a/1b: the decoder output values, times 8
    [(0xAA, 32256), (0x2A, -32256), (0xD5, 8), (0x55, -8), (0x80, 5504), (0xD4, 24)],
)
def test_alaw_code_decodes_to_the_value_of_the_standard(code: int, sample: int) -> None:
    assert g711.ALAW_DECODE[code] == sample


def test_decoding_equals_ffmpeg_for_every_code() -> None:
    assert (ffmpeg_decodes("pcm_mulaw", ALL_CODES) == g711.ULAW_DECODE).all()
    assert (ffmpeg_decodes("pcm_alaw", ALL_CODES) == g711.ALAW_DECODE).all()


def test_encoding_what_was_decoded_gives_the_same_code() -> None:
    expected = ALL_CODES.copy()
    expected[0x7F] = 0xFF  # µ-law has two zeros; the positive one is sent
    assert (g711.encode_ulaw(g711.ULAW_DECODE) == expected).all()
    assert (g711.encode_alaw(g711.ALAW_DECODE) == ALL_CODES).all()


@pytest.mark.parametrize("codec", ["pcm_mulaw", "pcm_alaw"])
def test_encoding_equals_ffmpeg_but_on_decision_values(codec: str) -> None:
    encode = g711.encode_ulaw if codec == "pcm_mulaw" else g711.encode_alaw
    decode = g711.ULAW_DECODE if codec == "pcm_mulaw" else g711.ALAW_DECODE

    ours, theirs = encode(ALL_SAMPLES), ffmpeg_encodes(codec, ALL_SAMPLES)

    # FFmpeg decides half way between outputs, which differs from G.711 where segments meet.
    differ = decode[ours] != decode[theirs]
    assert differ.mean() < 0.04
    samples = ALL_SAMPLES.astype(np.int32)
    our_error = np.abs(decode[ours] - samples)[differ]
    their_error = np.abs(decode[theirs] - samples)[differ]
    half_step = np.maximum(16, np.abs(samples[differ]) // 16)
    assert (np.abs(our_error - their_error) <= half_step).all()


@pytest.mark.parametrize("encode", [g711.encode_ulaw, g711.encode_alaw])
def test_a_larger_sample_never_decodes_smaller(encode: object) -> None:
    is_ulaw = encode is g711.encode_ulaw
    codes = g711.encode_ulaw(ALL_SAMPLES) if is_ulaw else g711.encode_alaw(ALL_SAMPLES)
    decoded = (g711.decode_ulaw if is_ulaw else g711.decode_alaw)(codes).astype(np.int32)

    assert (np.diff(decoded) >= 0).all()
    # Half of the widest step of the outermost segment, and overload beyond it.
    limit = np.maximum(8, np.abs(ALL_SAMPLES.astype(np.int32)) // 16 + 16)
    assert (np.abs(decoded - ALL_SAMPLES) <= np.maximum(limit, 0)).all()


def test_silence_is_the_code_of_zero() -> None:
    zero = np.zeros(3, dtype=np.int16)
    assert g711.encode_ulaw(zero).tolist() == [g711.ULAW_SILENCE] * 3
    assert g711.encode_alaw(zero).tolist() == [g711.ALAW_SILENCE] * 3
    assert g711.ULAW_TO_ALAW[g711.ULAW_SILENCE] == g711.ALAW_SILENCE


def test_transcoding_keeps_the_sound_within_one_step() -> None:
    across = g711.ALAW_DECODE[g711.ULAW_TO_ALAW].astype(np.int32)
    there = g711.ULAW_DECODE.astype(np.int32)
    assert (np.abs(across - there) <= np.maximum(np.abs(there) // 16, 8)).all()
    back = g711.ULAW_DECODE[g711.ALAW_TO_ULAW].astype(np.int32)
    here = g711.ALAW_DECODE.astype(np.int32)
    assert (np.abs(back - here) <= np.maximum(np.abs(here) // 16, 8)).all()


def test_shape_is_kept_and_strided_arrays_are_taken() -> None:
    batch = np.arange(-600, 600, dtype=np.int16).reshape(4, 300)
    assert g711.encode_ulaw(batch).shape == (4, 300)
    assert (g711.encode_ulaw(batch[:, ::2]) == g711.encode_ulaw(batch)[:, ::2]).all()
    assert (g711.encode_alaw(batch.T) == g711.encode_alaw(batch).T).all()


def test_bytes_are_decoded_like_arrays() -> None:
    assert (g711.decode_ulaw(bytes(ALL_CODES)) == g711.ULAW_DECODE).all()
    assert (g711.decode_alaw(bytearray(ALL_CODES)) == g711.ALAW_DECODE).all()


def test_tables_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        g711.ULAW_DECODE[0] = 1
