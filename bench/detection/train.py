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
from bench.detection.speech import UtteranceStore
from ringcast.audio import detection
from ringcast.audio.detection import DetectionSettings, Detector
from ringcast.audio.detection.model import CLASSES, FEATURES, Model, features
from ringcast.audio.detection.spectrum import BANDS
from ringcast.audio.detection.state import FILTERS, NEAR_STEPS, SPAN, WORD_SPAN, WORDS

__all__ = ["MODEL", "Examples", "examples", "save", "train"]

MODEL: Final = Path(detection.__file__).parent / "model.npz"
HIDDEN: Final = 32
EPOCHS: Final = 16
CALLS_AT_ONCE: Final = 32
MOMENTS: Final = 10
"""Of each call, in each epoch."""
STEPS: Final = 160
"""Of 40 ms: what comes later is not learned from."""
MOST_QUIET: Final = 2 * 50
SEED: Final = 1
_NOISE: Final = np.float32(0.15)

Floats = NDArray[np.float32]

#: The rules never end a detection, so that every call is heard to its end.
_NO_VERDICT: Final = DetectionSettings(
    initial_silence=600, after_short=600, after_longer=600, long_greeting=600, short_greeting=600,
    total=600, learned=False,
)  # fmt: skip


@dataclass(frozen=True)
class Examples:
    """Calls as the model hears them, step by step, and what they were."""

    steps: Floats
    """By call, step and band."""
    rows: Floats
    """The features at each step."""
    usable: NDArray[np.bool_]
    """The steps at which the model may be asked."""
    label: NDArray[np.int64]
    """A place in `CLASSES`."""
    number: NDArray[np.int64]


def examples(part: Part, store: UtteranceStore, numbers: Sequence[int]) -> Examples:
    """Return the calls in which somebody speaks."""
    count = len(numbers)
    steps = np.full((count, STEPS, BANDS), -2.0, np.float32)
    rows = np.zeros((count, STEPS, len(FEATURES)), np.float32)
    usable = np.zeros((count, STEPS), np.bool_)
    label = np.full(count, -1)
    begin = 0

    def note(detector: Detector, frame: int) -> None:
        step = frame // 2
        if frame % 2 == 0 or step >= STEPS:
            return
        state = detector.state
        at = begin + state["stream"]
        steps[at, step] = state["steps"][:, -1]
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


class _Adam:
    def __init__(self, parts: dict[str, Floats]) -> None:
        self.parts = parts
        self.first = {name: np.zeros_like(part) for name, part in parts.items()}
        self.second = {name: np.zeros_like(part) for name, part in parts.items()}
        self.count = 0

    def step(self, slopes: dict[str, Floats], rate: float, decay: float) -> None:
        self.count += 1
        for name, slope in slopes.items():
            part = self.parts[name]
            self.first[name] += 0.1 * (slope - self.first[name])
            self.second[name] += 0.001 * (np.square(slope) - self.second[name])
            moved = self.first[name] / (1 - 0.9**self.count)
            size = np.sqrt(self.second[name] / (1 - 0.999**self.count)) + 1e-8
            if not name.endswith("bias"):
                part -= np.float32(rate * decay) * part
            part -= (rate * moved / size).astype(np.float32)


def train(data: Examples, *, epochs: int = EPOCHS, report: bool = True) -> Model:
    """Fit the network by Adam on the cross entropy at random moments of calls."""
    rng = np.random.default_rng(SEED)
    known: Floats = data.rows[data.usable]
    mean: Floats = known.mean(axis=0)
    scale: Floats = (1 / (known.std(axis=0) + 1e-3)).astype(np.float32)

    def random(*shape: int) -> Floats:
        drawn: Floats = (rng.standard_normal(shape) * np.sqrt(2 / shape[0])).astype(np.float32)
        return drawn

    width = len(FEATURES) + WORDS
    parts: dict[str, Floats] = {
        "near": random(SPAN * BANDS, FILTERS),
        "near_bias": np.zeros(FILTERS, np.float32),
        "far": random(WORD_SPAN * FILTERS, WORDS),
        "far_bias": np.zeros(WORDS, np.float32),
        "hidden": random(width, HIDDEN),
        "hidden_bias": np.zeros(HIDDEN, np.float32),
        "out": random(HIDDEN, len(CLASSES)),
        "out_bias": np.zeros(len(CLASSES), np.float32),
    }
    adam = _Adam(parts)
    weight: Floats = (1 / np.bincount(data.label, minlength=len(CLASSES))).astype(np.float32)
    weight[2] *= 0.7
    weight /= weight[data.label].mean(dtype=np.float32)
    for epoch in range(epochs):
        rate = 2e-3 * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        order, losses = rng.permutation(len(data.label)), []
        for begin in range(0, len(order), CALLS_AT_ONCE):
            at = order[begin : begin + CALLS_AT_ONCE]
            loss, slopes = _slopes(parts, data, at, weight, mean, scale, rng)
            losses.append(loss)
            adam.step(slopes, rate, 0.05)
        if report:
            print(f"epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.4f}", flush=True)
    return Model(mean=mean.astype(np.float32), scale=scale.astype(np.float32), **parts)


