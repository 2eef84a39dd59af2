"""Offer and answer for one stream of audio (RFC 3264), with telephone events (RFC 4733)."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ringcast.protocols.sdp.codecs import PCMA, PCMU, TELEPHONE_EVENT, Codec, Encoding
from ringcast.protocols.sdp.description import (
    Attribute,
    Connection,
    Direction,
    MediaDescription,
    Origin,
    SessionDescription,
)
from ringcast.protocols.sdp.errors import InvalidSdp, MediaRefused, NoCommonCodec

DEFAULT_CODECS: Final[Sequence[Codec]] = (PCMU, PCMA)
DEFAULT_PTIME_MS: Final = 20

_MAX_PTIME_MS: Final = 200
_FIRST_DYNAMIC: Final = 96
_DYNAMIC: Final = range(_FIRST_DYNAMIC, 128)
# AVPF differs in feedback only, which nobody is obliged to send (RFC 4585 4).
_PROTOCOLS: Final = frozenset({"RTP/AVP", "RTP/AVPF"})
_EVENTS: Final = "0-16"  # digits, A to D and flash: what gateways understand


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What both sides have agreed on, seen from ours.

    Payload types to send are those of the other side's description, payload types to receive
    those of ours; the two may differ (RFC 3264 5.1).
    """

    remote_address: str
    remote_port: int
    payload_type: int
    codec: str
    receive_payload_types: Mapping[int, str]  # payload type → name of the codec
    telephone_event_to_send: int | None
    telephone_event_to_receive: int | None
    direction: Direction  # ours
    ptime_ms: int  # of the packets the other side would like

    @property
    def is_on_hold(self) -> bool:
        """Whether the other side has asked us not to send."""
        return not self.direction.sends


def make_offer(
    *,
    address: str,
    port: int,
    session_id: int,
    version: int,
    codecs: Sequence[Codec] = DEFAULT_CODECS,
    telephone_event_pt: int | None = 101,
    direction: Direction | str = Direction.SENDRECV,
    ptime_ms: int = DEFAULT_PTIME_MS,
) -> SessionDescription:
    """Describe one stream of audio that we would like, codecs in order of preference.

    `version` must grow by one with each changed description of a session (RFC 3264 8).
    """
    payload_types = _assign_payload_types(codecs, telephone_event_pt)
    events = None if telephone_event_pt is None else (telephone_event_pt, _clock_rate(codecs))
    return _describe(
        address=address,
        session_id=session_id,
        version=version,
        media=(
            _audio(
                port=port,
                protocol="RTP/AVP",
                codecs=payload_types,
                events=events,
                direction=Direction(direction),
                ptime_ms=ptime_ms,
            ),
        ),
    )


def answer_offer(
    offer: SessionDescription,
    *,
    address: str,
    port: int,
    session_id: int,
    version: int,
    codecs: Sequence[Codec] = DEFAULT_CODECS,
    direction: Direction | str = Direction.SENDRECV,
    ptime_ms: int = DEFAULT_PTIME_MS,
) -> tuple[SessionDescription, Agreement]:
    """Accept the first audio stream that has a codec of ours; refuse all other streams.

    The codec is the first of the *offer's* that is in `codecs`, and the only one in the answer, so
    that it cannot change in mid-call. `direction` is what we would like; the answer is what the
    offer leaves of it (RFC 3264 6.1). Raises MediaRefused, NoCommonCodec or InvalidSdp.
    """
    index, chosen_pt, codec = _choose_stream(offer, codecs)
    wanted = offer.media[index]
    connection = _connection_of(offer, wanted)
    ours = _meet(Direction(direction), offer.direction_of(wanted), connection)
    events_pt = _telephone_event(wanted, wanted.rtpmap, codec.clock_rate)
    events = None if events_pt is None else (events_pt, codec.clock_rate)
    accepted = _audio(
        port=port,
        protocol=wanted.protocol,
        codecs={chosen_pt: codec},
        events=events,
        direction=ours,
        ptime_ms=ptime_ms,
    )
    answer = _describe(
        address=address,
        session_id=session_id,
        version=version,
        media=tuple(
            accepted if at == index else _refused(media) for at, media in enumerate(offer.media)
        ),
    )
    answer = replace(answer, timing=offer.timing)  # RFC 3264 6: the t= line of the offer
    return answer, Agreement(
        remote_address=connection.host,
        remote_port=wanted.port,
        payload_type=chosen_pt,
        codec=codec.name,
        receive_payload_types={chosen_pt: codec.name},
        telephone_event_to_send=events_pt,
        telephone_event_to_receive=events_pt,
        direction=ours,
        ptime_ms=_wanted_ptime(wanted),
    )


def read_answer(
    offer: SessionDescription,
    answer: SessionDescription,
    *,
    codecs: Sequence[Codec] = DEFAULT_CODECS,
) -> Agreement:
    """Return what an answer to an offer of ours says.

    We send the first codec of the answer that we offered, and receive every one we offered: the
    other side may switch, and may have sent before its answer came (RFC 3264 5.1, 7). Raises
    MediaRefused, NoCommonCodec or InvalidSdp.
    """
    index = next((at for at, media in enumerate(offer.media) if media.kind == "audio"), None)
    if index is None:
        raise InvalidSdp("the offer has no audio")
    if len(answer.media) <= index or answer.media[index].kind != "audio":
        raise InvalidSdp("the answer must have the streams of the offer, in order")
    offered, theirs = offer.media[index], answer.media[index]
    if theirs.port == 0:
        raise MediaRefused("the answer refuses the audio")
    our_meanings, their_meanings = offered.rtpmap, theirs.rtpmap
    ours = dict(_known(offered, our_meanings, codecs))
    common = [
        (number, codec)
        for number, codec in _known(theirs, their_meanings, codecs)
        if codec in ours.values()
    ]
    if not common:
        raise NoCommonCodec(_named(theirs))
    payload_type, codec = common[0]
    connection = _connection_of(answer, theirs)
    our_wish = offer.direction_of(offered)
    events_to_receive = _telephone_event(offered, our_meanings, codec.clock_rate)
    events_to_send = _telephone_event(theirs, their_meanings, codec.clock_rate)
    if events_to_receive is None or events_to_send is None:
        events_to_receive = events_to_send = None
    return Agreement(
        remote_address=connection.host,
        remote_port=theirs.port,
        payload_type=payload_type,
        codec=codec.name,
        receive_payload_types={number: known.name for number, known in ours.items()},
        telephone_event_to_send=events_to_send,
        telephone_event_to_receive=events_to_receive,
        direction=_meet(our_wish, answer.direction_of(theirs), connection),
        ptime_ms=_wanted_ptime(theirs),
    )


