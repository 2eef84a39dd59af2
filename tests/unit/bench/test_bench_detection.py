"""What trains and tunes detection does what it claims, on small numbers."""

from __future__ import annotations

import numpy as np
import pytest

from bench.detection.corpus import Part, of_part, texts_of_part
from bench.detection.recurrent import Floats, adam, backward, forward
from bench.detection.texts import HELLOS, SCREENING
from bench.detection.tune import NEVER, QUIET, Moments, Thresholds, decide, tune
from ringcast.audio.detection.model import Model
from ringcast.audio.detection.state import UNITS

_BANDS = 3


def _parts(rng: np.random.Generator) -> dict[str, Floats]:
    shapes = {
        "heard": (_BANDS, 3 * UNITS),
        "recalled": (UNITS, 3 * UNITS),
        "heard_bias": (3 * UNITS,),
    }
    return {name: rng.normal(0, 0.3, shape).astype("f4") for name, shape in shapes.items()}


@pytest.mark.parametrize("name", ["heard", "recalled", "heard_bias"])
def test_slopes_are_those_of_the_loss(name: str) -> None:
    rng = np.random.default_rng(1)
    parts = _parts(rng)
    heard = rng.normal(size=(2, 7, _BANDS)).astype("f4")
    wanted = rng.normal(size=(7, 2, UNITS)).astype("f4")

    def loss() -> float:
        return float((forward(parts, heard).memory[1:] * wanted).astype(np.float64).sum())

    slope = backward(parts, heard, forward(parts, heard), wanted)[name]

    direction = rng.normal(size=slope.shape).astype("f4")
    parts[name] += np.float32(1e-3) * direction
    above = loss()
    parts[name] -= np.float32(2e-3) * direction
    below = loss()
    assert (above - below) / 2e-3 == pytest.approx(float((slope * direction).sum()), rel=0.02)


def test_model_remembers_what_training_did() -> None:
    rng = np.random.default_rng(2)
    parts = _parts(rng)
    heard = rng.normal(size=(4, 9, _BANDS)).astype("f4")
    nothing = np.zeros(0, np.float32)
    model = Model(
        mean=nothing, scale=nothing, hidden=nothing, hidden_bias=nothing, out=nothing,
        out_bias=nothing, **parts,
    )  # fmt: skip
    memory = np.zeros((4, UNITS), np.float32)

    for step in range(9):
        memory = model.remember(heard[:, step], memory)

    assert memory == pytest.approx(forward(parts, heard).memory[-1], abs=1e-5)


def test_adam_goes_down() -> None:
    parts = {"at": np.array([[3.0, -2.0]], np.float32)}
    step = adam(parts, decay=0.0)

    for _ in range(400):
        step({"at": 2 * parts["at"]}, 0.02)

    assert np.abs(parts["at"]).max() < 0.1


def test_parts_share_no_text_and_together_have_all() -> None:
    for texts in (HELLOS, SCREENING):
        kept = [set(texts_of_part(texts, part)) for part in Part]
        assert set.union(*kept) == set(texts)
        assert sum(len(one) for one in kept) == len(set(texts))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 100])
def test_every_count_of_items_leaves_some_to_train_with(count: int) -> None:
    items = [f"item {number}" for number in range(count)]
    kept = [of_part(items, part) for part in Part]
    assert sorted(one for some in kept for one in some) == sorted(items)
    assert kept[0]


def _moments(odds: list[list[float]], label: list[int]) -> Moments:
    """Return calls that fall silent after the first two of their steps."""
    calls, steps = len(odds), len(odds[0])
    quiet = np.tile(np.maximum(np.arange(steps) - 1, 0) * 2.0, (calls, 1)).astype("f4")
    return Moments(
        odds=np.array(odds, "f4"),
        screening=np.array([5.0 if kind == 2 else -5.0 for kind in label], "f4"),
        faded=np.array([kind == 2 for kind in label]),
        quiet=quiet,
        length=np.zeros((calls, steps), "f4"),
        asked=np.ones((calls, steps), np.bool_),
        label=np.array(label),
    )


def test_decision_comes_where_the_odds_pass_a_threshold() -> None:
    steps = 30
    person, machine = [-3.0] * steps, [0.0] * 20 + [9.0] * 10
    found = decide(
        _moments([person, machine, machine], [0, 1, 2]),
        Thresholds(people=(-NEVER, -2.0, *[-NEVER] * (len(QUIET) - 2)), machine=5.0),
    )

    assert found.right == 1.0
    assert found.people_called_machine == 0.0
    assert found.median == pytest.approx(0.04 * 8)  # 12 frames of silence after two steps


def test_tuning_finds_what_parts_the_calls() -> None:
    steps = 40
    calls = _moments([[-1.0] * steps] * 5 + [[1.0] * steps] * 5, [0] * 5 + [1] * 5)
    assert decide(calls, Thresholds(people=(NEVER,) * len(QUIET))).right == 0.5

    _, found = tune(calls)

    assert found.right == 1.0
