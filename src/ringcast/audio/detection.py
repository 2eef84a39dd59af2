"""Who has answered: a person, a machine or a fax; and when a machine's greeting is over.

The rules are the classic ones, of time alone: people say a word or two and wait, machines speak on.

- Nobody speaks for `initial_silence`: SILENCE (mostly a person who listens).
- Who has spoken for up to `short_greeting` and is then silent for `after_short`: HUMAN.
- Who has spoken for longer, but not `long_greeting`, and is then silent for `after_longer`: HUMAN,
  too: when in doubt it is a person, whom nobody must keep waiting or hang up on.
- Who speaks for `long_greeting`, or lets a beep be heard: MACHINE.
- A fax machine's tone, before anybody has spoken: FAX.
- After `total` it is over: HUMAN if anybody has spoken, else SILENCE.

A machine is listened to on: `GreetingEnded` comes at the end of each beep, and after speech that
was followed by `greeting_end` of silence. Somebody may speak again after it (a pause in a
greeting): then it comes again. All other verdicts are final.

Speech is what is louder than the line's noise for `shortest_sound`; a beep is a pure, steady tone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FRAME",
    "AnswerKind",
    "Classified",
    "DetectionSettings",
    "Detector",
    "GreetingEnded",
    "Heard",
    "detect",
]

RATE: Final = 8000
FRAME: Final = 160
"""Samples in a frame: 20 ms."""
FRAME_SECONDS: Final = FRAME / RATE


class AnswerKind(StrEnum):
    """Who or what has answered."""

    HUMAN = "human"
    MACHINE = "machine"
    FAX = "fax"
    SILENCE = "silence"


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectionSettings:
    """The limits of the rules, in seconds."""

    initial_silence: float = 2.5
    short_greeting: float = 1.8
    after_short: float = 0.8
    long_greeting: float = 4.2
    after_longer: float = 1.5
    total: float = 7.5
    greeting_end: float = 2.0
    shortest_sound: float = 0.08

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not FRAME_SECONDS <= value <= 600:
                raise ValueError(f"{limit.name} lasts 0.02 to 600 s, not {value:g}")
        if self.long_greeting < self.short_greeting:
            raise ValueError("long_greeting cannot be shorter than short_greeting")


@dataclass(frozen=True, slots=True)
class Classified:
    """The verdict on a stream; `seconds` since its detection began."""

    stream: int
    kind: AnswerKind
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class GreetingEnded:
    """A machine has stopped speaking (`beep` false) or given its beep."""

    stream: int
    beep: bool
    seconds: float


Heard: TypeAlias = Classified | GreetingEnded

_QUIETEST: Final = np.float32(10 ** (-45 / 10))
"""Power below which nothing is speech or a tone, however quiet the line (full scale is 1)."""
_ABOVE_NOISE: Final = np.float32(10 ** (9 / 10))
_LOUDEST_NOISE: Final = np.float32(10 ** (-35 / 10))
"""More is no noise of a line: a voice that has not yet paused."""
_NOISE_FRAMES: Final = 20
_NOISE_PARTS: Final = 4
"""The noise is the least power of a frame in the last 4 times 20 frames."""

_LOWEST_BIN: Final = 8
_HIGHEST_BIN: Final = 50
"""Beeps lie between 400 and 2,500 Hz; a bin is 50 Hz."""
_PURITY: Final = np.float32(0.95)
"""How much of the power lies within two bins of the strongest: more than in any vowel for long."""
_STEADY_HZ: Final = np.float32(20.0)
_STEADY_POWER: Final = np.float32(2.0)
_TONE_FRAMES: Final = 3
"""Frames after which a pure sound is taken for a tone and no longer for speech: 80 ms hold them."""
_RINGBACK_FRAMES: Final = 5
"""A tone that began in these first frames is the end of what was heard before the answer."""
_FAX_TONES: Final = ((2100.0, 25), (1100.0, 20))
"""CED and CNG (T.30, 4.3.3): Hz, and frames after which one is no beep."""
_FAX_HZ: Final = np.float32(30.0)
_SPEAKS_AGAIN: Final = 15
"""Frames of speech after the end of a greeting that make it begin again."""

_LIMITS: Final = tuple(limit.name for limit in fields(DetectionSettings))
_STATE: Final = np.dtype(
    [
        ("stream", "i8"),
        ("frames", "i4"),  # heard so far
        ("is_machine", "?"),
        ("noise", "f4", _NOISE_PARTS),
        ("loud", "i4"),  # frames on end that were loud
        ("began", "i4"),  # at which frame somebody first spoke; -1: not yet
        ("spoke", "i4"),  # the last frame of speech
        ("sounded", "i4"),  # the last frame of speech or of a tone
        ("spoken", "i4"),  # frames of speech since the greeting last ended
        ("is_over", "?"),  # the end of the greeting has been told
        ("tone", "i4"),  # frames on end of the same tone
        ("hertz", "f4"),
        ("power", "f4"),
        *((name, "i4") for name in _LIMITS),  # in frames
    ]
)


class Detector:
    """Listens to any number of streams, a frame of each at a time.

    Streams are named by the caller and kept in the order of `streams`, which changes with `start`,
    `stop` and a final verdict.
    """

    def __init__(self, *, initial: int = 16) -> None:
        self._state = np.zeros(initial, _STATE)
        self._place: dict[int, int] = {}

    def __len__(self) -> int:
        """Return how many streams are listened to."""
        return len(self._place)

    def __contains__(self, stream: int) -> bool:
        """Say whether a stream is listened to."""
        return stream in self._place

    @property
    def streams(self) -> NDArray[np.int64]:
        """The streams, in the order in which `hear` takes their frames."""
        streams: NDArray[np.int64] = self._state["stream"][: len(self._place)]
        return streams

    def start(self, stream: int, settings: DetectionSettings) -> None:
        """Begin to listen to a stream, from its beginning if it was listened to before."""
        place = self._place.get(stream)
        if place is None:
            place = self._place[stream] = len(self._place)
            if place == len(self._state):
                self._state = np.concatenate([self._state, np.zeros_like(self._state)])
        state = self._state[place : place + 1]
        state[:] = np.zeros(1, _STATE)
        state["stream"] = stream
        state["noise"] = np.inf
        state["began"] = -1
        for name in _LIMITS:
            state[name] = round(getattr(settings, name) / FRAME_SECONDS)

    def stop(self, stream: int) -> None:
        """Listen to a stream no more; do nothing if it is not listened to."""
        place = self._place.pop(stream, None)
        if place is None:
            return
        last = len(self._place)
        if place != last:
            self._state[place] = self._state[last]
            self._place[int(self._state["stream"][place])] = place

    def hear(self, samples: NDArray[np.float32]) -> list[Heard]:
        """Take the next frame of each of `streams`, a row each (full scale is 1).

        Return what is new.
        """
        state = self._state[: len(self._place)]
        power = np.einsum("ij,ij->i", samples, samples) / np.float32(FRAME)
        beeped = _note_tone(state, samples, power)
        _note_speech(state, power)
        state["frames"] += 1
        heard: list[Heard] = [*_verdicts(state, beeped), *_endings(state, beeped)]
        for one in heard:
            if isinstance(one, Classified) and one.kind is not AnswerKind.MACHINE:
                self.stop(one.stream)
        return heard


def detect(samples: NDArray[np.int16], settings: DetectionSettings | None = None) -> list[Heard]:
    """Return what is heard in a recording that begins with the answer, as stream 0."""
    detector = Detector(initial=1)
    detector.start(0, settings or DetectionSettings())
    heard: list[Heard] = []
    frames = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, 1, FRAME)
    for frame in frames.astype(np.float32) / np.float32(32768):
        if len(detector):
            heard += detector.hear(frame)
    return heard


def _note_speech(state: NDArray[np.void], power: NDArray[np.float32]) -> None:
    """Follow the noise and say who speaks in this frame."""
    frames = state["frames"]
    part = frames // _NOISE_FRAMES % _NOISE_PARTS
    every = np.arange(len(state))
    noise = state["noise"]
    is_new = frames % _NOISE_FRAMES == 0
    noise[every, part] = np.where(is_new, power, np.minimum(noise[every, part], power))
    floor = np.minimum(noise.min(axis=1), _LOUDEST_NOISE)
    is_tone = state["tone"] >= _TONE_FRAMES
    is_loud = (power > np.maximum(floor * _ABOVE_NOISE, _QUIETEST)) & ~is_tone
    state["loud"] = loud = np.where(is_loud, state["loud"] + 1, 0)
    speaks = loud >= state["shortest_sound"]
    begins = speaks & (state["began"] < 0)
    state["began"] = np.where(begins, frames + 1 - loud, state["began"])
    state["spoke"] = np.where(speaks, frames, state["spoke"])
    state["sounded"] = np.where(speaks | is_tone, frames, state["sounded"])
    state["spoken"] += speaks


def _note_tone(
    state: NDArray[np.void], samples: NDArray[np.float32], power: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Follow pure tones; return where a beep has just ended."""
    before = state["tone"].copy()
    hertz = np.zeros(len(state), np.float32)
    # Most frames of speech are louder or softer than the one before: they are not looked at.
    last = state["power"]
    is_steady = np.maximum(power, last) < _STEADY_POWER * np.minimum(power, last)
    steady = np.nonzero(is_steady & (power > _QUIETEST))[0]
    if len(steady):
        hertz[steady] = _pure_tones(samples[steady])
    is_same = np.abs(hertz - state["hertz"]) < _STEADY_HZ
    # The first one found has had one before it, of the same level.
    state["tone"] = np.where(hertz > 0, np.where(is_same, before + 1, 2), 0)
    state["hertz"] = hertz
    state["power"] = power
    ended = (before >= _TONE_FRAMES) & (state["tone"] < _TONE_FRAMES)
    began_late: NDArray[np.bool_] = state["frames"] - before > _RINGBACK_FRAMES
    return ended & began_late


