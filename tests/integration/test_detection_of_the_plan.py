"""What detection makes of the telephones of the default plan, as they sound after the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.audio import g711, tones
from ringcast.audio.detection import AnswerKind, Classified, GreetingEnded, Heard, detect
from ringcast.integrations.speech_espeak import EspeakSynthesizer
from ringcast.phones.plan import default_plan
from ringcast.phones.sounds import SoundLibrary
from ringcast.phones.steps import Answer, Fax, Listen, Pause, Say, Step, Tone

HUMAN, MACHINE = AnswerKind.HUMAN, AnswerKind.MACHINE
FAX, SILENCE = AnswerKind.FAX, AnswerKind.SILENCE

VERDICTS = [
    # ending, kind, seconds to the verdict, (beep, seconds) of each end of a greeting
    ("00", HUMAN, 1.5, []),
    ("01", HUMAN, 1.5, []),
    ("02", HUMAN, 5.6, []),
    ("03", SILENCE, 2.6, []),
    ("10", MACHINE, 4.6, [(True, 6.7)]),
    ("11", MACHINE, 4.6, [(False, 9.0), (True, 15.7)]),
    ("12", MACHINE, 2.8, [(True, 2.7)]),
    ("13", MACHINE, 4.6, [(False, 7.0)]),
    ("15", FAX, 1.1, []),
    ("16", MACHINE, 4.6, []),
    ("27", HUMAN, 1.5, []),
    ("30", HUMAN, 1.5, []),
]


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, NDArray[np.int16]]:
    """What each telephone sends from its answer on, with the noise of a line."""
    return asyncio.run(_sounds(tmp_path_factory))


async def _sounds(
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[str, NDArray[np.int16]]:
    plan, synthesizer = default_plan(), EspeakSynthesizer()
    library = SoundLibrary(
        tmp_path_factory.mktemp("sounds"), synthesizer=synthesizer, voice=plan.voice
    )
    made = {}
    try:
        for ending, *_ in VERDICTS:
            steps = plan.find(f"+1213555{ending.zfill(4)}").steps
            after = steps[steps.index(Answer()) + 1 :]
            await library.prepare([step for step in after if isinstance(step, Say | Tone | Fax)])
            sound = np.concatenate([_sound(library, step) for step in after])
            noise = tones.noise(len(sound) / 8000, seed=1, level_dbfs=-60)
            made[ending] = np.clip(sound.astype(np.int32) + noise, -32768, 32767).astype(np.int16)
    finally:
        await synthesizer.close()
    return made


def _sound(library: SoundLibrary, step: Step) -> NDArray[np.int16]:
    match step:
        case Say() | Tone() | Fax():
            return g711.decode_ulaw(library[step].path.read_bytes())
        case Pause():
            return tones.silence(step.seconds)
        case Listen():
            return tones.silence(8.0)
        case _:
            return tones.silence(0.0)


@pytest.mark.parametrize(("ending", "kind", "at_most", "ends"), VERDICTS)
def test_telephone_is_what_the_plan_says(
    sounds: Mapping[str, NDArray[np.int16]],
    ending: str,
    kind: AnswerKind,
    at_most: float,
    ends: list[tuple[bool, float]],
) -> None:
    heard: list[Heard] = detect(sounds[ending])

    (found,) = [one for one in heard if isinstance(one, Classified)]
    assert found.kind is kind
    assert found.seconds <= at_most
    ended = [one for one in heard if isinstance(one, GreetingEnded)]
    assert [one.beep for one in ended] == [beep for beep, _ in ends]
    for one, (_, when) in zip(ended, ends, strict=True):
        assert -0.15 <= one.seconds - when <= 0.15
