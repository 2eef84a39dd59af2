from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ringcast.audio import g711, tones
from ringcast.phones.errors import CannotStart
from ringcast.phones.sounds import SoundLibrary, fitted, trimmed, voice_named
from ringcast.phones.steps import Fax, Press, PressBy, Ringback, Say, Tone
from ringcast.ports.speech import VOICES, SpokenAudio, UnspeakableText, Voice


class Humming:
    """A synthesizer that hums: a tenth of a second for each letter, between silences."""

    name = "humming 1"

    def __init__(self) -> None:
        self.spoken: list[tuple[str, Voice]] = []

    async def synthesize(self, text: str, voice: Voice) -> SpokenAudio:
        self.spoken.append((text, voice))
        if text == "?":
            raise UnspeakableText
        hum = tones.tone((300,), len(text) / 10, level_dbfs=-20, rate=16000)
        rest = tones.silence(0.3, rate=16000)
        samples = np.concatenate([rest, hum, rest]).astype("<i2")
        return SpokenAudio(samples=samples.tobytes(), rate=16000)


def library(folder: Path, synthesizer: Humming, voice: str = "de") -> SoundLibrary:
    return SoundLibrary(folder, synthesizer=synthesizer, voice=voice)


async def test_speech_is_kept_without_the_silence_around_it(tmp_path: Path) -> None:
    sounds = library(tmp_path, Humming())

    await sounds.prepare([Say("Hello")])

    assert sounds[Say("Hello")].seconds == pytest.approx(0.5, abs=0.041)


@pytest.mark.parametrize("seconds", [0.4, 0.5, 0.6])
async def test_speech_lasts_as_long_as_the_plan_says(tmp_path: Path, seconds: float) -> None:
    sounds = library(tmp_path, Humming())

    await sounds.prepare([Say("Hello", None, seconds)])

    assert sounds[Say("Hello", None, seconds)].seconds == pytest.approx(seconds, abs=0.021)


@pytest.mark.parametrize(("seconds", "advice"), [(1.0, "write more"), (0.3, "write less")])
async def test_speech_far_from_its_time_is_refused(
    tmp_path: Path, seconds: float, advice: str
) -> None:
    sounds = library(tmp_path, Humming())

    with pytest.raises(CannotStart, match=advice):
        await sounds.prepare([Say("Hello", None, seconds)])


async def test_what_cannot_be_spoken_is_refused_by_its_text(tmp_path: Path) -> None:
    sounds = library(tmp_path, Humming())

    with pytest.raises(CannotStart, match="'\\?': the text has nothing"):
        await sounds.prepare([Say("Hello"), Say("?")])


async def test_a_sound_once_made_is_found_by_the_next_run(tmp_path: Path) -> None:
    first, second = Humming(), Humming()

    await library(tmp_path, first).prepare([Say("Hello"), Say("Hello")])
    await library(tmp_path, second).prepare([Say("Hello")])

    assert len(first.spoken) == 1
    assert second.spoken == []


async def test_another_voice_makes_another_sound(tmp_path: Path) -> None:
    synthesizer = Humming()

    await library(tmp_path, synthesizer).prepare([Say("Hello"), Say("Hello", "en-us-male-1")])
    await library(tmp_path, synthesizer, voice="fr").prepare([Say("Hello")])

    assert [voice for _, voice in synthesizer.spoken] == [
        Voice(language="de"),
        VOICES["en-us-male-1"],
        Voice(language="fr"),
    ]


@pytest.mark.parametrize(
    ("sound", "seconds"),
    [
        (Tone(), 0.4),
        (Tone(440, 2), 2.0),
        (Ringback(3), 3.0),
        (Fax(30), 30.0),
        (Press("12", PressBy.INBAND), 0.5),
    ],
)
async def test_tones_need_no_speech(
    tmp_path: Path, sound: Tone | Ringback | Fax | Press, seconds: float
) -> None:
    synthesizer = Humming()
    sounds = library(tmp_path, synthesizer)

    await sounds.prepare([sound])

    assert sounds[sound].seconds == pytest.approx(seconds, abs=0.02)
    assert synthesizer.spoken == []


async def test_both_forms_of_a_sound_are_whole_frames_of_the_same_audio(tmp_path: Path) -> None:
    sounds = library(tmp_path, Humming())
    await sounds.prepare([Tone(1000, 0.41)])

    ulaw = sounds[Tone(1000, 0.41)].path.read_bytes()
    alaw = sounds[Tone(1000, 0.41)].path.with_suffix(".alaw").read_bytes()

    assert len(ulaw) == len(alaw) == 21 * 160
    difference = g711.decode_ulaw(ulaw).astype(int) - g711.decode_alaw(alaw)
    assert np.abs(difference).max() < 600


async def test_a_folder_that_cannot_be_made_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotStart, match="cannot be written"):
        await library(tmp_path / "file" / "sounds", Humming()).prepare([Tone()])


def test_silence_is_trimmed_at_both_ends_only() -> None:
    hum = tones.tone((300,), 0.5)
    samples = np.concatenate([tones.silence(1), hum, tones.silence(1), hum, tones.silence(1)])

    assert len(trimmed(samples)) / 8000 == pytest.approx(2.0, abs=0.021)


def test_silence_alone_is_not_trimmed_to_nothing() -> None:
    assert len(trimmed(tones.silence(1))) == 8000


def test_fitting_changes_the_length_only() -> None:
    hum = tones.tone((300,), 1.0)

    assert len(fitted(hum, 1.25)) == 10_000
    assert len(fitted(hum, 0.8)) == 6_400


def test_a_voice_is_named_by_us_by_language_or_by_the_engine() -> None:
    assert voice_named("en-us-male-1") is VOICES["en-us-male-1"]
    assert voice_named("pt-BR") == Voice(language="pt-BR")
    assert voice_named("en-us+croak") == Voice(name="en-us+croak")
