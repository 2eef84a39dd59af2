"""Addresses of recordings, and recordings at addresses."""

from __future__ import annotations

import pytest

from ringcast.bootstrap.recording_addresses import RecordingAddresses
from ringcast.domain.ids import RecordingId

RECORDING = RecordingId(1234567890123456789)


@pytest.mark.parametrize("server", ["https://calls.example", "http://127.0.0.1:8080/"])
def test_a_recording_is_at_its_address(server: str) -> None:
    addresses = RecordingAddresses(server)
    address = addresses.address_of(RECORDING)

    assert address == f"{server.rstrip('/')}/v2/calls/recordings/1234567890123456789.mp3"
    assert addresses.recording_at(address) == RECORDING
    assert addresses.recording_at("/v2/calls/recordings/7.mp3") == RecordingId(7)


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/v2/calls/recordings/7.mp3",
        "https://calls.example/v2/calls/recordings/7.wav",
        "https://calls.example/v2/calls/recordings/7.mp3?x=1",
        "https://calls.example/v2/calls/recordings/" + "7" * 20 + ".mp3",
        "https://calls.example",
        "",
    ],
)
def test_nothing_else_is_a_recording(address: str) -> None:
    assert RecordingAddresses("https://calls.example").recording_at(address) is None
