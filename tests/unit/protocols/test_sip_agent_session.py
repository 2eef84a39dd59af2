"""Inside an answered call: offers, glare, INFO, and requests we do not know."""

from __future__ import annotations

import pytest

from ringcast.protocols.sip.agent_events import (
    Acked,
    Ended,
    Info,
    InfoAnswered,
    OfferAnswered,
    OfferRefused,
    RemoteOffer,
)
from ringcast.protocols.sip.agent_outgoing import OutgoingSession
from ringcast.protocols.sip.agent_session_base import ActionNotPossible
from ringcast.protocols.sip.message import Request, Response
from ringcast.protocols.sip.transactions import Destination
from tests.unit.protocols.sip_bench import (
    ANSWER,
    OFFER,
    PEER,
    Bench,
    answer,
    answered_call,
    end,
    from_bob,
    request,
)

HOLD = OFFER + b"a=sendonly\r\n"


def call_with_offer(bench: Bench, body: bytes = HOLD) -> tuple[OutgoingSession, Request, Request]:
    """Have an answered call whose far end sends a re-INVITE; return call, INVITE, re-INVITE."""
    call, invite = answered_call(bench)
    offer = from_bob("INVITE", invite, body=body)
    bench.receive(offer)
    return call, invite, offer


def ack(invite: Request, *, body: bytes = b"", number: int = 1) -> Request:
    message = from_bob("ACK", invite, number=number, body=body)
    message.headers.set("Via", "SIP/2.0/UDP 192.0.2.2:5060;rport;branch=z9hG4bKackofbob")
    return message


# Offers of the far end


def test_offer_is_told_and_answered() -> None:
    bench = Bench()
    call, invite, _ = call_with_offer(bench)
    (event,) = bench.take()
    assert isinstance(event, RemoteOffer)
    assert (event.method, event.body) == ("INVITE", HOLD)

    call.accept_offer(ANSWER, now=0.0)

    response = bench.only_response()
    assert (response.status, response.body) == (200, ANSWER)
    assert response.contact is not None
    assert bench.wait(1.0) == ["0.5 200 INVITE"]
    bench.receive(ack(invite))
    assert bench.wait(40) == []
    assert bench.kinds() == []


def test_offer_is_refused() -> None:
    bench = Bench()
    call, _, _ = call_with_offer(bench)

    call.reject_offer(now=0.0)
    call.reject_offer(now=0.0)
    call.accept_offer(ANSWER, now=0.0)

    assert bench.sent_lines() == ["488 INVITE"]
    assert not call.is_finished


def test_agent_answers_offers_by_itself_if_it_knows_how() -> None:
    bench = Bench()
    call, invite = answered_call(bench)
    offers: list[bytes] = []

    def answer_offer(message: Request) -> bytes | None:
        offers.append(message.body)
        return ANSWER if message.body == HOLD else None

    call.answer_offer = answer_offer
    bench.receive(from_bob("INVITE", invite, body=HOLD))
    assert bench.sent_lines() == ["200 INVITE"]
    assert bench.kinds() == []
    bench.receive(ack(invite))
    bench.receive(from_bob("INVITE", invite, number=2, body=OFFER))

    assert bench.kinds() == ["RemoteOffer"]
    assert offers == [HOLD, OFFER]


def test_reinvite_without_offer_brings_the_answer_in_its_ack() -> None:
    bench = Bench()
    call, invite, _ = call_with_offer(bench, body=b"")
    bench.take()
    call.accept_offer(OFFER, now=0.0)
    bench.sent()

    bench.receive(ack(invite, body=ANSWER))

    (event,) = bench.take()
    assert isinstance(event, Acked)
    assert event.body == ANSWER


def test_reinvite_moves_the_target() -> None:
    bench = Bench()
    call, invite = answered_call(bench)
    offer = from_bob("INVITE", invite, body=HOLD)
    offer.headers.set("Contact", "<sip:bob@203.0.113.9:5099>")

    bench.receive(offer)
    call.accept_offer(ANSWER, now=0.0)
    bench.receive(ack(invite))
    bench.sent()
    call.bye(now=1.0)

    assert bench.only_request().uri == "sip:bob@203.0.113.9:5099"
    assert bench.went_to == [Destination("UDP", "203.0.113.9", 5099)]


