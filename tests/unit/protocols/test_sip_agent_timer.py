"""Session timers (RFC 4028): who refreshes, how, and what becomes of calls nobody refreshes."""

from __future__ import annotations

import pytest

from ringcast.protocols.sip.agent_events import Ended, OfferRefused
from ringcast.protocols.sip.agent_outgoing import OutgoingSession
from ringcast.protocols.sip.message import Request, Response
from tests.unit.protocols.sip_bench import (
    ANSWER,
    OFFER,
    PEER,
    Bench,
    answer,
    failure,
    from_bob,
    request,
)

ALLOWS_UPDATE = ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE")


def timed_call(
    bench: Bench, timer: str | None, *headers: tuple[str, str]
) -> tuple[OutgoingSession, Request]:
    """Place a call whose answer says this about the timer."""
    call, invite = bench.call()
    extra = () if timer is None else (("Session-Expires", timer),)
    bench.receive(answer(invite, 200, body=ANSWER, headers=(*extra, *headers)))
    assert bench.sent_lines() == ["ACK"]
    bench.take()
    return call, invite


def next_message(bench: Bench, seconds: float) -> Request | None:
    """Let time pass until something leaves, for so long at most."""
    end = bench.now + seconds
    while (at := bench.agent.next_timer()) is not None and at <= end:
        bench.now = at
        bench.agent.handle_timers(now=at)
        sent = bench.sent()
        if sent:
            assert isinstance(sent[0], Request)
            return sent[0]
    bench.now = end
    return None


def test_an_invite_asks_for_a_timer_and_says_what_we_can() -> None:
    _, invite = Bench().call()

    assert invite.headers.get("Session-Expires") == "1800"
    assert invite.supported == {"timer", "100rel"}
    assert {"UPDATE", "PRACK"} <= invite.allow


def test_without_a_timer_in_the_answer_nothing_is_refreshed() -> None:
    bench = Bench()
    timed_call(bench, None)

    assert next_message(bench, 100_000) is None


def test_we_refresh_with_update_at_half_time_again_and_again() -> None:
    bench = Bench()
    timed_call(bench, "1000;refresher=uac", ALLOWS_UPDATE)

    for number in range(1, 4):
        update = next_message(bench, 501)
        assert update is not None
        assert update.method == "UPDATE"
        assert bench.now == pytest.approx(500 * number)
        assert update.body == b""
        assert update.headers.get("Session-Expires") == "1000;refresher=uac"
        said = (("Session-Expires", "1000;refresher=uac"), ALLOWS_UPDATE)
        bench.receive(answer(update, 200, headers=said))
    assert bench.take() == []


def test_we_refresh_with_the_same_offer_where_update_is_not_known() -> None:
    bench = Bench()
    timed_call(bench, "600;refresher=uac")

    invite = next_message(bench, 301)

    assert invite is not None
    assert (invite.method, invite.body) == ("INVITE", OFFER)
    bench.receive(
        answer(invite, 200, body=ANSWER, headers=(("Session-Expires", "600;refresher=uac"),))
    )
    assert bench.sent_lines() == ["ACK"]
    assert bench.take() == []  # nothing has changed
    assert next_message(bench, 301) is not None


def test_update_that_is_refused_after_all_gives_way_to_invite() -> None:
    bench = Bench()
    timed_call(bench, "600;refresher=uac", ALLOWS_UPDATE)
    update = next_message(bench, 301)
    assert update is not None

    bench.receive(answer(update, 405))

    assert bench.only_request().method == "INVITE"


@pytest.mark.parametrize("status", [408, 481])
def test_a_far_end_that_knows_nothing_of_the_call_ends_it(status: int) -> None:
    bench = Bench()
    timed_call(bench, "600;refresher=uac", ALLOWS_UPDATE)
    update = next_message(bench, 301)
    assert update is not None

    bench.receive(answer(update, status))

    bye = bench.only_request()
    assert bye.method == "BYE"
    bench.receive(answer(bye, 481))
    (ended,) = bench.take()
    assert isinstance(ended, Ended)
    assert ended.is_timeout


def test_a_far_end_that_is_silent_ends_it() -> None:
    bench = Bench()
    timed_call(bench, "600;refresher=uac", ALLOWS_UPDATE)
    assert next_message(bench, 301) is not None

    lines = bench.wait(33)

    assert lines[-1].endswith("BYE")


def test_another_refusal_is_tried_again_before_the_session_ends() -> None:
    bench = Bench()
    timed_call(bench, "600;refresher=uac", ALLOWS_UPDATE)
    update = next_message(bench, 301)
    assert update is not None

    bench.receive(answer(update, 500))

    again = next_message(bench, 10)
    assert again is not None
    assert (again.method, again.cseq.number) == ("UPDATE", update.cseq.number + 1)


