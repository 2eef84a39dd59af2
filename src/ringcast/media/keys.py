"""Keys that come as tones, on the streams that ask for it; the others cost nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ringcast.audio.dtmf import KeyListener
from ringcast.audio.g711 import ALAW_DECODE, ULAW_DECODE
from ringcast.media.messages import Codec, DigitReceived
from ringcast.media.playout import KEPT, Playout
from ringcast.media.recordings import CODEC_NUMBER

#: The samples of both codecs one after the other, full scale 1.
_SAMPLES = (np.concatenate([ULAW_DECODE, ALAW_DECODE]) / 32768).astype(np.float32)
_ALAW_AT = len(ULAW_DECODE)


class KeyWatch:
    """Listens to rows of the pump, a block of each with every tick.

    Not to those whose keys come as events: gateways may send a key both ways.
    """

    def __init__(self, playout: Playout, *, emit: Callable[[object], None], tick: int) -> None:
        """Begin after `tick`."""
        self._playout = playout
        self._emit = emit
        self._listener = KeyListener()
        self._stream_of: dict[int, int] = {}
        self._with_events: set[int] = set()
        self._tick = tick

    def start(self, row: int, stream: int, codec: Codec) -> None:
        """Begin to listen to a row from the next tick on."""
        if row not in self._stream_of and row not in self._with_events:
            self._playout.open(row, codec)
            self._stream_of[row] = stream
            self._listener.start(row)

    def stop(self, row: int) -> None:
        """Listen to a row no more; do nothing if it is not listened to."""
        if self._stream_of.pop(row, None) is not None:
            self._playout.close(row)
            self._listener.stop(row)

    def note_event(self, row: int) -> None:
        """A key came as an event: those of this row always do."""
        self._with_events.add(row)
        self.stop(row)

    def close(self, row: int) -> None:
        """Forget a row."""
        self.stop(row)
        self._with_events.discard(row)

    def handle_tick(self, tick: int, now: float) -> None:
        """Hear the blocks of all ticks up to this one."""
        first, self._tick = max(self._tick + 1, tick - KEPT + 1), tick
        for each in range(first, tick + 1):
            if not self._stream_of:
                return
            rows = self._listener.streams.copy()
            codes = self._playout.read(rows, each).astype(np.uint16)
            is_alaw = self._playout.law[rows] == CODEC_NUMBER["PCMA"]
            codes += is_alaw[:, None] * np.uint16(_ALAW_AT)
            for heard in self._listener.hear(_SAMPLES.take(codes, mode="clip")):
                self._emit(
                    DigitReceived(
                        stream=self._stream_of[heard.stream],
                        at=now,
                        digit=heard.key,
                        duration_ms=round(heard.seconds * 1000),
                        is_tone=True,
                    )
                )
