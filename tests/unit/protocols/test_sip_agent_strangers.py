"""Who is not the trunk is not even read, unless what it sends is about a call of ours."""

from __future__ import annotations

import pytest

from ringcast.protocols.sip import agent as agent_module
from ringcast.protocols.sip import agent_context
from ringcast.protocols.sip.agent import ADMIT
from ringcast.protocols.sip.message import Request, parse_message
from ringcast.protocols.sip.transactions import UDP, Destination
from tests.unit.protocols.sip_bench import (
    ANSWER,
    HERE,
    OFFER,
    PEER,
    Bench,
    answer,
    answered_call,
    from_bob,
    request,
)

STRANGER = Destination(UDP, "203.0.113.66", 5060)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return what is read of all that comes."""
    seen: list[bytes] = []

    def counted(data: bytes) -> object:
        seen.append(data)
        return parse_message(data)

    monkeypatch.setattr(agent_module, "parse_message", counted)
    return seen


def suspicious_bench() -> Bench:
    return Bench(
        admit=lambda message, source: ADMIT if source == PEER else None,
        is_stranger=lambda source: source != PEER,
    )


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "BYE", "ACK", "CANCEL"])
def test_requests_of_strangers_are_dropped_unread(read: list[bytes], method: str) -> None:
    bench = suspicious_bench()

    for number in range(2000):
        bench.agent.receive_data(
            request(method, call_id=f"flood{number}", body=OFFER).serialize(), STRANGER, now=0.0
        )

    assert read == []
    assert bench.agent.datagrams_to_send() == []
    assert bench.is_empty()


def test_nonsense_of_strangers_is_dropped_unread(read: list[bytes]) -> None:
    bench = suspicious_bench()

    for data in (b"", b"\r\n\r\n", b"\0" * 100, b"Call-ID: x", b"\r\nCall-ID:\r\n\r\n"):
        bench.agent.receive_data(data, STRANGER, now=0.0)

    assert read == []


def test_what_the_trunk_sends_is_read(read: list[bytes]) -> None:
    bench = suspicious_bench()

    bench.receive(request("OPTIONS"))

    assert len(read) == 1
    assert bench.sent_lines() == ["200 OPTIONS"]


@pytest.mark.parametrize("name", [b"Call-ID: ", b"i:", b"CALL-ID :\t"])
def test_a_far_end_that_is_not_the_trunk_takes_part_in_its_call(name: bytes) -> None:
    """A telephone that was called by its address, or a gateway that has taken a call over."""
    bench = suspicious_bench()
    call, invite = bench.call()
    bench.receive(answer(invite, 200, body=ANSWER), source=STRANGER)
    assert bench.sent_lines() == ["ACK"]

    bye = from_bob("BYE", invite).serialize().replace(b"Call-ID: ", name)
    bench.agent.receive_data(bye, STRANGER, now=0.0)

    assert bench.sent_lines() == ["200 BYE"]
    assert call.is_finished
    bench.agent.receive_data(bye, STRANGER, now=1.0)  # our answer was lost
    assert bench.sent_lines() == ["200 BYE"]


@pytest.fixture
def few_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_context, "_MOST_ENDED", 20)


@pytest.mark.usefixtures("few_ended")
def test_calls_that_ended_long_ago_are_forgotten() -> None:
    bench = suspicious_bench()
    first: Request | None = None
    for _ in range(30):
        _, invite = bench.call()
        first = first or invite
        bench.receive(answer(invite, 486))
        bench.sent()
        bench.take()
    assert first is not None

    context = bench.agent._context
    assert not context.knows(first.call_id)
    assert context.knows(invite.call_id)
    assert len(context._call_ids) == 20


@pytest.mark.usefixtures("few_ended")
def test_a_live_call_is_known_however_many_others_end() -> None:
    bench = suspicious_bench()
    _, invite = answered_call(bench)
    for _ in range(30):
        _, other = bench.call()
        bench.receive(answer(other, 486))
        bench.sent()
        bench.take()

    bench.receive(from_bob("BYE", invite), source=HERE)

    assert bench.sent_lines() == ["200 BYE"]