_MARGIN: Final = 2
_WINDOW: Final = np.hanning(FRAME + 1)[:FRAME]
_ENERGY: Final = (np.square(_WINDOW) * FRAME / 2).astype(np.float32)
"""The windowed power in the positive half of the spectrum, by Parseval."""


def _waves() -> NDArray[np.float32]:
    """Return the windowed waves of the bins looked at, cosines and then sines.

    Their product with many frames costs a seventh of as many fast Fourier transforms.
    """
    bins = np.arange(_LOWEST_BIN - _MARGIN, _HIGHEST_BIN + _MARGIN + 1)
    angles = 2 * np.pi * np.outer(np.arange(FRAME), bins) / FRAME
    waves = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    return (waves * _WINDOW[:, None]).astype(np.float32)


_WAVES: Final = _waves()
_AROUND: Final = np.arange(2 * _MARGIN + 1)


def _pure_tones(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the frequency of frames that are one pure tone, 0 of others."""
    both = np.square(samples @ _WAVES)
    count = both.shape[1] // 2
    power = both[:, :count] + both[:, count:]
    lowest = power[:, _MARGIN:-_MARGIN].argmax(axis=1)
    bins = lowest[:, None] + _AROUND
    near = np.take_along_axis(power, bins, axis=1)
    inside = near.sum(axis=1)
    is_pure = inside > _PURITY * (np.square(samples) @ _ENERGY)
    centre = (near @ _AROUND.astype(np.float32)) / np.maximum(inside, np.float32(1e-20))
    hertz = (lowest + centre + (_LOWEST_BIN - _MARGIN)) * (RATE / FRAME)
    pure: NDArray[np.float32] = np.where(is_pure, hertz, 0).astype(np.float32)
    return pure


def _verdicts(state: NDArray[np.void], beeped: NDArray[np.bool_]) -> Sequence[Classified]:
    """Return the streams on which there is a verdict now; machines are noted as such."""
    waiting = ~state["is_machine"]
    if not waiting.any():
        return ()
    frames = state["frames"]
    has_spoken = state["began"] >= 0
    length = state["spoke"] + 1 - state["began"]
    quiet = frames - 1 - state["sounded"]
    is_short = length <= state["short_greeting"]
    patience = np.where(is_short, state["after_short"], state["after_longer"])
    fax = np.zeros(len(state), np.bool_)
    for hertz, tone_frames in _FAX_TONES:
        fax |= (np.abs(state["hertz"] - hertz) < _FAX_HZ) & (state["tone"] >= tone_frames)
    is_late = frames >= state["total"]
    # In the order in which they are asked.
    rules: tuple[tuple[NDArray[np.bool_], AnswerKind, str], ...] = (
        (fax & ~has_spoken, AnswerKind.FAX, "fax tone"),
        (beeped, AnswerKind.MACHINE, "beep"),
        (has_spoken & (length >= state["long_greeting"]), AnswerKind.MACHINE, "long greeting"),
        (has_spoken & (quiet >= patience), AnswerKind.HUMAN, "spoke, and waits"),
        (is_late & has_spoken, AnswerKind.HUMAN, "no verdict in time"),
        (is_late & ~has_spoken, AnswerKind.SILENCE, "nobody spoke"),
        (~has_spoken & (quiet >= state["initial_silence"]), AnswerKind.SILENCE, "nobody spoke"),
    )
    heard = []
    for applies, kind, reason in rules:
        chosen = applies & waiting
        if not chosen.any():
            continue
        waiting &= ~chosen
        if kind is AnswerKind.MACHINE:
            state["is_machine"] |= chosen
        for place in np.nonzero(chosen)[0].tolist():
            stream, seconds = int(state["stream"][place]), _seconds(frames[place])
            heard.append(Classified(stream, kind, seconds, reason))
    return heard


def _endings(state: NDArray[np.void], beeped: NDArray[np.bool_]) -> Sequence[GreetingEnded]:
    """Return the machines whose greeting ends now."""
    is_machine = state["is_machine"]
    if not is_machine.any():
        return ()
    state["is_over"] &= state["spoken"] < _SPEAKS_AGAIN
    quiet = state["frames"] - 1 - state["sounded"]
    faded = ~state["is_over"] & (quiet >= state["greeting_end"])
    ended = is_machine & (beeped | faded)
    if not ended.any():
        return ()
    state["is_over"] |= ended
    state["spoken"][ended] = 0
    return [
        GreetingEnded(
            int(state["stream"][place]), bool(beeped[place]), _seconds(state["frames"][place])
        )
        for place in np.nonzero(ended)[0].tolist()
    ]


def _seconds(frames: np.int32) -> float:
    return round(int(frames) * FRAME_SECONDS, 3)
