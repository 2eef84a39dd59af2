"""The process that decodes and encodes audio: `python -m ringcast.integrations.audio_process`.

Its memory and CPU time are limited, so that a file made to exhaust a decoder ends this process
and nothing else. `AudioImporter` is the side that asks.
"""

from __future__ import annotations

import os
import resource
import sys
import wave
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import av
import av.logging
import msgspec
import numpy as np
from numpy.typing import NDArray

from ringcast.audio import g711
from ringcast.integrations.audio_decode import RATE, Decoded, TooLong, Unreadable, decode
from ringcast.integrations.audio_messages import (
    TOO_LONG,
    TOO_SHORT,
    Answer,
    Decode,
    Done,
    EncodeMp3,
    EncodeWavAsMp3,
    Failed,
    Refused,
    Request,
)
from ringcast.integrations.worker_process import allow_cpu, answer_requests

_FRAME: Final = 160  # bytes of G.711 in the 20 ms of one packet
_MP3_BITS_PER_SECOND: Final = 32_000  # for each channel
_PIECE: Final = 576 * 100  # rows read at a time: whole frames of MP3


def main() -> None:
    """Answer requests; the only argument is how many bytes of address space may be used."""
    av.logging.set_level(None)
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(Request)
    answer_requests(lambda data: msgspec.msgpack.encode(_answer(decoder.decode(data))))


def _answer(request: Request) -> Answer:
    allow_cpu(request.cpu_seconds)
    try:
        match request:
            case Decode():
                return _decode(request)
            case EncodeMp3():
                return _encode_mp3(request)
            case EncodeWavAsMp3():
                return _encode_wav_as_mp3(request)
    except MemoryError:
        return Refused(reason="it needs more memory than allowed: save it again, as WAV or MP3")
    except OSError as exc:
        return Failed(reason=exc.strerror or str(exc))


def _decode(request: Decode) -> Answer:
    try:
        decoded = decode(Path(request.source), max_seconds=request.max_seconds)
    except TooLong:
        return Refused(reason=TOO_LONG)
    except Unreadable as exc:
        return Refused(reason=str(exc))
    if decoded.samples < request.min_seconds * RATE:
        return Refused(reason=TOO_SHORT, seconds=decoded.samples / RATE)
    _write_g711(decoded, Path(request.ulaw), Path(request.alaw))
    return Done(samples=decoded.samples, form=decoded.form)


def _write_g711(decoded: Decoded, ulaw: Path, alaw: Path) -> None:
    padding = -decoded.samples % _FRAME
    with ulaw.open("wb") as ulaw_file, alaw.open("wb") as alaw_file:
        for piece in decoded.pieces:
            linear = np.clip(np.rint(piece * np.float32(32768)), -32768, 32767).astype(np.int16)
            ulaw_file.write(g711.encode_ulaw(linear).tobytes())
            alaw_file.write(g711.encode_alaw(linear).tobytes())
        ulaw_file.write(bytes([g711.ULAW_SILENCE]) * padding)
        alaw_file.write(bytes([g711.ALAW_SILENCE]) * padding)
        _to_disk(ulaw_file)
        _to_disk(alaw_file)


def _encode_mp3(request: EncodeMp3) -> Answer:
    linear = g711.decode_ulaw(Path(request.ulaw).read_bytes()[: request.samples])
    size = _encode(Path(request.mp3), [linear.reshape(-1, 1)], channels=1)
    return Done(samples=size, form="mp3")


def _encode_wav_as_mp3(request: EncodeWavAsMp3) -> Answer:
    try:
        with wave.open(request.wav, "rb") as file:
            channels = file.getnchannels()
            if file.getsampwidth() != 2 or file.getframerate() != RATE or channels > 2:
                return Refused(reason="it is no recording of ours")
            size = _encode(Path(request.mp3), _pieces(file, channels), channels=channels)
    except (wave.Error, EOFError) as exc:
        return Refused(reason=str(exc) or "it is cut off")
    return Done(samples=size, form="mp3")


def _pieces(file: wave.Wave_read, channels: int) -> Iterator[NDArray[np.int16]]:
    while data := file.readframes(_PIECE):
        yield np.frombuffer(data, "<i2").reshape(-1, channels)


def _encode(target: Path, pieces: Iterable[NDArray[np.int16]], *, channels: int) -> int:
    """Write samples, a row for each moment, as MP3; return how many rows there were."""
    layout = "mono" if channels == 1 else "stereo"
    rows = 0
    with target.open("wb") as file:
        with av.open(file, "w", format="mp3") as container:
            stream = container.add_stream("libmp3lame", rate=RATE, layout=layout, format="s16p")
            stream.bit_rate = channels * _MP3_BITS_PER_SECOND
            stream.codec_context.open()
            size = stream.codec_context.frame_size
            for piece in pieces:
                for start in range(0, len(piece), size):
                    part = np.ascontiguousarray(piece[start : start + size].T)
                    frame = av.AudioFrame.from_ndarray(part, "s16p", layout)
                    frame.sample_rate = RATE
                    frame.pts = rows + start
                    container.mux(stream.encode(frame))
                rows += len(piece)
            container.mux(stream.encode(None))
        _to_disk(file)
    return rows


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


if __name__ == "__main__":
    main()
