"""A timeline of detection as a PNG picture."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from ringcast.audio.detection import Timeline

__all__ = ["draw"]

_Place: TypeAlias = Callable[[float], float]
"""Where a second is drawn."""

WIDTH = 1200
HEIGHT = 420
LEFT, RIGHT, TOP = 80, 20, 40
_LEVELS = (60, 200)
_SPEECH = (212, 232)
_TONES = (246, 266)
_ODDS = (280, 370)
_INK = "#222222"
_DIM = "#888888"
_GRID = "#e4e4e4"
_COLOURS = {"verdict": "#c62828", "greeting over": "#6a1b9a", "beep": "#ef6c00"}


def draw(found: Timeline, *, title: str) -> bytes:
    """Return the picture: level, speech, tones, the model's odds, and what was told when."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    count = len(found.level_dbfs)
    seconds = count / 50

    def x(second: float) -> float:
        return LEFT + second / seconds * (WIDTH - LEFT - RIGHT)

    pen.text((LEFT, 14), title.encode("latin-1", "replace").decode("latin-1"), fill=_INK)
    step = 1 if seconds <= 20 else 5 if seconds <= 100 else 30
    for second in range(0, int(seconds) + 1, step):
        pen.line([(x(second), _LEVELS[0]), (x(second), _ODDS[1])], fill=_GRID)
        pen.text((x(second) - 6, _ODDS[1] + 6), f"{second} s", fill=_DIM)
    for name, (top, bottom) in (
        ("level", _LEVELS),
        ("speech", _SPEECH),
        ("tones", _TONES),
        ("machine?", _ODDS),
    ):
        pen.text((10, (top + bottom) / 2 - 6), name, fill=_DIM)
    for i, db in enumerate(found.level_dbfs.tolist()):
        height = float(np.clip((db + 60) / 60, 0, 1)) * (_LEVELS[1] - _LEVELS[0])
        pen.rectangle([x(i / 50), _LEVELS[1] - height, x((i + 1) / 50), _LEVELS[1]], fill="#90a4ae")
    for begin, end in found.words:
        pen.rectangle([x(begin), _SPEECH[0], x(end), _SPEECH[1]], fill="#43a047")
    for begin, end, hertz in found.tones:
        pen.rectangle([x(begin), _TONES[0], x(end), _TONES[1]], fill="#fbc02d")
        pen.text((x(begin), _TONES[0] + 4), f"{hertz:.0f} Hz", fill=_INK)
    _draw_odds(pen, found, x)
    _draw_marks(pen, found, x)
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _draw_odds(pen: ImageDraw.ImageDraw, found: Timeline, x: _Place) -> None:
    top, bottom = _ODDS
    middle = (top + bottom) / 2
    pen.line([(LEFT, middle), (WIDTH - RIGHT, middle)], fill=_GRID)
    pen.text((LEFT - 44, bottom - 10), "person", fill=_DIM)
    points = [
        (x(i / 50), bottom - (bottom - top) / (1 + np.exp(-odds / 2)))
        for i, odds in enumerate(found.odds.tolist())
        if not np.isnan(odds)
    ]
    if len(points) > 1:
        pen.line(points, fill="#1565c0", width=2)


def _draw_marks(pen: ImageDraw.ImageDraw, found: Timeline, x: _Place) -> None:
    marks = [("beep" if one.beep else "greeting over", one.seconds) for one in found.greeting_ends]
    if found.decided is not None:
        marks.append((f"{found.decided.kind}", found.decided.seconds))
    for i, (name, when) in enumerate(marks):
        colour = _COLOURS.get(name, _COLOURS["verdict"])
        pen.line([(x(when), _LEVELS[0]), (x(when), _ODDS[1])], fill=colour, width=2)
        pen.text((x(when) + 4, TOP + 8 + 14 * (i % 3)), f"{name} {when:.2f} s", fill=colour)
