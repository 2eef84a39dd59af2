"""Calls that come to us, and what strangers send."""

from __future__ import annotations

import pytest

from ringcast.protocols.sip.agent import ADMIT, Admission, Refuse, admit_nobody
from ringcast.protocols.sip.agent_events import Acked, Cancelled, Ended, Invited
from ringcast.protocols.sip.agent_incoming import IncomingSession
from ringcast.protocols.sip.agent_session_base import ActionNotPossible
from ringcast.protocols.sip.message import Request, Response
from ringcast.protocols.sip.transactions import TCP, Destination
from tests.unit.protocols.sip_bench import ANSWER, HERE, OFFER, PEER, Bench, answer, end, request

SOURCE = HERE


def ringing(bench: Bench) -> IncomingSession:
    """Let a call come in."""
    bench.receive(request("INVITE", body=OFFER), source=SOURCE)
    assert bench.kinds() == ["Invited"]
    return bench.incoming[-1]


def tag_of(response: Response) -> str:
    return f"<sip:bob@192.0.2.2>;tag={response.to_tag}"


def ack_of(response: Response, *, body: bytes = b"", number: int = 1) -> Request:
    return request("ACK", branch="z9hG4bKack", to=tag_of(response), body=body, number=number)


def talking(bench: Bench) -> tuple[IncomingSession, str]:
    """Let a call come in and answer it; return it with the To value of its dialog."""
    call = ringing(bench)
    call.answer(ANSWER, now=bench.now)
    response = bench.only_response()
    bench.receive(ack_of(response), source=SOURCE)
    assert bench.kinds() == ["Acked"]
    return call, tag_of(response)


def test_call_is_offered_rung_answered_and_ended() -> None:
    bench = Bench()
    bench.receive(request("INVITE", body=OFFER), source=SOURCE)
    (event,) = bench.take()
    assert isinstance(event, Invited)
    assert event.request.body == OFFER
    assert event.source == SOURCE
    (call,) = bench.incoming

    call.ring(now=0.0)
    call.progress(ANSWER, now=0.1)
    call.answer(ANSWER, now=0.2, headers=[("X-Mine", "yes")])

    ring, progress, ok = bench.sent()
    for response, status in ((ring, 180), (progress, 183), (ok, 200)):
        assert isinstance(response, Response)
        assert response.status == status
        assert response.to_tag == call.local_tag
        assert response.contact is not None
    assert progress.body == ok.body == ANSWER
    assert ok.headers.get("X-Mine") == "yes"
    assert "BYE" in ok.allow
    assert isinstance(ok, Response)
    bench.receive(ack_of(ok), source=SOURCE)
    assert bench.kinds() == ["Acked"]
    bench.receive(request("BYE", branch="z9hG4bKbye", to=tag_of(ok), number=2), source=SOURCE)
    assert bench.sent_lines() == ["200 BYE"]
    assert end(bench.take()).by_remote
    bench.wait(64)
    assert bench.is_empty()


def test_trying_is_sent_if_the_application_thinks_for_long() -> None:
    bench = Bench()
    ringing(bench)

    assert bench.wait(1.0) == ["0.2 100 INVITE"]


def test_ringing_is_repeated_every_minute() -> None:
    bench = Bench()
    call = ringing(bench)
    call.ring(now=0.0)
    bench.sent()

    assert bench.wait(130) == ["60 180 INVITE", "120 180 INVITE"]
    call.answer(ANSWER, now=bench.now)
    bench.receive(ack_of(bench.only_response()), source=SOURCE)
    assert bench.wait(130) == []


def test_answer_is_repeated_until_its_ack() -> None:
    bench = Bench()
    call = ringing(bench)
    call.answer(ANSWER, now=0.0)
    response = bench.only_response()

    assert bench.wait(8.0) == [f"{at:g} 200 INVITE" for at in (0.5, 1.5, 3.5, 7.5)]
    bench.receive(ack_of(response), source=SOURCE)
    bench.receive(ack_of(response), source=SOURCE)

    assert bench.kinds() == ["Acked"]
    assert bench.wait(20.0) == []


