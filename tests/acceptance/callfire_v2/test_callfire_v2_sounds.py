"""CallFire v2: sounds, with the decoder and the voice that production has."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from ringcast.domain.outcomes import Outcome
from ringcast.integrations.audio_files import AudioImporter
from ringcast.integrations.speech import StoredSpeech
from ringcast.integrations.speech_espeak import EspeakSynthesizer
from ringcast.services.sound_calls import SettleSpokenSounds
from tests.acceptance.callfire_v2.conftest import UPLOAD_LIMIT, Client, Library, Rig
from tests.fakes.sound_library import wav_file
from tests.fakes.sounds import encode, speech_like


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    audio = AudioImporter(tmp_path / "audio")
    speaker = EspeakSynthesizer()
    yield Library(audio, StoredSpeech(speaker, audio, directory=tmp_path / "speech"))
    await speaker.close()
    await audio.close()


async def test_an_upload_is_a_sound_with_its_length(client: Client) -> None:
    (await client.upload(wav_file(1.2), name="Reminder")).is_golden("upload_sound")


async def test_the_same_audio_again_is_a_duplicate(client: Client, stranger: Client) -> None:
    first = (await client.upload(wav_file(1), name="one")).json
    again = (await client.upload(wav_file(1), name="two")).json
    assert again == first | {"duplicate": True}
    theirs = (await stranger.upload(wav_file(1), name="theirs")).json
    assert theirs["duplicate"] is False
    assert theirs["id"] != first["id"]


async def test_a_sound_without_a_name_is_named_by_its_file(client: Client) -> None:
    assert (await client.upload(wav_file(1), filename="hello.wav")).json["name"] == "hello.wav"


async def test_mp3_at_any_rate_becomes_a_sound_of_a_calls_quality(
    client: Client, tmp_path: Path
) -> None:
    mp3 = encode(tmp_path / "x.mp3", speech_like(2, seed=1, rate=44100), 44100, codec="libmp3lame")
    sound = (await client.upload(mp3, filename="hello.mp3")).json
    assert sound["lengthInSeconds"] in (2, 3)
    heard = await client("GET", f"/campaigns/sounds/{sound['id']}.wav")
    with wave.open(io.BytesIO(heard.body)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    assert 1.9 < len(samples) / 8000 < 2.2
    assert np.abs(samples).max() > 1000


async def test_a_part_without_content_type_and_a_fixed_boundary_is_read(client: Client) -> None:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="name"\r\n\r\nOld client\r\n'
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        + wav_file(1)
        + b"\r\n--B--"
    )
    answer = await client(
        "POST",
        "/campaigns/sounds/files",
        data=body,
        headers={"Content-Type": "multipart/form-data; boundary=B"},
    )
    assert (answer.status, answer.json["name"]) == (200, "Old client")


async def test_what_is_no_audio_says_so(client: Client) -> None:
    for data, words in (
        (b"", "empty"), (b"no sound at all", "cannot be read"), (wav_file(1)[:30], "cannot be read")
    ):  # fmt: skip
        answer = await client.upload(data)
        assert answer.status == 400
        assert answer.json["internalCode"] == 40002
        assert words in answer.json["message"]
    assert (await client("GET", "/campaigns/sounds")).json["totalCount"] == 0


async def test_a_file_over_the_limit_is_refused_and_leaves_nothing(
    client: Client, rig: Rig
) -> None:
    before = sorted(path.name for path in rig.directory.iterdir())
    answer = await client.upload(b"x" * (UPLOAD_LIMIT + 1))
    assert answer.status == 413
    assert f"{UPLOAD_LIMIT:,}" in answer.json["message"]
    assert (await client.upload(b"x" * (4 * UPLOAD_LIMIT))).status == 413
    after = sorted(path.name for path in rig.directory.iterdir())
    assert after == before


async def test_a_form_without_a_file_or_with_more_is_refused(client: Client) -> None:
    for data in ({"name": "x"}, {"file": "RIFF", "colour": "red"}):
        form = {"headers": {"Content-Type": "multipart/form-data; boundary=B"}}
        parts = "".join(
            f'--B\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
            for k, v in data.items()
        )
        answer = await client("POST", "/campaigns/sounds/files", data=f"{parts}--B--", **form)
        assert answer.status == 400
        assert answer.json["httpStatusCode"] == 400
    plain = await client("POST", "/campaigns/sounds/files", data=b"RIFF")
    assert plain.status == 400
    assert "multipart" in plain.json["message"]


async def test_an_upload_under_a_key_is_done_once(client: Client) -> None:
    key = {"Idempotency-Key": "u1"}
    first = await client.upload(wav_file(1), name="one", headers=key)
    again = await client.upload(wav_file(1), name="one", headers=key)  # another boundary
    assert again.body == first.body
    assert first.json["duplicate"] is False
    other = await client.upload(wav_file(2), name="one", headers=key)
    assert other.status == 409


async def test_a_text_is_spoken(client: Client) -> None:
    answer = await client(
        "POST", "/campaigns/sounds/tts", json={"message": "This is a TTS sound", "voice": "MALE1"}
    )
    assert answer.status == 200
    assert answer.json["name"] == "TTS: This is a TTS sound"
    assert answer.json["lengthInSeconds"] >= 1
    only_id = await client(
        "POST", "/campaigns/sounds/tts?fields=id", json={"message": "This is a TTS sound"}
    )
    assert list(only_id.json) == ["id"]
    assert only_id.json["id"] != answer.json["id"]  # another voice is another sound


async def test_a_text_that_cannot_be_spoken_is_refused(client: Client) -> None:
    bodies: list[object] = [
        {}, {"message": ""}, {"message": "x", "voice": "ALTO"}, {"message": "x", "speed": 2},
        {"message": "x" * 6000}, [], "x",
    ]  # fmt: skip
    for body in bodies:
        answer = await client("POST", "/campaigns/sounds/tts", json=body)
        assert answer.status == 400, body
    assert (await client("GET", "/campaigns/sounds")).json["totalCount"] == 0


async def test_sounds_are_found_archived_and_kept(client: Client) -> None:
    one = (await client.upload(wav_file(1), name="Spring sale")).json["id"]
    two = (await client.upload(wav_file(2), name="Storm")).json["id"]
    (await client("GET", "/campaigns/sounds")).is_golden("find_sounds")

    gone = await client("DELETE", f"/campaigns/sounds/{one}")
    assert (gone.status, gone.body) == (204, b"")
    assert (await client("DELETE", f"/campaigns/sounds/{one}")).status == 204
    (await client("GET", f"/campaigns/sounds/{one}")).is_golden("sound_archived")

    async def found(query: str) -> list[int]:
        page = await client("GET", f"/campaigns/sounds?{query}")
        return [sound["id"] for sound in page.json["items"]]

    assert await found("") == [two]
    assert await found("includeArchived=true&includePending=1&includeScrubbed=false") == [two, one]
    assert await found("includeArchived=true&filter=SALE") == [one]
    assert await found("limit=1&offset=1&includeArchived=true") == [one]
    assert (await client("GET", "/campaigns/sounds?includePending=perhaps")).status == 400
    assert (await client("GET", "/campaigns/sounds?name=sale")).status == 400


async def test_audio_comes_whole_in_parts_or_not_again(client: Client) -> None:
    sound = (await client.upload(wav_file(1), name="one")).json["id"]
    path = f"/campaigns/sounds/{sound}"
    whole = await client("GET", f"{path}.wav")
    assert whole.headers["content-type"] == "audio/wav"
    assert whole.body.startswith(b"RIFF")
    part = await client("GET", f"{path}.wav", headers={"Range": "bytes=4-11"})
    assert (part.status, part.body) == (206, whole.body[4:12])
    assert part.headers["content-range"] == f"bytes 4-11/{len(whole.body)}"
    beyond = await client("GET", f"{path}.wav", headers={"Range": "bytes=999999-"})
    assert beyond.status == 416
    assert beyond.headers["content-range"] == f"bytes */{len(whole.body)}"
    assert beyond.json["httpStatusCode"] == 416
    known = await client("GET", f"{path}.wav", headers={"If-None-Match": whole.headers["etag"]})
    assert (known.status, known.body) == (304, b"")
    head = await client("HEAD", f"{path}.wav")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.body))
    mp3 = await client("GET", f"{path}.mp3")
    assert mp3.headers["content-type"] == "audio/mpeg"
    assert mp3.body[:3] == b"ID3" or mp3.body[0] == 0xFF
    assert mp3.headers["etag"] != whole.headers["etag"]
    assert (await client("GET", f"{path}.ogg")).status == 404
    assert (await client("GET", f"{path}.wav?fields=id")).status == 400


async def test_another_accounts_sound_does_not_exist(client: Client, stranger: Client) -> None:
    sound = (await client.upload(wav_file(1), name="one")).json["id"]
    for method, suffix in (("GET", ""), ("GET", ".wav"), ("GET", ".mp3"), ("DELETE", "")):
        answer = await stranger(method, f"/campaigns/sounds/{sound}{suffix}")
        assert answer.status == 404
        assert answer.json["message"] == f"sound {sound} does not exist"
    call = [{"phoneNumber": "12135550142", "liveMessageSoundId": sound}]
    await_number = await stranger("POST", "/calls", json=call)
    assert await_number.status == 400  # no number to call from: asked first
    assert (await client("GET", f"/campaigns/sounds/{sound}")).json["status"] == "ACTIVE"


async def test_a_sound_is_recorded_by_phone(client: Client, rig: Rig) -> None:
    asked = {"name": "Closing", "toNumber": "1-213-555-0142"}

    made = await client("POST", "/campaigns/sounds/calls", json=asked)

    assert made.status == 200, made.body
    assert made.json | {"id": 0, "created": 0} == {
        "id": 0,
        "name": "Closing",
        "created": 0,
        "lengthInSeconds": 0,
        "status": "RECORDING",
        "duplicate": False,
    }
    sound = made.json["id"]
    (call,) = (await client("GET", "/calls")).json["items"]
    assert (call["toNumber"], call["fromNumber"]) == ("12135550142", "12135550100")
    assert (await client("GET", "/campaigns/sounds")).json["totalCount"] == 0
    pending = await client("GET", "/campaigns/sounds?includePending=true")
    assert [one["id"] for one in pending.json["items"]] == [sound]
    assert (await client("GET", f"/campaigns/sounds/{sound}.wav")).status == 409
    assert (await client("DELETE", f"/campaigns/sounds/{sound}")).status == 409
    played = await client(
        "POST", "/calls", json=[{"phoneNumber": "12135550143", "liveMessageSoundId": sound}]
    )
    assert played.status == 400
    assert rig.woken == 1

    await rig.finish("Clinic", call["id"], Outcome.NO_ANSWER)
    settle = SettleSpokenSounds(store=rig.store, archive=rig.archive, audio=rig.library.audio)
    assert await settle() == 1
    assert (await client("GET", f"/campaigns/sounds/{sound}")).json["status"] == "FAILED"
    assert await settle() == 0


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "toNumber"),
        ({"toNumber": "nobody"}, "toNumber"),
        ({"toNumber": "12135550142", "name": "x" * 256}, "name"),
        ({"toNumber": "12135550142", "voice": "MALE1"}, "voice"),
    ],
)
async def test_a_sound_that_cannot_be_recorded_is_refused(
    client: Client, asked: dict[str, str], field: str
) -> None:
    answer = await client("POST", "/campaigns/sounds/calls", json=asked)

    assert answer.status == 400
    assert field in answer.json["developerMessage"]
    assert (await client("GET", "/campaigns/sounds?includePending=true")).json["totalCount"] == 0
    assert (await client("GET", "/calls")).json["totalCount"] == 0


async def test_a_sound_asked_for_twice_under_one_key_is_one_call(client: Client) -> None:
    asked = {"toNumber": "12135550142"}
    key = {"Idempotency-Key": "one"}

    first = await client("POST", "/campaigns/sounds/calls", json=asked, headers=key)
    again = await client("POST", "/campaigns/sounds/calls", json=asked, headers=key)

    assert first.body == again.body
    assert (await client("GET", "/calls")).json["totalCount"] == 1
