"""Utterances of many voices, made by eSpeak NG and kept in a folder."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import soxr
from numpy.typing import NDArray

from ringcast.audio import levels
from ringcast.integrations import speech_messages as messages
from ringcast.integrations.worker_process import WorkerProcess

__all__ = ["ACCENTS", "VARIANTS", "Utterance", "UtteranceStore"]

RATE: Final = 8000
FRAME: Final = 160

VARIANTS: Final = (
    "f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "Alex",
    "Alicia", "Andrea", "Andy", "Annie", "Denis", "Diogo", "Gene", "Henrique", "Hugo", "Jacky",
    "Lee", "Marco", "Mario", "Michael", "Mike", "Nguyen", "Reed", "adam", "anika", "antonio",
    "aunty", "belinda", "benjamin", "boris", "caleb", "david", "ed", "edward", "grandma",
    "grandpa", "gustave", "ian", "iven", "john", "klatt", "klatt2", "klatt4", "linda", "marcelo",
    "max", "michel", "miguel", "norbert", "pablo", "paul", "pedro", "quincy", "rob", "robert",
    "sandro", "shelby", "steph", "steph3", "travis", "victor", "zac",
)  # fmt: skip
"""How a speaker sounds; each can speak every language."""

ACCENTS: Final = {"en": ("en-us", "en", "en-gb-scotland", "en-gb-x-rp", "en-029")}
"""The engine's voices of a language, where it has several that differ."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is said by which of the engine's voices (`en-us+f2`)."""

    voice: str
    text: str

    @property
    def key(self) -> str:
        """Return the name it is kept by."""
        return hashlib.sha256(f"2\n{self.voice}\n{self.text}".encode()).hexdigest()[:24]


class UtteranceStore:
    """Utterances at 8 kHz, without the silence around them, at the level of a voice."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __getitem__(self, utterance: Utterance) -> NDArray[np.int16]:
        """Return one that was made."""
        kept: NDArray[np.int16] = np.load(self._folder / f"{utterance.key}.npy")
        return kept

    def make(self, utterances: Iterable[Utterance]) -> int:
        """Make those that are not kept yet; return how many."""
        missing = [
            one
            for one in dict.fromkeys(utterances)
            if not (self._folder / f"{one.key}.npy").exists()
        ]
        if missing:
            asyncio.run(self._make(missing))
        return len(missing)

    async def _make(self, utterances: list[Utterance]) -> None:
        engine = WorkerProcess("ringcast.integrations.espeak_process")
        decoder = msgspec.msgpack.Decoder(messages.Answer)
        try:
            for one in utterances:
                request = messages.Speak(
                    text=one.text, voices=[one.voice], max_seconds=60.0, cpu_seconds=20.0
                )
                answer = decoder.decode(
                    await engine.ask(msgspec.msgpack.encode(request), timeout=60.0)
                )
                if not isinstance(answer, messages.Spoken):
                    raise RuntimeError(f"{one.voice} does not speak: {answer}")
                samples = np.frombuffer(answer.samples, "<i2").astype(np.int16)
                np.save(self._folder / f"{one.key}.npy", _prepared(samples, answer.rate))
        finally:
            await engine.close()


def _prepared(samples: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
    narrow: NDArray[np.int16] = soxr.resample(samples, rate, RATE)
    level = levels.normalise(narrow)
    blocks = level[: len(level) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    sounding = np.flatnonzero(np.square(blocks).mean(axis=1) > 32768.0**2 * 10 ** (-50 / 10))
    return level[sounding[0] * FRAME : (sounding[-1] + 1) * FRAME]
