"""A speech synthesizer that hums: a tenth of a second for each letter."""

from __future__ import annotations

from ringcast.audio import tones
from ringcast.ports.speech import SpokenAudio, UnknownVoice, Voice


class Humming:
    """Implements `ports.speech.SpeechSynthesizer` for tests that need no words."""

    name = "humming 1"

    async def synthesize(self, text: str, voice: Voice) -> SpokenAudio:
        if voice.name == "nobody":
            raise UnknownVoice(voice)
        hum = tones.tone((300,), len(text) / 10, level_dbfs=-20)
        return SpokenAudio(samples=hum.astype("<i2").tobytes(), rate=8000)
