"""CANCEL and its races (RFC 3261, 9.1), and answers from more than one phone (13.2.2.4)."""

from __future__ import annotations

from ringcast.protocols.sip.message import Request
from tests.unit.protocols.sip_bench import (
    ANSWER,
    OFFER,
    Bench,
    answer,
    answered_call,
    failure,
    from_bob,
)

# CANCEL and its races


def test_cancel_waits_for_a_provisional_response() -> None:
    bench = Bench()
    call, invite = bench.call()

    call.cancel(now=0.1, headers=[("Reason", "SIP;cause=200")])
    assert bench.sent() == []
    bench.receive(answer(invite, 100, tag=None))

    cancel = bench.only_request()
    assert (cancel.method, cancel.via) == ("CANCEL", invite.via)
    assert cancel.headers.get("Reason") == "SIP;cause=200"
    bench.receive(answer(cancel, 200), answer(invite, 487))
    failed = failure(bench.take())
    assert (failed.status, failed.is_cancelled) == (487, True)
    assert bench.sent_lines() == ["ACK"]
    bench.wait(64)
    assert bench.is_empty()


def test_cancel_is_sent_once() -> None:
    bench = Bench()
    call, invite = bench.call()
    bench.receive(answer(invite, 180))
    call.cancel(now=0.1)
    call.cancel(now=0.2)
    bench.receive(answer(invite, 180))

    assert bench.sent_lines() == ["CANCEL"]


def test_answer_that_crosses_cancel_is_acknowledged_and_hung_up() -> None:
    bench = Bench()
    call, invite = bench.call()
    bench.receive(answer(invite, 180))
    call.cancel(now=0.1)
    cancel = bench.only_request()
    bench.take()

    bench.receive(answer(invite, 200, body=ANSWER), answer(cancel, 200))

    ack, bye = bench.sent()
    assert isinstance(ack, Request)
    assert isinstance(bye, Request)
    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert bench.kinds() == []
    bench.receive(answer(bye, 200))
    failed = failure(bench.take())
    assert (failed.status, failed.is_cancelled) == (487, True)
    bench.wait(64)
    assert bench.is_empty()


def test_answer_that_comes_before_any_provisional_of_a_cancelled_call_is_hung_up() -> None:
    bench = Bench()
    call, invite = bench.call()
    call.cancel(now=0.1)

    bench.receive(answer(invite, 200, body=ANSWER))

    assert bench.sent_lines() == ["ACK", "BYE"]


def test_lost_487_comes_again() -> None:
    bench = Bench()
    call, invite = bench.call()
    bench.receive(answer(invite, 180))
    call.cancel(now=0.0)
    bench.receive(answer(bench.only_request(), 200))  # and the 487 after it is lost
    bench.wait(0.5)
    assert bench.kinds() == ["Provisional"]

    bench.receive(answer(invite, 487))

    assert bench.kinds() == ["Failed"]


def test_cancel_that_is_never_answered_ends_the_call() -> None:
    bench = Bench()
    call, invite = bench.call()
    bench.receive(answer(invite, 180))
    bench.wait(5.0)
    call.cancel(now=bench.now)
    bench.take()

    bench.wait(32.0)

    failed = failure(bench.take())
    assert (failed.status, failed.is_cancelled, failed.is_timeout) == (487, True, True)
    assert bench.agent.session_count == 0
    bench.wait(64)
    assert bench.is_empty()


def test_answer_after_an_unanswered_cancel_is_hung_up_in_silence() -> None:
    bench = Bench()
    call, invite = bench.call()
    bench.receive(answer(invite, 180))
    call.cancel(now=0.0)
    bench.wait(33.0)
    bench.take()

    bench.receive(answer(invite, 200, body=ANSWER))

    ack, bye = bench.sent()
    assert isinstance(ack, Request)
    assert isinstance(bye, Request)
    assert (ack.method, bye.method) == ("ACK", "BYE")
    bench.receive(answer(bye, 200))
    assert bench.kinds() == []
    bench.wait(64)
    assert bench.is_empty()


