"""A number becomes a caller id when somebody hears the code on its phone and types it in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ringcast.audio import wav
from tests.system.programs import Api, eventually, make_account, phone_calls, running

NUMBER = "12135558100"
RATE = 8000
ALIKE = 0.9  # normalised correlation of a digit with where it is heard
APART = 0.2  # seconds between two digits at the least


def said_digits(heard: NDArray[np.int16], digits: list[NDArray[np.int16]]) -> str:
    """Return the digits that are heard, in their order."""
    found = [
        (at, score, digit)
        for digit, sound in enumerate(digits)
        for at, score in _alike(sound, heard)
    ]
    found.sort(key=lambda one: -one[1])
    kept: list[tuple[int, int]] = []
    for at, _, digit in found:  # the best first: what lies beside it is the same sound
        if all(abs(at - other) > APART * RATE for other, _ in kept):
            kept.append((at, digit))
    return "".join(str(digit) for _, digit in sorted(kept))


def _alike(sound: NDArray[np.int16], heard: NDArray[np.int16]) -> list[tuple[int, float]]:
    """Return where the sound may be heard, and how alike it is."""
    reference, wave = sound.astype(np.float64), heard.astype(np.float64)
    size = len(wave) + len(reference)
    dots = np.fft.irfft(np.fft.rfft(wave, size) * np.fft.rfft(reference, size).conj(), size)
    power = np.concatenate([[0.0], np.cumsum(np.square(wave))])
    energy = power[len(reference) :] - power[: -len(reference)]
    own = np.square(reference).sum()
    scores = dots[: len(energy)] / np.sqrt(own * np.maximum(energy, own / 100))
    return [(int(at), float(scores[at])) for at in np.flatnonzero(scores > ALIKE)]


def test_the_code_heard_on_the_phone_makes_the_number_a_caller_id(tmp_path: Path) -> None:
    recordings = tmp_path / "heard"
    with (
        running(
            "phones", "--sip", "127.0.0.1:0", "--record-dir", str(recordings), cwd=tmp_path
        ) as phones,
        running(
            "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--media-workers", "1",
            "--trunk", f"sip:{phones.ready()['sip']}", "--data-dir", str(tmp_path),
            "--public-url", "https://calls.example.net", "--api-rate", "100", cwd=tmp_path,
        ) as server,
    ):  # fmt: skip
        api = Api(f"http://{server.ready()['http']}", *make_account(tmp_path))
        document = api.request("GET", "/v2/api-docs/swagger.json").json
        assert (document["host"], document["schemes"]) == ("calls.example.net", ["https"])
        before = api.request("GET", "/v2/me/callerids").json["items"]

        assert api.request("POST", f"/v2/me/callerids/{NUMBER}").status == 204
        digits = [_spoken(api, digit) for digit in range(10)]
        eventually(
            lambda: any(line["called"] == f"+{NUMBER}" for line in phone_calls(recordings)),
            within=60,
        )
        (line,) = [line for line in phone_calls(recordings) if line["called"] == f"+{NUMBER}"]
        _, _, samples = wav.read((recordings / line["recording"]).read_bytes())
        said = said_digits(samples.reshape(-1), digits)

        assert len(said) == 12
        assert said[:6] == said[6:]
        path = f"/v2/me/callerids/{NUMBER}/verification-code"
        wrong = {"verificationCode": said[1:6] + said[0] + "0"}
        assert api.request("POST", path, wrong).json is False
        assert api.request("POST", path, {"verificationCode": said[:6]}).json is True
        after = api.request("GET", "/v2/me/callerids").json["items"]
        assert after == [*before, {"phoneNumber": NUMBER}]


def _spoken(api: Api, digit: int) -> NDArray[np.int16]:
    """Return the digit as the voice of the call says it, without the silence around it."""
    sound = api.request(
        "POST", "/v2/campaigns/sounds/tts", {"message": str(digit), "voice": "FEMALE1"}
    )
    content = api.request("GET", f"/v2/campaigns/sounds/{sound.json['id']}.wav")
    rate, _, samples = wav.read(content.body)
    assert rate == RATE
    mono = samples.reshape(-1)
    loud = np.flatnonzero(np.abs(mono.astype(np.int32)) > 300)
    return mono[loud[0] : loud[-1] + 1]
