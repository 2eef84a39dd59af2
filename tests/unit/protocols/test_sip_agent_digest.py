"""Challenges are met once (RFC 3261, 22)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringcast.protocols.sip.agent_auth import Credentials
from ringcast.protocols.sip.message import Request
from tests.unit.protocols.sip_bench import (
    ANSWER,
    INVITATION,
    Bench,
    answer,
    failure,
)


def challenge(nonce: str, *, stale: bool = False, proxy: bool = True) -> tuple[str, str]:
    name = "Proxy-Authenticate" if proxy else "WWW-Authenticate"
    flag = ", stale=true" if stale else ""
    return name, f'Digest realm="r", nonce="{nonce}", qop="auth", algorithm=MD5{flag}'


# Digest


def test_407_is_answered_with_credentials_in_a_new_transaction() -> None:
    bench = Bench()
    credentials = Credentials("alice", "secret")
    call, invite = bench.call(replace(INVITATION, credentials=credentials))
    assert "Proxy-Authorization" not in invite.headers

    bench.receive(answer(invite, 407, headers=(challenge("n1"),)))

    ack, again = bench.sent()
    assert isinstance(ack, Request)
    assert isinstance(again, Request)
    assert (ack.method, again.method) == ("ACK", "INVITE")
    assert again.cseq.number == 2
    assert again.call_id == invite.call_id
    assert again.from_tag == invite.from_tag
    assert again.to_tag is None
    assert again.via.branch != invite.via.branch
    authorization = again.headers.get("Proxy-Authorization") or ""
    assert 'nonce="n1"' in authorization
    assert 'uri="sip:bob@192.0.2.2"' in authorization
    assert "nc=00000001" in authorization
    assert bench.kinds() == []

    bench.receive(answer(again, 200, body=ANSWER))
    ack_of_2xx = bench.only_request()
    assert ack_of_2xx.headers.get("Proxy-Authorization") == authorization
    call.bye(now=0.0)
    bye = bench.only_request()
    assert bye.cseq.number == 3
    assert "nc=00000002" in (bye.headers.get("Proxy-Authorization") or "")


def test_wrong_password_fails_after_one_try() -> None:
    bench = Bench()
    _, invite = bench.call(replace(INVITATION, credentials=Credentials("alice", "wrong")))
    bench.receive(answer(invite, 401, headers=(challenge("n1", proxy=False),)))
    again = bench.sent()[1]
    assert isinstance(again, Request)
    assert "Authorization" in again.headers

    bench.receive(answer(again, 401, headers=(challenge("n2", proxy=False),)))

    assert failure(bench.take()).status == 401
    assert bench.sent_lines() == ["ACK"]


def test_stale_nonce_is_tried_once_more() -> None:
    bench = Bench()
    _, invite = bench.call(replace(INVITATION, credentials=Credentials("alice", "secret")))
    bench.receive(answer(invite, 407, headers=(challenge("n1"),)))
    second = bench.sent()[1]
    assert isinstance(second, Request)

    bench.receive(answer(second, 407, headers=(challenge("n2", stale=True),)))

    third = bench.sent()[1]
    assert isinstance(third, Request)
    assert 'nonce="n2"' in (third.headers.get("Proxy-Authorization") or "")
    bench.receive(answer(third, 407, headers=(challenge("n2", stale=True),)))
    assert failure(bench.take()).status == 407


def test_endless_stale_nonces_are_no_loop() -> None:
    bench = Bench()
    _, invite = bench.call(replace(INVITATION, credentials=Credentials("alice", "secret")))

    for number in range(20):
        bench.receive(answer(invite, 407, headers=(challenge(f"n{number}", stale=True),)))
        sent = bench.sent()
        if len(sent) < 2:
            break
        assert isinstance(sent[1], Request)
        invite = sent[1]

    assert number < 6
    assert failure(bench.take()).status == 407


def test_proxy_and_far_end_may_both_ask() -> None:
    bench = Bench()
    _, invite = bench.call(replace(INVITATION, credentials=Credentials("alice", "secret")))
    bench.receive(answer(invite, 407, headers=(challenge("n1"),)))
    second = bench.sent()[1]
    assert isinstance(second, Request)
    bench.receive(answer(second, 401, headers=(challenge("n2", proxy=False),)))

    third = bench.sent()[1]

    assert 'nonce="n1"' in (third.headers.get("Proxy-Authorization") or "")
    assert 'nonce="n2"' in (third.headers.get("Authorization") or "")


@pytest.mark.parametrize("value", ["Basic realm=x", "Digest", 'Digest realm="r"', ""])
def test_challenge_that_cannot_be_met_is_a_failure(value: str) -> None:
    bench = Bench()
    _, invite = bench.call(replace(INVITATION, credentials=Credentials("alice", "secret")))

    bench.receive(answer(invite, 407, headers=(("Proxy-Authenticate", value),)))

    assert failure(bench.take()).status == 407


def test_challenge_without_credentials_is_a_failure() -> None:
    bench = Bench()
    _, invite = bench.call()

    bench.receive(answer(invite, 407, headers=(challenge("n1"),)))

    assert failure(bench.take()).status == 407


def test_challenged_bye_is_sent_again() -> None:
    bench = Bench()
    call, invite = bench.call(replace(INVITATION, credentials=Credentials("alice", "secret")))
    bench.receive(answer(invite, 200, body=ANSWER))
    bench.sent()
    bench.take()
    call.bye(now=0.0, cause=16)

    bench.receive(answer(bench.only_request(), 407, headers=(challenge("n1"),)))

    again = bench.only_request()
    assert again.method == "BYE"
    assert again.headers.get("Reason") == "Q.850;cause=16"
    assert "Proxy-Authorization" in again.headers
    bench.receive(answer(again, 407, headers=(challenge("n2"),)))
    assert bench.kinds() == ["Ended"]


def test_cancelled_call_is_not_tried_again_with_credentials() -> None:
    bench = Bench()
    call, invite = bench.call(replace(INVITATION, credentials=Credentials("alice", "secret")))
    call.cancel(now=0.0)

    bench.receive(answer(invite, 407, headers=(challenge("n1"),)))

    assert bench.sent_lines() == ["ACK"]
    assert failure(bench.take()).is_cancelled
