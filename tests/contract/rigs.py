"""The engines that the contract suites run on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.contract.embedded_rig import EmbeddedRig
from tests.contract.rig import SimulatedRig

RIGS: Final[dict[str, Callable[[Path], SimulatedRig | EmbeddedRig]]] = {
    "simulator": lambda folder: SimulatedRig(),
    "embedded": EmbeddedRig,
}
ON_TWO_WORKERS: Final[dict[str, Callable[[Path], SimulatedRig | EmbeddedRig]]] = {
    "simulator": lambda folder: SimulatedRig(),
    "embedded": lambda folder: EmbeddedRig(folder, media_workers=2),
}
"""For what must not depend on where legs are."""
