"""Redirections (3xx): followed where that is allowed, and not for ever."""

from __future__ import annotations

from dataclasses import replace

from ringcast.protocols.sip.message import Request
from ringcast.protocols.sip.transactions import TCP, Destination
from ringcast.protocols.sip.uri import SipUri
from tests.unit.protocols.sip_bench import ANSWER, INVITATION, Bench, answer, failure


def within(uri: SipUri) -> bool:
    """The trunk: 192.0.2.0/24, as text."""
    return uri.host.startswith("192.0.2.")


FOLLOWING = replace(INVITATION, follows=within)


def last_request(bench: Bench) -> Request:
    message = bench.sent()[-1]
    assert isinstance(message, Request)
    return message


def test_a_redirection_within_the_trunk_is_followed() -> None:
    bench = Bench()
    _, invite = bench.call(FOLLOWING)
    contacts = "<sip:low@192.0.2.7>;q=0.1, <sip:bob@192.0.2.8:5080;transport=tcp>;q=0.9"

    bench.receive(answer(invite, 302, contact=contacts))

    again = last_request(bench)
    assert again.uri == "sip:bob@192.0.2.8:5080;transport=tcp"
    assert bench.went_to[-1] == Destination(TCP, "192.0.2.8", 5080)
    assert (again.call_id, again.from_tag, again.cseq.number) == (
        invite.call_id, invite.from_tag, 2,
    )  # fmt: skip
    assert again.headers.get("To") == invite.headers.get("To")
    bench.receive(answer(again, 200, body=ANSWER))
    assert bench.kinds() == ["Answered"]


def test_a_redirection_out_of_the_trunk_ends_the_call() -> None:
    bench = Bench()
    _, invite = bench.call(FOLLOWING)

    bench.receive(
        answer(
            invite, 302, contact="<sip:+8821000@203.0.113.9>, <tel:+8821000>, <sips:a@192.0.2.9>"
        )
    )

    assert bench.sent_lines() == ["ACK"]
    assert failure(bench.take()).status == 302


def test_nothing_is_followed_unless_it_was_said() -> None:
    bench = Bench()
    _, invite = bench.call()

    bench.receive(answer(invite, 301, contact="<sip:bob@192.0.2.8>"))

    assert bench.sent_lines() == ["ACK"]
    assert failure(bench.take()).status == 301


def test_a_circle_of_redirections_has_an_end() -> None:
    bench = Bench()
    _, invite = bench.call(FOLLOWING)
    bench.receive(answer(invite, 302, contact="<sip:a@192.0.2.8>"))
    second = last_request(bench)

    bench.receive(answer(second, 302, contact="<sip:bob@192.0.2.2>, <sip:a@192.0.2.8>"))

    assert bench.sent_lines() == ["ACK"]
    assert failure(bench.take()).status == 302


def test_a_long_way_of_redirections_has_an_end() -> None:
    bench = Bench()
    _, request = bench.call(FOLLOWING)
    for number in range(20):
        bench.receive(answer(request, 302, contact=f"<sip:{number}@192.0.2.8>"))
        sent = bench.sent()
        if len(sent) == 1:
            break
        assert isinstance(sent[-1], Request)
        request = sent[-1]

    assert number == 5
    assert failure(bench.take()).status == 302


def test_a_call_that_is_given_up_is_not_redirected() -> None:
    bench = Bench()
    call, invite = bench.call(FOLLOWING)
    call.cancel(now=0.0)

    bench.receive(answer(invite, 302, contact="<sip:bob@192.0.2.8>"))

    assert bench.sent_lines() == ["ACK"]
    assert failure(bench.take()).is_cancelled
