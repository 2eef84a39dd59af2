"""The process that runs eSpeak NG: `python -m ringcast.integrations.espeak_process`.

eSpeak NG is GPL-3, so nothing else is in this process, which talks to the rest over pipes
(`EspeakSynthesizer` is the side that asks). A crash or an endless sentence ends it and no call.
Names and numbers are those of its C interface (`espeak-ng/speak_lib.h`).
"""

from __future__ import annotations

import ctypes
import os
import resource
from pathlib import Path
from typing import Any, Final

import espeakng_loader
import msgspec

from ringcast.integrations.speech_messages import (
    Answer,
    Failed,
    NoSuchVoice,
    Speak,
    Spoken,
    TooLong,
)
from ringcast.integrations.worker_process import allow_cpu, answer_requests

_AUDIO_OUTPUT_SYNCHRONOUS: Final = 2
_INITIALIZE_DONT_EXIT: Final = 0x8000
_POS_CHARACTER: Final = 1
# Text only: neither SSML (0x10) nor phonemes in [[…]] (0x100), which the text's author may not
# know to be special.
_CHARS_UTF8: Final = 1
_RATE, _VOLUME, _PITCH, _WORD_GAP = 1, 2, 3, 7
_EE_OK: Final = 0
_WORDS_PER_MINUTE: Final = 160
_MEMORY_BYTES: Final = 1024**3

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class Espeak:
    """The library, initialised once in a process."""

    def __init__(self) -> None:
        self._library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        # Its buffer for this path is short, which a relative one never fills.
        os.chdir(Path(espeakng_loader.get_data_path()).parent)
        self.rate: int = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, 0, b".", _INITIALIZE_DONT_EXIT
        )
        if self.rate <= 0:
            raise RuntimeError("eSpeak NG cannot read its data files")
        self._collected = bytearray()
        self._limit = 0
        self._callback = _Callback(self._collect)  # kept: C holds a pointer to it
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_Synth.argtypes = [
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint),
            *(ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
        ]

    def speak(self, request: Speak) -> Answer:
        """Return the text as spoken, at one sane speed and pitch."""
        if not any(self._set_voice(voice) for voice in request.voices):
            return NoSuchVoice()
        settings = ((_RATE, _WORDS_PER_MINUTE), (_VOLUME, 100), (_PITCH, 50), (_WORD_GAP, 0))
        for parameter, value in settings:
            self._library.espeak_SetParameter(parameter, value, 0)
        self._collected = bytearray()
        self._limit = int(request.max_seconds * self.rate) * 2
        text = request.text.encode("utf-8", "replace")
        error = self._library.espeak_Synth(
            text, len(text) + 1, 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        if len(self._collected) > self._limit:
            return TooLong()
        if error != _EE_OK:
            return Failed(reason=f"eSpeak NG reports error {error}")
        return Spoken(samples=bytes(self._collected), rate=self.rate)

    def _set_voice(self, name: str) -> bool:
        found: int = self._library.espeak_SetVoiceByName(name.encode())
        return found == _EE_OK

    def _collect(self, wave: Any, count: int, _events: object) -> int:
        """Take samples from the engine; return 1 to make it stop."""
        if wave and count > 0:
            self._collected += ctypes.string_at(wave, 2 * count)
        return int(len(self._collected) > self._limit)


def main() -> None:
    """Answer requests."""
    espeak = Espeak()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def answer(data: bytes) -> bytes:
        request = msgspec.msgpack.decode(data, type=Speak)
        allow_cpu(request.cpu_seconds)
        return msgspec.msgpack.encode(espeak.speak(request))

    answer_requests(answer)


if __name__ == "__main__":
    main()
