from __future__ import annotations

from ringcast.protocols.sip.message import Request, Response, make_response, parse_message
from ringcast.protocols.sip.transaction_layer import TransactionLayer
from ringcast.protocols.sip.transactions import (
    TCP,
    UDP,
    AckReceived,
    Destination,
    RequestReceived,
    ResponseReceived,
    TimedOut,
    TransactionEvent,
    TransportFailed,
)
from tests.unit.protocols.sip_bench import HERE, PEER, answer, first_lines, request, short, tokens


def new_layer() -> TransactionLayer:
    return TransactionLayer(new_token=tokens("t"), sent_by=lambda destination: "192.0.2.1:5060")


def events(layer: TransactionLayer) -> list[TransactionEvent]:
    found = []
    while (event := layer.next_event()) is not None:
        found.append(event)
    return found


def sent(layer: TransactionLayer) -> list[str]:
    return first_lines([item.data for item in layer.datagrams_to_send()])


def without_via(method: str) -> Request:
    made = request(method)
    made.headers.remove("Via")
    return made


def test_requests_get_a_via_with_rport_and_a_branch_of_their_own() -> None:
    layer = new_layer()
    layer.send_request(without_via("OPTIONS"), PEER, now=0.0)
    layer.send_request(without_via("OPTIONS"), PEER._replace(transport=TCP), now=0.0)

    one, two = (parse_message(item.data).via for item in layer.datagrams_to_send())

    assert (one.transport, one.host, one.port) == ("UDP", "192.0.2.1", 5060)
    assert one.asks_for_rport
    assert one.branch is not None
    assert one.branch.startswith("z9hG4bK")
    assert two.transport == "TCP"
    assert one.branch != two.branch


def test_response_reaches_the_transaction_with_its_branch_and_method() -> None:
    layer = new_layer()
    owner = object()
    transaction = layer.send_request(without_via("OPTIONS"), PEER, now=0.0, user=owner)
    layer.send_request(without_via("OPTIONS"), PEER, now=0.0)

    layer.receive_message(answer(transaction.request, 200), PEER, now=0.1)

    (event,) = events(layer)
    assert isinstance(event, ResponseReceived)
    assert event.transaction is transaction
    assert event.transaction.user is owner


def test_stray_responses_are_dropped() -> None:
    layer = new_layer()
    transaction = layer.send_request(without_via("OPTIONS"), PEER, now=0.0)
    sent(layer)
    other_method = answer(transaction.request, 200)
    other_method.headers.set("CSeq", "1 BYE")

    layer.receive_message(answer(request("OPTIONS"), 200), PEER, now=0.1)
    layer.receive_message(other_method, PEER, now=0.1)

    assert events(layer) == []
    assert sent(layer) == []


def test_cancel_is_matched_apart_from_its_invite() -> None:
    layer = new_layer()
    invite = layer.send_request(without_via("INVITE"), PEER, now=0.0)
    cancel = layer.send_cancel(invite, now=1.0, headers=[("Reason", "SIP;cause=200")])

    assert cancel.request.via == invite.request.via
    assert cancel.request.headers.get("Reason") == "SIP;cause=200"
    layer.receive_message(answer(cancel.request, 200), PEER, now=1.1)

    (event,) = events(layer)
    assert isinstance(event, ResponseReceived)
    assert event.transaction is cancel


def test_all_timers_run_from_one_heap_and_leave_nothing() -> None:
    layer = new_layer()
    for _ in range(5):
        layer.send_request(without_via("OPTIONS"), PEER, now=0.0)
    sent(layer)

    assert layer.next_timer() == 0.5
    layer.handle_timers(now=0.5)
    assert sent(layer) == ["OPTIONS"] * 5
    for _ in range(100):
        at = layer.next_timer()
        if at is None:
            break
        layer.handle_timers(now=at)

    assert [type(event) for event in events(layer)] == [TimedOut] * 5
    assert layer.transaction_count == 0
    assert layer.next_timer() is None


def test_answered_transactions_cost_one_heap_entry_and_go() -> None:
    layer = new_layer()
    for _ in range(100):
        transaction = layer.send_request(without_via("OPTIONS"), PEER, now=0.0)
        layer.receive_message(answer(transaction.request, 200), PEER, now=0.1)

    assert layer.transaction_count == 100
    layer.handle_timers(now=6.0)
    assert layer.transaction_count == 0


def test_new_requests_are_offered_and_repeats_are_not() -> None:
    layer = new_layer()
    layer.receive_message(request("OPTIONS"), HERE, now=0.0)
    (event,) = events(layer)
    assert isinstance(event, RequestReceived)
    transaction = layer.accept(event.request, event.source, now=0.0)
    layer.respond(transaction, make_response(event.request, 200, to_tag="bob"), now=0.0)

    layer.receive_message(request("OPTIONS"), HERE, now=0.5)

    assert events(layer) == []
    assert sent(layer) == ["200 OPTIONS", "200 OPTIONS"]


def test_silence_leaves_no_trace() -> None:
    layer = new_layer()

    layer.receive_message(request("OPTIONS"), HERE, now=0.0)
    events(layer)

    assert layer.transaction_count == 0
    assert layer.next_timer() is None
    assert sent(layer) == []


