from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ringcast.audio import tones, wav
from ringcast.phones.hearing import FirstSound


def write(path: Path, *parts: np.ndarray[tuple[int], np.dtype[np.int16]]) -> None:
    path.write_bytes(wav.write(np.concatenate(parts)))


def test_a_recording_not_yet_there_has_no_sound(tmp_path: Path) -> None:
    assert FirstSound(tmp_path / "none.wav").find() is None


def test_silence_and_comfort_noise_are_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write(path, tones.silence(1), tones.noise(1, seed=1, level_dbfs=-55))

    assert FirstSound(path).find() is None


def test_sound_is_found_where_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write(path, tones.silence(1.3), tones.beep())

    assert FirstSound(path).find() == pytest.approx(1.3, abs=0.021)


def test_sound_is_found_in_what_is_added_later(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    sound = FirstSound(path)
    write(path, tones.silence(1.007))
    assert sound.find() is None

    write(path, tones.silence(2.0), tones.beep())

    assert sound.find() == pytest.approx(2.0, abs=0.021)


def test_a_header_without_samples_has_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav.header(wav.Encoding.PCM, rate=8000, channels=1, frames=0))

    assert FirstSound(path).find() is None
