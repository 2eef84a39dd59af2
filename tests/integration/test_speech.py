"""Speech by eSpeak NG in its process, and in the audio store."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from ringcast.audio import compare, levels
from ringcast.integrations.audio_files import AudioImporter
from ringcast.integrations.speech import StoredSpeech
from ringcast.integrations.speech_espeak import EspeakSynthesizer
from ringcast.ports.speech import (
    VOICES,
    Speech,
    SpeechFailed,
    SpeechSynthesizer,
    SpokenAudio,
    TextTooLong,
    UnknownVoice,
    UnspeakableText,
    Voice,
)

TEXT = "This is a message from your school. Press one to hear it again."
VOICE = VOICES["en-us-female-1"]


def wave_of(spoken: SpokenAudio) -> NDArray[np.int16]:
    return np.frombuffer(spoken.samples, dtype="<i2").astype(np.int16)


@pytest.fixture
async def espeak() -> AsyncIterator[EspeakSynthesizer]:
    synthesizer = EspeakSynthesizer()
    yield synthesizer
    await synthesizer.close()


@pytest.mark.parametrize("voice", VOICES.values(), ids=VOICES)
async def test_every_voice_speaks_for_a_plausible_time_at_the_level_of_a_voice(
    espeak: EspeakSynthesizer, voice: Voice
) -> None:
    port: SpeechSynthesizer = espeak  # the type checker says whether it keeps the port

    spoken = await port.synthesize(TEXT, voice)

    assert spoken.rate == 22050
    assert 3.0 < spoken.seconds < 7.0
    assert -22 < levels.speech_dbfs(wave_of(spoken)) < -17
    assert levels.peak_dbfs(wave_of(spoken)) <= -1


async def test_voices_sound_different_and_each_like_itself(espeak: EspeakSynthesizer) -> None:
    # The engine adds a little random flutter, so that the same is never twice equal.
    spoken = [wave_of(await espeak.synthesize(TEXT, voice)) for voice in VOICES.values()]
    again = [wave_of(await espeak.synthesize(TEXT, voice)) for voice in VOICES.values()]
    for index, wave in enumerate(spoken):
        alike = [compare.find(wave, other, rate=22050).correlation for other in again]
        assert int(np.argmax(alike)) == index
        assert len(wave) == pytest.approx(len(again[index]), rel=0.01)


async def test_longer_text_takes_longer_and_other_words_sound_otherwise(
    espeak: EspeakSynthesizer,
) -> None:
    once, twice = await espeak.synthesize(TEXT, VOICE), await espeak.synthesize(TEXT * 2, VOICE)
    assert 1.7 < twice.seconds / once.seconds < 2.3
    other = await espeak.synthesize("Good morning, the clinic is closed today.", VOICE)
    match = compare.find(wave_of(other), wave_of(once), rate=22050)
    assert match.correlation < 0.5


@pytest.mark.parametrize(
    ("language", "same_as"),
    [("de", "de-AT"), ("pt-BR", "pt-br"), ("en", "en-US"), ("fr-CA", "fr-FR"), ("es_MX", "es-US")],
)
async def test_language_is_enough_and_falls_back_to_the_one_without_region(
    espeak: EspeakSynthesizer, language: str, same_as: str
) -> None:
    here = wave_of(await espeak.synthesize("123", Voice(language=language)))
    there = wave_of(await espeak.synthesize("123", Voice(language=same_as)))
    elsewhere = wave_of(await espeak.synthesize("123", Voice(language="tr")))
    assert len(here) == pytest.approx(len(there), rel=0.01)
    assert compare.find(here, there, rate=22050).correlation > 0.6
    assert compare.find(here, elsewhere, rate=22050).correlation < 0.4


@pytest.mark.parametrize(
    "voice",
    [
        Voice(name="Polly.Joanna"),
        Voice(language="xx"),
        Voice(language=""),
        Voice(language="../../../etc/passwd"),
        Voice(language="en+f2"),
        Voice(language="de\0"),
    ],
)
async def test_unknown_voice_is_refused_with_the_ones_there_are(
    espeak: EspeakSynthesizer, voice: Voice
) -> None:
    with pytest.raises(UnknownVoice, match="en-us-female-1"):
        await espeak.synthesize(TEXT, voice)


@pytest.mark.parametrize(
    ("plain", "hostile"),
    [
        ("one  two", "one\0 two"),  # a NUL would end the text
        ("one  100S two", "one \x01100S two"),  # would be a command to change the speed
        ("one   two", "one \x1b\x7f two"),
        ("one   two", "one \ud800\udfff two"),  # halves of pairs cannot be encoded
    ],
)
async def test_what_would_steer_the_engine_is_a_space(
    espeak: EspeakSynthesizer, plain: str, hostile: str
) -> None:
    safe = await espeak.synthesize(plain, VOICE)
    assert abs((await espeak.synthesize(hostile, VOICE)).seconds - safe.seconds) < 0.2


async def test_markup_and_phonemes_are_read_out_not_obeyed(espeak: EspeakSynthesizer) -> None:
    pause = await espeak.synthesize('<speak><break time="60s"/>Hello</speak>', VOICE)
    assert 2 < pause.seconds < 15
    audio = await espeak.synthesize('<audio src="/etc/passwd"/>', VOICE)
    assert audio.seconds > 1
    phonemes = await espeak.synthesize("[[h@l'oU]]", VOICE)
    obeyed = await espeak.synthesize("hello", VOICE)
    assert phonemes.seconds > 1.5 * obeyed.seconds


@pytest.mark.parametrize("text", ["", "   ", "...", "\x01\x02\x03", "\n\t", "\ud800"])
async def test_nothing_to_speak_is_refused(espeak: EspeakSynthesizer, text: str) -> None:
    with pytest.raises(UnspeakableText):
        await espeak.synthesize(text, VOICE)
    assert espeak.engine_pid is None


async def test_long_text_is_refused_before_it_is_spoken(espeak: EspeakSynthesizer) -> None:
    with pytest.raises(TextTooLong, match="100,000 characters, 5,000 are allowed"):
        await espeak.synthesize("x" * 100_000, VOICE)
    assert espeak.engine_pid is None


async def test_text_that_speaks_for_too_long_is_stopped() -> None:
    espeak = EspeakSynthesizer(max_seconds=10)
    with pytest.raises(TextTooLong):
        await espeak.synthesize("A very long story. " * 200, VOICE)
    assert (await espeak.synthesize("short", VOICE)).seconds < 2
    await espeak.close()


@pytest.mark.parametrize("seed", range(12))
async def test_random_text_is_spoken_or_refused(seed: int, espeak: EspeakSynthesizer) -> None:
    random = np.random.default_rng(seed)
    limit = 0x80 if seed % 2 else 0x110000
    text = "".join(map(chr, random.integers(0, limit, 300)))
    try:
        spoken = await espeak.synthesize(text, VOICE)
    except UnspeakableText:
        return
    assert spoken.seconds > 0


async def test_engine_killed_at_work_is_an_error_and_the_next_text_is_spoken(
    espeak: EspeakSynthesizer,
) -> None:
    expected = await espeak.synthesize(TEXT, VOICE)
    pid = espeak.engine_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    speaking = asyncio.create_task(espeak.synthesize(TEXT, VOICE))
    await asyncio.sleep(0.05)

    os.kill(pid, signal.SIGKILL)

    with pytest.raises(SpeechFailed, match="ended unexpectedly; try again"):
        await speaking
    assert (await espeak.synthesize(TEXT, VOICE)).seconds == pytest.approx(
        expected.seconds, rel=0.01
    )
    assert espeak.engine_pid not in (None, pid)


async def test_engine_that_hangs_is_killed_in_time() -> None:
    espeak = EspeakSynthesizer(wall_seconds=3)
    await espeak.synthesize(TEXT, VOICE)
    pid = espeak.engine_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)

    with pytest.raises(SpeechFailed, match="longer than 3 seconds"):
        await espeak.synthesize(TEXT, VOICE)

    assert not psutil.pid_exists(pid)
    assert (await espeak.synthesize(TEXT, VOICE)).seconds > 3
    await espeak.close()


async def test_speech_library_is_not_in_our_process(espeak: EspeakSynthesizer) -> None:
    await espeak.synthesize(TEXT, VOICE)
    ours = {mapped.path for mapped in psutil.Process().memory_maps()}
    assert espeak.engine_pid is not None
    theirs = {mapped.path for mapped in psutil.Process(espeak.engine_pid).memory_maps()}
    assert any("espeak" in path for path in theirs)
    assert not any("espeak" in path for path in ours)


async def test_text_once_spoken_costs_nothing_again(
    espeak: EspeakSynthesizer, tmp_path: Path
) -> None:
    audio = AudioImporter(tmp_path / "audio")
    speech: Speech = StoredSpeech(espeak, audio, directory=tmp_path / "spoken")

    first, same = await asyncio.gather(speech.speak(TEXT, VOICE), speech.speak(TEXT, VOICE))
    other = await speech.speak(TEXT, VOICES["en-us-male-1"])
    await espeak.close()

    later = StoredSpeech(espeak, audio, directory=tmp_path / "spoken")
    assert await later.speak(TEXT, VOICE) == first == same
    assert espeak.engine_pid is None
    assert other.digest != first.digest
    assert 3.0 < first.seconds < 7.0
    heard = await audio.samples(first.digest)
    assert -23 < levels.speech_dbfs(heard) < -16
    await audio.close()


async def test_memory_of_a_sound_that_is_gone_is_not_trusted(
    espeak: EspeakSynthesizer, tmp_path: Path
) -> None:
    audio = AudioImporter(tmp_path / "audio")
    speech = StoredSpeech(espeak, audio, directory=tmp_path / "spoken")
    first = await speech.speak(TEXT, VOICE)
    for path in (tmp_path / "audio").glob("??/*"):
        path.unlink()

    again = await speech.speak(TEXT, VOICE)

    assert again.seconds == pytest.approx(first.seconds, abs=0.01)
    assert audio.playable(again.digest).exists()
    assert await speech.speak(TEXT, VOICE) == again
    await audio.close()
