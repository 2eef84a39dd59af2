"""Beeps that are heard where there are none: in hours of speech and ring-back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

from bench.detection import sounds
from bench.detection.corpus import SIZES, Part, utterances_of
from bench.detection.sounds import FRAME, RATE
from bench.detection.speech import Utterance, UtteranceStore
from ringcast.audio.detection import DetectionSettings, Detector, GreetingEnded

__all__ = ["false_beeps"]

STREAMS = 60
_ENDLESS = DetectionSettings(
    initial_silence=600,
    after_short=600,
    after_longer=600,
    long_greeting=600,
    total=600,
    learned=False,
)


def false_beeps(part: Part, store: UtteranceStore, *, hours: float) -> tuple[int, float]:
    """Return how many beeps are heard, and in how many hours of sound."""
    seconds = hours * 3600 / STREAMS
    utterances = utterances_of(part, range(SIZES[part]))
    store.make(utterances)
    every = [_sound(utterances, store, stream, seconds) for stream in range(STREAMS)]
    shortest = min(len(sound) for sound in every) // FRAME
    frames = np.stack([sound[: shortest * FRAME].reshape(-1, FRAME) for sound in every])
    detector = Detector(initial=STREAMS)
    for stream in range(STREAMS):
        detector.start(stream, _ENDLESS)
    heard = 0
    for frame in range(shortest):
        block = frames[detector.streams, frame].astype(np.float32) / np.float32(32768)
        heard += sum(isinstance(one, GreetingEnded) and one.beep for one in detector.hear(block))
    return heard, STREAMS * shortest * FRAME / RATE / 3600


def _sound(
    utterances: list[Utterance], store: UtteranceStore, stream: int, seconds: float
) -> NDArray[np.int16]:
    rng = np.random.default_rng([77, stream])
    parts = list(_parts(store, utterances, rng, seconds))
    wave = np.concatenate(parts)
    kind = str(rng.choice(sounds.NOISES))
    wave += sounds.noise(rng, kind, len(wave)) * np.float32(10 ** (rng.uniform(-60, -38) / 20))
    return sounds.coded(wave[: len(wave) // FRAME * FRAME], ("PCMU", "PCMA")[stream % 2])


def _parts(
    store: UtteranceStore, utterances: list[Utterance], rng: np.random.Generator, seconds: float
) -> Iterator[sounds.Wave]:
    left = seconds
    while left > 0:
        level = np.float32(10 ** (rng.uniform(-30, -12) / 20))
        if rng.random() < 0.05:
            sound = sounds.ringing(rng, float(rng.uniform(0.8, 2.0))) * level
        else:
            said = store[utterances[int(rng.integers(len(utterances)))]].astype(np.float32)
            sound = soxr.resample(said, RATE, RATE / rng.uniform(0.9, 1.15))
            sound *= level / np.sqrt(np.mean(np.square(sound)))
        pause = np.zeros(round(float(rng.uniform(0.1, 1.5)) * RATE), np.float32)
        left -= (len(sound) + len(pause)) / RATE
        yield np.clip(sound, -1, 1).astype(np.float32)
        yield pause