def _slopes(
    parts: dict[str, Floats],
    data: Examples,
    at: NDArray[np.int64],
    weight: Floats,
    mean: Floats,
    scale: Floats,
    rng: np.random.Generator,
) -> tuple[float, dict[str, Floats]]:
    calls = len(at)
    moments = np.stack(
        [rng.choice(np.nonzero(data.usable[one])[0], MOMENTS) for one in at]
    )  # by call
    last = int(moments.max()) + 1
    # A little noise, so that no filter learns a voice by heart.
    steps = data.steps[at, :last]
    steps = steps + _NOISE * rng.standard_normal(steps.shape, np.float32)
    # Forward: what was before the call is silence, as in a fresh state.
    padded = np.pad(steps, ((0, 0), (SPAN - 1, 0), (0, 0)), constant_values=-2.0)
    seen = _windows(padded, SPAN)
    near_before = seen @ parts["near"] + parts["near_bias"]
    near = np.maximum(near_before, 0)
    heard = _windows(np.pad(near, ((0, 0), (NEAR_STEPS - 1, 0), (0, 0))), NEAR_STEPS)
    heard = np.ascontiguousarray(
        heard.reshape(calls, last, NEAR_STEPS, FILTERS)[:, :, 1::2]
    ).reshape(calls, last, WORD_SPAN * FILTERS)
    far = heard @ parts["far"] + parts["far_bias"]
    best = np.maximum(np.maximum.accumulate(far, axis=1), 0)
    each = np.arange(calls)[:, None]
    words = best[each, moments].reshape(-1, WORDS)
    keep = (rng.random(words.shape) > 0.4).astype(np.float32) / np.float32(0.6)
    scaled = np.clip((data.rows[at[:, None], moments] - mean) * scale, -6, 6)
    scaled = scaled.reshape(-1, len(FEATURES))
    inputs = np.concatenate([scaled, words * keep], axis=1).astype(np.float32)
    hidden_before = inputs @ parts["hidden"] + parts["hidden_bias"]
    hidden = np.maximum(hidden_before, 0)
    odds = hidden @ parts["out"] + parts["out_bias"]
    odds -= odds.max(axis=1, keepdims=True)
    chance = np.exp(odds)
    chance /= chance.sum(axis=1, keepdims=True)
    label = np.repeat(data.label[at], MOMENTS)
    every = np.arange(len(label))
    size = weight[label] / len(label)
    loss = float(-(size * np.log(chance[every, label] + 1e-9)).sum())
    # Backward.
    error = chance
    error[every, label] -= 1
    error = (error * size[:, None]).astype(np.float32)
    hidden_error = (error @ parts["out"].T) * (hidden_before > 0)
    inputs_error = hidden_error @ parts["hidden"].T
    words_error = (inputs_error[:, len(FEATURES) :] * keep).reshape(calls, MOMENTS, WORDS)
    far_error = np.zeros_like(far)
    _to_best(far, best, moments, words_error, far_error)
    near_error = _unwindowed(far_error @ parts["far"].T, WORD_SPAN, FILTERS)
    near_error *= near_before > 0
    flat_near, flat_far = near_error.reshape(-1, FILTERS), far_error.reshape(-1, WORDS)
    return loss, {
        "near": seen.reshape(-1, SPAN * BANDS).T @ flat_near,
        "near_bias": flat_near.sum(axis=0),
        "far": heard.reshape(-1, WORD_SPAN * FILTERS).T @ flat_far,
        "far_bias": flat_far.sum(axis=0),
        "hidden": inputs.T @ hidden_error,
        "hidden_bias": hidden_error.sum(axis=0),
        "out": hidden.T @ error,
        "out_bias": error.sum(axis=0),
    }


def _windows(padded: Floats, span: int) -> Floats:
    """Return, for each step, the last `span` of them in a row."""
    views = np.lib.stride_tricks.sliding_window_view(padded, span, axis=1)
    return np.ascontiguousarray(views.transpose(0, 1, 3, 2)).reshape(*views.shape[:2], -1)


def _unwindowed(slopes: Floats, span: int, width: int) -> Floats:
    """Add up what every window says of a step; a window has every other step, and the last."""
    calls, steps, _ = slopes.shape
    before = NEAR_STEPS - 1
    total = np.zeros((calls, steps + before, width), np.float32)
    parted = slopes.reshape(calls, steps, span, width)
    for place in range(span):
        begin = 2 * place + 1
        total[:, begin : begin + steps] += parted[:, :, place]
    return total[:, before:]


def _to_best(
    far: Floats, best: Floats, moments: NDArray[np.int64], error: Floats, into: Floats
) -> None:
    """Hand the error at each moment to the step that gave the best answer until then."""
    calls = len(far)
    for moment in range(moments.shape[1]):
        until = moments[:, moment]
        value = best[np.arange(calls), until]
        is_it = far == value[:, None, :]
        step = is_it.argmax(axis=1)
        call, word = np.nonzero(value > 0)
        into[call, step[call, word], word] += error[call, moment, word]


def save(model: Model, path: Path = MODEL) -> None:
    """Write the model where the program looks for it."""
    arrays = {
        name: getattr(model, name).astype(np.float16 if getattr(model, name).ndim > 1 else "f4")
        for name in Model.__dataclass_fields__
    }
    np.savez_compressed(path, **arrays)
