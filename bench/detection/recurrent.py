"""A gated recurrent unit that learns: forward, backward through time, and Adam."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ringcast.audio.detection.state import UNITS

__all__ = ["Floats", "Trace", "adam", "backward", "forward"]

Floats = NDArray[np.float32]

_GATES: Final = 2 * UNITS
_STEEPEST: Final = 1.0
"""The norm to which slopes are cut."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What happened at each step (axis 0) of each call (axis 1)."""

    memory: Floats
    """One more than steps: the first is before them."""
    update: Floats
    reset: Floats
    new: Floats
    recalled: Floats
    """What the memory gives the candidate, before the reset gate."""


def forward(parts: Mapping[str, Floats], heard: Floats) -> Trace:
    """Return what is remembered of calls (axis 0) by step (axis 1)."""
    calls, steps, _ = heard.shape
    inputs = np.ascontiguousarray((heard @ parts["heard"] + parts["heard_bias"]).transpose(1, 0, 2))
    memory = np.zeros((steps + 1, calls, UNITS), np.float32)
    update, reset, new, recalled = (np.empty((steps, calls, UNITS), np.float32) for _ in range(4))
    half = np.float32(0.5)
    for step in range(steps):
        own = memory[step] @ parts["recalled"]
        gates = np.tanh((inputs[step, :, :_GATES] + own[:, :_GATES]) * half) * half + half
        update[step], reset[step] = gates[:, :UNITS], gates[:, UNITS:]
        recalled[step] = own[:, _GATES:]
        new[step] = np.tanh(inputs[step, :, _GATES:] + reset[step] * recalled[step])
        memory[step + 1] = new[step] + update[step] * (memory[step] - new[step])
    return Trace(memory, update, reset, new, recalled)


def backward(
    parts: Mapping[str, Floats], heard: Floats, trace: Trace, error: Floats
) -> dict[str, Floats]:
    """Return the slopes, given those of what was remembered after each step."""
    steps, calls, _ = error.shape
    by_heard = np.empty((steps, calls, 3 * UNITS), np.float32)
    by_recalled = np.empty_like(by_heard)
    later = np.zeros((calls, UNITS), np.float32)
    for step in range(steps - 1, -1, -1):
        now = later + error[step]
        update, reset, new = trace.update[step], trace.reset[step], trace.new[step]
        by_new = now * (1 - update) * (1 - new * new)
        by_heard[step, :, :UNITS] = now * (trace.memory[step] - new) * update * (1 - update)
        by_heard[step, :, UNITS:_GATES] = by_new * trace.recalled[step] * reset * (1 - reset)
        by_heard[step, :, _GATES:] = by_new
        by_recalled[step, :, :_GATES] = by_heard[step, :, :_GATES]
        by_recalled[step, :, _GATES:] = by_new * reset
        later = now * update + by_recalled[step] @ parts["recalled"].T
    flat = by_heard.reshape(-1, 3 * UNITS)
    return {
        "heard": heard.transpose(1, 0, 2).reshape(len(flat), -1).T @ flat,
        "heard_bias": flat.sum(axis=0),
        "recalled": trace.memory[:-1].reshape(-1, UNITS).T @ by_recalled.reshape(-1, 3 * UNITS),
    }


def adam(
    parts: Mapping[str, Floats], *, decay: float
) -> Callable[[Mapping[str, Floats], float], None]:
    """Return what takes a step down the slopes at a rate (Kingma and Ba 2015)."""
    first = {name: np.zeros_like(part) for name, part in parts.items()}
    second = {name: np.zeros_like(part) for name, part in parts.items()}
    count = 0

    def step(slopes: Mapping[str, Floats], rate: float) -> None:
        nonlocal count
        count += 1
        norm = float(np.sqrt(sum(float(np.square(one).sum()) for one in slopes.values())))
        cut = np.float32(min(1.0, _STEEPEST / (norm + 1e-9)))
        for name, steep in slopes.items():
            slope, part = steep * cut, parts[name]
            first[name] += 0.1 * (slope - first[name])
            second[name] += 0.001 * (np.square(slope) - second[name])
            moved = first[name] / (1 - 0.9**count)
            size = np.sqrt(second[name] / (1 - 0.999**count)) + 1e-8
            if part.ndim > 1:
                part *= np.float32(1 - rate * decay)
            part -= (rate * moved / size).astype(np.float32)

    return step
