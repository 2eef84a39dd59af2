"""The sounds that phones make: each is made once, and kept as the files that calls play."""

from __future__ import annotations

import asyncio
import hashlib
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from ringcast.audio import g711, levels, tones
from ringcast.domain.errors import RingcastError
from ringcast.phones.errors import CannotStart
from ringcast.phones.steps import Fax, Press, Ringback, Say, Sound, Tone
from ringcast.ports.speech import VOICES, SpeechSynthesizer, Voice

__all__ = ["KeptSound", "SoundLibrary", "fitted", "trimmed", "voice_named"]

RATE: Final = 8000
FRAME: Final = 160
SLOWEST: Final = 0.75
FASTEST: Final = 1.33
"""How far speech may be slowed or hurried to last as long as the plan says."""
_MADE_BY: Final = "1"
"""To be raised when the same sound is made in another way: files kept before are then made anew."""
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class KeptSound:
    """A sound as calls play it."""

    path: Path
    """Raw µ-law in whole frames of 160 bytes; the same name ending in .alaw has A-law."""
    seconds: float


class SoundLibrary:
    """Makes the sounds of a plan and keeps them in a folder, where the next run finds them."""

    def __init__(self, folder: Path, *, synthesizer: SpeechSynthesizer, voice: str) -> None:
        self._folder = folder
        self._synthesizer = synthesizer
        self._voice = voice
        self._kept: dict[Sound | Press, KeptSound] = {}

    def __getitem__(self, sound: Sound | Press) -> KeptSound:
        """Return a sound that was prepared."""
        return self._kept[sound]

    async def prepare(self, sounds: Iterable[Sound | Press]) -> None:
        """Make the sounds that are not kept yet; raise CannotStart."""
        limit = asyncio.Semaphore(_AT_ONCE)

        async def prepare_one(sound: Sound | Press) -> None:
            async with limit:
                self._kept[sound] = await self._keep(sound)

        try:
            async with asyncio.TaskGroup() as group:
                for sound in dict.fromkeys(sounds):
                    if sound not in self._kept:
                        group.create_task(prepare_one(sound))
        except ExceptionGroup as failures:
            # `except*` would wrap what it raises in a group again.
            for failure in failures.exceptions:
                if isinstance(failure, CannotStart):
                    raise failure from None
            raise

    async def _keep(self, sound: Sound | Press) -> KeptSound:
        path = self._folder / f"{self._key(sound)}.ulaw"
        try:
            length = path.stat().st_size if path.exists() else _write(path, await self._make(sound))
        except OSError as exc:
            raise CannotStart(f"{path} cannot be written: {exc.strerror}") from exc
        return KeptSound(path, length / RATE)

    def _key(self, sound: Sound | Press) -> str:
        made_of = (_MADE_BY, self._synthesizer.name, self._voice, repr(sound))
        return hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:32]

    async def _make(self, sound: Sound | Press) -> NDArray[np.int16]:
        match sound:
            case Tone(hertz, seconds):
                return tones.tone((hertz,), seconds, level_dbfs=-10)
            case Ringback(seconds):
                return tones.ringback(seconds)
            case Fax(seconds):
                return tones.cadence((2100.0,), 3.0, 0.5, seconds, level_dbfs=-10)
            case Press(digits):
                return tones.dtmf_sequence(digits, milliseconds=160, pause_milliseconds=90)
            case Say():
                return await self._speak(sound)

    async def _speak(self, say: Say) -> NDArray[np.int16]:
        try:
            spoken = await self._synthesizer.synthesize(
                say.text, voice_named(say.voice or self._voice)
            )
        except RingcastError as exc:
            raise CannotStart(f"say {say.text!r}: {exc}") from exc
        samples = np.frombuffer(spoken.samples, "<i2").astype(np.int16, copy=False)
        samples = trimmed(levels.normalise(resampled(samples, spoken.rate, RATE)))
        if say.seconds is None:
            return samples
        natural = len(samples) / RATE
        if not SLOWEST <= natural / say.seconds <= FASTEST:
            raise CannotStart(
                f"say {say.text!r} takes {natural:.1f} s and cannot be made to last "
                f"{say.seconds:g} s: write {'more' if natural < say.seconds else 'less'} text, "
                f"or let it last {natural / FASTEST:.1f} to {natural / SLOWEST:.1f} s"
            )
        return fitted(samples, say.seconds)


def voice_named(name: str) -> Voice:
    """Return the voice a plan names: one of ours, a language such as `de`, or the engine's own."""
    if name in VOICES:
        return VOICES[name]
    return Voice(language=name) if _LANGUAGE.fullmatch(name) else Voice(name=name)


def trimmed(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return the samples without the silence before and after them."""
    blocks = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    power = np.square(blocks).mean(axis=1)
    sounding = np.flatnonzero(power > 32768.0**2 * 10 ** (levels.SILENCE_DBFS / 10))
    if not len(sounding):
        return samples
    return samples[sounding[0] * FRAME : (sounding[-1] + 1) * FRAME]


def fitted(samples: NDArray[np.int16], seconds: float) -> NDArray[np.int16]:
    """Return the samples slowed or hurried to last `seconds`.

    The pitch changes with the speed, as if somebody with another voice spoke.
    """
    return resampled(samples, len(samples) / seconds, RATE)[: round(seconds * RATE)]


def resampled(samples: NDArray[np.int16], rate: float, to_rate: float) -> NDArray[np.int16]:
    """Return the samples at another rate."""
    if rate == to_rate:
        return samples
    converted: NDArray[np.int16] = soxr.resample(samples, rate, to_rate)
    return converted


def _write(path: Path, samples: NDArray[np.int16]) -> int:
    """Write both forms of a sound, each complete as soon as it can be seen; return its length."""
    path.parent.mkdir(parents=True, exist_ok=True)
    padded = np.pad(samples, (0, -len(samples) % FRAME))
    # The .ulaw file comes last: where it is, the other one is, too.
    for suffix, codes in (
        (".alaw", g711.encode_alaw(padded)),
        (".ulaw", g711.encode_ulaw(padded)),
    ):
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(codes.tobytes())
        Path(file.name).replace(path.with_suffix(suffix))
    return len(padded)
