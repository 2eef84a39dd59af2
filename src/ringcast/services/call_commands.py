"""What can be asked of a call while it lives; a call flow takes it in its inbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ringcast.domain.instructions import Script

__all__ = ["Command", "EndNow", "Redirect"]


@dataclass(frozen=True, slots=True)
class Redirect:
    """Run this script in place of the one that runs, or is to run."""

    script: Script


@dataclass(frozen=True, slots=True)
class EndNow:
    """Hang up, or stop ringing."""

    reason: str


Command: TypeAlias = Redirect | EndNow
