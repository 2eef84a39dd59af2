"""The streaming detector: any number of streams, a frame of each at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ringcast.audio.detection.model import Model, listen, trained
from ringcast.audio.detection.settings import AnswerKind, Classified, DetectionSettings, Heard
from ringcast.audio.detection.spectrum import FRAME, band_powers
from ringcast.audio.detection.speech import note_speech
from ringcast.audio.detection.state import State, fresh, set_limits
from ringcast.audio.detection.tones import note_tones
from ringcast.audio.detection.verdicts import endings, leanings, verdicts

__all__ = ["Detector", "detect"]


class Detector:
    """Listens to any number of streams, a frame of each at a time.

    Streams are named by the caller and kept in the order of `streams`, which changes with `start`,
    `stop` and a final verdict.
    """

    def __init__(self, *, initial: int = 16, model: Model | None = None) -> None:
        """Ask that model, by default the one that came with the program."""
        self._state = fresh(initial)
        self._place: dict[int, int] = {}
        self._model = model or trained()

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

    @property
    def asks_model(self) -> bool:
        """Whether there is a model to ask."""
        return self._model is not None

    @property
    def state(self) -> State:
        """What is remembered of `streams`, in the same order."""
        return self._state[: len(self._place)]

    def start(self, stream: int, settings: DetectionSettings) -> None:
        """Begin to listen to a stream, from its beginning if it was listened to before."""
        place = self._place.get(stream)
        if place is None:
            place = self._place[stream] = len(self._place)
            if place == len(self._state):
                self._state = np.concatenate([self._state, fresh(len(self._state))])
        self._state[place : place + 1] = fresh(1)
        state = self._state[place : place + 1]
        state["stream"] = stream
        set_limits(state, settings)

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
        state = self.state
        bands = band_powers(samples)
        tones = note_tones(state, samples, bands)
        note_speech(state, bands, tones.is_tone)
        listen(state, bands, self._model)
        state["frames"] += 1
        heard: list[Heard] = [
            *verdicts(state, tones, self._model),
            *leanings(state),
            *endings(state, tones.beeped),
        ]
        for one in heard:
            if isinstance(one, Classified) and one.kind not in _LISTENED_TO:
                self.stop(one.stream)
        return heard


_LISTENED_TO = (AnswerKind.MACHINE, AnswerKind.SCREENING)


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
