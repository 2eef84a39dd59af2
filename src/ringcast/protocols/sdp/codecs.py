"""Audio codecs as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """How a codec is written in SDP; a new one is a new row here."""

    name: str
    clock_rate: int  # of RTP timestamps, in Hz
    channels: int = 1
    static_payload_type: int | None = None  # RFC 3551; None: one is taken from 96 up
    fmtp: str | None = None

    def matches(self, encoding: Encoding) -> bool:
        """Whether an rtpmap names this codec; names have no case (RFC 8866 6.6)."""
        return (
            encoding.name.lower() == self.name.lower()
            and encoding.clock_rate == self.clock_rate
            and encoding.channels == self.channels
        )

    @property
    def encoding(self) -> Encoding:
        """The value of this codec's rtpmap."""
        return Encoding(self.name, self.clock_rate, self.channels)


@dataclass(frozen=True, slots=True)
class Encoding:
    """What an rtpmap says about a payload type (RFC 8866 6.6)."""

    name: str
    clock_rate: int
    channels: int = 1

    def __str__(self) -> str:
        written = f"{self.name}/{self.clock_rate}"
        return written if self.channels == 1 else f"{written}/{self.channels}"


PCMU: Final = Codec(name="PCMU", clock_rate=8000, static_payload_type=0)
PCMA: Final = Codec(name="PCMA", clock_rate=8000, static_payload_type=8)

CODECS: Final[Mapping[str, Codec]] = {codec.name: codec for codec in (PCMU, PCMA)}

TELEPHONE_EVENT: Final = "telephone-event"  # RFC 4733

# What a payload type means without an rtpmap (RFC 3551 6), as far as telephones use them.
STATIC_ENCODINGS: Final[Mapping[int, Encoding]] = {
    0: Encoding("PCMU", 8000),
    3: Encoding("GSM", 8000),
    4: Encoding("G723", 8000),
    8: Encoding("PCMA", 8000),
    9: Encoding("G722", 8000),
    13: Encoding("CN", 8000),
    15: Encoding("G728", 8000),
    18: Encoding("G729", 8000),
}
