"""The whole product as a user meets it: server, phones and HTTP, nothing in between."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from ringcast.audio import compare, wav
from tests.system.programs import Api, Program, eventually, make_account, phone_calls, running

RATE = 8000


@dataclass(frozen=True)
class System:
    """A server, phones, and an account."""

    server: Program
    phones: Program
    api: Api
    heard: Path

    def recording(self, number: str) -> NDArray[np.int16]:
        """What the phone of a number heard, once its line is written."""
        eventually(lambda: any(line["called"] == number for line in phone_calls(self.heard)))
        (line,) = [line for line in phone_calls(self.heard) if line["called"] == number]
        _, _, samples = wav.read((self.heard / line["recording"]).read_bytes())
        return samples.reshape(-1)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    directory = tmp_path_factory.mktemp("system")
    heard = directory / "heard"
    with (
        running("phones", "--sip", "127.0.0.1:0", "--record-dir", str(heard), cwd=directory) as p,
        running(
            "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0",
            "--trunk", f"sip:{p.ready()['sip']}", "--data-dir", str(directory),
            "--media-workers", "2", "--ring-timeout", "8", cwd=directory,
        ) as server,
    ):  # fmt: skip
        login, password = make_account(directory)
        yield System(server, p, Api(f"http://{server.ready()['http']}", login, password), heard)


def _speech(seconds: float, *, rate: int, seed: int) -> NDArray[np.int16]:
    """Sound in the band of a telephone that resembles nothing else: syllables of seeded noise."""
    random = np.random.default_rng(seed)
    count = int(seconds * rate)
    spectrum = np.fft.rfft(random.standard_normal(count))
    frequencies = np.fft.rfftfreq(count, 1 / rate)
    spectrum[(frequencies < 300) | (frequencies > 3300)] = 0
    noise = np.fft.irfft(spectrum, count)
    knots = np.arange(0, count + rate, rate // 5)
    syllables = np.interp(np.arange(count), knots, random.random(len(knots)))
    sound = noise * syllables
    return np.asarray(sound / np.abs(sound).max() * 16000, dtype=np.int16)


def _wav_44100_stereo(seed: int) -> tuple[bytes, str, NDArray[np.int16]]:
    mono = _speech(6, rate=44100, seed=seed)
    stereo = np.stack([mono, mono], axis=1)
    return wav.write(stereo, 44100), "audio/x-wav", _at_8k(mono, 44100)


def _wav_8000(seed: int) -> tuple[bytes, str, NDArray[np.int16]]:
    mono = _speech(6, rate=RATE, seed=seed)
    return wav.write(mono, RATE), "audio/x-wav", mono


def _mp3_vbr(seed: int) -> tuple[bytes, str, NDArray[np.int16]]:
    mono = _speech(6, rate=44100, seed=seed)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=44100, options={"q": "4"})
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        stream.format = "s16p"
        for start in range(0, len(mono), 1152):
            frame = av.AudioFrame.from_ndarray(
                mono[start : start + 1152].reshape(1, -1), format="s16p", layout="mono"
            )
            frame.sample_rate = 44100
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue(), "audio/mp3", _at_8k(mono, 44100)


def _at_8k(samples: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
    return np.asarray(soxr.resample(samples, rate, RATE, quality="HQ"), dtype=np.int16)


@pytest.mark.parametrize(
    ("make", "number"),
    [
        (_wav_44100_stereo, "+12135557100"),
        (_wav_8000, "+12135557200"),
        (_mp3_vbr, "+12135557300"),
    ],
)
def test_a_phone_hears_exactly_the_file_that_was_uploaded(
    system: System, make: object, number: str
) -> None:
    assert callable(make)
    data, content_type, original = make(int(number[-4:]))
    uploaded = system.api.upload(data, name="message", content_type=content_type)
    assert uploaded.status == 200, uploaded.body
    (call_id,) = system.api.call(number, sound=uploaded.json["id"])

    call = system.api.wait_until_finished(call_id)

    assert call["finalCallResult"] == "LA"
    match = compare.find(original, system.recording(number))
    assert match.correlation >= 0.95
    assert match.gaps == ()
    assert abs(match.speed_ratio - 1) < 0.002


def test_a_lost_media_worker_ends_its_calls_and_no_others(system: System) -> None:
    sound = system.api.speak("This is a rather long sentence. " * 6)
    workers = system.server.worker_pids()
    assert len(workers) == 2
    numbers = [f"+12135557{n}10" for n in range(6)]  # machines: they listen
    calls = system.api.call(*numbers, sound=sound)
    time.sleep(3.5)  # the phones answer after one second

    os.kill(workers[0], signal.SIGKILL)

    ended = [system.api.wait_until_finished(call_id) for call_id in calls]
    results = [call["finalCallResult"] for call in ended]
    assert set(results) == {"INTERNAL_ERROR", "LA"}, results  # each worker had some of them
    eventually(lambda: len(system.server.worker_pids()) == 2)
    assert workers[0] not in system.server.worker_pids()
    calls = system.api.call(*[f"+12135558{n}10" for n in range(4)], sound=sound)
    again = [system.api.wait_until_finished(call_id) for call_id in calls]
    assert [call["finalCallResult"] for call in again] == ["LA"] * 4
