"""Requests outside of dialogs: OPTIONS, and a registration that stays (RFC 3261, 10)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringcast.protocols.sip.agent_auth import Credentials
from ringcast.protocols.sip.agent_lone import (
    Enquiry,
    LoneEvent,
    Registered,
    Registration,
    RegistrationFailed,
    Responded,
    Unregistered,
)
from ringcast.protocols.sip.errors import SipError
from ringcast.protocols.sip.message import Request, Response, parse_message
from ringcast.protocols.sip.transactions import Destination
from tests.unit.protocols.sip_bench import PEER, Bench, answer

WHO = Enquiry(
    method="REGISTER",
    uri="sip:carrier.example",
    from_="<sip:me@carrier.example>",
    to="<sip:me@carrier.example>",
    destination=PEER,
    credentials=Credentials("me", "secret", realm="carrier"),
    contact_user="me",
)
CONTACT = "<sip:me@192.0.2.1:5060>"
CHALLENGE = ("WWW-Authenticate", 'Digest realm="carrier", nonce="n1", qop="auth"')


def granted(
    request: Request, seconds: int, *headers: tuple[str, str], transport: str = "UDP"
) -> Response:
    ours = CONTACT if transport == "UDP" else CONTACT.replace(">", ";transport=tcp>")
    contacts = f"<sip:other@192.0.2.8>;expires=9, {ours};expires={seconds}"
    return answer(request, 200, contact=contacts, headers=headers)


def events(bench: Bench) -> list[LoneEvent]:
    taken = []
    while (item := bench.agent.next_lone_event()) is not None:
        taken.append(item[1])
    return taken


def only_event(bench: Bench) -> LoneEvent:
    (event,) = events(bench)
    return event


def registering(bench: Bench, *, expires: int = 600) -> tuple[Registration, Request]:
    registration = bench.agent.register(WHO, expires=expires, now=bench.now)
    return registration, bench.only_request()


def next_request(bench: Bench, seconds: float) -> Request | None:
    """Let time pass until a request leaves, for so long at most."""
    end = bench.now + seconds
    while (at := bench.agent.next_timer()) is not None and at <= end:
        bench.now = at
        bench.agent.handle_timers(now=at)
        sent = [item for item in bench.agent.datagrams_to_send() if item.data != b"\r\n\r\n"]
        if sent:
            message = parse_message(sent[0].data)
            assert isinstance(message, Request)
            return message
    bench.now = end
    return None


def test_register_says_who_where_and_for_how_long() -> None:
    bench = Bench()

    _, request = registering(bench)

    assert (request.method, request.uri) == ("REGISTER", "sip:carrier.example")
    assert bench.went_to == [PEER]
    assert request.headers.get("To") == "<sip:me@carrier.example>"
    assert request.headers.get("Contact") == CONTACT
    assert request.headers.get("Expires") == "600"


def test_a_challenge_is_met_and_the_registration_is_told_again_before_it_ends() -> None:
    bench = Bench()
    _, first = registering(bench)
    bench.receive(answer(first, 401, contact=None, headers=(CHALLENGE,)))
    second = bench.only_request()
    assert 'realm="carrier"' in (second.headers.get("Authorization") or "")
    assert (second.call_id, second.cseq.number) == (first.call_id, 2)  # 10.2.4
    bench.receive(granted(second, 120, ("Service-Route", "<sip:edge.example;lr>")))
    registered = only_event(bench)
    assert isinstance(registered, Registered)
    assert (registered.expires, registered.service_routes) == (120, ("<sip:edge.example;lr>",))

    assert next_request(bench, 100) is None
    third = next_request(bench, 15)

    assert third is not None
    assert (third.cseq.number, third.call_id) == (3, first.call_id)
    assert "Authorization" in third.headers  # the nonce is good until the registrar says no


def test_another_realm_never_sees_the_credentials() -> None:
    bench = Bench()
    _, request = registering(bench)

    other = ("WWW-Authenticate", 'Digest realm="elsewhere", nonce="n"')
    bench.receive(answer(request, 401, contact=None, headers=(other,)))

    failed = only_event(bench)
    assert isinstance(failed, RegistrationFailed)
    assert failed.status == 401
    assert bench.sent() == []


def test_an_interval_too_brief_is_raised_to_what_the_registrar_wants() -> None:
    bench = Bench()
    _, request = registering(bench)

    bench.receive(answer(request, 423, contact=None, headers=(("Min-Expires", "1800"),)))

    again = bench.only_request()
    assert again.headers.get("Expires") == "1800"
    bench.receive(granted(again, 1800))
    assert isinstance(only_event(bench), Registered)


def test_a_registrar_that_is_never_content_is_asked_once_more_only() -> None:
    bench = Bench()
    _, request = registering(bench)
    bench.receive(answer(request, 423, contact=None, headers=(("Min-Expires", "1800"),)))
    bench.receive(
        answer(bench.only_request(), 423, contact=None, headers=(("Min-Expires", "3600"),))
    )

    assert bench.sent() == []
    assert isinstance(only_event(bench), RegistrationFailed)


def test_failures_wait_longer_and_longer_and_success_begins_anew() -> None:
    bench = Bench()
    _, request = registering(bench)
    waits = []
    for _ in range(9):
        bench.receive(answer(request, 500, contact=None))
        failed = only_event(bench)
        assert isinstance(failed, RegistrationFailed)
        waits.append(failed.wait)
        began = bench.now
        again = next_request(bench, 2000)
        assert again is not None
        assert bench.now - began == pytest.approx(failed.wait)
        request = again
    limits = [min(1800, 30 * 2**number) for number in range(9)]
    assert all(limit / 2 <= wait <= limit for wait, limit in zip(waits, limits, strict=True))

    bench.receive(granted(request, 60))
    events(bench)
    refresh = next_request(bench, 60)
    assert refresh is not None
    bench.receive(answer(refresh, 503, contact=None, headers=(("Retry-After", "100 (busy)"),)))
    failed = only_event(bench)
    assert isinstance(failed, RegistrationFailed)
    assert failed.wait == 100  # what the registrar asks for counts


def test_a_silent_registrar_is_asked_again() -> None:
    bench = Bench()
    registering(bench)

    lines = bench.wait(31)
    assert {line.split()[1] for line in lines} == {"REGISTER"}
    bench.wait(1.1)
    failed = only_event(bench)

    assert isinstance(failed, RegistrationFailed)
    assert failed.status == 408
    assert next_request(bench, 31) is not None


def test_a_registration_that_is_stopped_asks_to_be_forgotten() -> None:
    bench = Bench()
    registration, request = registering(bench)
    bench.receive(granted(request, 60))
    events(bench)

    registration.stop(now=bench.now)
    leaving = bench.only_request()
    assert leaving.headers.get("Expires") == "0"
    bench.receive(answer(leaving, 200, contact=None))

    assert isinstance(only_event(bench), Unregistered)
    assert bench.wait(4000) == []
    assert bench.is_empty()


def test_odd_answers_of_a_registrar_do_not_end_the_registration() -> None:
    bench = Bench()
    _, request = registering(bench)
    bench.receive(answer(request, 200, contact="<sip:;;>;expires=x"))

    registered = only_event(bench)
    assert isinstance(registered, Registered)
    assert registered.expires == 600
    assert next_request(bench, 600) is not None


def test_options_brings_one_answer() -> None:
    bench = Bench()
    enquiry = Enquiry(
        method="OPTIONS", uri="sip:192.0.2.2", from_="<sip:a@192.0.2.1>", to="<sip:192.0.2.2>"
    )
    bench.agent.ask(enquiry, now=0.0)
    request = bench.only_request()
    bench.receive(answer(request, 200), answer(request, 200))

    responded = only_event(bench)
    assert isinstance(responded, Responded)
    assert responded.status == 200


def test_what_cannot_be_delivered_is_told_with_its_reason() -> None:
    bench = Bench()
    enquiry = Enquiry(
        method="OPTIONS", uri="sip:192.0.2.2", from_="<sip:a@192.0.2.1>", to="<sip:192.0.2.2>"
    )
    bench.agent.ask(enquiry, now=0.0)

    bench.agent.transport_failed(PEER, now=0.1, why="it is dark there")

    responded = only_event(bench)
    assert isinstance(responded, Responded)
    assert (responded.status, responded.reason) == (503, "it is dark there")


@pytest.mark.parametrize("broken", ["carrier", "sips:192.0.2.2", "sip:x;transport=sctp"])
def test_an_enquiry_that_cannot_be_sent_is_refused(broken: str) -> None:
    enquiry = Enquiry(method="OPTIONS", uri=broken, from_="<sip:a@b>", to="<sip:c@d>")

    with pytest.raises(SipError):
        Bench().agent.ask(enquiry, now=0.0)


@pytest.mark.parametrize(("transport", "every"), [("UDP", 25), ("TCP", 100)])
def test_the_way_to_the_registrar_is_kept_open(transport: str, every: int) -> None:
    bench = Bench()
    where = Destination(transport, PEER.host, PEER.port)
    registration = bench.agent.register(
        replace(WHO, destination=where), expires=1000, now=bench.now
    )
    bench.receive(granted(bench.only_request(), 1000, transport=transport))
    events(bench)
    pings = []
    while (at := bench.agent.next_timer()) is not None and at <= 500:
        bench.agent.handle_timers(now=at)
        pings += [(at, item.destination) for item in bench.agent.datagrams_to_send()]
    bench.now = 500.0

    assert pings == [(float(at), where) for at in range(every, 501, every)]
    registration.stop(now=bench.now)
    assert bench.only_request().headers.get("Expires") == "0"
    assert [line for line in bench.wait(31) if "REGISTER" not in line] == []  # and no more pings
