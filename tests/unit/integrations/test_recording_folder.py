"""Recordings as files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from ringcast.audio import tones, wav
from ringcast.domain.errors import Unavailable
from ringcast.domain.ids import AccountId, AttemptId, CallId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.programs import CallFacts
from ringcast.integrations.recording_folder import RecordingFolder
from ringcast.stores.sql.store import SqlStore
from tests.fakes.clock import ManualClock

CALL = CallFacts(
    call_id=CallId(1),
    attempt_id=AttemptId(2),
    account_id=AccountId(3),
    to=PhoneNumber("12135550100"),
    from_number=None,
    answered_at=None,
)


async def _folder(path: Path) -> tuple[RecordingFolder, SqlStore]:
    store = SqlStore.for_directory(path)
    await store.migrate()
    return RecordingFolder(path / "recordings", store=store, clock=ManualClock()), store


async def test_each_recording_has_a_place_of_its_own(tmp_path: Path) -> None:
    folder, store = await _folder(tmp_path)

    one, two = await folder.begin(CALL, "greeting"), await folder.begin(CALL, None)
    await store.close()

    assert (one.name, two.name) == ("greeting", None)
    assert one.id != two.id
    assert one.path == tmp_path / "recordings" / "3" / f"{one.id}.wav"
    assert one.path.parent.is_dir()


@pytest.mark.parametrize("trims", [True, False])
async def test_silence_is_cut_off_if_that_is_asked_for(tmp_path: Path, trims: bool) -> None:
    folder, store = await _folder(tmp_path)
    place = await folder.begin(CALL, None)
    await store.close()
    silence = np.zeros(16000, np.int16)
    recorded = np.concatenate([silence, tones.noise(1.0, seed=1, level_dbfs=-20), silence])
    place.path.write_bytes(wav.write(recorded, 8000))

    kept = await folder.finish(place, timedelta(seconds=5), trim_silence=trims)

    found = wav.read(place.path.read_bytes())
    assert kept.id == place.id
    assert kept.length == timedelta(seconds=found.seconds)
    assert found.seconds == (pytest.approx(1.4, abs=0.1) if trims else 5.0)
    assert [one.name for one in place.path.parent.iterdir()] == [place.path.name]


async def test_recording_that_cannot_be_read_cannot_be_trimmed(tmp_path: Path) -> None:
    folder, store = await _folder(tmp_path)
    place = await folder.begin(CALL, None)
    await store.close()

    with pytest.raises(Unavailable, match="could not be trimmed"):
        await folder.finish(place, timedelta(seconds=5), trim_silence=True)


async def test_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    folder, store = await _folder(tmp_path)
    (tmp_path / "recordings").write_bytes(b"a file in its place")

    with pytest.raises(Unavailable, match="cannot be kept"):
        await folder.begin(CALL, None)
    await store.close()
