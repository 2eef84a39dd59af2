"""A domain of several servers: who is tried when, and that nobody is rung twice (RFC 3263 4.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringcast.protocols.sip.agent_events import Failed
from ringcast.protocols.sip.message import Request
from ringcast.protocols.sip.transactions import UDP, Destination
from tests.unit.protocols.sip_bench import ANSWER, INVITATION, Bench, answer, failure

FIRST = Destination(UDP, "192.0.2.11", 5060)
SECOND = Destination(UDP, "192.0.2.12", 5062)
THIRD = Destination(UDP, "192.0.2.13", 5060)
DOMAIN = replace(INVITATION, destination=FIRST, alternatives=(FIRST, SECOND, THIRD))


def last_request(bench: Bench) -> Request:
    message = bench.sent()[-1]
    assert isinstance(message, Request)
    return message


def test_a_server_out_of_service_gives_way_to_the_next() -> None:
    bench = Bench()
    _, invite = bench.call(DOMAIN)
    assert bench.went_to == [FIRST]

    bench.receive(answer(invite, 503), source=FIRST)

    again = last_request(bench)
    assert bench.went_to == [FIRST, SECOND]  # the ACK of the refusal, and the next INVITE
    assert (again.method, again.call_id) == ("INVITE", invite.call_id)
    assert again.via.branch != invite.via.branch
    assert bench.take() == []
    bench.receive(answer(again, 200, body=ANSWER), source=SECOND)
    assert bench.kinds() == ["Answered"]


def test_a_server_that_cannot_be_reached_gives_way_to_the_next() -> None:
    bench = Bench()
    bench.call(DOMAIN)

    bench.agent.transport_failed(FIRST, now=0.0)
    bench.agent.transport_failed(SECOND, now=0.0)
    assert [bench.sent() and None, bench.went_to] == [None, [SECOND, THIRD]]
    bench.agent.transport_failed(THIRD, now=0.0, why="no route")

    failed = failure(bench.take())
    assert (failed.status, failed.reason, failed.is_transport_error) == (503, "no route", True)
    assert bench.agent.session_count == 0


def test_the_last_server_has_the_last_word() -> None:
    bench = Bench()
    _, invite = bench.call(replace(DOMAIN, alternatives=(SECOND,)))
    bench.receive(answer(invite, 503), source=FIRST)
    again = last_request(bench)

    bench.receive(answer(again, 503, headers=(("Retry-After", "9"),)), source=SECOND)

    failed = failure(bench.take())
    assert (failed.status, failed.retry_after) == (503, 9)


@pytest.mark.parametrize("status", [486, 500, 404, 600])
def test_other_refusals_are_the_answer(status: int) -> None:
    bench = Bench()
    _, invite = bench.call(DOMAIN)

    bench.receive(answer(invite, status), source=FIRST)

    assert bench.sent_lines() == ["ACK"]
    assert failure(bench.take()).status == status


def test_silence_is_not_tried_elsewhere_as_somebody_may_have_been_rung() -> None:
    bench = Bench()
    bench.call(DOMAIN)

    lines = bench.wait(33)

    assert {line.split()[1] for line in lines} == {"INVITE"}
    failed = failure(bench.take())
    assert failed.is_timeout
    bench.call(DOMAIN)  # but the next call goes elsewhere
    assert bench.went_to == [SECOND]


def test_a_server_is_left_alone_for_as_long_as_it_asks() -> None:
    bench = Bench()
    _, invite = bench.call(DOMAIN)
    bench.receive(answer(invite, 503, headers=(("Retry-After", "120 (maintenance)"),)))
    bench.sent()
    went = []
    for now in (10, 119, 121):
        bench.now = float(now)
        bench.call(DOMAIN)
        went += bench.went_to

    assert went == [SECOND, SECOND, FIRST]


def test_where_all_have_failed_all_are_tried_again() -> None:
    bench = Bench()
    bench.call(DOMAIN)
    for server in (FIRST, SECOND, THIRD):
        bench.agent.transport_failed(server, now=0.0)
    bench.sent()
    assert isinstance(bench.take()[-1], Failed)

    bench.call(DOMAIN)

    assert bench.went_to == [FIRST]


def test_a_call_that_is_given_up_is_tried_nowhere_else() -> None:
    bench = Bench()
    call, invite = bench.call(DOMAIN)
    call.cancel(now=0.0)

    bench.receive(answer(invite, 503), source=FIRST)

    assert bench.sent_lines() == ["ACK"]
    assert failure(bench.take()).is_cancelled