def _choose_stream(offer: SessionDescription, codecs: Sequence[Codec]) -> tuple[int, int, Codec]:
    refusal: MediaRefused | NoCommonCodec = MediaRefused("no audio is offered")
    for index, media in enumerate(offer.media):
        if media.kind != "audio" or media.port == 0 or media.protocol.upper() not in _PROTOCOLS:
            continue
        for number, codec in _known(media, media.rtpmap, codecs):
            return index, number, codec
        refusal = NoCommonCodec(_named(media))
    raise refusal


def _known(
    media: MediaDescription, meanings: Mapping[int, Encoding], codecs: Sequence[Codec]
) -> Iterator[tuple[int, Codec]]:
    """Give the payload types whose codec we know, in the order of the description."""
    for number in media.payload_types:
        encoding = meanings.get(number)
        if encoding is not None:
            for codec in codecs:
                if codec.matches(encoding):
                    yield number, codec
                    break


def _named(media: MediaDescription) -> tuple[str, ...]:
    meanings = media.rtpmap
    return tuple(
        meanings[int(text)].name if text.isdecimal() and int(text) in meanings else text
        for text in media.formats
    )


def _telephone_event(
    media: MediaDescription, meanings: Mapping[int, Encoding], clock_rate: int
) -> int | None:
    for number in media.payload_types:
        encoding = meanings.get(number)
        if (
            encoding is not None
            and encoding.name.lower() == TELEPHONE_EVENT
            and encoding.clock_rate == clock_rate
        ):
            return number
    return None


def _connection_of(description: SessionDescription, media: MediaDescription) -> Connection:
    connection = description.connection_of(media)
    if connection is None:
        raise InvalidSdp("the audio has no c= line")
    return connection


def _meet(ours: Direction, theirs: Direction, connection: Connection) -> Direction:
    """Return our direction: we send only what they receive and receive only what they send."""
    they_receive = theirs.receives and not connection.is_hold
    return Direction.of(sends=ours.sends and they_receive, receives=ours.receives and theirs.sends)


def _wanted_ptime(media: MediaDescription) -> int:
    ptime = media.ptime
    return ptime if ptime is not None and ptime <= _MAX_PTIME_MS else DEFAULT_PTIME_MS


def _clock_rate(codecs: Sequence[Codec]) -> int:
    return codecs[0].clock_rate


def _assign_payload_types(codecs: Sequence[Codec], reserved: int | None) -> dict[int, Codec]:
    if not codecs:
        raise ValueError("an offer needs a codec")
    free = (number for number in _DYNAMIC if number != reserved)
    return {
        next(free) if codec.static_payload_type is None else codec.static_payload_type: codec
        for codec in codecs
    }


def _audio(
    *,
    port: int,
    protocol: str,
    codecs: Mapping[int, Codec],
    events: tuple[int, int] | None,
    direction: Direction,
    ptime_ms: int,
) -> MediaDescription:
    formats, attributes = _formats(tuple(codecs.items()), events, direction, ptime_ms)
    return MediaDescription(
        kind="audio", port=port, protocol=protocol, formats=formats, attributes=attributes
    )


@functools.lru_cache(maxsize=256)
def _formats(
    codecs: tuple[tuple[int, Codec], ...],
    events: tuple[int, int] | None,
    direction: Direction,
    ptime_ms: int,
) -> tuple[tuple[str, ...], tuple[Attribute, ...]]:
    """Return formats and attributes of a stream; a trunk's calls all have the same few."""
    formats = [str(number) for number, _ in codecs]
    attributes = []
    for number, codec in codecs:
        attributes.append(Attribute("rtpmap", f"{number} {codec.encoding}"))
        if codec.fmtp is not None:
            attributes.append(Attribute("fmtp", f"{number} {codec.fmtp}"))
    if events is not None:
        number, clock_rate = events
        formats.append(str(number))
        attributes += [
            Attribute("rtpmap", f"{number} {Encoding(TELEPHONE_EVENT, clock_rate)}"),
            Attribute("fmtp", f"{number} {_EVENTS}"),
        ]
    attributes += [Attribute("ptime", str(ptime_ms)), Attribute(direction.value)]
    return tuple(formats), tuple(attributes)


def _refused(media: MediaDescription) -> MediaDescription:
    """Return the stream with port 0 (RFC 3264 6)."""
    return MediaDescription(kind=media.kind, port=0, protocol=media.protocol, formats=media.formats)


def _describe(
    *, address: str, session_id: int, version: int, media: tuple[MediaDescription, ...]
) -> SessionDescription:
    connection = Connection.to(address)
    return SessionDescription(
        origin=Origin("-", str(session_id), str(version), connection),
        connection=connection,
        media=media,
    )
