"""RFC 3261, 17.2 and RFC 6026: server transactions, packet by packet."""

from __future__ import annotations

import pytest

from ringcast.protocols.sip.message import make_response
from ringcast.protocols.sip.transactions import (
    TCP,
    AckReceived,
    Destination,
    State,
    TimedOut,
    Transaction,
    TransportFailed,
)
from ringcast.protocols.sip.transactions_server import (
    InviteServerTransaction,
    NonInviteServerTransaction,
    ServerTransaction,
    cancelled_key,
    server_key,
)
from tests.unit.protocols.sip_bench import HERE, first_lines, request

OVER_TCP = Destination(TCP, "192.0.2.1", 40000)
INVITE = request("INVITE")
ACK = request("ACK", to="<sip:bob@192.0.2.2>;tag=bob")
BYE = request("BYE")


def respond(transaction: ServerTransaction, status: int, *, now: float) -> None:
    transaction.respond(make_response(transaction.request, status, to_tag="bob"), now=now)


def invited(source: Destination = HERE) -> InviteServerTransaction:
    return InviteServerTransaction(INVITE, source, now=0.0)


def times_of_sending(transaction: Transaction, *, until: float) -> list[float]:
    times = []
    while (at := transaction.next_timer()) is not None and at <= until:
        transaction.handle_timer(now=at)
        times += [round(at, 3)] * len(transaction.datagrams_to_send())
    return times


def lines(transaction: Transaction) -> list[str]:
    return first_lines(transaction.datagrams_to_send())


def test_trying_is_sent_if_the_user_is_silent_for_200_ms() -> None:
    transaction = invited()

    assert transaction.next_timer() == 0.2
    transaction.handle_timer(now=0.2)

    assert lines(transaction) == ["100 INVITE"]
    assert transaction.next_timer() is None


def test_trying_is_not_sent_after_a_response_of_the_user() -> None:
    transaction = invited()

    respond(transaction, 180, now=0.1)

    assert lines(transaction) == ["180 INVITE"]
    assert transaction.next_timer() is None


def test_repeated_invite_is_answered_with_the_last_provisional_response() -> None:
    transaction = invited()
    respond(transaction, 180, now=0.1)
    respond(transaction, 183, now=0.2)
    transaction.datagrams_to_send()  # lost

    transaction.receive_request(INVITE, now=0.5)

    assert lines(transaction) == ["183 INVITE"]


def test_repeated_invite_before_any_response_is_absorbed() -> None:
    transaction = invited()

    transaction.receive_request(INVITE, now=0.1)

    assert lines(transaction) == []


def test_refusal_is_repeated_until_timer_h() -> None:
    transaction = invited()
    respond(transaction, 486, now=0.0)
    transaction.datagrams_to_send()

    expected = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert times_of_sending(transaction, until=40) == expected
    assert isinstance(transaction.next_event(), TimedOut)
    assert transaction.is_terminated


def test_refusal_over_tcp_is_not_repeated_but_waits_for_its_ack() -> None:
    transaction = invited(OVER_TCP)
    respond(transaction, 486, now=0.0)
    transaction.datagrams_to_send()

    assert times_of_sending(transaction, until=40) == []
    assert isinstance(transaction.next_event(), TimedOut)


def test_repeated_invite_is_answered_with_the_refusal() -> None:
    transaction = invited()
    respond(transaction, 486, now=0.0)
    transaction.datagrams_to_send()  # lost

    transaction.receive_request(INVITE, now=0.5)

    assert lines(transaction) == ["486 INVITE"]


def test_ack_of_a_refusal_stops_it_and_is_absorbed_until_timer_i() -> None:
    transaction = invited()
    respond(transaction, 486, now=0.0)
    transaction.datagrams_to_send()

    transaction.receive_request(ACK, now=1.0)
    transaction.receive_request(ACK, now=1.1)
    transaction.receive_request(INVITE, now=1.2)

    assert transaction.state is State.CONFIRMED
    assert lines(transaction) == []
    assert transaction.next_event() is None
    assert transaction.next_timer() == 6.0
    transaction.handle_timer(now=6.0)
    assert transaction.is_terminated


def test_ack_of_a_refusal_over_tcp_ends_the_transaction() -> None:
    transaction = invited(OVER_TCP)
    respond(transaction, 486, now=0.0)

    transaction.receive_request(ACK, now=1.0)

    assert transaction.is_terminated


def test_2xx_stays_for_timer_l_and_absorbs_repeated_invites() -> None:
    transaction = invited()
    respond(transaction, 200, now=1.0)
    transaction.datagrams_to_send()

    transaction.receive_request(INVITE, now=1.5)

    assert transaction.state is State.ACCEPTED
    assert lines(transaction) == []
    assert transaction.next_timer() == 33.0
    transaction.handle_timer(now=33.0)
    assert transaction.is_terminated


