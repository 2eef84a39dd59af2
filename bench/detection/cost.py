"""What detection costs: CPU per stream and second, and how many streams a core carries."""

from __future__ import annotations

import time

import numpy as np

from bench.detection.corpus import Part, calls, make_utterances
from bench.detection.sounds import FRAME
from bench.detection.speech import UtteranceStore
from bench.table import Row
from ringcast.audio.detection import DetectionSettings, Detector

HOLD_MS = 0.15
#: No verdict ends a detection, so that all streams are heard all the time.
_ENDLESS = DetectionSettings(
    initial_silence=600, after_short=600, after_longer=600, long_greeting=600, total=600, bias=0.001
)


def measured(store: UtteranceStore, *, streams: int = 1000, seconds: float = 6.0) -> float:
    """Return the milliseconds of CPU per stream and second."""
    numbers = range(0, 400)
    make_utterances(Part.HELD_OUT, store, numbers)
    length = round(seconds * 50)
    sound = np.zeros((streams, length, FRAME), np.float32)
    some = list(calls(Part.HELD_OUT, store, numbers))
    for stream in range(streams):
        frames = some[stream % len(some)].samples.reshape(-1, FRAME)[:length]
        sound[stream, : len(frames)] = frames / np.float32(32768)
    detector = Detector(initial=streams)
    for stream in range(streams):
        detector.start(stream, _ENDLESS)
    blocks = [np.ascontiguousarray(sound[:, frame]) for frame in range(length)]
    began = time.process_time()
    for block in blocks:
        detector.hear(block[detector.streams])
    return (time.process_time() - began) * 1000 / streams / seconds


def rows(store: UtteranceStore) -> list[Row]:
    """Measure and return the rows of the table."""
    made = []
    for streams in (100, 1000):
        cost = min(measured(store, streams=streams) for _ in range(3))
        made.append(
            Row(
                f"answering-machine detection, CPU per stream and second, {streams:,} streams",
                f"{cost:.3f} ms; a core carries {1000 / cost:,.0f} streams",
                f"≤ {HOLD_MS:g} ms",
                cost <= HOLD_MS,
            )
        )
    return made
