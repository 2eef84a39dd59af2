"""What can be wrong with a session description.

SdpError
├── InvalidSdp      text that is no session description, or one that breaks the rules
├── MediaRefused    the other side does not want audio (port 0), or offers none
└── NoCommonCodec   no codec that both sides know
"""

from __future__ import annotations


class SdpError(Exception):
    """Base of everything this package raises about what a peer has sent."""


class InvalidSdp(SdpError):
    """Text that cannot be read as a session description, or an answer that fits no offer."""


class MediaRefused(SdpError):
    """There is no audio stream to use: none described, or all of them with port 0."""


class NoCommonCodec(SdpError):
    """The other side's audio has no codec that we know."""

    def __init__(self, offered: tuple[str, ...]) -> None:
        super().__init__(f"none of the codecs {', '.join(offered) or '(none)'} is known")
        self.offered = offered
