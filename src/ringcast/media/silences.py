"""Waiting for silence on the streams that ask for it; the others cost nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ringcast.audio import silence
from ringcast.audio.g711 import ALAW_DECODE, ULAW_DECODE
from ringcast.media.messages import Codec, SilenceHeard
from ringcast.media.playout import KEPT, Playout
from ringcast.media.recordings import CODEC_NUMBER

#: The samples of both codecs one after the other, full scale 1.
_SAMPLES = (np.concatenate([ULAW_DECODE, ALAW_DECODE]) / 32768).astype(np.float32)
_ALAW_AT = len(ULAW_DECODE)


class SilenceWatch:
    """Listens to rows of the pump, a block of each with every tick."""

    def __init__(self, playout: Playout, *, emit: Callable[[object], None], tick: int) -> None:
        """Begin after `tick`."""
        self._playout = playout
        self._emit = emit
        self._silences = silence.Silences()
        self._waits: dict[int, tuple[int, float]] = {}
        """The stream of each row, and for how many seconds of silence it waits."""
        self._tick = tick

    def start(self, row: int, stream: int, seconds: float, codec: Codec) -> None:
        """Begin to listen to a row from the next tick on, or begin anew."""
        if row not in self._waits:
            self._playout.open(row, codec)
        self._waits[row] = stream, seconds
        self._silences.start(row, seconds)

    def stop(self, row: int) -> None:
        """Listen to a row no more; do nothing if it is not listened to."""
        if self._waits.pop(row, None) is not None:
            self._playout.close(row)
            self._silences.stop(row)

    def handle_tick(self, tick: int, now: float) -> None:
        """Hear the blocks of all ticks up to this one."""
        first, self._tick = max(self._tick + 1, tick - KEPT + 1), tick
        for each in range(first, tick + 1):
            if not self._waits:
                return
            rows = self._silences.streams.copy()
            codes = self._playout.read(rows, each).astype(np.uint16)
            is_alaw = self._playout.law[rows] == CODEC_NUMBER["PCMA"]
            codes += is_alaw[:, None] * np.uint16(_ALAW_AT)
            for row in self._silences.hear(_SAMPLES.take(codes, mode="clip")):
                stream, seconds = self._waits[row]
                self.stop(row)
                self._emit(SilenceHeard(stream=stream, at=now, seconds=seconds))
