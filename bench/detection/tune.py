"""Chooses the thresholds of `ringcast.audio.detection.verdicts` by the tuning part.

The model is asked at each step of each call, once; then thresholds are moved, one after the other,
to where the cost is least. The held-out part has no say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.detection.recurrent import Floats
from bench.detection.train import Examples, answers
from ringcast.audio.detection.model import CLASSES, FEATURES, Model
from ringcast.audio.detection.settings import DetectionSettings

__all__ = ["Decided", "Moments", "Thresholds", "decide", "moments", "tune"]

QUIET: Final = (8, 12, 16, 22, 32, 48, 72)
"""Frames of silence at each of which a threshold applies to people."""
SWEEPS: Final = 4
NEVER: Final = 40.0
_TRIED: Final = np.concatenate([[-NEVER], np.arange(-10, 8.1, 0.5), [NEVER]])
_LONG: Final = round(DetectionSettings().long_greeting / 0.02)
_GREETING_END: Final = 90
_PERSON, _MACHINE, _SCREENING = (CLASSES.index(one) for one in ("human", "machine", "screening"))

#: What a share of calls is worth: an error in itself, a person called machine, and seconds.
PEOPLE_ALLOWED: Final = 0.005
_MEDIAN_WANTED: Final = 1.35
_P95_WANTED: Final = 2.8


@dataclass(frozen=True)
class Thresholds:
    """Logarithms of odds, as they are compared with the model's (bias included)."""

    people: tuple[float, ...] = (-9.0, -7.5, -6.5, -5.4, -4.0, -3.0, -1.0)
    machine: float = 7.0
    long: float = 4.0
    screening: float = -1.0


@dataclass(frozen=True)
class Moments:
    """What the model says of calls, by call and step, and what verdicts look at beside it."""

    odds: Floats
    """Of a machine."""
    screening: Floats
    """Of call screening, if it is a machine, at the last step."""
    faded: NDArray[np.bool_]
    """Whether it had ended without a beep by then."""
    quiet: Floats
    length: Floats
    asked: NDArray[np.bool_]
    label: NDArray[np.int64]


@dataclass(frozen=True)
class Decided:
    """The figures of one choice."""

    right: float
    people_called_machine: float
    median: float
    p95: float

    @property
    def cost(self) -> float:
        """What this choice costs; less is better."""
        too_many = max(0.0, self.people_called_machine - PEOPLE_ALLOWED)
        late = 0.2 * max(0.0, self.median - _MEDIAN_WANTED) + 0.05 * max(
            0.0, self.p95 - _P95_WANTED
        )
        return 1 - self.right + 3 * too_many + late


def moments(model: Model, data: Examples) -> Moments:
    """Ask the model about every step of the calls."""
    classes = answers(model, data)
    person, machine, screening = (classes[:, :, at] for at in (_PERSON, _MACHINE, _SCREENING))
    rows = data.rows.astype(np.float32)
    every = np.arange(len(data.label))
    last = data.usable.shape[1] - 1 - data.usable[:, ::-1].argmax(axis=1)
    quiet = rows[:, :, FEATURES.index("quiet")] * 50
    # What is longer than what was kept of it is judged by its last step.
    is_cut = (last >= data.usable.shape[1] - 3) & (data.label == _SCREENING)
    asked = data.usable.copy()
    asked[:, ::2] = False
    return Moments(
        odds=np.logaddexp(machine, screening) - person,
        screening=(screening - machine)[every, last],
        faded=(quiet[every, last] >= _GREETING_END) | is_cut,
        quiet=quiet,
        length=rows[:, :, FEATURES.index("span")] * 100,
        asked=asked,
        label=data.label,
    )


def decide(heard: Moments, chosen: Thresholds) -> Decided:
    """Return what these thresholds make of the calls."""
    person = np.zeros_like(heard.asked)
    for least, most in zip(QUIET, chosen.people, strict=True):
        person |= heard.asked & (heard.quiet >= least) & (heard.odds < most)
    is_long = (heard.length >= _LONG) & (heard.odds > chosen.long)
    machine = heard.asked & (is_long | (heard.odds > chosen.machine))
    first_person, first_machine = _first(person), _first(machine)
    # With no verdict, machines give their beep, and people are people in the end.
    in_the_end = np.where(heard.label == _PERSON, _PERSON, _MACHINE)
    told = np.where(first_machine < first_person, _MACHINE, in_the_end)
    told = np.where(first_person < first_machine, _PERSON, told)
    is_screening = heard.faded & (heard.screening > chosen.screening)
    told = np.where((told == _MACHINE) & is_screening, _SCREENING, told)
    people = heard.label == _PERSON
    seconds = (np.minimum(first_person, heard.asked.shape[1]) + 1)[people] * 0.04
    return Decided(
        right=float((told == heard.label).mean()),
        people_called_machine=float((told[people] != _PERSON).mean()),
        median=float(np.median(seconds)),
        p95=float(np.quantile(seconds, 0.95)),
    )


def tune(heard: Moments, *, sweeps: int = SWEEPS) -> tuple[Thresholds, Decided]:
    """Return the thresholds that cost least, and what they cost."""
    chosen = Thresholds()
    found = decide(heard, chosen)
    for _ in range(sweeps):
        before = found.cost
        for place in range(len(QUIET) + 3):
            for value in _TRIED.tolist():
                tried = _with(chosen, place, value)
                result = decide(heard, tried)
                if result.cost < found.cost - 1e-9:
                    chosen, found = tried, result
        if found.cost == before:
            break
    return chosen, found


def _with(chosen: Thresholds, place: int, value: float) -> Thresholds:
    """Return the thresholds with another value at a place: people's, then the other three."""
    if place < len(QUIET):
        people = (*chosen.people[:place], value, *chosen.people[place + 1 :])
        return replace(chosen, people=people)
    if place == len(QUIET):
        return replace(chosen, machine=value)
    if place == len(QUIET) + 1:
        return replace(chosen, long=value)
    return replace(chosen, screening=value)


def _first(when: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the first step of each call at which it is so, or one after all."""
    first: NDArray[np.int64] = np.where(when.any(axis=1), when.argmax(axis=1), when.shape[1] + 1)
    return first