def test_second_offer_before_the_first_is_answered_is_refused() -> None:
    bench = Bench()
    _, invite, _ = call_with_offer(bench)

    bench.receive(from_bob("INVITE", invite, number=2, body=HOLD))

    response = bench.only_response()
    assert response.status == 500
    assert response.headers.get("Retry-After") is not None
    assert bench.kinds() == ["RemoteOffer"]


def test_second_offer_before_the_ack_of_the_first_is_refused_with_491() -> None:
    bench = Bench()
    call, invite, _ = call_with_offer(bench)
    call.accept_offer(ANSWER, now=0.0)
    bench.sent()

    bench.receive(from_bob("INVITE", invite, number=2, body=HOLD))

    assert bench.sent_lines() == ["491 INVITE"]


def test_accepted_offer_without_ack_ends_the_call() -> None:
    bench = Bench()
    call, _, _ = call_with_offer(bench)
    bench.take()
    call.accept_offer(ANSWER, now=0.0)
    bench.sent()

    assert bench.wait(32.0)[-1] == "32 BYE"
    bench.wait(32.0)
    assert end(bench.take()).is_timeout


def test_update_with_an_offer_is_answered_without_ack() -> None:
    bench = Bench()
    call, invite = answered_call(bench)
    bench.receive(from_bob("UPDATE", invite, body=HOLD))
    (event,) = bench.take()
    assert isinstance(event, RemoteOffer)
    assert event.method == "UPDATE"

    call.accept_offer(ANSWER, now=0.0)

    response = bench.only_response()
    assert (response.status, response.body) == (200, ANSWER)
    assert bench.wait(20) == []


def test_update_without_a_body_moves_the_target_only() -> None:
    bench = Bench()
    call, invite = answered_call(bench)
    update = from_bob("UPDATE", invite)
    update.headers.set("Contact", "<sip:bob@203.0.113.9>")

    bench.receive(update)

    assert bench.sent_lines() == ["200 UPDATE"]
    assert bench.kinds() == []
    call.bye(now=0.0)
    assert bench.only_request().uri == "sip:bob@203.0.113.9"


def test_offer_of_another_kind_is_refused() -> None:
    bench = Bench()
    _, invite = answered_call(bench)
    offer = from_bob("INVITE", invite, body=b"x")
    offer.headers.set("Content-Type", "text/plain")

    bench.receive(offer)

    assert bench.sent_lines() == ["415 INVITE"]


def test_bye_answers_an_open_offer() -> None:
    bench = Bench()
    _, invite, _ = call_with_offer(bench)

    bench.receive(from_bob("BYE", invite, number=2))

    assert bench.sent_lines() == ["200 BYE", "487 INVITE"]


def test_our_bye_answers_an_open_offer_and_refuses_new_ones() -> None:
    bench = Bench()
    call, invite, _ = call_with_offer(bench)
    call.bye(now=0.0)
    assert bench.sent_lines() == ["487 INVITE", "BYE"]

    bench.receive(from_bob("INVITE", invite, number=2, body=HOLD))

    assert bench.sent_lines() == ["487 INVITE"]


# Our offers


def test_our_offer_is_sent_answered_and_acknowledged() -> None:
    bench = Bench()
    call, _ = answered_call(bench)
    call.reinvite(HOLD, now=0.0, headers=[("X-Mine", "yes")])
    offer = bench.only_request()
    assert (offer.method, offer.cseq.number, offer.body) == ("INVITE", 2, HOLD)
    assert offer.to_tag == "bob"
    assert offer.headers.get("X-Mine") == "yes"
    assert offer.contact is not None

    response = answer(offer, 200, body=ANSWER, contact="<sip:bob@203.0.113.9>")
    bench.receive(answer(offer, 100), response)

    ack_of_offer = bench.only_request()
    assert (ack_of_offer.method, ack_of_offer.cseq.number) == ("ACK", 2)
    assert ack_of_offer.uri == "sip:bob@203.0.113.9"
    (event,) = bench.take()
    assert isinstance(event, OfferAnswered)
    assert event.body == ANSWER
    bench.receive(response)
    assert bench.sent_lines() == ["ACK"]
    assert bench.kinds() == []


