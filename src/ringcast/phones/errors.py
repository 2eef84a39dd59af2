"""What can be wrong with a number plan, or with starting the phones.

PhonesError
├─ InvalidPlan      the plan cannot be read, or says something that cannot be done
└─ CannotStart      a port in use, a folder that cannot be written, no speech
"""

from __future__ import annotations

__all__ = ["CannotStart", "InvalidPlan", "PhonesError"]


class PhonesError(Exception):
    """Whatever keeps the simulated phones from working; `str()` is fit to be shown."""


class InvalidPlan(PhonesError):
    """The plan is wrong at a named place; the message says what would be right."""

    def __init__(self, source: str, where: str, problem: str) -> None:
        super().__init__(f"{source}: {where}: {problem}" if where else f"{source}: {problem}")
        self.source, self.where, self.problem = source, where, problem


class CannotStart(PhonesError):
    """The phones cannot take calls; the message says what to change."""
