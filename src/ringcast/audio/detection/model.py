"""The trained model: who speaks, from how they have spoken and what their speech sounded like.

Two layers of filters listen to the bands of the last 0.5 and 0.9 s, 25 times a second; the
strongest answer that each filter of the second has given so far, and the features of `features`, go
into a network of one hidden layer. It gives the odds of a person, a machine and call screening.

Its numbers are in `model.npz`, which `python -m bench.detection train` writes; without that file,
the rules alone decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ringcast.audio.detection.spectrum import BANDS
from ringcast.audio.detection.state import FILTERS, SPAN, WORD_SPAN, State

__all__ = ["CLASSES", "FEATURES", "Model", "features", "listen", "trained"]

Floats = NDArray[np.float32]

CLASSES: Final = ("human", "machine", "screening")
FEATURES: Final = (
    "time", "lead", "span", "quiet", "voiced", "density", "words", "word", "longest_pause",
    "first_length", "first_pause", "pauses", "peak", "level_fall", "centre", "change",
    "noise_before", "noise_within", "noise_after", "room", "has_paused", "short_quiet",
)  # fmt: skip
_QUIETEST: Final = np.float32(1e-7)


@dataclass(frozen=True, slots=True)
class Model:
    """Weights of the network; features are shifted and scaled first."""

    mean: Floats
    scale: Floats
    near: Floats
    near_bias: Floats
    far: Floats
    far_bias: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: Floats

    def classes(self, rows: Floats, words: Floats) -> Floats:
        """Return the logarithm of the odds of each class, up to a constant of the row."""
        scaled = np.clip((rows - self.mean) * self.scale, -6, 6)
        inputs = np.concatenate([scaled, words], axis=1)
        active = np.maximum(inputs @ self.hidden + self.hidden_bias, 0)
        classes: Floats = active @ self.out + self.out_bias
        return classes


def listen(state: State, bands: Floats, model: Model | None) -> None:
    """Note a frame's bands; every other time the filters hear what came since."""
    waits = state["held_bands"]
    is_second = state["frames"] % 2 == 1
    both = (waits + bands)[is_second] * np.float32(0.5)
    state["held_bands"] = bands
    at = np.nonzero(is_second)[0]
    if not len(at):
        return
    peak = np.log10(np.maximum(state["peak"][at], np.float32(1e-6)))
    step = np.log10(both + _QUIETEST) - peak[:, None]
    steps = state["steps"][at]
    steps[:, :-1] = steps[:, 1:]
    steps[:, -1] = np.clip(step, -3.5, 0.5) + np.float32(1.5)
    state["steps"][at] = steps
    if model is None:
        return
    flat = steps.reshape(len(at), SPAN * BANDS)
    near = np.maximum(flat @ model.near + model.near_bias, 0)
    heard = state["near"][at]
    heard[:, :-1] = heard[:, 1:]
    heard[:, -1] = near
    state["near"][at] = heard
    far = heard[:, 1::2].reshape(len(at), WORD_SPAN * FILTERS) @ model.far + model.far_bias
    state["best"][at] = np.maximum(state["best"][at], far)


def features(state: State) -> Floats:
    """Return how somebody has spoken, of streams on which somebody has."""
    rows = np.empty((len(state), len(FEATURES)), np.float32)
    span = (state["spoke"] + 1 - state["began"]).astype(np.float32)
    quiet = (state["frames"] - 1 - state["sounded"]).astype(np.float32)
    before, within, after = (state[f"noise_{when}"] for when in ("before", "within", "after"))
    columns = (
        state["frames"] / 250,
        state["began"] / 50,
        span / 100,
        quiet / 50,
        state["voiced"] / 100,
        state["voiced"] / np.maximum(span, 1),
        state["words"] / 5,
        state["word"] / 50,
        state["longest_pause"] / 50,
        state["first_length"] / 50,
        state["first_pause"] / 50,
        state["pauses"] / 3,
        np.log10(np.maximum(state["peak"], 1e-8)),
        state["level"] - state["level_all"],
        state["centre"],
        state["change"] * 4,
        before,
        within,
        after,
        np.where(quiet > 8, after - before, 0),
        state["pauses"] > 0,
        np.minimum(quiet, 20) / 20,
    )
    for place, column in enumerate(columns):
        rows[:, place] = column
    return rows


@cache
def trained() -> Model | None:
    """Return the model that came with the program, or None."""
    file = resources.files(__package__) / "model.npz"
    if not file.is_file():
        return None
    with file.open("rb") as opened, np.load(opened) as arrays:
        return Model(**{name: arrays[name].astype(np.float32) for name in arrays.files})
