"""Trunks that work, and those that do not: each call gets its outcome, and a reason to act on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ringcast.domain.outcomes import Outcome
from ringcast.engines.simulator import FarEnd
from tests.contract.sip_phones import HOST, SipPhones
from tests.system.cores import calling

NUMBER = "+12135550100"
PERSON = FarEnd(rings_after=timedelta(), answers_after=timedelta(seconds=0.05))


@pytest.fixture(autouse=True)
def _no_trace(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a trunk does is no fault of ours: nothing is logged with a stack trace."""
    yield
    assert [record.message for record in caplog.records if record.exc_info] == []


@pytest.fixture
async def phones() -> AsyncIterator[SipPhones]:
    phones = SipPhones()
    phones.plan[NUMBER] = PERSON
    await phones.start()
    yield phones
    await phones.close()


def closed_port(kind: socket.SocketKind) -> int:
    """A port that nobody listens on."""
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind((HOST, 0))
        port: int = taken.getsockname()[1]
        return port


async def test_without_a_trunk_a_number_ends_at_once(tmp_path: Path) -> None:
    async with calling(tmp_path) as caller:
        outcome, reason = await caller.outcome(NUMBER, within=3)

    assert outcome is Outcome.INTERNAL_ERROR
    assert "no trunk is configured" in reason
    assert "--trunk sip:host:port" in reason


@pytest.mark.parametrize(
    ("trunk", "shown"),
    [
        ("sip:no-such-carrier.invalid", "trunk no-such-carrier.invalid:5060"),
        (f"sip:{HOST}:{closed_port(socket.SOCK_DGRAM)}", f"trunk {HOST}"),
        (f"sip:{HOST}:{closed_port(socket.SOCK_STREAM)};transport=tcp", f"trunk {HOST}"),
    ],
    ids=["unknown name", "nothing listens", "nothing listens on TCP"],
)
async def test_a_trunk_that_cannot_be_reached_fails_quickly(
    tmp_path: Path, trunk: str, shown: str
) -> None:
    async with calling(tmp_path, trunk=trunk) as caller:
        outcome, reason = await caller.outcome(NUMBER, within=6)

    assert outcome is Outcome.CARRIER_TEMPORARY
    assert reason.startswith(shown)
    assert " cannot be reached" in reason
    assert ": does it run, and is the address right?" in reason


async def test_a_trunk_that_never_answers_ends_with_the_ring_timeout(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((HOST, 0))
        trunk = f"sip:{HOST}:{silent.getsockname()[1]}"
        async with calling(tmp_path, trunk=trunk, ring_timeout=3.0) as caller:
            outcome, reason = await caller.outcome(NUMBER, within=6)

    assert outcome is Outcome.CARRIER_TEMPORARY
    assert reason.startswith(f"no answer from trunk {HOST}")


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [
        ("me", "wrong", "refused our user name and password"),
        (None, None, "asks for a user name and password"),
    ],
)
async def test_a_wrong_password_is_the_carriers_error_and_says_so(
    tmp_path: Path, phones: SipPhones, user: str | None, password: str | None, said: str
) -> None:
    phones.password = "right"
    trunk = f"sip:{HOST}:{phones.address[1]}"
    async with calling(tmp_path, trunk=trunk, trunk_user=user, trunk_password=password) as caller:
        outcome, reason = await caller.outcome(NUMBER)

    assert outcome is Outcome.CARRIER_ERROR
    assert said in reason
    assert "wrong" not in reason  # the password itself


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_the_right_password_opens_the_trunk(
    tmp_path: Path, phones: SipPhones, transport: str
) -> None:
    phones.password = "right"
    trunk = f"sip:{HOST}:{phones.address[1]};transport={transport}"
    async with calling(tmp_path, trunk=trunk, trunk_user="me", trunk_password="right") as caller:
        outcome, reason = await caller.outcome(NUMBER)

    assert (outcome, reason) == (Outcome.HUMAN, "the script ended")
    assert len(phones.requests) == 2  # one challenged, one with credentials


def _socket_on_an_even_port() -> socket.socket:
    for _ in range(100):
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        found.bind((HOST, 0))
        if found.getsockname()[1] % 2 == 0:
            return found
        found.close()
    raise AssertionError("the system gives odd ports only")


async def test_calls_without_a_free_rtp_port_end_and_later_ones_work(
    tmp_path: Path, phones: SipPhones
) -> None:
    trunk = f"sip:{HOST}:{phones.address[1]}"
    phones.plan["+12135550101"] = PERSON
    with _socket_on_an_even_port() as taken:
        port = taken.getsockname()[1]
        async with calling(tmp_path, trunk=trunk, rtp_ports=range(port, port + 2)) as caller:
            in_use = await caller.outcome(NUMBER)
            taken.close()
            first, second = await caller.call(NUMBER, "+12135550101", talk=1.0)
            ended = [await caller.end_of(first), await caller.end_of(second)]
            again = await caller.outcome(NUMBER)

    assert in_use[0] is Outcome.INTERNAL_ERROR
    assert "no RTP port is free" in in_use[1]
    assert "--rtp-ports" in in_use[1]
    assert [attempt.outcome for attempt in ended] == [Outcome.HUMAN, Outcome.INTERNAL_ERROR]
    assert "no RTP port is free" in str(ended[1].reason)
    assert again == (Outcome.HUMAN, "the script ended")


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(250):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("did not come true within 5 s")


async def test_ending_the_core_ends_its_calls_with_a_reason(
    tmp_path: Path, phones: SipPhones
) -> None:
    trunk = f"sip:{HOST}:{phones.address[1]}"
    async with calling(tmp_path, trunk=trunk) as caller:
        (call,) = await caller.call(NUMBER, talk=60)
        await _until(lambda: NUMBER in phones.by_number and bool(phones.by_number[NUMBER].agreed))
        await caller.core.end_calls("the test has ended")
        attempt = await caller.end_of(call, within=3)

    assert attempt.reason == "the test has ended"
    assert phones.call_count == 0
