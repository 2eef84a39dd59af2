"""RFC 3261, 17.1: a lost packet is a line that takes `datagrams_to_send` and drops it."""

from __future__ import annotations

import pytest

from ringcast.protocols.sip.message import Request, Response, parse_message
from ringcast.protocols.sip.timers import TimerSettings
from ringcast.protocols.sip.transactions import (
    TCP,
    Destination,
    ResponseReceived,
    State,
    TimedOut,
    Transaction,
    TransportFailed,
)
from ringcast.protocols.sip.transactions_client import (
    ClientTransaction,
    InviteClientTransaction,
    NonInviteClientTransaction,
    ack_for,
    cancel_for,
    client_key,
)
from tests.unit.protocols.sip_bench import PEER, answer, first_lines, request

OVER_TCP = Destination(TCP, "192.0.2.2", 5060)


def times_of_sending(transaction: Transaction, *, until: float) -> list[float]:
    """Let time pass and return when something was sent."""
    times = []
    while (at := transaction.next_timer()) is not None and at <= until:
        transaction.handle_timer(now=at)
        times += [round(at, 3)] * len(transaction.datagrams_to_send())
    return times


def statuses(transaction: Transaction) -> list[int]:
    """Take the responses reported."""
    found = []
    while (event := transaction.next_event()) is not None:
        assert isinstance(event, ResponseReceived)
        found.append(event.response.status)
    return found


def invite(destination: Destination = PEER) -> InviteClientTransaction:
    transaction = InviteClientTransaction(request("INVITE"), destination, now=0.0)
    assert first_lines(transaction.datagrams_to_send()) == ["INVITE"]
    return transaction


def bye(destination: Destination = PEER) -> NonInviteClientTransaction:
    transaction = NonInviteClientTransaction(request("BYE"), destination, now=0.0)
    assert first_lines(transaction.datagrams_to_send()) == ["BYE"]
    return transaction


def test_invite_is_repeated_with_doubling_intervals_until_timer_b() -> None:
    transaction = invite()

    assert times_of_sending(transaction, until=40) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert transaction.is_terminated
    assert isinstance(transaction.next_event(), TimedOut)
    assert transaction.next_timer() is None


def test_invite_over_tcp_is_not_repeated_but_times_out() -> None:
    transaction = invite(OVER_TCP)

    assert transaction.next_timer() == 32.0
    assert times_of_sending(transaction, until=40) == []
    assert isinstance(transaction.next_event(), TimedOut)


def test_provisional_response_stops_repeating_without_limit_of_time() -> None:
    transaction = invite()

    transaction.receive_response(answer(transaction.request, 180), now=0.1)

    assert transaction.state is State.PROCEEDING
    assert transaction.next_timer() is None
    assert statuses(transaction) == [180]


def test_a_timer_that_fires_after_a_response_does_nothing() -> None:
    transaction = invite()
    transaction.receive_response(answer(transaction.request, 180), now=0.4)

    transaction.handle_timer(now=0.5)

    assert transaction.datagrams_to_send() == []


def test_refusal_is_acknowledged_inside_the_transaction() -> None:
    transaction = invite()
    refusal = answer(transaction.request, 486)

    transaction.receive_response(refusal, now=0.1)

    (data,) = transaction.datagrams_to_send()
    ack = parse_message(data)
    assert isinstance(ack, Request)
    assert ack.method == "ACK"
    assert ack.uri == transaction.request.uri
    assert ack.via == transaction.request.via
    assert ack.to_tag == "bob"
    assert ack.cseq.number == 1
    assert statuses(transaction) == [486]


def test_repeated_refusal_is_acknowledged_again_and_not_reported() -> None:
    transaction = invite()
    refusal = answer(transaction.request, 486)
    transaction.receive_response(refusal, now=0.1)
    transaction.datagrams_to_send()  # the ACK is lost
    statuses(transaction)

    transaction.receive_response(refusal, now=0.6)

    assert first_lines(transaction.datagrams_to_send()) == ["ACK"]
    assert statuses(transaction) == []


def test_refused_invite_waits_for_timer_d() -> None:
    transaction = invite()
    transaction.receive_response(answer(transaction.request, 486), now=1.0)

    assert transaction.next_timer() == 33.0
    transaction.handle_timer(now=33.0)
    assert transaction.is_terminated


def test_refused_invite_over_tcp_is_over_at_once() -> None:
    transaction = invite(OVER_TCP)

    transaction.receive_response(answer(transaction.request, 486), now=0.1)

    assert transaction.is_terminated
    assert first_lines(transaction.datagrams_to_send()) == ["ACK"]


@pytest.mark.parametrize("destination", [PEER, OVER_TCP])
def test_every_2xx_is_reported_until_timer_m(destination: Destination) -> None:
    transaction = invite(destination)
    for now in (1.0, 1.5, 2.5):
        transaction.receive_response(answer(transaction.request, 200), now=now)

    assert statuses(transaction) == [200, 200, 200]
    assert transaction.datagrams_to_send() == []  # the ACK is the user's
    assert transaction.state is State.ACCEPTED
    assert transaction.next_timer() == 33.0
    transaction.handle_timer(now=33.0)
    assert transaction.is_terminated


def test_refusal_after_a_2xx_is_ignored() -> None:
    transaction = invite()
    transaction.receive_response(answer(transaction.request, 200), now=1.0)
    statuses(transaction)

    transaction.receive_response(answer(transaction.request, 486), now=1.1)

    assert statuses(transaction) == []
    assert transaction.datagrams_to_send() == []


