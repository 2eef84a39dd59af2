"""Finding a sound in a recording, and saying how well it came through.

The best alignment is that of the greatest normalised cross-correlation over the sound's whole
length. Around it, half-second segments are aligned one by one: their lags show whether the
recording runs at another speed (a steady drift) or has lost or gained something (a jump).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Gap", "Match", "find"]

_SEGMENT_SECONDS: Final = 0.5
_SEARCH_SECONDS: Final = 0.2
_FRAME_SECONDS: Final = 0.01  # a lost packet of 20 ms covers one of these whole
_PAUSE: Final = 10 ** (-30 / 10)  # power relative to the sound's mean
_LOUD_FRAME: Final = 10 ** (-15 / 10)  # power relative to its segment's mean
_DROPPED: Final = 10 ** (-17 / 10)  # power relative to what it should be
_POOR: Final = 0.7  # correlation of a segment that did not come through
_TRUSTED: Final = 0.9
_JUMP_SECONDS: Final = 0.0015
_THINNED_BY: Final = 4
_FLOOR: Final = 1e-4  # what is 40 dB below the sound is not it, however much alike

# A speed error smears the correlation. It shows in the loudness over time, however.
_LOUDNESS_SECONDS: Final = 0.01
_SPEEDS: Final = 1 + np.arange(-40, 41) * 0.0025
_SPEED_NEEDS_SECONDS: Final = 2.0
_DRIFT_TO_REMOVE: Final = 2e-4

_Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of the reference that is missing, displaced or damaged in the recording."""

    start_seconds: float
    """Position in the reference."""
    end_seconds: float
    shift_samples: int
    """How much later than before everything after it comes: less than 0 where that much is
    missing, more where something was put in, 0 where the timing is kept."""


@dataclass(frozen=True, slots=True)
class Match:
    """How a reference was found in a recording."""

    correlation: float
    """Normalised, over the whole reference: 1 is the same but for loudness, 0 is unrelated."""
    offset_seconds: float
    """Where the reference begins in the recording; less than 0 if its beginning is not there."""
    speed_ratio: float
    """1.01 if the recording plays 1 % too fast. Only meaningful if the sound was found at all."""
    gaps: tuple[Gap, ...]

    @property
    def is_intact(self) -> bool:
        """Whether the sound came through whole and at its speed, as good as G.711 lets it."""
        return self.correlation >= 0.95 and not self.gaps and abs(self.speed_ratio - 1) < 0.001


def find(reference: NDArray[np.int16], recording: NDArray[np.int16], *, rate: int = 8000) -> Match:
    """Find a sound in a recording that may hold other sounds before and after it.

    Raises ValueError if the reference is empty or silent: that would be found anywhere.
    """
    sound, heard = _prepared(reference), _prepared(recording)
    if not sound.any():
        raise ValueError("a sound that is silent cannot be looked for")
    if not heard.any():
        return Match(0.0, 0.0, 1.0, (Gap(0.0, len(sound) / rate, 0),))
    correlation, lag = _align(sound, heard)
    segments, speed = _Segments(sound, heard, lag, rate), 1.0
    long_enough = len(sound) >= rate * _SPEED_NEEDS_SECONDS
    if long_enough and min(correlation, segments.typical) < _TRUSTED:
        guess = _speed_of_loudness(sound, heard, rate)
        other, other_lag = _at_speed(guess, sound, heard, rate)
        if other.typical > max(segments.typical + 0.05, _POOR):
            segments, speed, lag = other, guess, other_lag
    drift, gaps = segments.judge()
    if abs(drift) > _DRIFT_TO_REMOVE:  # within a segment, it looks like damage
        other, other_lag = _at_speed(speed / (1 + drift), sound, heard, rate)
        if other.typical > segments.typical:
            segments, speed, lag = other, speed / (1 + drift), other_lag
            drift, gaps = segments.judge()
    gaps = tuple(
        replace(gap, start_seconds=gap.start_seconds * speed, end_seconds=gap.end_seconds * speed)
        for gap in gaps
    )
    return Match(correlation, lag / rate, speed / (1 + drift), gaps)


def _prepared(samples: NDArray[np.int16]) -> _Floats:
    wave = samples.astype(np.float32) / np.float32(32768)
    if len(wave):
        wave -= np.float32(wave.mean(dtype=np.float64))
    return wave


