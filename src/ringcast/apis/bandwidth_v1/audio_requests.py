"""What is to be heard: a file or a sentence, as the vendor's clients ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ringcast.apis.bandwidth_v1.errors import bad_value, missing
from ringcast.apis.bandwidth_v1.fields import Fields
from ringcast.domain.programs import FromUrl, Prompt, Spoken
from ringcast.services.call_commands import PlayAudio, StopAudio

__all__ = ["AUDIO_TAKES", "LOCALES", "MOST_SENTENCE", "VOICES", "command_of", "prompt_of"]

AUDIO_TAKES = (
    "fileUrl", "sentence", "gender", "locale", "voice", "loopEnabled", "tag", "volume",
)  # fmt: skip
MOST_SENTENCE = 1000  # characters

LOCALES: Mapping[str, str] = {
    "en_US": "en-US",
    "en_UK": "en-GB",
    "es": "es",
    "es_MX": "es-MX",
    "fr": "fr",
    "fr_FR": "fr-FR",
    "de": "de",
    "de_DE": "de-DE",
    "it": "it",
    "it_IT": "it-IT",
}
VOICES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "susan", "julie", "kate", "bridget", "esperanza", "violeta", "jolie", "katrin",
            "paola",
        ),
        "female",
    ),
    **dict.fromkeys(("paul", "dave", "simon", "jorge", "bernard", "stefan", "luca"), "male"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Audio:
    prompt: Prompt
    loop: int | None


def command_of(fields: Fields, *, resource: str = "audio") -> PlayAudio | StopAudio:
    """Return what is wanted: something to be heard, or silence."""
    # Python's client puts the whole of it into `fileUrl`.
    if fields.is_object("fileUrl"):
        nested = fields.part("fileUrl")
        assert nested is not None, "it was there"
        fields = nested
    fields.check(AUDIO_TAKES)
    url, sentence = fields.text("fileUrl"), fields.text("sentence")
    if url is None and sentence is None:
        raise missing(resource, "fileUrl")
    if not url and not sentence:
        return StopAudio(is_speech=url is None)
    audio = prompt_of(fields, resource=resource)
    reference = fields.text("tag", most=MOST_SENTENCE) or ""
    return PlayAudio(prompt=audio.prompt, loop=audio.loop, reference=reference)


def prompt_of(fields: Fields, *, resource: str) -> _Audio:
    """Return something to be heard, and how often; None is until it is stopped."""
    url = fields.url("fileUrl")
    sentence = fields.text("sentence", most=MOST_SENTENCE)
    if url is not None and sentence:
        raise bad_value("Give either 'fileUrl' or 'sentence'")
    if fields.whole("volume", 0, least=-4, most=4) != 0:
        raise bad_value("'volume': the volume cannot be changed on this system")
    loop = None if fields.flag("loopEnabled") else 1
    voice = (fields.text("voice") or "").lower()
    if voice and voice not in VOICES:
        raise bad_value(f"The value of 'voice' must be one of: {', '.join(VOICES)}")
    locale = fields.choice("locale", tuple(LOCALES)) or "en_US"
    gender = fields.choice("gender", ("female", "male")) or VOICES.get(voice, "female")
    if url is not None:
        return _Audio(FromUrl(url=url), loop)
    if not sentence:
        raise missing(resource, "fileUrl")
    if voice:
        gender = VOICES[voice]
    return _Audio(Spoken(text=sentence, language=LOCALES[locale], gender=gender), loop)
