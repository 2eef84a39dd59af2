"""`ringcast detect`: who has answered in a recording, and why detection says so."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import soxr
import typer
from numpy.typing import NDArray
from rich.text import Text

from ringcast.audio import wav
from ringcast.audio.detection import DetectionSettings, Timeline, timeline
from ringcast.cli.output import CONSOLE, show_json
from ringcast.config import ConfigError

app = typer.Typer(add_completion=False)

RATE = 8000
LONGEST = 600.0
_BARS = " ▁▂▃▄▅▆▇█"
_LABEL = 8


@app.command()
def detect(
    file: Annotated[Path, typer.Argument(help="A WAV file that begins with the answer.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="OUT", help="Also draw the timeline as PNG.")
    ] = None,
    bias: Annotated[
        float,
        typer.Option(help="How many times worse it is to take a person for a machine."),
    ] = DetectionSettings().bias,
    rules: Annotated[
        bool, typer.Option("--rules", help="Judge by the limits of time alone.")
    ] = False,
) -> None:
    """Explain who has answered in a recording, and when that was known."""
    try:
        settings = DetectionSettings(bias=bias, learned=not rules)
    except ValueError as exc:
        raise ConfigError(f"--{exc}") from exc
    samples = _samples(file)
    found = timeline(samples, settings)
    told = described(found, seconds=len(samples) / RATE)
    if png is not None:
        from ringcast.cli.timeline_png import draw

        try:
            png.write_bytes(draw(found, title=f"{file.name}: {sentence(told)}"))
        except OSError as exc:
            raise ConfigError(f"{png} cannot be written: {exc.strerror}") from exc
    if json:
        show_json(told)
        return
    CONSOLE.print(Text(sentence(told), style="bold"))
    for line in drawn(found, width=max(40, min(CONSOLE.width, 160)) - _LABEL):
        CONSOLE.print(line, no_wrap=True, crop=True)


def described(found: Timeline, *, seconds: float) -> dict[str, Any]:
    """Return the findings as one object; times are seconds after the answer."""
    verdict, decided = found.verdict, found.decided
    beeps = [one.seconds for one in found.greeting_ends if one.beep]
    silences = [one.seconds for one in found.greeting_ends if not one.beep]
    return {
        "class": verdict.kind.value if verdict else "unknown",
        "confidence": verdict.confidence if verdict else 0.0,
        "reason": verdict.reason if verdict else "the recording ended before a verdict",
        "decided_at": decided.seconds if decided else None,
        "greeting_ended_at": found.greeting_ends[0].seconds if found.greeting_ends else None,
        "greeting_end": ("beep" if beeps else "silence") if found.greeting_ends else None,
        "beeps": beeps,
        "silences": silences,
        "speech": [list(span) for span in found.words],
        "tones": [[begin, end, round(hertz)] for begin, end, hertz in found.tones],
        "seconds": round(seconds, 2),
    }


def sentence(told: dict[str, Any]) -> str:
    """Say the findings in one line."""
    if told["decided_at"] is None:
        return f"no verdict: {told['reason']}"
    line = (
        f"{told['class']} ({told['confidence']:.0%} sure) after {told['decided_at']:.2f} s:"
        f" {told['reason']}"
    )
    if told["beeps"]:
        return f"{line}; beep known at {told['beeps'][0]:.2f} s"
    if told["silences"]:
        return f"{line}; greeting over at {told['silences'][0]:.2f} s"
    return line


def drawn(found: Timeline, *, width: int) -> list[Text]:
    """Return the timeline in lines of letters: level, speech, tones, the odds, what was told."""
    count = len(found.level_dbfs)
    edges = np.linspace(0, count, min(width, count) + 1).astype(int)
    parts = [slice(a, max(b, a + 1)) for a, b in pairwise(edges.tolist())]
    loud = [float(found.level_dbfs[part].max()) for part in parts]
    level = "".join(_BARS[int(np.clip((db + 60) / 60 * 8, 0, 8))] for db in loud)
    speaks = np.zeros(count, np.bool_)
    for begin, end in found.words:
        speaks[round(begin * 50) : round(end * 50)] = True
    speech = "".join("█" if speaks[part].mean() >= 0.5 else "·" for part in parts)
    tones = "".join("▬" if (found.tone_hertz[part] > 0).any() else " " for part in parts)
    scores = [_mean(found.odds[part]) for part in parts]
    odds = "".join(
        " " if np.isnan(one) else _BARS[int(np.clip(1 + 7 / (1 + np.exp(-one / 2)), 1, 8))]
        for one in scores
    )
    marks = [" "] * len(parts)
    for letter, when in _marks(found):
        marks[min(len(parts) - 1, int(when * 50 / count * len(parts)))] = letter
    lines = [
        Text.assemble(("level   ", "dim"), level),
        Text.assemble(("speech  ", "dim"), (speech, "green")),
        Text.assemble(("tones   ", "dim"), (tones, "yellow")),
        Text.assemble(("machine ", "dim"), (odds, "cyan")),
        Text.assemble(("told    ", "dim"), ("".join(marks), "bold red")),
        Text.assemble(("        ", "dim"), (_ruler(count / 50, len(parts)), "dim")),
    ]
    told = {letter: what for letter, what in _LETTERS.items() if letter in marks}
    if told:
        lines.append(
            Text("        " + ", ".join(f"{k}: {v}" for k, v in told.items()), style="dim")
        )
    return lines


_LETTERS = {"V": "verdict", "E": "end of the greeting", "B": "beep known"}


def _marks(found: Timeline) -> list[tuple[str, float]]:
    marks = [("E" if not one.beep else "B", one.seconds) for one in found.greeting_ends]
    if found.decided is not None:
        marks.append(("V", found.decided.seconds))
    return marks


def _ruler(seconds: float, width: int) -> str:
    line = [" "] * (width + 4)
    step = 1 if seconds <= 15 else 5 if seconds <= 60 else 30
    for second in range(0, int(seconds) + 1, step):
        at = int(second / seconds * width)
        for i, letter in enumerate(f"{second}s"):
            if at + i < len(line):
                line[at + i] = letter
    return "".join(line)[:width].rstrip()


def _mean(values: NDArray[np.float32]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _samples(file: Path) -> NDArray[np.int16]:
    try:
        sound = wav.read(file.read_bytes())
    except OSError as exc:
        raise ConfigError(f"{file} cannot be read: {exc.strerror}") from exc
    except wav.BadWav as exc:
        raise ConfigError(f"{file}: {exc}") from exc
    if not 0 < sound.seconds <= LONGEST:
        raise ConfigError(
            f"{file} lasts {sound.seconds:.1f} s: it must hold sound, for {LONGEST:.0f} s at most"
        )
    mono = sound.mono()
    if sound.rate == RATE:
        return mono
    resampled: NDArray[np.int16] = soxr.resample(mono, sound.rate, RATE)
    return resampled