def test_answer_is_repeated_over_tcp_too() -> None:
    bench = Bench()
    bench.receive(request("INVITE", body=OFFER), source=SOURCE._replace(transport=TCP))
    bench.take()
    bench.incoming[0].answer(ANSWER, now=0.0)
    bench.sent()

    assert bench.wait(1.0) == ["0.5 200 INVITE"]


def test_answer_without_any_ack_is_hung_up_after_32_s() -> None:
    bench = Bench()
    call = ringing(bench)
    call.answer(ANSWER, now=0.0)
    bench.sent()

    lines = bench.wait(32.0)

    assert lines[-1] == "32 BYE"
    assert lines.count("32 BYE") == 1
    bench.wait(32.0)
    assert end(bench.take()).is_timeout
    bench.wait(64)
    assert bench.is_empty()


def test_hanging_up_waits_for_the_ack() -> None:
    bench = Bench()
    call = ringing(bench)
    call.answer(ANSWER, now=0.0)
    response = bench.only_response()

    call.bye(now=0.1, cause=16)
    assert bench.sent() == []
    bench.receive(ack_of(response), source=SOURCE)

    bye = bench.only_request()
    assert (bye.method, str(bye.cseq)) == ("BYE", "1 BYE")
    assert bye.uri == "sip:alice@192.0.2.1:5060"
    assert bye.headers.get("Reason") == "Q.850;cause=16"
    bench.receive(answer(bye, 200))
    assert bench.kinds() == ["Acked", "Ended"]


def test_hanging_up_before_answering_refuses_the_call() -> None:
    bench = Bench()
    call = ringing(bench)

    call.bye(now=0.0)

    assert bench.sent_lines() == ["480 INVITE"]
    assert bench.kinds() == ["Ended"]


def test_refusal_ends_the_call_and_is_repeated_until_its_ack() -> None:
    bench = Bench()
    call = ringing(bench)

    call.reject(503, now=0.0, reason="Full", headers=[("Retry-After", "30")])

    response = bench.only_response()
    assert (response.status, response.reason) == (503, "Full")
    assert response.headers.get("Retry-After") == "30"
    assert not end(bench.take()).by_remote
    assert bench.wait(0.6) == ["0.5 503 INVITE"]
    bench.receive(request("ACK", to=tag_of(response)), source=SOURCE)
    bench.wait(64)
    assert bench.is_empty()


@pytest.mark.parametrize("status", [200, 700, 100])
def test_only_refusals_refuse(status: int) -> None:
    call = ringing(Bench())
    with pytest.raises(ValueError, match="refuses nothing"):
        call.reject(status, now=0.0)


@pytest.mark.parametrize("status", [100, 200])
def test_only_provisional_statuses_are_progress(status: int) -> None:
    call = ringing(Bench())
    with pytest.raises(ValueError, match="provisional"):
        call.progress(now=0.0, status=status)


def test_caller_gives_up() -> None:
    bench = Bench()
    call = ringing(bench)
    call.ring(now=0.0)
    bench.sent()
    reason = (("Reason", 'Q.850;cause=26, SIP;cause=200;text="Call completed elsewhere"'),)

    bench.receive(request("CANCEL", headers=reason), source=SOURCE)

    assert bench.sent_lines() == ["200 CANCEL", "487 INVITE"]
    (event,) = bench.take()
    assert isinstance(event, Cancelled)
    assert event.cause == 26
    assert event.is_answered_elsewhere
    call.answer(ANSWER, now=0.1)
    call.ring(now=0.1)
    call.reject(486, now=0.1)
    assert bench.sent() == []
    bench.receive(request("ACK"), source=SOURCE)
    bench.wait(64)
    assert bench.is_empty()


def test_cancel_after_the_answer_changes_nothing() -> None:
    bench = Bench()
    call = ringing(bench)
    call.answer(ANSWER, now=0.0)
    response = bench.only_response()

    bench.receive(request("CANCEL"), source=SOURCE)

    assert bench.sent_lines() == ["200 CANCEL"]
    assert bench.kinds() == []
    bench.receive(ack_of(response), source=SOURCE)
    assert bench.kinds() == ["Acked"]