def test_refused_offer_leaves_the_call_up() -> None:
    bench = Bench()
    call, _ = answered_call(bench)
    call.reinvite(HOLD, now=0.0)

    bench.receive(answer(bench.only_request(), 488))

    (event,) = bench.take()
    assert isinstance(event, OfferRefused)
    assert event.status == 488
    assert bench.sent_lines() == ["ACK"]
    assert not call.is_finished


def test_one_offer_at_a_time() -> None:
    bench = Bench()
    call, _ = answered_call(bench)
    call.reinvite(HOLD, now=0.0)

    with pytest.raises(ActionNotPossible, match="open"):
        call.reinvite(OFFER, now=0.0)


def test_no_offer_while_the_far_end_waits_for_an_answer() -> None:
    bench = Bench()
    call, _, _ = call_with_offer(bench)

    with pytest.raises(ActionNotPossible):
        call.reinvite(OFFER, now=0.0)


def test_offers_that_cross_are_both_refused_and_ours_is_sent_again_later() -> None:
    bench = Bench()
    call, invite = answered_call(bench)
    call.reinvite(HOLD, now=0.0)
    offer = bench.only_request()

    bench.receive(from_bob("INVITE", invite, body=OFFER))
    assert bench.sent_lines() == ["491 INVITE"]
    refused = from_bob("ACK", invite)
    refused.headers.set("Via", from_bob("INVITE", invite).headers.get("Via") or "")
    bench.receive(refused, answer(offer, 491))
    assert bench.sent_lines() == ["ACK"]
    with pytest.raises(ActionNotPossible):
        call.reinvite(OFFER, now=0.0)

    (line,) = bench.wait(4.0)[:1]
    at, what = line.split(" ")
    assert what == "INVITE"
    assert 2.1 <= float(at) <= 4.0  # the owner of the Call-ID waits longer (14.1)
    assert bench.kinds() == []


def test_second_491_is_told() -> None:
    bench = Bench()
    call, _ = answered_call(bench)
    call.reinvite(HOLD, now=0.0)
    bench.receive(answer(bench.only_request(), 491))
    bench.sent()
    again: list[Request] = []
    while not again:
        at = bench.agent.next_timer()
        assert at is not None
        assert at < 4.0
        bench.now = at
        bench.agent.handle_timers(now=at)
        again = [message for message in bench.sent() if isinstance(message, Request)]

    bench.receive(answer(again[0], 491))

    assert bench.kinds() == ["OfferRefused"]
    assert call.phase.value == "confirmed"


def test_unanswered_offer_ends_the_call() -> None:
    bench = Bench()
    call, _ = answered_call(bench)
    call.reinvite(HOLD, now=0.0)
    bench.sent()

    bench.wait(32.0)
    assert bench.kinds() == ["OfferRefused"]
    bench.wait(32.0)

    assert end(bench.take()).is_timeout


def test_offer_to_a_far_end_that_has_forgotten_the_call_ends_it() -> None:
    bench = Bench()
    call, _ = answered_call(bench)
    call.reinvite(HOLD, now=0.0)

    bench.receive(answer(bench.only_request(), 481))

    assert bench.sent_lines() == ["ACK", "BYE"]


def test_answer_to_our_offer_after_the_end_is_still_acknowledged() -> None:
    bench = Bench()
    call, invite = answered_call(bench)
    call.reinvite(HOLD, now=0.0)
    offer = bench.only_request()
    bench.receive(from_bob("BYE", invite))
    bench.sent()
    assert bench.kinds() == ["Ended"]

    bench.receive(answer(offer, 200, body=ANSWER))

    assert bench.sent_lines() == ["ACK"]
    assert bench.kinds() == []


# INFO, OPTIONS and others


def test_info_is_answered_and_told() -> None:
    bench = Bench()
    _, invite = answered_call(bench)
    info = from_bob("INFO", invite, body=b"Signal=5\r\nDuration=160\r\n")
    info.headers.set("Content-Type", "application/dtmf-relay")

    bench.receive(info, info)

    assert bench.sent_lines() == ["200 INFO", "200 INFO"]
    (event,) = bench.take()
    assert isinstance(event, Info)
    assert event.content_type == "application/dtmf-relay"
    assert event.body.startswith(b"Signal=5")