def test_2xx_is_repeated_by_its_user() -> None:
    transaction = invited()
    respond(transaction, 200, now=1.0)
    first = transaction.datagrams_to_send()

    transaction.repeat()

    assert transaction.datagrams_to_send() == first


def test_only_a_2xx_is_repeated_by_its_user() -> None:
    transaction = invited()
    respond(transaction, 486, now=1.0)
    transaction.datagrams_to_send()

    transaction.repeat()

    assert lines(transaction) == []


def test_ack_of_a_2xx_with_the_same_branch_is_reported() -> None:
    transaction = invited()
    respond(transaction, 200, now=1.0)

    transaction.receive_request(ACK, now=1.1)

    event = transaction.next_event()
    assert isinstance(event, AckReceived)


def test_a_second_final_response_is_not_sent() -> None:
    transaction = invited()
    respond(transaction, 200, now=1.0)
    transaction.datagrams_to_send()

    respond(transaction, 486, now=1.1)

    assert lines(transaction) == []


def test_stray_ack_while_ringing_is_ignored() -> None:
    transaction = invited()
    respond(transaction, 180, now=0.1)
    transaction.datagrams_to_send()

    transaction.receive_request(ACK, now=0.2)

    assert transaction.state is State.PROCEEDING
    assert transaction.next_event() is None
    assert lines(transaction) == []


def test_request_is_answered_again_when_the_answer_was_lost() -> None:
    transaction = NonInviteServerTransaction(BYE, HERE)
    respond(transaction, 200, now=1.0)
    transaction.datagrams_to_send()  # lost

    transaction.receive_request(BYE, now=1.5)

    assert lines(transaction) == ["200 BYE"]
    assert transaction.next_timer() == 33.0  # Timer J
    transaction.handle_timer(now=33.0)
    assert transaction.is_terminated


def test_repeated_request_before_any_answer_is_absorbed() -> None:
    transaction = NonInviteServerTransaction(BYE, HERE)

    transaction.receive_request(BYE, now=0.5)

    assert lines(transaction) == []
    assert transaction.next_timer() is None


def test_repeated_request_in_proceeding_gets_the_provisional_answer() -> None:
    transaction = NonInviteServerTransaction(BYE, HERE)
    respond(transaction, 100, now=0.1)
    transaction.datagrams_to_send()

    transaction.receive_request(BYE, now=0.5)

    assert transaction.state is State.PROCEEDING
    assert lines(transaction) == ["100 BYE"]


def test_answer_over_tcp_ends_the_transaction() -> None:
    transaction = NonInviteServerTransaction(BYE, OVER_TCP)

    respond(transaction, 200, now=1.0)

    assert transaction.is_terminated
    assert lines(transaction) == ["200 BYE"]


def test_second_answer_to_a_request_is_not_sent() -> None:
    transaction = NonInviteServerTransaction(BYE, HERE)
    respond(transaction, 200, now=1.0)
    transaction.datagrams_to_send()

    respond(transaction, 481, now=1.1)

    assert lines(transaction) == []


def test_unreachable_far_end_is_reported_once() -> None:
    transaction = invited()

    transaction.transport_failed()
    transaction.transport_failed()

    assert isinstance(transaction.next_event(), TransportFailed)
    assert transaction.next_event() is None


@pytest.mark.parametrize(
    "other",
    [
        request("INVITE", branch="z9hG4bKtwo"),
        request("INVITE", via="SIP/2.0/UDP 192.0.2.1:5061;rport"),
        request("INVITE", via="SIP/2.0/UDP 192.0.2.3:5060;rport"),
        request("BYE"),
    ],
    ids=["branch", "port", "host", "method"],
)
def test_requests_that_differ_are_not_matched(other: object) -> None:
    assert server_key(other) != server_key(INVITE)  # type: ignore[arg-type]


def test_ack_and_cancel_find_their_invite() -> None:
    assert server_key(ACK) == server_key(INVITE)
    assert cancelled_key(request("CANCEL")) == server_key(INVITE)
    assert server_key(request("CANCEL")) != server_key(INVITE)


@pytest.mark.parametrize("branch", ["", "1"])
def test_requests_of_rfc_2543_are_matched_by_their_headers(branch: str) -> None:
    old = request("INVITE", branch=branch)
    ack = request("ACK", branch=branch, to="<sip:bob@192.0.2.2>;tag=bob")

    assert server_key(ack) == server_key(old) == server_key(request("INVITE", branch=branch))
    assert cancelled_key(request("CANCEL", branch=branch)) == server_key(old)
    for other in (
        request("INVITE", branch=branch, number=2),
        request("INVITE", branch=branch, call_id="other"),
        request("INVITE", branch=branch, from_="<sip:alice@192.0.2.1>;tag=x"),
        request("INVITE", branch=branch, uri="sip:carol@192.0.2.2"),
        request("INVITE", branch=branch, via="SIP/2.0/UDP 192.0.2.9"),
    ):
        assert server_key(other) != server_key(old)
