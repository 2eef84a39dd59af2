"""Sounds made for tests: like speech in what matters to codecs and correlation."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def speech_like(seconds: float, *, seed: int, rate: int = 8000) -> NDArray[np.int16]:
    """Return a gliding voice with 13 harmonics, syllables and pauses; the same for each seed."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate

    def wandering(step: float, low: float, high: float) -> NDArray[np.float64]:
        knots = np.arange(0.0, seconds + 2 * step, step)
        values: NDArray[np.float64] = np.interp(time, knots, random.uniform(low, high, len(knots)))
        return values

    phase = 2 * np.pi * np.cumsum(wandering(0.15, 90, 240)) / rate
    wave = np.zeros(len(time))
    for harmonic in range(1, 14):
        wave += wandering(0.1, 0, 1) * np.sin(harmonic * phase) / harmonic**0.7
    wave *= wandering(0.12, 0, 1) ** 2 * (np.sin(2 * np.pi * time / 3.1 + 1) > -0.8)
    wave *= 16000 / np.abs(wave).max()
    return wave.astype(np.int16)


def encode(
    path: Path, samples: NDArray[np.int16], rate: int, *, codec: str, **settings: int
) -> bytes:
    """Encode mono samples, or rows of channels, by FFmpeg; the suffix names the container."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    layout = {1: "mono", 2: "stereo"}[channels]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        for name, value in settings.items():
            setattr(stream.codec_context, name, value)
        stream.codec_context.open()
        resampler = av.AudioResampler(
            stream.codec_context.format, layout, rate, stream.codec_context.frame_size or 4096
        )
        for start in range(0, len(samples), rate):  # in seconds: resampling is slow on long frames
            part = np.ascontiguousarray(samples[start : start + rate]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(part, "s16", layout)
            frame.sample_rate = rate
            for ready in resampler.resample(frame):
                container.mux(stream.encode(ready))
        for ready in resampler.resample(None):
            container.mux(stream.encode(ready))
        container.mux(stream.encode(None))
    return path.read_bytes()
