"""What is heard on a line besides speech: noises, music, beeps, and what a network does to it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ringcast.audio import g711

__all__ = ["Wave", "beep", "coded", "lossy", "music", "noise", "ringing", "tone"]

Wave = NDArray[np.float32]
"""Samples at 8 kHz, full scale 1."""
RATE: Final = 8000
FRAME: Final = 160
NOISES: Final = ("none", "comfort", "white", "hum", "car", "room")


def tone(
    hertz: tuple[float, ...], seconds: float, *, ramp: float = 0.004, warble: float = 0.0
) -> Wave:
    """Return sine waves added up, with a power of 1; `warble` Hz of vibrato at 6 Hz."""
    t = np.arange(round(seconds * RATE)) / RATE
    bend = warble / 6.0 * np.sin(2 * np.pi * 6.0 * t) if warble else 0.0
    wave = sum(np.sin(2 * np.pi * h * t + bend) for h in hertz) * np.sqrt(2 / len(hertz))
    edge = min(round(ramp * RATE), len(t) // 2)
    shape = np.ones(len(t))
    if edge:
        shape[:edge] = np.linspace(0, 1, edge)
        shape[-edge:] = np.linspace(1, 0, edge)
    return np.asarray(wave * shape, np.float32)


def beep(rng: np.random.Generator) -> tuple[Wave, list[float]]:
    """Return a beep of some kind with a power of 1, and when it, or each of two, ends."""
    hertz = float(rng.choice([440, 620, 850, 1000, 1000, 1004, 1400, 2000, 0, 0, 0]))
    hertz = hertz or float(rng.uniform(400, 2500))
    seconds = float(rng.choice([0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5]))
    ramp = float(rng.choice([0.0, 0.004, 0.01]))
    single = tone((hertz,), seconds, ramp=ramp)
    if rng.random() >= 0.12:
        return single, [len(single) / RATE]
    other = hertz if rng.random() < 0.6 else float(rng.uniform(400, 2500))
    second = tone((other,), max(0.08, seconds / 2), ramp=ramp)
    pause = np.zeros(round(float(rng.uniform(0.06, 0.3)) * RATE), np.float32)
    both = np.concatenate([single, pause, second])
    return both, [len(single) / RATE, len(both) / RATE]


def ringing(rng: np.random.Generator, seconds: float) -> Wave:
    """Return the end of what a caller hears while it rings."""
    hertz = [(440.0, 480.0), (425.0,), (400.0, 450.0), (450.0,)][int(rng.integers(4))]
    return tone(hertz, seconds)


def noise(rng: np.random.Generator, kind: str, samples: int) -> Wave:
    """Return a noise of one of `NOISES` with a power of 1 ("none": of 0)."""
    if kind == "none":
        return np.zeros(samples, np.float32)
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    hertz = np.fft.rfftfreq(samples, 1 / RATE)
    if kind == "comfort":
        spectrum /= 1 + hertz / 1000
    elif kind == "car":  # tyres and engine: mostly low, slowly louder and softer
        spectrum /= 1 + (hertz / 150) ** 1.5
    elif kind == "room":
        spectrum /= 1 + hertz / 400
    wave = np.fft.irfft(spectrum, samples)
    t = np.arange(samples) / RATE
    if kind == "car":
        wave *= 1 + 0.3 * np.sin(2 * np.pi * rng.uniform(0.1, 0.5) * t + rng.uniform(0, 6))
    elif kind == "hum":
        mains = float(rng.choice([50.0, 60.0]))
        parts = [(1, 1.0), (2, 0.5), (3, 0.4), (5, 0.15), (7, 0.06)]
        wave = 0.02 * wave / wave.std() + sum(
            size * np.sin(2 * np.pi * mains * n * t + rng.uniform(0, 6)) for n, size in parts
        )
    return np.asarray(wave / np.sqrt(np.mean(np.square(wave))), np.float32)


def music(rng: np.random.Generator, seconds: float) -> Wave:
    """Return plucked chords and a melody over them, with a power of about 1."""
    wave = np.zeros(round(seconds * RATE))
    beat = float(rng.uniform(0.22, 0.45))
    scale = 220.0 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)
    for start in np.arange(0, seconds, beat):
        notes = [*rng.choice(scale[:6], 2), rng.choice(scale) * 2]
        for note in notes:
            t = np.arange(round(min(2.5 * beat, seconds - start) * RATE)) / RATE
            voice = sum(np.sin(2 * np.pi * note * n * t) / n for n in (1, 2, 3, 4, 5))
            at = round(start * RATE)
            wave[at : at + len(t)] += (voice * np.exp(-t / beat))[: len(wave) - at]
    return np.asarray(wave / np.sqrt(np.mean(np.square(wave))), np.float32)


def lossy(rng: np.random.Generator, wave: Wave, share: float) -> Wave:
    """Return what is left when packets are lost in short runs: nothing is heard for them."""
    frames = wave[: len(wave) // FRAME * FRAME].reshape(-1, FRAME).copy()
    begins = rng.random(len(frames)) < share / 1.5
    lost = begins | (np.roll(begins, 1) & (rng.random(len(frames)) < 0.5))
    frames[lost] = 0
    return frames.reshape(-1)


def coded(wave: Wave, law: str) -> NDArray[np.int16]:
    """Return what comes out of G.711."""
    samples = np.clip(np.round(wave * 32768), -32768, 32767).astype(np.int16)
    if law == "PCMA":
        return g711.decode_alaw(g711.encode_alaw(samples))
    return g711.decode_ulaw(g711.encode_ulaw(samples))
