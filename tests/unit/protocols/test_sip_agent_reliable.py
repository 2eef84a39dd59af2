"""Reliable provisional responses (RFC 3262), as caller and as called."""

from __future__ import annotations

from ringcast.protocols.sip.agent_events import Ended
from ringcast.protocols.sip.agent_incoming import IncomingSession
from ringcast.protocols.sip.message import Request, Response
from tests.unit.protocols.sip_bench import (
    ANSWER,
    INVITATION,
    OFFER,
    Bench,
    answer,
    from_bob,
    request,
)


def reliable(
    invite: Request, number: int, *, status: int = 183, tag: str = "bob", body: bytes = ANSWER
) -> Response:
    headers = (("Require", "100rel"), ("RSeq", str(number)))
    return answer(invite, status, tag=tag, body=body, headers=headers)


def test_a_reliable_response_gets_its_prack_and_copies_get_none() -> None:
    bench = Bench()
    _, invite = bench.call()

    bench.receive(reliable(invite, 77), reliable(invite, 77))

    prack = bench.only_request()
    assert prack.method == "PRACK"
    assert prack.headers.get("RAck") == "77 1 INVITE"
    assert (prack.uri, prack.to_tag) == ("sip:bob@192.0.2.2:5060", "bob")
    assert bench.kinds() == ["Provisional"]
    bench.receive(answer(prack, 200))
    assert bench.kinds() == []


def test_reliable_responses_are_taken_in_order_only() -> None:
    bench = Bench()
    _, invite = bench.call()
    bench.receive(reliable(invite, 5))
    bench.sent()

    bench.receive(reliable(invite, 7))  # 6 is missing and will be repeated
    assert bench.sent() == []
    bench.receive(reliable(invite, 6, status=180), reliable(invite, 7))

    sent = [message for message in bench.sent() if isinstance(message, Request)]
    assert [prack.headers.get("RAck") for prack in sent] == ["6 1 INVITE", "7 1 INVITE"]
    assert [prack.cseq.number for prack in sent] == [3, 4]
    assert bench.kinds() == ["Provisional"] * 3


def test_each_branch_of_a_fork_is_acknowledged_by_itself() -> None:
    bench = Bench()
    _, invite = bench.call()

    bench.receive(reliable(invite, 9, tag="bob"), reliable(invite, 40, tag="carol"))

    sent = [message for message in bench.sent() if isinstance(message, Request)]
    assert [(prack.to_tag, prack.headers.get("RAck")) for prack in sent] == [
        ("bob", "9 1 INVITE"),
        ("carol", "40 1 INVITE"),
    ]


def test_requests_after_the_answer_count_on_from_the_pracks() -> None:
    bench = Bench()
    call, invite = bench.call()
    bench.receive(reliable(invite, 9))
    bench.receive(answer(bench.only_request(), 200))
    bench.receive(answer(invite, 200, body=ANSWER))
    assert bench.sent_lines() == ["ACK"]

    call.bye(now=0.0)

    assert bench.only_request().cseq.number == 3


def test_a_call_without_offer_does_not_ask_for_reliable_responses() -> None:
    bench = Bench()
    _, invite = bench.call(
        type(INVITATION)(uri=INVITATION.uri, from_=INVITATION.from_, contact_user="alice")
    )

    assert invite.supported == {"timer"}


# Calls that come in.


def incoming(bench: Bench) -> IncomingSession:
    bench.receive(request("INVITE", body=OFFER, headers=(("Require", "100rel"),)))
    bench.take()
    return bench.incoming[0]


def prack(response: Response, *, rack: str | None = None, number: int = 2) -> Request:
    rseq = response.headers.get("RSeq")
    return request(
        "PRACK",
        branch=f"z9hG4bKprack{number}",
        to=response.headers.get("To") or "",
        number=number,
        headers=(("RAck", rack or f"{rseq} 1 INVITE"),),
    )


def test_ringing_is_repeated_until_it_is_acknowledged() -> None:
    bench = Bench()
    call = incoming(bench)
    call.ring(now=0.0)
    ringing = bench.only_response()
    assert (ringing.status, *ringing.require) == (180, "100rel")

    assert bench.wait(4) == ["0.5 180 INVITE", "1.5 180 INVITE", "3.5 180 INVITE"]
    bench.receive(prack(ringing))

    assert bench.sent_lines() == ["200 PRACK"]
    assert bench.wait(30) == []


def test_the_answer_waits_for_the_prack() -> None:
    bench = Bench()
    call = incoming(bench)
    call.ring(now=0.0)
    ringing = bench.only_response()

    call.answer(ANSWER, now=0.0)
    assert bench.sent() == []
    bench.receive(prack(ringing))

    assert bench.sent_lines() == ["200 PRACK", "200 INVITE"]


def test_a_prack_for_something_else_is_refused() -> None:
    bench = Bench()
    call = incoming(bench)
    call.ring(now=0.0)
    ringing = bench.only_response()

    bench.receive(prack(ringing, rack="1 1 INVITE", number=2))
    assert bench.sent_lines() == ["481 PRACK"]
    bench.receive(prack(ringing, number=3))
    assert bench.sent_lines() == ["200 PRACK"]
    bench.receive(prack(ringing, number=4))  # there is nothing left to acknowledge
    assert bench.sent_lines() == ["481 PRACK"]


def test_the_next_response_has_the_next_number() -> None:
    bench = Bench()
    call = incoming(bench)
    call.ring(now=0.0)
    first = bench.only_response()
    bench.receive(prack(first))
    bench.sent()

    call.progress(ANSWER, now=0.1)

    second = bench.only_response()
    assert int(second.headers.get("RSeq") or 0) == int(first.headers.get("RSeq") or 0) + 1


def test_a_caller_who_never_acknowledges_is_refused() -> None:
    bench = Bench()
    call = incoming(bench)
    call.ring(now=0.0)
    bench.sent()

    lines = bench.wait(33)

    assert lines[-1].endswith("504 INVITE")
    (ended,) = bench.take()
    assert isinstance(ended, Ended)
    assert ended.is_timeout


def test_a_caller_who_gives_up_meanwhile_ends_it_all() -> None:
    bench = Bench()
    call = incoming(bench)
    call.ring(now=0.0)
    bench.sent()
    call.answer(ANSWER, now=0.0)

    bench.receive(request("CANCEL"))

    assert bench.sent_lines() == ["200 CANCEL", "487 INVITE"]
    assert bench.kinds() == ["Cancelled"]


def test_the_session_may_be_changed_by_update_before_the_answer() -> None:
    bench = Bench()
    call, invite = bench.call()
    call.answer_offer = lambda update: OFFER
    bench.receive(reliable(invite, 1))
    bench.receive(answer(bench.only_request(), 200))
    bench.take()

    bench.receive(from_bob("UPDATE", invite, body=ANSWER))  # RFC 3311 5.1: early media moves

    response = bench.only_response()
    assert (response.status, response.body) == (200, OFFER)
    assert response.contact is not None
    bench.receive(answer(invite, 200))
    assert bench.sent_lines() == ["ACK"]
    assert bench.kinds() == ["Answered"]
