"""Calls we place: the far end is a list of messages, the time a number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringcast.protocols.sip.agent_context import NoRoute
from ringcast.protocols.sip.agent_events import Answered, Ended, Provisional
from ringcast.protocols.sip.agent_outgoing import Invitation
from ringcast.protocols.sip.agent_session_base import ActionNotPossible
from ringcast.protocols.sip.errors import SipError
from ringcast.protocols.sip.transactions import TCP, UDP, Destination
from tests.unit.protocols.sip_bench import (
    ANSWER,
    INVITATION,
    OFFER,
    PEER,
    Bench,
    answer,
    answered_call,
    end,
    failure,
    from_bob,
)

# The ordinary call


def test_invite_says_who_calls_whom_and_how_to_reach_us() -> None:
    bench = Bench()
    invitation = replace(INVITATION, headers=(("P-Asserted-Identity", "<sip:x@y>"),))

    _, invite = bench.call(invitation)

    assert invite.uri == "sip:bob@192.0.2.2"
    assert str(invite.from_.uri) == "sip:alice@192.0.2.1"
    assert invite.from_.display_name == "Alice"
    assert invite.from_tag
    assert invite.to_tag is None
    assert str(invite.to.uri) == "sip:bob@192.0.2.2"
    assert invite.contact is not None
    assert str(invite.contact.uri) == "sip:alice@192.0.2.1:5060"
    assert invite.headers.get("Max-Forwards") == "70"
    assert "UPDATE" in invite.allow
    assert invite.content_type == "application/sdp"
    assert invite.headers.get("P-Asserted-Identity") == "<sip:x@y>"
    assert invite.headers.get("User-Agent") == "Ringcast"
    assert invite.body == OFFER


def test_call_rings_is_answered_and_hung_up() -> None:
    bench = Bench()
    call, invite = bench.call()
    bench.receive(
        answer(invite, 100, tag=None), answer(invite, 180), answer(invite, 200, body=ANSWER)
    )
    events = bench.take()
    assert [type(event).__name__ for event in events] == ["Trying", "Provisional", "Answered"]
    assert isinstance(events[1], Provisional)
    assert events[1].status == 180
    assert isinstance(events[2], Answered)
    assert events[2].body == ANSWER
    ack = bench.only_request()
    assert (ack.method, ack.cseq.number, ack.to_tag) == ("ACK", 1, "bob")
    assert ack.via.branch != invite.via.branch
    assert ack.body == b""

    call.bye(now=bench.now, cause=16)

    bye = bench.only_request()
    assert (bye.method, bye.cseq.number) == ("BYE", 2)
    assert bye.headers.get("Reason") == "Q.850;cause=16"
    bench.receive(answer(bye, 200))
    ended = end(bench.take())
    assert not ended.by_remote
    assert not ended.is_timeout
    assert call.is_finished
    bench.wait(64)
    assert bench.is_empty()


def test_trying_is_told_once() -> None:
    bench = Bench()
    _, invite = bench.call()

    bench.receive(*[answer(invite, 100, tag=None)] * 3)

    assert bench.kinds() == ["Trying"]


def test_every_provisional_response_is_told() -> None:
    bench = Bench()
    _, invite = bench.call()

    bench.receive(answer(invite, 180), answer(invite, 183, body=ANSWER))

    assert [event.status for event in bench.take() if isinstance(event, Provisional)] == [180, 183]


def test_ack_is_sent_again_for_every_repeated_2xx_even_after_bye() -> None:
    bench = Bench()
    call, invite = answered_call(bench)
    bench.receive(answer(invite, 200, body=ANSWER))
    assert bench.sent_lines() == ["ACK"]
    call.bye(now=bench.now)
    bench.receive(answer(bench.only_request(), 200))
    assert bench.kinds() == ["Ended"]

    bench.receive(answer(invite, 200, body=ANSWER))

    assert bench.sent_lines() == ["ACK"]
    assert bench.kinds() == []


def test_far_end_hangs_up() -> None:
    bench = Bench()
    _, invite = answered_call(bench)
    bye = from_bob("BYE", invite)
    bye.headers.add("Reason", 'Q.850;cause=16;text="Normal, clearing"')

    bench.receive(bye)

    assert bench.sent_lines() == ["200 BYE"]
    ended = end(bench.take())
    assert ended.by_remote
    assert (ended.cause, ended.reason) == (16, "Normal, clearing")
    bench.wait(64)
    assert bench.is_empty()


def test_repeated_bye_is_answered_again_and_told_once() -> None:
    bench = Bench()
    _, invite = answered_call(bench)

    bench.receive(from_bob("BYE", invite), from_bob("BYE", invite))

    assert bench.sent_lines() == ["200 BYE", "200 BYE"]
    assert bench.kinds() == ["Ended"]


def test_bye_crossing_bye_ends_the_call_once() -> None:
    bench = Bench()
    call, invite = answered_call(bench)
    call.bye(now=bench.now)
    bye = bench.only_request()

    bench.receive(from_bob("BYE", invite), answer(bye, 481))

    assert bench.sent_lines() == ["200 BYE"]
    (event,) = bench.take()
    assert isinstance(event, Ended)
    assert not event.by_remote
    bench.wait(64)
    assert bench.is_empty()


def test_bye_that_is_never_answered_ends_the_call_after_32_s() -> None:
    bench = Bench()
    call, _ = answered_call(bench)
    call.bye(now=bench.now)
    bench.sent()

    bench.wait(32.0)

    assert end(bench.take()).is_timeout
    assert bench.agent.session_count == 0


# Failures


def test_refusal_says_status_cause_and_when_to_come_back() -> None:
    bench = Bench()
    _, invite = bench.call()
    headers = (
        ("Reason", 'SIP;cause=503, Q.850;cause=34;text="No circuit"'),
        ("Retry-After", "120 (maintenance);duration=60"),
    )

    bench.receive(answer(invite, 503, headers=headers))

    failed = failure(bench.take())
    assert (failed.status, failed.reason, failed.cause) == (503, "Service Unavailable", 34)
    assert failed.retry_after == 120
    assert failed.headers is not None
    assert (failed.is_timeout, failed.is_transport_error) == (False, False)
    assert not failed.is_cancelled
    assert bench.sent_lines() == ["ACK"]


@pytest.mark.parametrize("value", ["Q.850;cause=999", "Q.850;cause=x", "SIP;cause=486", '"'])
def test_reasons_without_a_q850_cause_say_none(value: str) -> None:
    bench = Bench()
    _, invite = bench.call()

    bench.receive(answer(invite, 486, headers=(("Reason", value),)))

    assert failure(bench.take()).cause is None


def test_silence_is_a_timeout_after_32_s() -> None:
    bench = Bench()
    bench.call()

    lines = bench.wait(40)

    assert lines == [f"{at:g} INVITE" for at in (0.5, 1.5, 3.5, 7.5, 15.5, 31.5)]
    failed = failure(bench.take())
    assert (failed.status, failed.is_timeout) == (408, True)
    assert bench.is_empty()


def test_unreachable_trunk_fails_at_once() -> None:
    bench = Bench()
    bench.call()

    bench.agent.transport_failed(PEER, now=0.0)

    failed = failure(bench.take())
    assert (failed.status, failed.is_transport_error) == (503, True)
    assert bench.is_empty()


@pytest.mark.parametrize(
    "contact", ["<sips:bob@192.0.2.2>", "<tel:+12135550100>", "<sip:bob@x;transport=sctp>", "<sip:"]
)
def test_answer_with_a_contact_that_leads_nowhere_fails(contact: str) -> None:
    bench = Bench()
    _, invite = bench.call()

    bench.receive(answer(invite, 200, contact=contact, body=ANSWER))

    assert failure(bench.take()).is_transport_error
    bench.wait(64)
    assert bench.is_empty()


@pytest.mark.parametrize(
    "broken",
    [
        {"uri": "mailto:x"},
        {"uri": "sips:bob@192.0.2.2"},
        {"uri": "sip:bob@192.0.2.2;transport=tls"},
        {"from_": "<nonsense"},
        {"to": "<nonsense"},
        {"routes": ("<sip:",)},
        {"headers": (("X", "line\r\nInjected: yes"),)},
        {"destination": Destination("TLS", "192.0.2.2", 5061)},
    ],
)
def test_an_invitation_that_cannot_be_sent_is_refused(broken: dict[str, object]) -> None:
    bench = Bench()

    with pytest.raises(SipError):
        bench.agent.invite(replace(INVITATION, **broken), now=0.0)  # type: ignore[arg-type]

    assert bench.is_empty()
    assert bench.sent() == []


def test_tel_uri_cannot_be_called() -> None:
    bench = Bench()
    with pytest.raises(SipError):
        bench.agent.invite(replace(INVITATION, uri="tel:+12135550100"), now=0.0)
    with pytest.raises(NoRoute):
        bench.agent.invite(replace(INVITATION, routes=("<tel:1>",)), now=0.0)


# Where requests go


def test_outbound_proxy_gets_the_invite_and_contact_the_rest() -> None:
    bench = Bench()
    proxy = Destination(UDP, "198.51.100.1", 5070)
    call = bench.agent.invite(replace(INVITATION, destination=proxy), now=0.0)
    invite = bench.only_request()
    assert bench.went_to == [proxy]

    bench.receive(answer(invite, 200, contact="<sip:bob@203.0.113.5:5090>", body=ANSWER))
    call.bye(now=0.0)

    assert bench.sent_lines() == ["ACK", "BYE"]
    assert bench.went_to == [Destination(UDP, "203.0.113.5", 5090)] * 2


def test_route_of_the_invitation_is_followed() -> None:
    bench = Bench()

    _, invite = bench.call(replace(INVITATION, routes=("<sip:198.51.100.1:5070;lr>",)))

    assert bench.went_to == [Destination(UDP, "198.51.100.1", 5070)]
    assert invite.headers.get_all("Route") == ["<sip:198.51.100.1:5070;lr>"]
    assert invite.uri == "sip:bob@192.0.2.2"


def test_strict_router_of_the_invitation_stands_in_the_request_uri() -> None:
    bench = Bench()

    _, invite = bench.call(replace(INVITATION, routes=("<sip:198.51.100.1>", "<sip:p2;lr>")))

    assert invite.uri == "sip:198.51.100.1"
    assert invite.headers.get_all("Route") == ["<sip:p2;lr>", "<sip:bob@192.0.2.2>"]


def test_record_route_of_the_answer_is_followed() -> None:
    bench = Bench()
    call, invite = bench.call()
    routes = (("Record-Route", "<sip:10.0.0.2;lr>"), ("Record-Route", "<sip:10.0.0.1:5062;lr>"))

    bench.receive(answer(invite, 200, headers=routes, body=ANSWER))
    call.bye(now=0.0)

    ack, bye = bench.sent()
    for message in (ack, bye):
        assert message.headers.get_all("Route") == ["<sip:10.0.0.1:5062;lr>", "<sip:10.0.0.2;lr>"]
    assert bench.went_to == [Destination(UDP, "10.0.0.1", 5062)] * 2


def test_call_over_tcp_stays_on_tcp_if_the_contact_does_not_say() -> None:
    bench = Bench()
    call, invite = bench.call(replace(INVITATION, uri="sip:bob@192.0.2.2;transport=tcp"))
    assert bench.went_to == [Destination(TCP, "192.0.2.2", 5060)]
    assert invite.via.transport == "TCP"
    assert "transport=tcp" in (invite.headers.get("Contact") or "")

    bench.receive(answer(invite, 200, body=ANSWER))
    call.bye(now=0.0)

    assert bench.sent_lines() == ["ACK", "BYE"]
    assert {destination.transport for destination in bench.went_to} == {TCP}


LARGE = replace(INVITATION, body=OFFER + b"a=" + b"x" * 1300 + b"\r\n")


def test_large_invite_goes_over_udp_unless_tcp_is_allowed() -> None:
    bench = Bench()
    _, invite = bench.call(LARGE)
    assert bench.went_to == [PEER]
    assert invite.via.transport == "UDP"


def test_large_invite_goes_over_tcp_where_that_is_allowed() -> None:
    bench = Bench()
    _, invite = bench.call(replace(LARGE, large_over_tcp=True))
    assert bench.went_to == [PEER._replace(transport=TCP)]
    assert invite.via.transport == "TCP"


def test_small_invite_stays_on_udp() -> None:
    bench = Bench()
    bench.call(replace(INVITATION, large_over_tcp=True))
    assert bench.went_to == [PEER]


def test_large_invite_falls_back_to_udp_if_nobody_listens_on_tcp() -> None:
    bench = Bench()
    bench.call(replace(LARGE, large_over_tcp=True))

    bench.agent.transport_failed(PEER._replace(transport=TCP), now=0.1)

    again = bench.only_request()
    assert bench.went_to == [PEER]
    assert again.via.transport == "UDP"
    assert bench.kinds() == []


# INVITE without an offer


def test_answer_with_an_offer_waits_for_ours() -> None:
    bench = Bench()
    call, invite = bench.call(replace(INVITATION, body=b""))
    assert invite.content_type is None
    with pytest.raises(ActionNotPossible):
        call.acknowledge(ANSWER, now=0.0)

    bench.receive(answer(invite, 200, body=OFFER))
    assert bench.kinds() == ["Answered"]
    assert bench.sent() == []
    bench.receive(answer(invite, 200, body=OFFER))
    assert bench.sent() == []
    call.acknowledge(ANSWER, now=0.0)

    ack = bench.only_request()
    assert (ack.method, ack.body) == ("ACK", ANSWER)
    bench.receive(answer(invite, 200, body=OFFER))
    assert bench.sent_lines() == ["ACK"]


def test_hanging_up_before_acknowledging_sends_the_ack_first() -> None:
    bench = Bench()
    call, invite = bench.call(replace(INVITATION, body=b""))
    bench.receive(answer(invite, 200, body=OFFER))

    call.bye(now=0.0)

    assert bench.sent_lines() == ["ACK", "BYE"]


# What is malformed


def test_malformed_responses_are_dropped() -> None:
    bench = Bench()
    _, invite = bench.call()
    cut = answer(invite, 200, body=ANSWER).serialize()[:-10]
    no_cseq = answer(invite, 200)
    no_cseq.headers.remove("CSeq")
    no_to = answer(invite, 200)
    no_to.headers.set("To", "<sip:")

    bench.agent.receive_data(cut, PEER, now=0.0)
    bench.agent.receive_data(b"\x00\xff" * 50, PEER, now=0.0)
    bench.agent.receive_data(b"", PEER, now=0.0)
    bench.receive(no_cseq, no_to)

    assert bench.kinds() == []
    assert bench.sent() == []


def test_default_invitation_calls_a_uri_with_nothing_but_two_addresses() -> None:
    bench = Bench()
    _, invite = bench.call(Invitation(uri="sip:192.0.2.2", from_="sip:alice@192.0.2.1"))
    assert invite.headers.get("Contact") == "<sip:192.0.2.1:5060>"
