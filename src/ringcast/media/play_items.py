"""What can be played: files and silence."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class PlayFile(msgspec.Struct, frozen=True, tag="file", array_like=True):
    """A raw 8 kHz G.711 µ-law file (`.ulaw`), or a part of it.

    A frame is one sample is one byte, as in `wave`. If the same name with `.alaw` lies beside it,
    streams of A-law play that; otherwise it is converted. Files must not be cut or overwritten in
    place while they play; replacing one by a rename is fine.
    """

    path: str
    start_frame: int = 0
    #: How many; None for all that follow.
    frames: int | None = None


class PlaySilence(msgspec.Struct, frozen=True, tag="silence", array_like=True):
    """Silence, to the millisecond."""

    milliseconds: int


PlayItem: TypeAlias = PlayFile | PlaySilence
