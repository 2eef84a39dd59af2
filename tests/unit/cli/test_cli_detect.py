"""`ringcast detect` on recordings made up here."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ringcast.audio import tones, wav
from ringcast.cli.detect import app
from ringcast.config import ConfigError
from tests.unit.audio.test_detection import sounds, speech

RUN = CliRunner()


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A greeting of 5 s, and a beep that ends at 6.1 s."""
    file = tmp_path / "machine.wav"
    beep = tones.beep(1000, 300, level_dbfs=-20)
    file.write_bytes(wav.write(sounds(0.5, speech(5.0), 0.3, beep, 3.0)))
    return file


def test_json_has_the_class_and_all_times(machine: Path) -> None:
    told = json.loads(RUN.invoke(app, [str(machine), "--rules", "--json"]).output)

    assert (told["class"], told["greeting_end"]) == ("machine", "beep")
    assert told["decided_at"] == pytest.approx(4.7, abs=0.2)
    (beep,) = told["beeps"]
    assert 6.1 <= beep <= 6.3
    assert told["greeting_ended_at"] == beep
    ((begin, end, hertz),) = told["tones"]
    assert (begin, end, hertz) == (pytest.approx(5.8, abs=0.1), pytest.approx(6.1, abs=0.1), 1000)
    assert 0 < told["confidence"] <= 1
    assert told["speech"][0][0] == pytest.approx(0.5, abs=0.1)


def test_terminal_shows_the_decision_and_the_timeline(machine: Path) -> None:
    lines = RUN.invoke(app, [str(machine), "--rules"]).output.splitlines()

    assert lines[0].startswith("machine (90% sure) after 4.")
    rows = {line.split()[0]: line for line in lines[1:] if line.split()}
    assert "█" in rows["speech"]
    assert "▬" in rows["tones"]
    assert rows["told"].index("V") < rows["told"].index("B")


def test_picture_is_a_png_with_the_beep_and_the_verdict_in_it(
    machine: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.png"

    RUN.invoke(app, [str(machine), "--rules", "--png", str(out)])

    picture = np.asarray(Image.open(BytesIO(out.read_bytes())).convert("RGB"))
    assert picture.shape == (420, 1200, 3)
    for colour in ((0x43, 0xA0, 0x47), (0xFB, 0xC0, 0x2D), (0xC6, 0x28, 0x28), (0xEF, 0x6C, 0x00)):
        assert (picture == colour).all(axis=2).any(), colour


def test_recording_of_another_rate_and_two_channels_is_heard_as_well(tmp_path: Path) -> None:
    import soxr

    file = tmp_path / "wide.wav"
    narrow = sounds(0.5, speech(0.6), 4.0)
    wide = soxr.resample(narrow, 8000, 48000)
    file.write_bytes(wav.write(np.stack([wide, wide], axis=1), rate=48000))

    told = json.loads(RUN.invoke(app, [str(file), "--rules", "--json"]).output)

    assert told["class"] == "human"
    assert told["decided_at"] == pytest.approx(1.9, abs=0.15)
    assert told["seconds"] == pytest.approx(5.1, abs=0.05)


def test_end_of_a_recording_before_a_verdict_is_said_to_be_so(tmp_path: Path) -> None:
    file = tmp_path / "short.wav"
    file.write_bytes(wav.write(sounds(0.5)))

    assert "no verdict" in RUN.invoke(app, [str(file)]).output


def test_what_is_no_recording_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "text.wav"
    file.write_text("hello")

    for arguments, words in (
        ([str(file)], "no WAV file"),
        ([str(tmp_path / "none.wav")], "cannot be read"),
        ([str(file), "--bias", "0"], "--bias is 0.001"),
    ):
        failure = RUN.invoke(app, arguments).exception
        assert isinstance(failure, ConfigError), arguments
        assert words in str(failure)