def test_unreachable_far_end_ends_a_calling_invite() -> None:
    transaction = invite()

    transaction.transport_failed()

    assert isinstance(transaction.next_event(), TransportFailed)
    assert transaction.is_terminated


def test_unreachable_far_end_does_not_end_a_call_that_rings() -> None:
    transaction = invite()
    transaction.receive_response(answer(transaction.request, 180), now=0.1)
    statuses(transaction)

    transaction.transport_failed()

    assert not transaction.is_terminated
    assert transaction.next_event() is None


def test_unreachable_far_end_for_the_ack_is_no_news() -> None:
    transaction = invite()
    transaction.receive_response(answer(transaction.request, 486), now=0.1)
    statuses(transaction)

    transaction.transport_failed()

    assert transaction.is_terminated
    assert transaction.next_event() is None


def test_request_is_repeated_up_to_t2_until_timer_f() -> None:
    transaction = bye()

    expected = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert times_of_sending(transaction, until=40) == expected
    assert isinstance(transaction.next_event(), TimedOut)
    assert transaction.is_terminated


def test_request_over_tcp_is_not_repeated_but_times_out() -> None:
    transaction = bye(OVER_TCP)

    assert times_of_sending(transaction, until=40) == []
    assert isinstance(transaction.next_event(), TimedOut)


def test_request_in_proceeding_is_repeated_every_t2() -> None:
    transaction = bye()
    transaction.receive_response(answer(transaction.request, 100), now=0.1)

    assert times_of_sending(transaction, until=13) == [0.5, 4.5, 8.5, 12.5]


def test_final_response_is_reported_once_and_repeats_are_absorbed_until_timer_k() -> None:
    transaction = bye()
    transaction.receive_response(answer(transaction.request, 200), now=1.0)
    transaction.receive_response(answer(transaction.request, 200), now=1.5)

    assert statuses(transaction) == [200]
    assert transaction.next_timer() == 6.0
    transaction.handle_timer(now=6.0)
    assert transaction.is_terminated


def test_answered_request_over_tcp_is_over_at_once() -> None:
    transaction = bye(OVER_TCP)

    transaction.receive_response(answer(transaction.request, 200), now=1.0)

    assert transaction.is_terminated


@pytest.mark.parametrize("status", [None, 100])
def test_unreachable_far_end_ends_an_open_request(status: int | None) -> None:
    transaction = bye()
    if status is not None:
        transaction.receive_response(answer(transaction.request, status), now=0.1)
        statuses(transaction)

    transaction.transport_failed()

    assert isinstance(transaction.next_event(), TransportFailed)


def test_unreachable_far_end_after_the_answer_is_no_news() -> None:
    transaction = bye()
    transaction.receive_response(answer(transaction.request, 200), now=0.1)
    statuses(transaction)

    transaction.transport_failed()

    assert transaction.next_event() is None


@pytest.mark.parametrize("machine", [InviteClientTransaction, NonInviteClientTransaction])
def test_a_call_too_early_to_handle_timer_does_nothing(machine: type[ClientTransaction]) -> None:
    method = "INVITE" if machine is InviteClientTransaction else "BYE"
    transaction = machine(request(method), PEER, now=0.0)
    transaction.datagrams_to_send()

    transaction.handle_timer(now=0.4)

    assert transaction.datagrams_to_send() == []


def test_timers_scale_with_the_settings() -> None:
    quick = TimerSettings(t1=0.1, t2=0.4)
    transaction = NonInviteClientTransaction(request("BYE"), PEER, now=0.0, timers=quick)
    transaction.datagrams_to_send()

    assert times_of_sending(transaction, until=1.6) == [0.1, 0.3, 0.7, 1.1, 1.5]


def test_cancel_has_the_branch_route_and_number_of_its_invite() -> None:
    original = request(
        "INVITE", number=7, headers=(("Route", "<sip:a;lr>"), ("Route", "<sip:b;lr>"))
    )

    cancel = cancel_for(original)

    assert cancel.uri == original.uri
    assert cancel.via == original.via
    assert str(cancel.cseq) == "7 CANCEL"
    assert cancel.headers.get_all("Route") == ["<sip:a;lr>", "<sip:b;lr>"]
    assert cancel.to_tag is None


def test_ack_repeats_the_route_of_its_invite() -> None:
    original = request("INVITE", headers=(("Route", "<sip:a;lr>"),))

    ack = ack_for(original, answer(original, 404))

    assert ack.headers.get_all("Route") == ["<sip:a;lr>"]
    assert str(ack.cseq) == "1 ACK"


@pytest.mark.parametrize(
    "via",
    [
        "SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKone",
        "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKone;received=192.0.2.9;rport=1",
        "SIP / 2.0 / UDP 192.0.2.1 ; Branch = z9hG4bKone ; rport",
        "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKone, SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKtwo",
    ],
)
def test_responses_are_matched_however_the_via_is_written(via: str) -> None:
    response = answer(request("BYE"), 200)
    response.headers.set("Via", via)

    assert client_key(response) == ("z9hG4bKone", "BYE")


def test_responses_are_matched_with_spaces_in_cseq() -> None:
    response: Response = answer(request("BYE"), 200)
    response.headers.set("CSeq", "1   BYE")

    assert client_key(response) == ("z9hG4bKone", "BYE")
