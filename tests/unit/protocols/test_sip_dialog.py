from __future__ import annotations

import pytest

from ringcast.protocols.sip.dialog import Dialog
from ringcast.protocols.sip.errors import InvalidHeader
from ringcast.protocols.sip.message import Request
from tests.unit.protocols.sip_bench import answer, request

INVITE = request("INVITE")


def record(*routes: str) -> tuple[tuple[str, str], ...]:
    return tuple(("Record-Route", route) for route in routes)


def routes(message: Request) -> list[str]:
    return message.headers.get_all("Route")


def test_caller_sends_to_the_contact_with_both_tags() -> None:
    dialog = Dialog.of_caller(INVITE, answer(INVITE, 200, contact="<sip:bob@10.9.8.7:5080>"))

    bye = dialog.new_request("BYE")

    assert bye.uri == "sip:bob@10.9.8.7:5080"
    assert (bye.from_tag, bye.to_tag) == ("alice", "bob")
    assert bye.call_id == INVITE.call_id
    assert str(bye.cseq) == "2 BYE"
    assert str(dialog.next_hop) == "sip:bob@10.9.8.7:5080"


def test_caller_takes_the_record_route_backwards() -> None:
    response = answer(INVITE, 200, headers=record("<sip:near;lr>", "<sip:far;lr>"))
    # The list as it arrives at the caller: the proxy next to the callee stands first.
    dialog = Dialog.of_caller(INVITE, response)

    bye = dialog.new_request("BYE")

    assert routes(bye) == ["<sip:far;lr>", "<sip:near;lr>"]
    assert bye.uri == "sip:bob@192.0.2.2:5060"
    assert str(dialog.next_hop) == "sip:far;lr"


def test_callee_takes_the_record_route_as_it_is() -> None:
    invite = request("INVITE", headers=record("<sip:one;lr>, <sip:two;lr>", "<sip:three;lr>"))
    dialog = Dialog.of_callee(invite, "bob")

    bye = dialog.new_request("BYE")

    assert routes(bye) == ["<sip:one;lr>", "<sip:two;lr>", "<sip:three;lr>"]
    assert bye.uri == "sip:alice@192.0.2.1:5060"
    assert (bye.from_tag, bye.to_tag) == ("bob", "alice")
    assert str(bye.cseq) == "1 BYE"


def test_strict_router_finds_itself_in_the_request_uri() -> None:
    response = answer(INVITE, 200, headers=record("<sip:loose;lr>", "<sip:strict?x=y>"))
    dialog = Dialog.of_caller(INVITE, response)

    bye = dialog.new_request("BYE")

    assert bye.uri == "sip:strict"
    assert routes(bye) == ["<sip:loose;lr>", "<sip:bob@192.0.2.2:5060>"]
    assert dialog.next_hop is not dialog.remote_target


def test_without_contact_the_request_uri_is_the_target() -> None:
    dialog = Dialog.of_caller(INVITE, answer(INVITE, 180, contact=None))

    assert str(dialog.remote_target) == INVITE.uri


def test_far_end_of_rfc_2543_has_no_tag() -> None:
    dialog = Dialog.of_caller(INVITE, answer(INVITE, 200, tag=None))

    assert dialog.remote_tag == ""
    assert dialog.new_request("BYE").to_tag is None


def test_callee_needs_a_contact() -> None:
    invite = request("INVITE")
    invite.headers.remove("Contact")

    with pytest.raises(InvalidHeader):
        Dialog.of_callee(invite, "bob")


def test_numbers_count_on_and_an_ack_repeats_that_of_its_invite() -> None:
    dialog = Dialog.of_caller(INVITE, answer(INVITE, 200))

    numbers = [
        str(dialog.new_request("INFO").cseq),
        str(dialog.new_request("ACK", sequence=1).cseq),
        str(dialog.new_request("BYE").cseq),
    ]

    assert numbers == ["2 INFO", "1 ACK", "3 BYE"]


def test_requests_with_a_lower_number_are_out_of_order() -> None:
    dialog = Dialog.of_callee(request("INVITE", number=10), "bob")

    assert dialog.is_in_order(request("INFO", number=12))
    assert not dialog.is_in_order(request("INFO", number=11))
    assert dialog.is_in_order(request("BYE", number=13))


def test_caller_takes_any_first_number() -> None:
    dialog = Dialog.of_caller(INVITE, answer(INVITE, 200))

    assert dialog.is_in_order(request("BYE", number=500))
    assert not dialog.is_in_order(request("BYE", number=499))


def test_target_follows_the_contact_and_the_route_stays() -> None:
    dialog = Dialog.of_caller(INVITE, answer(INVITE, 200, headers=record("<sip:proxy;lr>")))

    dialog.refresh_target(answer(INVITE, 200, contact="<sip:bob@10.0.0.9>"))

    bye = dialog.new_request("BYE")
    assert bye.uri == "sip:bob@10.0.0.9"
    assert routes(bye) == ["<sip:proxy;lr>"]


@pytest.mark.parametrize("contact", [None, "<sip:broken"])
def test_target_stays_if_no_contact_can_be_read(contact: str | None) -> None:
    dialog = Dialog.of_caller(INVITE, answer(INVITE, 200))

    dialog.refresh_target(answer(INVITE, 200, contact=contact))

    assert str(dialog.remote_target) == "sip:bob@192.0.2.2:5060"


def test_the_final_answer_says_the_route() -> None:
    dialog = Dialog.of_caller(INVITE, answer(INVITE, 180, headers=record("<sip:early;lr>")))

    dialog.confirm(
        answer(INVITE, 200, headers=record("<sip:final;lr>"), contact="<sip:bob@10.0.0.9>")
    )

    bye = dialog.new_request("BYE")
    assert routes(bye) == ["<sip:final;lr>"]
    assert bye.uri == "sip:bob@10.0.0.9"
