"""Session descriptions (RFC 8866) and their offer and answer (RFC 3264)."""

from ringcast.protocols.sdp.codecs import CODECS, PCMA, PCMU, Codec
from ringcast.protocols.sdp.description import (
    Attribute,
    Connection,
    Direction,
    MediaDescription,
    Origin,
    SessionDescription,
)
from ringcast.protocols.sdp.errors import InvalidSdp, MediaRefused, NoCommonCodec, SdpError
from ringcast.protocols.sdp.offer_answer import Agreement, answer_offer, make_offer, read_answer

__all__ = [
    "CODECS",
    "PCMA",
    "PCMU",
    "Agreement",
    "Attribute",
    "Codec",
    "Connection",
    "Direction",
    "InvalidSdp",
    "MediaDescription",
    "MediaRefused",
    "NoCommonCodec",
    "Origin",
    "SdpError",
    "SessionDescription",
    "answer_offer",
    "make_offer",
    "read_answer",
]