def test_cancelled_call_that_is_never_heard_of_ends_with_its_invite() -> None:
    bench = Bench()
    call, _ = bench.call()
    call.cancel(now=0.0)

    lines = bench.wait(32.0)

    assert not any("CANCEL" in line for line in lines)
    failed = failure(bench.take())
    assert (failed.is_timeout, failed.is_cancelled) == (True, True)


def test_refusal_that_crosses_cancel_keeps_its_status() -> None:
    bench = Bench()
    call, invite = bench.call()
    bench.receive(answer(invite, 180))
    call.cancel(now=0.0)
    bench.sent()

    bench.receive(answer(invite, 486))

    failed = failure(bench.take())
    assert (failed.status, failed.is_cancelled) == (486, True)


def test_bye_of_the_far_end_that_crosses_ours_after_a_cancel_is_still_a_cancelled_call() -> None:
    bench = Bench()
    call, invite = bench.call()
    bench.receive(answer(invite, 180))
    call.cancel(now=0.0)
    bench.receive(answer(invite, 200, body=ANSWER))
    bench.take()

    bench.receive(from_bob("BYE", invite))

    assert failure(bench.take()).is_cancelled


def test_bye_before_the_answer_cancels_and_cancel_after_it_hangs_up() -> None:
    bench = Bench()
    call, invite = bench.call()
    bench.receive(answer(invite, 180))
    call.bye(now=0.0)
    assert bench.sent_lines() == ["CANCEL"]

    other_bench = Bench()
    other, _ = answered_call(other_bench)
    other.cancel(now=0.0)
    assert other_bench.sent_lines() == ["BYE"]


def test_actions_after_the_end_do_nothing() -> None:
    bench = Bench()
    call, invite = bench.call()
    bench.receive(answer(invite, 486))
    bench.sent()
    bench.take()

    call.cancel(now=1.0)
    call.bye(now=1.0)
    call.info(b"x", content_type="text/plain", now=1.0)
    call.reinvite(OFFER, now=1.0)
    call.acknowledge(ANSWER, now=1.0)

    assert bench.sent() == []
    assert bench.kinds() == []


# Forking


def test_second_phone_that_answers_is_acknowledged_and_hung_up() -> None:
    bench = Bench()
    call, invite = bench.call()
    bench.receive(answer(invite, 180, tag="bob"), answer(invite, 180, tag="carol"))
    bench.receive(answer(invite, 200, tag="bob", body=ANSWER))
    bench.sent()
    bench.take()

    second = answer(invite, 200, tag="carol", contact="<sip:carol@192.0.2.3>", body=ANSWER)
    bench.receive(second)

    ack, bye = bench.sent()
    assert isinstance(ack, Request)
    assert isinstance(bye, Request)
    assert (ack.method, ack.uri, ack.to_tag) == ("ACK", "sip:carol@192.0.2.3", "carol")
    assert (bye.method, bye.uri, bye.to_tag) == ("BYE", "sip:carol@192.0.2.3", "carol")
    bench.receive(second)
    assert bench.sent_lines() == ["ACK"]
    bench.receive(answer(bye, 200))
    assert bench.kinds() == []
    assert not call.is_finished
    call.bye(now=0.0)
    assert bench.only_request().to_tag == "bob"


def test_early_dialogs_are_limited() -> None:
    bench = Bench()
    call, invite = bench.call()

    for number in range(100):
        bench.receive(answer(invite, 180, tag=f"phone{number}"))

    assert call.dialog_with("phone5") is not None
    assert call.dialog_with("phone99") is None


def test_request_in_an_early_dialog_is_served_and_the_answer_confirms_it() -> None:
    bench = Bench()
    _, invite = bench.call()
    bench.receive(answer(invite, 183, body=ANSWER))
    bench.take()

    bench.receive(from_bob("INFO", invite, number=5, body=b"x"))
    assert bench.sent_lines() == ["200 INFO"]
    assert bench.kinds() == ["Info"]
    bench.receive(answer(invite, 200, body=ANSWER, contact="<sip:bob@10.0.0.5>"))

    assert bench.only_request().uri == "sip:bob@10.0.0.5"
    bench.receive(from_bob("INFO", invite, number=4, body=b"x"))
    assert bench.sent_lines() == ["500 INFO"]