def test_cancel_of_nothing_is_refused() -> None:
    bench = Bench()
    bench.receive(request("CANCEL"), source=SOURCE)
    assert bench.sent_lines() == ["481 CANCEL"]


def test_bye_in_the_early_dialog_ends_the_invite_too() -> None:
    bench = Bench()
    call = ringing(bench)
    call.ring(now=0.0)
    to = tag_of(bench.only_response())

    bench.receive(request("BYE", branch="z9hG4bKbye", to=to, number=2), source=SOURCE)

    assert bench.sent_lines() == ["200 BYE", "487 INVITE"]
    assert bench.kinds() == ["Cancelled"]


def test_reinvite_before_the_answer_is_refused() -> None:
    bench = Bench()
    call = ringing(bench)
    call.ring(now=0.0)
    to = tag_of(bench.only_response())

    bench.receive(request("INVITE", branch="z9hG4bKre", to=to, number=2, body=OFFER), source=SOURCE)

    response = bench.only_response()
    assert response.status == 500
    assert "Retry-After" in response.headers


def test_actions_that_need_an_answered_call_say_so() -> None:
    call = ringing(Bench())
    with pytest.raises(ActionNotPossible):
        call.reinvite(OFFER, now=0.0)


def test_call_whose_caller_is_unreachable_ends() -> None:
    bench = Bench()
    call = ringing(bench)
    call.ring(now=0.0)

    bench.agent.transport_failed(SOURCE, now=0.1)

    ended = end(bench.take())
    assert ended.is_transport_error
    assert ended.by_remote


def test_offerless_invite_brings_the_answer_in_the_ack() -> None:
    bench = Bench()
    bench.receive(request("INVITE"), source=SOURCE)
    bench.take()
    bench.incoming[0].answer(OFFER, now=0.0)

    bench.receive(ack_of(bench.only_response(), body=ANSWER), source=SOURCE)

    (event,) = bench.take()
    assert isinstance(event, Acked)
    assert event.body == ANSWER


def test_ack_with_a_wrong_number_is_ignored() -> None:
    bench = Bench()
    ringing(bench).answer(ANSWER, now=0.0)

    bench.receive(ack_of(bench.only_response(), number=7), source=SOURCE)

    assert bench.kinds() == []


def test_record_route_is_copied_into_answers_and_followed() -> None:
    bench = Bench()
    routes = (("Record-Route", "<sip:10.0.0.1;lr>"), ("Record-Route", "<sip:10.0.0.2;lr>"))
    bench.receive(request("INVITE", headers=routes), source=SOURCE)
    bench.take()
    bench.incoming[0].answer(OFFER, now=0.0)
    response = bench.only_response()
    assert response.headers.get_all("Record-Route") == [value for _, value in routes]
    bench.receive(ack_of(response), source=SOURCE)

    bench.incoming[0].bye(now=1.0)

    bye = bench.only_request()
    assert bye.headers.get_all("Route") == [value for _, value in routes]
    assert bench.went_to == [Destination("UDP", "10.0.0.1", 5060)]


# Strangers, and requests outside of calls


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "BYE", "CANCEL", "MESSAGE"])
def test_strangers_get_silence(method: str) -> None:
    bench = Bench(admit=admit_nobody)

    bench.receive(request(method), source=SOURCE)
    bench.receive(request(method, to="<sip:bob@192.0.2.2>;tag=guess", call_id="x"), source=SOURCE)
    bench.agent.receive_data(f"{method} sip:x SIP/2.0\r\n\r\n".encode(), SOURCE, now=0.0)

    assert bench.sent() == []
    assert bench.take() == []
    assert bench.is_empty()
    assert bench.agent.next_timer() is None


