"""What detection heard in a recording, 20 ms by 20 ms: to explain a decision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringcast.audio.detection.detector import Detector
from ringcast.audio.detection.settings import Classified, DetectionSettings, GreetingEnded, Heard
from ringcast.audio.detection.spectrum import FRAME
from ringcast.audio.detection.state import SHORTEST_TONE

__all__ = ["Timeline", "timeline"]

_QUIETEST = 1e-9


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A recording as detection heard it; one entry for each frame of 20 ms."""

    level_dbfs: NDArray[np.float32]
    speech: NDArray[np.bool_]
    tone_hertz: NDArray[np.float32]
    """0 where there is no tone."""
    odds: NDArray[np.float32]
    """The logarithm of the odds that it is a machine; NaN where the model was not asked."""
    heard: list[Heard]

    @property
    def verdict(self) -> Classified | None:
        """The last verdict, or None if there was none."""
        verdicts = [one for one in self.heard if isinstance(one, Classified)]
        return verdicts[-1] if verdicts else None

    @property
    def decided(self) -> Classified | None:
        """The first verdict: when a call would have gone on."""
        return next((one for one in self.heard if isinstance(one, Classified)), None)

    @property
    def greeting_ends(self) -> list[GreetingEnded]:
        """The ends of a machine's greeting."""
        return [one for one in self.heard if isinstance(one, GreetingEnded)]

    @property
    def words(self) -> list[tuple[float, float]]:
        """Where somebody speaks without a pause of 0.3 s, in seconds."""
        return spans(self.speech, gap=15)

    @property
    def tones(self) -> list[tuple[float, float, float]]:
        """Where tones are heard, in seconds, and their frequency."""
        return [
            (begin, end, float(np.median(self.tone_hertz[round(begin * 50) : round(end * 50)])))
            for begin, end in spans(self.tone_hertz > 0, gap=1)
        ]


def timeline(samples: NDArray[np.int16], settings: DetectionSettings) -> Timeline:
    """Hear a recording that begins with the answer.

    What follows a final verdict is heard, too, so that all of it can be shown; what would be said
    of it then is not.
    """
    frames = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, 1, FRAME)
    count = len(frames)
    level = np.zeros(count, np.float32)
    speech = np.zeros(count, np.bool_)
    hertz = np.zeros(count, np.float32)
    odds = np.full(count, np.nan, np.float32)
    detector, beside = Detector(initial=1), Detector(initial=1)
    detector.start(0, settings)
    beside.start(0, _ENDLESS)
    heard: list[Heard] = []
    for i, frame in enumerate(frames.astype(np.float32) / np.float32(32768)):
        if len(detector):
            heard += detector.hear(frame)
        beside.hear(frame)
        row = beside.state[0]
        level[i] = 10 * np.log10(float(np.square(frame).mean()) + _QUIETEST)
        speech[i] = row["spoke"] == i and row["began"] >= 0
        if row["tone"] >= SHORTEST_TONE:
            hertz[i] = row["hertz"]
        if len(detector) and detector.asks_model and detector.state[0]["began"] >= 0:
            odds[i] = detector.state[0]["odds"]
    return Timeline(level_dbfs=level, speech=speech, tone_hertz=hertz, odds=odds, heard=heard)


def spans(where: NDArray[np.bool_], *, gap: int) -> list[tuple[float, float]]:
    """Return where it is so, in seconds; interruptions of up to `gap` frames do not count."""
    places = np.flatnonzero(where)
    if not len(places):
        return []
    breaks = np.flatnonzero(np.diff(places) > gap)
    begins = [places[0], *places[breaks + 1]]
    ends = [*places[breaks], places[-1]]
    seconds = FRAME / 8000
    return [
        (round(float(begin) * seconds, 2), round(float(end + 1) * seconds, 2))
        for begin, end in zip(begins, ends, strict=True)
    ]


_ENDLESS = DetectionSettings(
    initial_silence=600,
    after_short=600,
    after_longer=600,
    long_greeting=600,
    total=600,
    bias=1000,
    learned=False,
)
