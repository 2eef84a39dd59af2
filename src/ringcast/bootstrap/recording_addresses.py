"""Where recordings can be fetched, and which recording is at an address: that of CallFire v2."""

from __future__ import annotations

import re
from typing import Final

from ringcast.domain.ids import RecordingId

__all__ = ["RecordingAddresses"]

_PATH: Final = re.compile(r"/v2/calls/recordings/([0-9]{1,19})\.mp3")


class RecordingAddresses:
    """The addresses of recordings on a server."""

    def __init__(self, server: str) -> None:
        """`server` is the address of the server, such as https://calls.example."""
        self._server = server.rstrip("/")

    def address_of(self, recording_id: RecordingId) -> str:
        """Return where programs of the recording's account can fetch it."""
        return f"{self._server}/v2/calls/recordings/{recording_id}.mp3"

    def recording_at(self, address: str) -> RecordingId | None:
        """Return the recording that is there, None for any other address.

        A path without a server is this server's.
        """
        found = _PATH.fullmatch(address.removeprefix(self._server))
        return None if found is None else RecordingId(int(found[1]))
