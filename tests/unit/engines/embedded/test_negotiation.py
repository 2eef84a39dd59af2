import pytest

from ringcast.engines.embedded.descriptions import Descriptions
from ringcast.engines.embedded.negotiation import Negotiation
from ringcast.protocols.sdp import (
    PCMA,
    SdpError,
    SessionDescription,
    answer_offer,
    make_offer,
)

_HERE, _THERE = "192.0.2.7", "198.51.100.9"


def a_negotiation() -> Negotiation:
    return Negotiation(Descriptions(_HERE), address=_HERE, port=20000, session_id=5)


def their_answer(offer: bytes, *, direction: str = "sendrecv", port: int = 6000) -> bytes:
    answer, _ = answer_offer(
        SessionDescription.parse(offer),
        address=_THERE,
        port=port,
        session_id=1,
        version=1,
        direction=direction,
    )
    return answer.serialize()


def their_offer(direction: str) -> bytes:
    offer = make_offer(
        address=_THERE,
        port=6002,
        session_id=1,
        version=2,
        codecs=(PCMA,),
        telephone_event_pt=None,
        direction=direction,
    )
    return offer.serialize()


def test_answer_is_the_agreement() -> None:
    negotiation = a_negotiation()

    is_news = negotiation.take_answer(their_answer(negotiation.offer()))

    assert is_news
    assert negotiation.agreed is not None
    assert (negotiation.agreed.remote_address, negotiation.agreed.remote_port) == (_THERE, 6000)
    assert negotiation.takes_telephone_events
    assert not negotiation.is_on_hold


def test_digits_cannot_be_sent_as_events_before_anything_is_agreed() -> None:
    assert not a_negotiation().takes_telephone_events


def test_same_answer_again_is_no_news_but_another_is() -> None:
    negotiation = a_negotiation()
    offer = negotiation.offer()
    negotiation.take_answer(their_answer(offer))

    news = [
        negotiation.take_answer(their_answer(offer)),
        negotiation.take_answer(their_answer(offer, port=6010)),
    ]

    assert news == [False, True]


def test_same_answer_to_another_offer_is_news() -> None:
    negotiation = a_negotiation()
    answer = their_answer(negotiation.offer())
    negotiation.take_answer(answer)
    negotiation.answer(their_offer("inactive"))

    negotiation.offer()

    assert negotiation.take_answer(answer)
    assert not negotiation.is_on_hold


@pytest.mark.parametrize(
    ("theirs", "ours", "on_hold"),
    [
        ("sendonly", "recvonly", True),
        ("inactive", "inactive", True),
        ("recvonly", "sendonly", True),
        ("sendrecv", "sendrecv", False),
    ],
)
def test_offer_of_the_far_end_changes_what_is_in_force(
    theirs: str, ours: str, on_hold: bool
) -> None:
    negotiation = a_negotiation()
    negotiation.take_answer(their_answer(negotiation.offer()))

    answer = SessionDescription.parse(negotiation.answer(their_offer(theirs)))

    assert answer.direction_of(answer.media[0]) == ours
    assert answer.origin is not None
    assert (answer.origin.session_id, answer.origin.version) == ("5", "2")
    assert negotiation.is_on_hold is on_hold
    assert negotiation.agreed is not None
    assert negotiation.agreed.codec == "PCMA"
    assert not negotiation.takes_telephone_events


def test_answer_that_cannot_be_read_leaves_the_agreement() -> None:
    negotiation = a_negotiation()
    negotiation.take_answer(their_answer(negotiation.offer()))
    before = negotiation.agreed

    with pytest.raises(SdpError):
        negotiation.take_answer(b"v=0\r\nnothing\r\n")
    with pytest.raises(SdpError):
        negotiation.answer(b"v=0\r\nnothing\r\n")

    assert negotiation.agreed is before