def test_ack_without_transaction_is_for_the_user() -> None:
    layer = new_layer()

    layer.receive_message(request("ACK"), HERE, now=0.0)

    (event,) = events(layer)
    assert isinstance(event, AckReceived)


def test_the_same_request_by_another_way_is_refused_with_482() -> None:
    layer = new_layer()
    layer.receive_message(request("INVITE"), HERE, now=0.0)
    layer.accept(request("INVITE"), HERE, now=0.0)
    events(layer)

    layer.receive_message(request("INVITE", branch="z9hG4bKother"), HERE, now=0.01)

    assert events(layer) == []
    assert sent(layer) == ["482 INVITE"]


def test_the_same_request_with_a_to_tag_is_no_merged_one() -> None:
    layer = new_layer()
    tagged = "<sip:bob@192.0.2.2>;tag=bob"
    layer.receive_message(request("INFO", to=tagged), HERE, now=0.0)
    layer.accept(request("INFO", to=tagged), HERE, now=0.0)
    layer.receive_message(request("INFO", to=tagged, branch="z9hG4bKother"), HERE, now=0.01)

    assert len(events(layer)) == 2
    assert sent(layer) == []


def test_a_merged_request_may_come_again_after_the_first_is_forgotten() -> None:
    layer = new_layer()
    layer.receive_message(request("OPTIONS"), HERE, now=0.0)
    transaction = layer.accept(request("OPTIONS"), HERE, now=0.0)
    layer.abandon(transaction)
    events(layer)

    layer.receive_message(request("OPTIONS", branch="z9hG4bKother"), HERE, now=1.0)

    assert len(events(layer)) == 1


def answered(via: str, source: Destination) -> tuple[Destination, Destination | None, Response]:
    """Answer a request with this Via and return where the response goes."""
    layer = new_layer()
    layer.receive_message(request("OPTIONS", via=via), source, now=0.0)
    (event,) = events(layer)
    assert isinstance(event, RequestReceived)
    transaction = layer.accept(event.request, event.source, now=0.0)
    layer.respond(transaction, make_response(event.request, 200), now=0.0)
    (item,) = layer.datagrams_to_send()
    response = parse_message(item.data)
    assert isinstance(response, Response)
    return item.destination, item.fallback, response


def test_with_rport_the_answer_goes_where_the_request_came_from() -> None:
    source = Destination(UDP, "198.51.100.7", 33333)

    destination, _, response = answered("SIP/2.0/UDP 10.0.0.1:5060;rport", source)

    assert destination == source
    assert (response.via.received, response.via.rport) == ("198.51.100.7", 33333)


def test_without_rport_the_answer_goes_to_the_port_of_the_via() -> None:
    source = Destination(UDP, "198.51.100.7", 33333)

    destination, _, response = answered("SIP/2.0/UDP 10.0.0.1:5070", source)

    assert destination == Destination(UDP, "198.51.100.7", 5070)
    assert response.via.received == "198.51.100.7"
    assert not response.via.asks_for_rport


def test_without_any_port_the_answer_goes_to_5060() -> None:
    destination, _, response = answered(
        "SIP/2.0/UDP 198.51.100.7", Destination(UDP, "198.51.100.7", 33333)
    )

    assert destination == Destination(UDP, "198.51.100.7", 5060)
    assert response.via.received is None


def test_over_tcp_the_answer_takes_the_connection_or_opens_one_to_sent_by() -> None:
    source = Destination(TCP, "198.51.100.7", 33333)

    destination, fallback, _ = answered("SIP/2.0/TCP 10.0.0.1:5070;rport", source)

    assert destination == source
    assert fallback == Destination(TCP, "198.51.100.7", 5070)


def test_other_vias_are_kept_below_the_marked_one() -> None:
    layer = new_layer()
    message = request("OPTIONS", via="SIP/2.0/UDP 10.0.0.1;rport")
    message.headers.set(
        "Via", f"{message.headers.get('Via')}, SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKtwo"
    )
    message.headers.add("Via", "SIP/2.0/UDP 10.0.0.3;branch=z9hG4bKthree")

    layer.receive_message(message, HERE, now=0.0)

    (event,) = events(layer)
    assert isinstance(event, RequestReceived)
    assert [via.host for via in event.request.vias] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert event.request.via.received == HERE.host


def test_failure_of_a_destination_fails_its_transactions_only() -> None:
    layer = new_layer()
    other = Destination(UDP, "192.0.2.3", 5060)
    stricken = layer.send_request(without_via("OPTIONS"), PEER, now=0.0)
    layer.send_request(without_via("OPTIONS"), other, now=0.0)

    layer.transport_failed(PEER)

    (event,) = events(layer)
    assert isinstance(event, TransportFailed)
    assert event.transaction is stricken
    assert layer.transaction_count == 1


def test_messages_leave_in_the_order_they_were_made() -> None:
    layer = new_layer()
    invite = layer.send_request(without_via("INVITE"), PEER, now=0.0)
    layer.receive_message(answer(invite.request, 407), PEER, now=0.1)
    layer.send_request(without_via("INVITE"), PEER, now=0.1)
    layer.send_request(without_via("BYE"), PEER, now=0.1)

    items = layer.datagrams_to_send()

    lines = [short(parse_message(item.data)) for item in items]
    assert lines == ["INVITE", "ACK", "INVITE", "BYE"]
    assert layer.datagrams_to_send() == []
