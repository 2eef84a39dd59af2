"""CallFire v2: recordings of calls."""

from __future__ import annotations

import io

import av
import pytest

from ringcast.domain.outcomes import Outcome
from tests.acceptance.callfire_v2.conftest import Client, Rig


@pytest.fixture
async def call(client: Client, rig: Rig) -> int:
    """A call that was answered."""
    asked = [{"phoneNumber": "12135550142", "liveMessage": "Hello"}]
    answer = await client("POST", "/calls", json=asked)
    call_id: int = answer.json["items"][0]["id"]
    await rig.finish("Clinic", call_id, Outcome.HUMAN, talked=3)
    return call_id


async def test_recordings_of_a_call_are_listed_and_stand_in_its_record(
    client: Client, rig: Rig, call: int
) -> None:
    named = await rig.record("Clinic", call, called="answer", seconds=2.5)
    unnamed = await rig.record("Clinic", call, seconds=None)

    listed = await client("GET", f"/calls/{call}/recordings")

    base = f"{rig.base}/v2"
    first, second = listed.json["items"]
    assert first | {"created": 0, "hash": ""} == {
        "id": named,
        "callId": call,
        "name": "answer",
        "created": 0,
        "lengthInBytes": 44 + 40_000,
        "lengthInSeconds": 3,
        "hash": "",
        "mp3Url": f"{base}/calls/recordings/{named}.mp3",
        "state": "READY",
    }
    assert second == {
        "id": unnamed,
        "callId": call,
        "name": str(unnamed),
        "created": second["created"],
        "state": "RECORDING",
    }
    assert (await client("GET", f"/calls/{call}")).json["records"][0]["recordings"] == [
        first,
        second,
    ]
    assert (await client("GET", f"/calls/recordings/{named}")).json == first
    found = await client("GET", "/calls?fields=items(records(recordings(id)))")
    assert found.json["items"] == [{"records": [{"recordings": [{"id": named}, {"id": unnamed}]}]}]
    limited = await client("GET", f"/calls/{call}/recordings?fields=id,state")
    assert limited.json == {
        "items": [{"id": named, "state": "READY"}, {"id": unnamed, "state": "RECORDING"}]
    }


async def test_recording_is_found_by_its_name_the_newest_of_several(
    client: Client, rig: Rig, call: int
) -> None:
    await rig.record("Clinic", call, called="my answer")
    newer = await rig.record("Clinic", call, called="my answer")

    found = await client("GET", f"/calls/{call}/recordings/my%20answer")

    assert found.json["id"] == newer
    assert (await client("GET", f"/calls/{call}/recordings/my%20answer?fields=id")).json == {
        "id": newer
    }
    assert (await client("GET", f"/calls/{call}/recordings/{newer}")).status == 404


@pytest.mark.parametrize("path", ["/calls/recordings/{id}.mp3", "/calls/{call}/recordings/a.mp3"])
async def test_recording_is_fetched_as_mp3_whole_or_in_part(
    client: Client, rig: Rig, call: int, path: str
) -> None:
    recording = await rig.record("Clinic", call, called="a", seconds=2.0)
    path = path.format(id=recording, call=call)

    answer = await client("GET", path)
    part = await client("GET", path, headers={"Range": "bytes=100-199"})
    known = await client("GET", path, headers={"If-None-Match": answer.headers["etag"]})
    head = await client("HEAD", path)
    outside = await client("GET", path, headers={"Range": "bytes=99999999-"})

    assert (answer.status, answer.headers["content-type"]) == (200, "audio/mpeg")
    with av.open(io.BytesIO(answer.body), "r") as read:
        assert read.streams.audio[0].codec_context.name == "mp3float"
        seconds = sum(frame.samples for frame in read.decode(audio=0)) / 8000
    assert seconds == pytest.approx(2, abs=0.3)
    assert (part.status, part.body) == (206, answer.body[100:200])
    assert (known.status, known.body) == (304, b"")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) == len(answer.body)
    assert outside.status == 416
    assert outside.json["httpStatusCode"] == 416


async def test_recording_that_is_still_made_cannot_be_heard(
    client: Client, rig: Rig, call: int
) -> None:
    recording = await rig.record("Clinic", call, called="a", seconds=None)

    answer = await client("GET", f"/calls/recordings/{recording}.mp3")

    assert (answer.status, answer.json["internalCode"]) == (409, 40900)
    assert answer.json["message"] == f"recording {recording} is still being made"


async def test_recordings_of_others_do_not_exist(
    client: Client, stranger: Client, rig: Rig, call: int
) -> None:
    recording = await rig.record("Clinic", call, called="a")
    paths = [
        f"/calls/{call}/recordings",
        f"/calls/{call}/recordings/a",
        f"/calls/{call}/recordings/a.mp3",
        f"/calls/recordings/{recording}",
        f"/calls/recordings/{recording}.mp3",
    ]

    for path in paths:
        assert (await client("GET", path)).status == 200
        assert (await stranger("GET", path)).status == 404
    for path in (
        "/calls/1/recordings",
        "/calls/recordings/1",
        f"/calls/recordings/{2**63}",
        f"/calls/{call}/recordings/b",
        f"/calls/{call}/recordings/b.mp3",
        "/calls/recordings/abc",
    ):
        answer = await client("GET", path)
        assert (answer.status, answer.json["httpStatusCode"]) == (404, 404)


async def test_recording_whose_file_was_taken_away_does_not_exist(
    client: Client, rig: Rig, call: int
) -> None:
    recording = await rig.record("Clinic", call, called="a")
    for path in (rig.directory / "recordings").rglob("*.wav"):
        path.unlink()

    answer = await client("GET", f"/calls/recordings/{recording}.mp3")

    assert answer.status == 404
    assert answer.json["message"] == f"audio of recording {recording} does not exist"