def test_application_decides_by_source_and_may_challenge() -> None:
    asked: list[tuple[str, Destination]] = []

    def admit(message: Request, source: Destination) -> Admission:
        asked.append((message.method, source))
        challenge = ("WWW-Authenticate", 'Digest realm="r", nonce="n"')
        return Refuse(401, headers=(challenge,)) if source == SOURCE else None

    bench = Bench(admit=admit)
    bench.receive(request("INVITE"), source=SOURCE)
    bench.receive(request("INVITE", branch="z9hG4bKtwo", call_id="two"), source=PEER)

    response = bench.only_response()
    assert response.status == 401
    assert "WWW-Authenticate" in response.headers
    assert [method for method, _ in asked][:1] == ["INVITE"]
    assert bench.take() == []


def test_options_are_answered_with_what_we_can() -> None:
    bench = Bench()

    bench.receive(request("OPTIONS"), source=SOURCE)

    response = bench.only_response()
    assert response.status == 200
    assert response.allow == {
        "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK",
    }  # fmt: skip
    assert response.headers.get("Accept") == "application/sdp"
    assert response.supported == {"100rel", "timer"}
    assert response.to_tag


@pytest.mark.parametrize("method", ["REGISTER", "MESSAGE", "PUBLISH", "FOO"])
def test_unknown_methods_are_refused_with_405(method: str) -> None:
    bench = Bench()

    bench.receive(request(method), source=SOURCE)

    response = bench.only_response()
    assert response.status == 405
    assert "INVITE" in response.allow


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_required_extensions_are_refused_with_420(method: str) -> None:
    bench = Bench()

    bench.receive(
        request(method, headers=(("Require", "100rel, path, timer, gruu"),)), source=SOURCE
    )

    response = bench.only_response()
    assert response.status == 420
    assert response.headers.get("Unsupported") == "gruu, path"


def test_bodies_we_cannot_read_are_refused_with_415() -> None:
    bench = Bench()
    message = request("INVITE", body=b"x")
    message.headers.set("Content-Type", "text/plain")

    bench.receive(message, source=SOURCE)

    response = bench.only_response()
    assert response.status == 415
    assert response.headers.get("Accept") == "application/sdp"


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "INVITE", "OPTIONS"])
def test_requests_of_unknown_dialogs_are_refused_with_481(method: str) -> None:
    bench = Bench()

    bench.receive(request(method, to="<sip:bob@192.0.2.2>;tag=unknown"), source=SOURCE)

    assert bench.sent_lines() == [f"481 {method}"]


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE"])
def test_requests_that_need_a_dialog_are_refused_without_one(method: str) -> None:
    bench = Bench()

    bench.receive(request(method), source=SOURCE)

    assert bench.sent_lines() == [f"481 {method}"]


def test_guessing_one_tag_of_a_dialog_is_not_enough() -> None:
    bench = Bench()
    _, to = talking(bench)

    bench.receive(
        request("BYE", branch="z9hG4bKx", to=to, from_="<sip:alice@192.0.2.1>;tag=mallory"),
        source=SOURCE,
    )

    assert bench.sent_lines() == ["481 BYE"]
    assert bench.kinds() == []


def test_invite_without_contact_is_refused() -> None:
    bench = Bench()
    message = request("INVITE")
    message.headers.remove("Contact")

    bench.receive(message, source=SOURCE)

    assert bench.sent_lines() == ["400 INVITE"]
    assert bench.take() == []


def test_malformed_request_of_a_friend_is_told_so() -> None:
    bench = Bench()
    message = request("OPTIONS")
    message.headers.set("CSeq", "1 INVITE")

    bench.agent.receive_data(message.serialize(), SOURCE, now=0.0)

    assert bench.agent.datagrams_to_send()[0].data.startswith(b"SIP/2.0 400")
    assert bench.is_empty()


def test_stray_ack_is_ignored() -> None:
    bench = Bench()
    bench.receive(request("ACK", to="<sip:bob@192.0.2.2>;tag=x"), source=SOURCE)
    assert bench.sent() == []
    assert bench.is_empty()


def test_ended_keeps_its_request() -> None:
    assert Ended(by_remote=True).reason is None
    assert Ended(by_remote=True).cause is None
    assert Cancelled(None).cause is None
    assert not Cancelled(None).is_answered_elsewhere


def test_admit_is_a_value() -> None:
    assert type(ADMIT)() == ADMIT
