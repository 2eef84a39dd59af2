"""Recordings of calls."""

from __future__ import annotations

from ringcast.apis.callfire_v2.operation import Operation
from ringcast.apis.callfire_v2.recordings import handlers

__all__ = ["OPERATIONS"]

OPERATIONS = (
    Operation(
        "GET",
        "/calls/recordings/{id}",
        "getCallRecording",
        handlers.get_recording,
        takes=frozenset({"fields"}),
        notes="lengthInBytes and hash (SHA-256) are those of the WAV file; one without a name is "
        "named by its id",
    ),
    Operation(
        "GET",
        "/calls/recordings/{id}.mp3",
        "getCallRecordingMp3",
        handlers.get_recording_mp3,
        notes="409 until it is READY; ranges and ETag",
    ),
    Operation(
        "GET",
        "/calls/{id}/recordings",
        "getCallRecordings",
        handlers.get_recordings_of_call,
        takes=frozenset({"fields"}),
        notes="first to last",
    ),
    Operation(
        "GET",
        "/calls/{id}/recordings/{name}",
        "getCallRecordingByName",
        handlers.get_named_recording,
        takes=frozenset({"fields"}),
        notes="the newest of that name",
    ),
    Operation(
        "GET",
        "/calls/{id}/recordings/{name}.mp3",
        "getCallRecordingMp3ByName",
        handlers.get_named_recording_mp3,
        notes="as by id",
    ),
)
