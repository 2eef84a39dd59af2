"""The trained model: who speaks, from how they have spoken and what their speech sounded like.

A gated recurrent unit (Cho et al. 2014, in the form that has the reset gate after the product)
hears the bands of speech 25 times a second. What it remembers, and the features of `features`, go
into a network of one hidden layer, which gives the odds of a person, a machine and call screening.

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

from ringcast.audio.detection.state import UNITS, State

__all__ = ["CLASSES", "FEATURES", "Model", "features", "listen", "trained"]

Floats = NDArray[np.float32]

CLASSES: Final = ("human", "machine", "screening")
FEATURES: Final = (
    "time", "lead", "span", "quiet", "voiced", "density", "words", "word", "longest_pause",
    "first_length", "first_pause", "pauses", "peak", "level_fall", "centre", "change",
    "noise_before", "noise_within", "noise_after", "room", "has_paused", "short_quiet",
)  # fmt: skip
_QUIETEST: Final = np.float32(1e-7)
_HALF: Final = np.float32(0.5)


@dataclass(frozen=True, slots=True)
class Model:
    """Weights of the network; features are shifted and scaled first."""

    mean: Floats
    scale: Floats
    heard: Floats
    """Bands to the update gate, the reset gate and the candidate, side by side."""
    heard_bias: Floats
    recalled: Floats
    """What is remembered to the same three."""
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: Floats

    def remember(self, step: Floats, memory: Floats) -> Floats:
        """Return what is remembered after a step of 40 ms, row by row."""
        gates, candidate = 2 * UNITS, slice(2 * UNITS, None)
        heard = step @ self.heard + self.heard_bias
        recalled = memory @ self.recalled
        open_gates = np.tanh((heard[:, :gates] + recalled[:, :gates]) * _HALF) * _HALF + _HALF
        update, reset = open_gates[:, :UNITS], open_gates[:, UNITS:]
        new = np.tanh(heard[:, candidate] + reset * recalled[:, candidate])
        remembered: Floats = new + update * (memory - new)
        return remembered

    def classes(self, rows: Floats, memory: Floats) -> Floats:
        """Return the logarithm of the odds of each class, up to a constant of the row."""
        scaled = np.clip((rows - self.mean) * self.scale, -6, 6)
        inputs = np.concatenate([memory, scaled], axis=1)
        active = np.maximum(inputs @ self.hidden + self.hidden_bias, 0)
        classes: Floats = active @ self.out + self.out_bias
        return classes


def listen(state: State, bands: Floats, model: Model | None) -> None:
    """Note a frame's bands; every other time the model hears what came since."""
    waits = state["held_bands"]
    is_second = state["frames"] % 2 == 1
    both = (waits + bands)[is_second] * _HALF
    state["held_bands"] = bands
    at = np.nonzero(is_second)[0]
    if not len(at):
        return
    peak = np.log10(np.maximum(state["peak"][at], np.float32(1e-6)))
    step = np.log10(both + _QUIETEST) - peak[:, None]
    step = np.clip(step, -3.5, 0.5) + np.float32(1.5)
    state["step"][at] = step
    if model is not None:
        state["memory"][at] = model.remember(step, state["memory"][at])


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
