"""Which of several measurements is kept."""

from __future__ import annotations

import pytest

from bench import machine
from bench.patience import Patience


class SharedMachine:
    """A machine on which others use so many cores in each measurement, and we none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *others: float) -> None:
        self.now = 0.0
        self.busy = 0.0
        self._others = list(others)
        self.measured = 0
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        monkeypatch.setattr("time.sleep", self.sleep)
        monkeypatch.setattr(machine, "busy_seconds", lambda: self.busy)
        monkeypatch.setattr(machine, "own_seconds", lambda: 0.0)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def measure(self) -> int:
        self.now += 20
        self.busy += 20 * self._others[self.measured]
        self.measured += 1
        return self.measured


def test_what_others_disturbed_is_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = SharedMachine(monkeypatch, 0.9, 0.1)
    patience = Patience(seconds=300)

    assert patience.undisturbed(shared.measure) == 2
    assert patience.worst == pytest.approx(0.1)


def test_when_time_is_up_the_least_disturbed_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = SharedMachine(monkeypatch, 0.9, 0.4, 0.7)
    patience = Patience(seconds=70)

    assert patience.undisturbed(shared.measure) == 2
    assert shared.measured == 3
    assert patience.worst == pytest.approx(0.4)


def test_without_patience_the_first_measurement_is_the_one(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = SharedMachine(monkeypatch, 1.5)

    assert Patience(seconds=0).undisturbed(shared.measure) == 1
    assert shared.now == 20  # and nothing was waited for