def _at_speed(speed: float, sound: _Floats, heard: _Floats, rate: int) -> tuple[_Segments, int]:
    stretched = _stretched(sound, speed)
    _, lag = _align(stretched, heard)
    return _Segments(stretched, heard, lag, rate), lag


def _stretched(sound: _Floats, speed: float) -> _Floats:
    """Return the sound as it is when played at another speed."""
    at = np.arange(int((len(sound) - 1) / speed) + 1) * speed
    wave: NDArray[np.float64] = np.interp(at, np.arange(len(sound)), sound)
    return wave.astype(np.float32)


def _align(sound: _Floats, heard: _Floats) -> tuple[float, int]:
    """Return the greatest normalised correlation and where the sound then begins.

    The sound may begin before the recording does, and end after it: what is missing counts.
    """
    # Most of the cost is here, and the low frequencies are enough to find the place.
    coarse = _thinned(sound)
    if len(coarse) and np.square(coarse).mean() > np.square(sound).mean() / 4:
        near = int(_scores(coarse, _thinned(heard)).argmax()) + 1 - len(coarse)
        lags = _THINNED_BY * near + np.arange(-_THINNED_BY, _THINNED_BY + 1)
    else:
        near = int(_scores(sound, heard).argmax()) + 1 - len(sound)
        lags = np.array([near])
    stretch = _windows(heard, lags[:1], len(sound) + len(lags) - 1)[0]
    rows = np.lib.stride_tricks.sliding_window_view(stretch, len(sound))
    own = float(np.square(sound).sum(dtype=np.float64))
    leaving = np.square(stretch[: len(lags) - 1], dtype=np.float64)
    entering = np.square(stretch[len(sound) :], dtype=np.float64)
    first = float(np.square(rows[0]).sum(dtype=np.float64))
    energy = first + np.concatenate([[0.0], np.cumsum(entering - leaving)])
    scores = (rows @ sound) / np.sqrt(own * np.maximum(energy, own * _FLOOR))
    best = int(scores.argmax())
    return float(np.clip(scores[best], 0.0, 1.0)), int(lags[best])