def test_our_info_is_sent_and_its_answer_told() -> None:
    bench = Bench()
    call, _ = answered_call(bench)

    call.info(b"Signal=1", content_type="application/dtmf-relay", now=0.0)

    info = bench.only_request()
    assert (info.method, info.content_type, info.body) == (
        "INFO",
        "application/dtmf-relay",
        b"Signal=1",
    )
    bench.receive(answer(info, 200))
    (event,) = bench.take()
    assert isinstance(event, InfoAnswered)
    assert event.status == 200


def test_info_that_nobody_answers_is_told() -> None:
    bench = Bench()
    call, _ = answered_call(bench)
    call.info(b"x", content_type="text/plain", now=0.0)

    bench.wait(32.0)

    (event,) = bench.take()
    assert isinstance(event, InfoAnswered)
    assert event.status == 408


def test_info_before_the_answer_is_not_possible() -> None:
    bench = Bench()
    call, _ = bench.call()

    with pytest.raises(ActionNotPossible):
        call.info(b"x", content_type="text/plain", now=0.0)


def test_info_to_a_far_end_that_has_forgotten_the_call_ends_it() -> None:
    bench = Bench()
    call, _ = answered_call(bench)
    call.info(b"x", content_type="text/plain", now=0.0)

    bench.receive(answer(bench.only_request(), 481))

    assert bench.only_request().method == "BYE"


def test_options_inside_the_dialog_are_answered() -> None:
    bench = Bench()
    _, invite = answered_call(bench)

    bench.receive(from_bob("OPTIONS", invite))

    response = bench.only_response()
    assert response.status == 200
    assert "INFO" in response.allow
    assert "Accept" in response.headers


@pytest.mark.parametrize("method", ["REFER", "NOTIFY", "PUBLISH", "MESSAGE"])
def test_unknown_methods_inside_the_dialog_are_refused_with_405(method: str) -> None:
    bench = Bench()
    _, invite = answered_call(bench)

    bench.receive(from_bob(method, invite))

    response = bench.only_response()
    assert response.status == 405
    assert "INFO" in response.allow


def test_required_extensions_inside_the_dialog_are_refused_with_420() -> None:
    bench = Bench()
    _, invite = answered_call(bench)
    message = from_bob("INFO", invite)
    message.headers.add("Require", "foo")

    bench.receive(message)

    response = bench.only_response()
    assert response.status == 420
    assert response.headers.get("Unsupported") == "foo"


def test_requests_out_of_order_are_refused() -> None:
    bench = Bench()
    _, invite = answered_call(bench)
    bench.receive(from_bob("INFO", invite, number=10))
    bench.sent()

    bench.receive(from_bob("BYE", invite, number=9))

    assert bench.sent_lines() == ["500 BYE"]


def test_unreachable_far_end_ends_the_bye() -> None:
    bench = Bench()
    call, _ = answered_call(bench)
    call.bye(now=0.0)
    bench.sent()

    bench.agent.transport_failed(PEER, now=0.1)

    (event,) = bench.take()
    assert isinstance(event, Ended)
    assert event.is_transport_error


def test_target_that_leads_nowhere_ends_the_bye() -> None:
    bench = Bench()
    call, invite = answered_call(bench)
    update = from_bob("UPDATE", invite)
    update.headers.set("Contact", "<tel:+12135550100>")
    bench.receive(update)
    bench.sent()

    call.bye(now=0.0)

    assert bench.sent() == []
    (event,) = bench.take()
    assert isinstance(event, Ended)
    assert event.is_transport_error


def test_callee_may_offer_too() -> None:
    bench = Bench()
    bench.receive(request("INVITE", body=OFFER))
    bench.take()
    (call,) = bench.incoming
    call.answer(ANSWER, now=0.0)
    response = bench.only_response()
    assert isinstance(response, Response)
    with pytest.raises(ActionNotPossible):
        call.reinvite(HOLD, now=0.0)  # the ACK has not come
    to = f"<sip:bob@192.0.2.2>;tag={call.local_tag}"
    bench.receive(request("ACK", branch="z9hG4bKack", to=to))
    bench.take()

    call.reinvite(HOLD, now=1.0)

    offer = bench.only_request()
    assert (offer.method, offer.cseq.number, offer.from_tag) == ("INVITE", 1, call.local_tag)
    bench.receive(answer(offer, 491))
    bench.sent()
    (line,) = bench.wait(2.0)[:1]
    assert line.endswith("INVITE")  # within 2 s: the Call-ID is not ours (14.1)
