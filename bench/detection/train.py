"""Trains the model of `ringcast.audio.detection.model` on the training part, with numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.detection.corpus import Kind, Part
from bench.detection.evaluate import judged
from bench.detection.recurrent import Floats, Trace, adam, backward, forward
from bench.detection.speech import UtteranceStore
from ringcast.audio import detection
from ringcast.audio.detection import DetectionSettings, Detector
from ringcast.audio.detection.model import CLASSES, FEATURES, Model, features
from ringcast.audio.detection.spectrum import BANDS
from ringcast.audio.detection.state import UNITS

__all__ = ["MODEL", "SEED", "Examples", "answers", "examples", "save", "train"]

MODEL: Final = Path(detection.__file__).parent / "model.npz"
HIDDEN: Final = 48
EPOCHS: Final = 36
CALLS_AT_ONCE: Final = 64
STEPS: Final = 250
"""Of 40 ms: what comes later is not learned from."""
MOST_QUIET: Final = 2 * 50
SEED: Final = 2
"""The best of three by the tuning part."""
RATE: Final = 3e-3
DECAY: Final = 0.02
_NOISE: Final = np.float32(0.15)
"""Drawn for each step, and for each band of a call, so that no voice is learned by heart."""
_TILT: Final = 0.4
_KEPT: Final = np.float32(0.7)
"""Of what is remembered, when the network after it learns; the rest is dropped."""

#: The rules never end a detection, so that every call is heard to its end.
_NO_VERDICT: Final = DetectionSettings(
    initial_silence=600, after_short=600, after_longer=600, long_greeting=600, short_greeting=600,
    total=600, learned=False,
)  # fmt: skip


@dataclass(frozen=True)
class Examples:
    """Calls as the model hears them, step by step, and what they were."""

    steps: NDArray[np.float16]
    """By call, step and band."""
    rows: NDArray[np.float16]
    """The features at each step."""
    usable: NDArray[np.bool_]
    """The steps at which the model may be asked."""
    label: NDArray[np.int64]
    """A place in `CLASSES`."""
    number: NDArray[np.int64]


def examples(part: Part, store: UtteranceStore, numbers: Sequence[int]) -> Examples:
    """Return the calls in which somebody speaks."""
    count = len(numbers)
    steps = np.zeros((count, STEPS, BANDS), np.float16)
    rows = np.zeros((count, STEPS, len(FEATURES)), np.float16)
    usable = np.zeros((count, STEPS), np.bool_)
    label = np.full(count, -1)
    begin = 0

    def note(detector: Detector, frame: int) -> None:
        step = frame // 2
        if frame % 2 == 0 or step >= STEPS:
            return
        state = detector.state
        at = begin + state["stream"]
        steps[at, step] = state["step"]
        quiet = state["frames"] - 1 - state["sounded"]
        wanted = (state["began"] >= 0) & ~state["is_machine"] & (quiet <= MOST_QUIET)
        if wanted.any():
            usable[at[wanted], step] = True
            rows[at[wanted], step] = features(state[wanted])

    for begin in range(0, count, 500):
        some = numbers[begin : begin + 500]
        found = judged(part, store, some, settings=_NO_VERDICT, each_frame=note)
        for place, one in enumerate(found):
            if one.call.kind in (Kind.HUMAN, Kind.MACHINE, Kind.SCREENING):
                label[begin + place] = CLASSES.index(one.call.kind.value)
    chosen = (label >= 0) & usable.any(axis=1)
    return Examples(
        steps[chosen], rows[chosen], usable[chosen], label[chosen], np.asarray(numbers)[chosen]
    )


def train(data: Examples, *, seed: int = SEED, epochs: int = EPOCHS, report: bool = True) -> Model:
    """Fit the network by Adam on the cross entropy at all moments of calls."""
    rng = np.random.default_rng(seed)
    known: Floats = data.rows[data.usable].astype(np.float32)
    mean: Floats = known.mean(axis=0)
    scale: Floats = (1 / (known.std(axis=0) + 1e-3)).astype(np.float32)

    def random(rows: int, columns: int, size: float = 1.0) -> Floats:
        drawn: Floats = rng.standard_normal((rows, columns), np.float32)
        return drawn * np.float32(size / np.sqrt(rows))

    slow = np.concatenate([np.ones(UNITS), np.zeros(2 * UNITS)])  # at first it forgets little
    parts: dict[str, Floats] = {
        "heard": random(BANDS, 3 * UNITS),
        "recalled": random(UNITS, 3 * UNITS),
        "heard_bias": slow.astype(np.float32),
        "hidden": random(UNITS + len(FEATURES), HIDDEN, 1.4),
        "hidden_bias": np.zeros(HIDDEN, np.float32),
        "out": random(HIDDEN, len(CLASSES)),
        "out_bias": np.zeros(len(CLASSES), np.float32),
    }
    learner = _Learner(data, parts, mean, scale, rng)
    step = adam(parts, decay=DECAY)
    for epoch in range(epochs):
        rate = RATE * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        losses = []
        for calls in learner.batches():
            loss, slopes = learner.slopes(calls)
            losses.append(loss)
            step(slopes, rate)
        if report:
            print(f"epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.4f}", flush=True)
    return Model(mean=mean, scale=scale, **parts)


class _Learner:
    def __init__(
        self,
        data: Examples,
        parts: dict[str, Floats],
        mean: Floats,
        scale: Floats,
        rng: np.random.Generator,
    ) -> None:
        self._data, self._parts, self._rng = data, parts, rng
        self._mean, self._scale = mean, scale
        weight = 1 / np.sqrt(np.bincount(data.label, minlength=len(CLASSES)))
        self._weight = (weight / weight[data.label].mean()).astype(np.float32)
        self._last = STEPS - data.usable[:, ::-1].argmax(axis=1)

    def batches(self) -> list[NDArray[np.int64]]:
        """Return the calls in batches of about the same length, in no order."""
        count = len(self._last)
        order = self._rng.permutation(count)
        groups = np.array_split(order, max(1, count // (CALLS_AT_ONCE * 8)))
        sorted_ = np.concatenate([group[np.argsort(self._last[group])] for group in groups])
        some = [sorted_[at : at + CALLS_AT_ONCE] for at in range(0, count, CALLS_AT_ONCE)]
        return [some[place] for place in self._rng.permutation(len(some))]

    def slopes(self, at: NDArray[np.int64]) -> tuple[float, dict[str, Floats]]:
        """Return the loss of these calls and its slope by each number of the model."""
        data, parts, rng = self._data, self._parts, self._rng
        calls, length = len(at), int(self._last[at].max())
        heard = self._varied(data.steps[at, :length].astype(np.float32))
        trace = forward(parts, heard)
        # Every other step is asked, half of the batches the odd ones.
        asked = data.usable[at, :length].T.copy()
        asked[int(rng.integers(2)) :: 2] = False
        rows = data.rows[at, :length].astype(np.float32).transpose(1, 0, 2)[asked]
        rows = np.clip((rows - self._mean) * self._scale, -6, 6)
        rows *= rng.random(rows.shape) > 0.1
        memory = trace.memory[1:]
        keep = (rng.random((len(rows), UNITS)) < _KEPT) / _KEPT
        inputs = np.concatenate([memory[asked] * keep, rows], axis=1).astype(np.float32)
        before = inputs @ parts["hidden"] + parts["hidden_bias"]
        active = np.maximum(before, 0)
        odds = active @ parts["out"] + parts["out_bias"]
        odds -= odds.max(axis=1, keepdims=True)
        chance = np.exp(odds)
        chance /= chance.sum(axis=1, keepdims=True)
        shape = asked.shape
        label = np.broadcast_to(data.label[at], shape)[asked]
        call = np.broadcast_to(np.arange(calls), shape)[asked]
        size = self._weight[label] / np.bincount(call, minlength=calls)[call] / calls
        every = np.arange(len(label))
        loss = float(-(size * np.log(chance[every, label] + 1e-9)).sum())
        error = chance
        error[every, label] -= 1
        error = (error * size[:, None]).astype(np.float32)
        active_error = (error @ parts["out"].T) * (before > 0)
        memory_error = np.zeros_like(memory)
        memory_error[asked] = (active_error @ parts["hidden"].T)[:, :UNITS] * keep
        return loss, {
            "out": active.T @ error,
            "out_bias": error.sum(axis=0),
            "hidden": inputs.T @ active_error,
            "hidden_bias": active_error.sum(axis=0),
            **backward(parts, heard, trace, memory_error),
        }

    def _varied(self, steps: Floats) -> Floats:
        """Return the calls as heard from other voices over other lines."""
        rng, calls = self._rng, len(steps)
        each = rng.standard_normal(steps.shape, np.float32) * _NOISE
        band = rng.standard_normal((calls, 1, BANDS), np.float32) * _NOISE
        tilt = rng.uniform(-_TILT, _TILT, (calls, 1, 1)) * np.linspace(-1, 1, BANDS)
        varied: Floats = steps + each + band + tilt.astype(np.float32)
        return varied


def answers(model: Model, data: Examples) -> Floats:
    """Return what the model makes of each call (axis 0) at each step (axis 1)."""
    parts = {name: getattr(model, name) for name in ("heard", "heard_bias", "recalled")}
    found = []
    for begin in range(0, len(data.label), 256):
        part = slice(begin, begin + 256)
        trace: Trace = forward(parts, data.steps[part].astype(np.float32))
        memory = trace.memory[1:].transpose(1, 0, 2)
        rows = data.rows[part].astype(np.float32)
        calls, steps = memory.shape[:2]
        classes = model.classes(rows.reshape(calls * steps, -1), memory.reshape(calls * steps, -1))
        found.append(classes.reshape(calls, steps, -1))
    return np.concatenate(found)


def save(model: Model, path: Path = MODEL) -> None:
    """Write the model where the program looks for it."""
    arrays = {
        name: getattr(model, name).astype(np.float16 if getattr(model, name).ndim > 1 else "f4")
        for name in Model.__dataclass_fields__
    }
    np.savez_compressed(path, **arrays)
