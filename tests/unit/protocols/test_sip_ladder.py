"""Messages as lines with arrows."""

from __future__ import annotations

from ringcast.protocols.sip.ladder import Ladder, masked
from ringcast.protocols.sip.transactions import TLS, Destination
from tests.unit.protocols.sip_bench import ANSWER, OFFER, answer, request

PEER = Destination(TLS, "2001:db8::7", 5061)


def test_messages_are_lines_with_their_time_and_way() -> None:
    invite = request("INVITE", uri="sip:+12135550100@203.0.113.5:15060", body=OFFER)
    ladder = Ladder(began=100.0)

    ladder.add(invite.serialize(), PEER, is_ours=True, now=100.0)
    ladder.add(answer(invite, 180).serialize(), PEER, is_ours=False, now=100.25)
    ladder.add(answer(invite, 200, body=ANSWER).serialize(), PEER, is_ours=False, now=101.5)

    assert [line.split() for line in ladder.lines] == [
        ["0.000", "──▶", "INVITE", "sip:+*********00@203.0.113.5:15060", "(SDP)", "TLS",
         "[2001:db8::7]:5061"],
        ["0.250", "◀──", "180", "Ringing", "(INVITE)", "TLS", "[2001:db8::7]:5061"],
        ["1.500", "◀──", "200", "OK", "(INVITE)", "(SDP)", "TLS", "[2001:db8::7]:5061"],
    ]  # fmt: skip


def test_nonsense_is_a_line_too() -> None:
    ladder = Ladder(began=0.0)

    ladder.add(b"\0\1", PEER, is_ours=False, now=0.0)

    assert "no SIP message" in ladder.lines[0]


def test_only_the_last_two_digits_of_numbers_are_left() -> None:
    assert masked("sip:+12135550100") == "sip:+*********00"
    assert masked("ext 12345, room 7") == "ext 12345, room 7"