def _thinned(wave: _Floats) -> _Floats:
    """Return the averages of each four samples: a quarter of the rate."""
    whole = len(wave) // _THINNED_BY * _THINNED_BY
    thinned = np.zeros(whole // _THINNED_BY, dtype=np.float32)
    for first in range(_THINNED_BY):  # several times as fast as the mean of rows of four
        thinned += wave[first:whole:_THINNED_BY]
    return thinned / np.float32(_THINNED_BY)


def _scores(sound: _Floats, heard: _Floats) -> NDArray[np.float64]:
    """Return the normalised correlation at each lag that overlaps, from 1 - len(sound) on."""
    size = _fft_size(len(sound) + len(heard) - 1)
    dots = np.fft.irfft(np.fft.rfft(heard, size) * np.fft.rfft(sound, size).conj(), size)
    dots = np.concatenate([dots[size - len(sound) + 1 :], dots[: len(heard)]])
    power = np.pad(
        np.cumsum(np.square(heard), dtype=np.float64), (len(sound), len(sound) - 1), "edge"
    )
    power[: len(sound)] = 0.0
    energy = power[len(sound) :] - power[: -len(sound)]
    own = float(np.square(sound).sum(dtype=np.float64))
    scores: NDArray[np.float64] = dots / np.sqrt(own * np.maximum(energy, own * _FLOOR))
    return scores


class _Segments:
    """The parts of a sound that are not pauses, each aligned around where it should be."""

    def __init__(self, sound: _Floats, heard: _Floats, lag: int, rate: int) -> None:
        self._rate = rate
        self._sound, self._heard = sound, heard
        self._length = min(round(_SEGMENT_SECONDS * rate), len(sound))
        starts = np.arange(0, len(sound) - self._length + 1, self._length)
        last = len(sound) - self._length  # the last segment ends with the sound
        if last - starts[-1] >= self._length // 4:
            starts = np.append(starts, last)
        parts = _windows(sound, starts, self._length)
        energy = np.square(parts).sum(axis=1, dtype=np.float64)
        pause = _PAUSE * float(np.square(sound).mean(dtype=np.float64)) * self._length
        sounding = energy > pause
        self._starts = starts[sounding]
        self._parts = parts[sounding]
        self._correlations, self._lags = self._align_each(energy[sounding], lag)

    @property
    def typical(self) -> float:
        """The median of the segments' correlations."""
        return float(np.median(self._correlations))

    def _align_each(
        self, energy: NDArray[np.float64], lag: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the best correlation of each segment and its lag, to a fraction of a sample."""
        search, length = round(_SEARCH_SECONDS * self._rate), self._length
        windows = _windows(self._heard, self._starts + lag - search, length + 2 * search)
        size = _fft_size(length + 2 * search)
        product = np.fft.rfft(windows, size) * np.fft.rfft(self._parts, size).conj()
        dots = np.fft.irfft(product, size)[:, : 2 * search + 1]
        power = np.pad(np.cumsum(np.square(windows), axis=1, dtype=np.float64), ((0, 0), (1, 0)))
        around = power[:, length:] - power[:, : 2 * search + 1]
        own = energy[:, None]
        scores = dots / np.sqrt(own * np.maximum(around, own * _FLOOR))
        # A tone fits wherever its period does: of equals, take the one that is not displaced.
        best = (scores - 0.02 * np.abs(np.linspace(-1, 1, 2 * search + 1))).argmax(axis=1)
        rows = np.arange(len(best))
        lags = lag + best - search + _peak_fraction(scores, best)
        return np.clip(scores[rows, best], 0.0, 1.0), lags

    def judge(self) -> tuple[float, tuple[Gap, ...]]:
        """Return the drift of the lag, in samples a sample, and the gaps."""
        good = np.flatnonzero(self._correlations >= _POOR)
        if not len(good):
            return 0.0, (Gap(0.0, len(self._sound) / self._rate, 0),)
        drift, jumps = self._drift(good)
        return drift, _merged([*self._broken(good, jumps), *self._dropped(good)])

    def _drift(self, good: NDArray[np.intp]) -> tuple[float, NDArray[np.float64]]:
        """Return the drift, and for each pair of neighbours how far their lags jump beyond it."""
        starts, lags = self._starts[good].astype(np.float64), self._lags[good]
        if len(good) < 2:
            return 0.0, np.zeros(0)
        distances, steps = np.diff(starts), np.diff(lags)
        usual = float(np.median(steps / distances)) if len(good) > 3 else 0.0
        jumps = steps - usual * distances
        jumps[np.abs(jumps) < _JUMP_SECONDS * self._rate] = 0.0
        straight = lags - np.concatenate([[0.0], np.cumsum(jumps)])
        return float(np.polyfit(starts, straight, 1)[0]), jumps

    def _broken(self, good: NDArray[np.intp], jumps: NDArray[np.float64]) -> list[Gap]:
        """Return the gaps where segments are poor or the lag jumps."""
        starts, ends = self._starts / self._rate, (self._starts + self._length) / self._rate
        gaps = []
        if good[0] > 0:
            gaps.append(Gap(float(starts[0]), float(starts[good[0]]), 0))
        for before, after, jump in zip(good[:-1], good[1:], jumps, strict=True):
            if jump:
                at = self._turning_point(before, after)
                missing = max(0.0, -float(jump) / self._rate)
                gaps.append(Gap(at, at + missing, round(float(jump))))
            elif after - before > 1:
                gaps.append(Gap(float(ends[before]), float(starts[after]), 0))
        if good[-1] < len(starts) - 1:
            gaps.append(Gap(float(ends[good[-1]]), float(ends[-1]), 0))
        return gaps

    def _turning_point(self, before: int, after: int) -> float:
        """Return from where, in seconds, the later segment's lag fits better than the earlier's."""
        start, end = int(self._starts[before]), int(self._starts[after]) + self._length
        part = self._sound[start:end]
        at = np.array([start + round(self._lags[before]), start + round(self._lags[after])])
        early, late = np.square(_windows(self._heard, at, end - start) - part)
        return float(start + np.cumsum(early - late, dtype=np.float64).argmin()) / self._rate

    def _dropped(self, good: NDArray[np.intp]) -> list[Gap]:
        """Return the gaps in segments that are otherwise good: silence instead of sound."""
        frame = round(_FRAME_SECONDS * self._rate)
        whole = self._length // frame * frame
        if not whole:
            return []
        at = self._starts[good] + np.rint(self._lags[good]).astype(np.intp)
        heard = _windows(self._heard, at, self._length)
        should = np.square(self._parts[good][:, :whole]).reshape(len(good), -1, frame).mean(axis=2)
        power = np.square(heard[:, :whole]).reshape(len(good), -1, frame).mean(axis=2)
        mean = should.mean(axis=1, keepdims=True)
        # The median of the loud frames' gains is not moved by some that are missing.
        loud = should > _LOUD_FRAME * mean
        gain = np.nanmedian(np.where(loud, power / np.maximum(should, 1e-12), np.nan), axis=1)
        rows, columns = np.nonzero(loud & (power < _DROPPED * gain[:, None] * should))
        starts = (self._starts[good][rows] + columns * frame) / self._rate
        return [Gap(float(start), float(start) + _FRAME_SECONDS, 0) for start in starts]


def _windows(wave: _Floats, starts: NDArray[np.intp], length: int) -> _Floats:
    """Return a row for each start; what lies outside is silent."""
    before = max(0, -int(starts.min()))
    after = max(0, int(starts.max()) + length - len(wave))
    padded = np.pad(wave, (before, after))
    rows: _Floats = np.lib.stride_tricks.sliding_window_view(padded, length)[starts + before]
    return rows


def _peak_fraction(scores: NDArray[np.float64], best: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how far beside its sample each peak lies: the top of a parabola through three."""
    rows, inner = np.arange(len(best)), np.clip(best, 1, scores.shape[1] - 2)
    left, top, right = (scores[rows, inner + side] for side in (-1, 0, 1))
    curve = left - 2 * top + right
    fraction = np.divide(left - right, 2 * curve, out=np.zeros_like(curve), where=curve < 0)
    return np.where(inner == best, np.clip(fraction, -0.5, 0.5), 0.0)


def _merged(gaps: list[Gap]) -> tuple[Gap, ...]:
    """Return the gaps in order, those that touch as one."""
    merged: list[Gap] = []
    for gap in sorted(gaps, key=lambda gap: gap.start_seconds):
        if merged and gap.start_seconds <= merged[-1].end_seconds + _FRAME_SECONDS:
            last = merged[-1]
            merged[-1] = Gap(
                last.start_seconds,
                max(last.end_seconds, gap.end_seconds),
                last.shift_samples + gap.shift_samples,
            )
        else:
            merged.append(gap)
    return tuple(merged)


def _speed_of_loudness(sound: _Floats, heard: _Floats, rate: int) -> float:
    """Return the speed, of some around 1, at which the loudness over time fits best."""
    own, there = _loudness(sound, rate), _loudness(heard, rate)
    margin = len(own)
    there = np.pad(there, margin)
    sums = np.concatenate([[0.0], np.cumsum(there, dtype=np.float64)])
    squares = np.concatenate([[0.0], np.cumsum(np.square(there), dtype=np.float64)])
    size = _fft_size(len(there))
    spectrum = np.fft.rfft(there, size)
    best = (0.0, 1.0)
    for speed in _SPEEDS:
        part = _stretched(own, speed)
        part -= part.mean()
        n = min(len(part), len(there))
        dots = np.fft.irfft(spectrum * np.fft.rfft(part, size).conj(), size)[: len(there) - n + 1]
        variance = squares[n:] - squares[:-n] - np.square(sums[n:] - sums[:-n]) / n
        norm = float(np.square(part).sum())
        scores = dots / np.sqrt(norm * np.maximum(variance, norm * _FLOOR) + 1e-30)
        best = max(best, (float(scores.max()), float(speed)))
    return best[1]


def _loudness(wave: _Floats, rate: int) -> _Floats:
    frame = round(_LOUDNESS_SECONDS * rate)
    whole = len(wave) // frame * frame
    power: _Floats = np.square(wave[:whole]).reshape(-1, frame).mean(axis=1)
    return np.sqrt(power)


def _fft_size(least: int) -> int:
    """Return the least product of powers of 2, 3 and 5 that is large enough: fast to transform."""
    best = 1 << max(0, least - 1).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            two = three << max(0, -(-least // three) - 1).bit_length()
            best = min(best, two)
            three *= 3
        five *= 5
    return best
