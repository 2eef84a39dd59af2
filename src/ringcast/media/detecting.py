"""Answering-machine detection on the streams that ask for it; the others cost nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ringcast.audio import detection
from ringcast.audio.detection import DetectionSettings, Detector
from ringcast.audio.g711 import ALAW_DECODE, ULAW_DECODE
from ringcast.media.messages import AnswerClassified, AnswerLeaning, Codec, GreetingEnded
from ringcast.media.playout import KEPT, Playout
from ringcast.media.recordings import CODEC_NUMBER

#: The samples of both codecs one after the other, full scale 1.
_SAMPLES = (np.concatenate([ULAW_DECODE, ALAW_DECODE]) / 32768).astype(np.float32)
_ALAW_AT = np.uint16(len(ULAW_DECODE))


class Detections:
    """Listens to rows of the pump, a block of each with every tick."""

    def __init__(self, playout: Playout, *, emit: Callable[[object], None], tick: int) -> None:
        """Begin after `tick`."""
        self._playout = playout
        self._emit = emit
        self._detector = Detector()
        self._stream_of: dict[int, int] = {}
        self._tick = tick

    def start(self, row: int, stream: int, settings: DetectionSettings, codec: Codec) -> None:
        """Begin to listen to a row from the next tick on, or begin anew."""
        if row not in self._stream_of:
            self._playout.open(row, codec)
            self._stream_of[row] = stream
        self._detector.start(row, settings)

    def stop(self, row: int) -> None:
        """Listen to a row no more; do nothing if it is not listened to."""
        if self._stream_of.pop(row, None) is not None:
            self._playout.close(row)
            self._detector.stop(row)

    def skip(self, tick: int) -> None:
        """Leave out the ticks up to this one, in which nobody was listened to."""
        self._tick = tick

    def handle_tick(self, tick: int, now: float) -> None:
        """Hear the blocks of all ticks up to this one."""
        first, self._tick = max(self._tick + 1, tick - KEPT + 1), tick
        for each in range(first, tick + 1):
            if not len(self._detector):
                return
            self._hear(each, now)

    def _hear(self, tick: int, now: float) -> None:
        rows = self._detector.streams.copy()
        codes = self._playout.read(rows, tick)
        law = self._playout.law[rows]
        index = codes
        if (law == CODEC_NUMBER["PCMA"]).any():
            is_alaw = (law == CODEC_NUMBER["PCMA"]).astype(np.uint16) * _ALAW_AT
            index = codes + is_alaw[:, None]
        for heard in self._detector.hear(_SAMPLES.take(index, mode="clip")):
            stream = self._stream_of[heard.stream]
            if isinstance(heard, detection.GreetingEnded):
                self._emit(GreetingEnded(stream=stream, at=now, beep=heard.beep))
                continue
            if isinstance(heard, detection.Leaning):
                self._emit(
                    AnswerLeaning(
                        stream=stream,
                        at=now,
                        kind=heard.kind,
                        seconds=heard.seconds,
                        confidence=heard.confidence,
                    )
                )
                continue
            self._emit(
                AnswerClassified(
                    stream=stream,
                    at=now,
                    kind=heard.kind,
                    seconds=heard.seconds,
                    reason=heard.reason,
                    confidence=heard.confidence,
                )
            )
            if heard.stream not in self._detector:  # the verdict was final
                self.stop(heard.stream)
