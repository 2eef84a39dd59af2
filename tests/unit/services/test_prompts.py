"""Recordings as prompts: of the account's own, without a credential."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringcast.bootstrap.recording_addresses import RecordingAddresses
from ringcast.domain.ids import AccountId, RecordingId
from ringcast.domain.programs import FromRecording, FromUrl
from ringcast.integrations.recording_archive import RecordingDirectory
from ringcast.services.prompts import PromptMissing, Prompts
from ringcast.stores.sql.store import SqlStore
from tests.fakes.sound_library import MemoryAudio, MemorySpeech, wav_file

ACCOUNT, STRANGER = AccountId(1), AccountId(2)
RECORDING = RecordingId(7)
ADDRESSES = RecordingAddresses("https://calls.example")
WORDS = wav_file(1.0)


class NothingElsewhere:
    """Has no sounds (implements `ports.web.RemoteSounds`)."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def fetch(self, url: str, *, cache: bool = True) -> str:
        self.asked.append(url)
        raise ValueError(f"{url} answered 404")


@pytest.fixture
def remote() -> NothingElsewhere:
    return NothingElsewhere()


@pytest.fixture
async def prompts(tmp_path: Path, remote: NothingElsewhere) -> AsyncIterator[Prompts]:
    archive = RecordingDirectory(tmp_path / "recordings")
    (await archive.place(ACCOUNT, RECORDING)).write_bytes(WORDS)
    store, audio = SqlStore.for_directory(tmp_path), MemoryAudio()
    yield Prompts(
        store=store,
        audio=audio,
        speech=MemorySpeech(audio),
        remote=remote,
        archive=archive,
        recording_at=ADDRESSES.recording_at,
    )
    await store.close()
    await archive.close()


@pytest.mark.parametrize(
    "prompt",
    [
        FromRecording(recording_id=RECORDING),
        FromUrl(url=ADDRESSES.address_of(RECORDING)),
        FromUrl(url="/v2/calls/recordings/7.mp3"),
    ],
)
async def test_a_recording_is_played_by_its_id_and_at_its_address(
    prompts: Prompts, remote: NothingElsewhere, prompt: FromRecording | FromUrl
) -> None:
    assert await prompts.ready(ACCOUNT, prompt) == hashlib.sha256(WORDS).hexdigest()
    with pytest.raises(PromptMissing, match="recording 7 does not exist"):
        await prompts.ready(STRANGER, prompt)
    assert remote.asked == []


async def test_what_is_elsewhere_is_fetched(prompts: Prompts, remote: NothingElsewhere) -> None:
    url = "https://elsewhere.example/v2/calls/recordings/7.mp3"
    with pytest.raises(PromptMissing, match="404"):
        await prompts.ready(ACCOUNT, FromUrl(url=url))
    assert remote.asked == [url]