def test_a_call_that_the_far_end_does_not_refresh_is_hung_up_before_its_time() -> None:
    bench = Bench()
    timed_call(bench, "90;refresher=uas")

    bye = next_message(bench, 90)

    assert bye is not None
    assert bye.method == "BYE"
    assert bench.now == pytest.approx(60)  # 90 - min(32, 90 / 3)


def test_a_far_end_that_refreshes_keeps_the_call() -> None:
    bench = Bench()
    _, invite = timed_call(bench, "90;refresher=uas")
    for number in range(1, 5):
        assert next_message(bench, 45) is None
        update = from_bob("UPDATE", invite, number=number)
        update.headers.add("Supported", "timer")
        update.headers.add("Session-Expires", "90;refresher=uac")
        bench.receive(update)
        response = bench.only_response()
        assert response.status == 200
        assert response.headers.get("Session-Expires") == "90;refresher=uac"
        assert response.require == {"timer"}

    assert bench.take() == []


def test_an_interval_too_small_for_the_far_end_is_raised_once() -> None:
    bench = Bench()
    _, invite = bench.call()

    bench.receive(answer(invite, 422, headers=(("Min-SE", "3600"),)))

    ack, again = bench.sent()
    assert isinstance(ack, Request)
    assert isinstance(again, Request)
    assert (again.method, again.call_id, again.cseq.number) == ("INVITE", invite.call_id, 2)
    assert again.headers.get("Session-Expires") == "3600"
    assert again.headers.get("Min-SE") == "3600"
    bench.receive(answer(again, 422, headers=(("Min-SE", "3600"),)))
    assert failure(bench.take()).status == 422


# Calls that come in.


def incoming(bench: Bench, *headers: tuple[str, str]) -> Response:
    bench.receive(request("INVITE", body=OFFER, headers=headers))
    bench.take()
    bench.incoming[0].answer(ANSWER, now=bench.now)
    response = bench.only_response()
    bench.receive(request("ACK", to=response.headers.get("To") or "", branch="z9hG4bKack"))
    return response


def test_a_caller_who_wants_a_timer_refreshes_unless_it_says_otherwise() -> None:
    bench = Bench()
    response = incoming(bench, ("Supported", "timer"), ("Session-Expires", "200"))

    assert response.headers.get("Session-Expires") == "200;refresher=uac"
    assert response.require == {"timer"}
    bye = next_message(bench, 200)
    assert bye is not None
    assert bye.method == "BYE"
    assert bench.now == pytest.approx(168)


def test_a_caller_may_leave_the_refreshing_to_us() -> None:
    bench = Bench()
    incoming(
        bench,
        ("Supported", "timer"),
        ("Session-Expires", "200;refresher=uas"),
        ALLOWS_UPDATE,
    )

    update = next_message(bench, 101)

    assert update is not None
    assert (update.method, update.uri) == ("UPDATE", "sip:alice@192.0.2.1:5060")
    assert update.headers.get("Session-Expires") == "200;refresher=uac"


def test_a_proxy_that_wants_a_timer_gets_it_from_us_alone() -> None:
    bench = Bench()
    response = incoming(bench, ("Session-Expires", "200"))

    assert response.headers.get("Session-Expires") == "200;refresher=uas"
    assert response.require == frozenset()
    assert next_message(bench, 101) is not None


def test_a_caller_who_wants_too_much_refreshing_is_told_how_much_there_is() -> None:
    bench = Bench()

    bench.receive(
        request(
            "INVITE",
            body=OFFER,
            headers=(("Supported", "timer"), ("Session-Expires", "30"), ("Min-SE", "10")),
        )
    )

    response = bench.only_response()
    assert (response.status, response.headers.get("Min-SE")) == (422, "90")
    assert bench.take() == []


def test_refreshing_waits_while_an_offer_is_open() -> None:
    bench = Bench()
    call, _ = timed_call(bench, "100;refresher=uac", ALLOWS_UPDATE)
    bench.wait(49)
    call.reinvite(OFFER, now=bench.now)
    reinvite = bench.only_request()
    assert reinvite.headers.get("Session-Expires") == "100;refresher=uac"

    assert [line for line in bench.wait(2) if "UPDATE" in line] == []
    bench.receive(answer(reinvite, 488), source=PEER)
    bench.sent()
    (refused,) = bench.take()
    assert isinstance(refused, OfferRefused)
    update = next_message(bench, 5)
    assert update is not None
    assert update.method == "UPDATE"
