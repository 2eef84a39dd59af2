"""Mutated datagrams: nothing raises, nothing stays behind, and strangers hear nothing.

The seeds are messages of our own and, where they are, those of RFC 4475. CI takes 20,000 of them to
an agent that lets nobody in and to one that lets all in; `make test-long` takes ten million.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringcast.protocols.sip.agent_events import Invited
from ringcast.protocols.sip.agent_incoming import IncomingSession
from ringcast.protocols.sip.errors import FramingError
from ringcast.protocols.sip.framing import StreamFramer
from ringcast.protocols.sip.message import parse_message
from tests.unit.protocols.sip_bench import (
    ANSWER,
    OFFER,
    PEER,
    Bench,
    answer,
    answered_call,
    from_bob,
    request,
)

TORTURE = sorted((Path(__file__).parents[4] / "shared" / "specs" / "rfc4475").glob("TC_*.dat"))

# What breaks parsers: separators, ends of numbers, quotes, encodings, things out of their place.
SPLINTERS = (
    b"\r\n", b"\r\n\r\n", b"\n", b"\0", b";", b",", b'"', b"\\", b"<", b">", b":", b"@", b"?", b"=",
    b" ", b"\t", b"\r\n ", b"%", b"%00", b"\xff\xfe", b"\xed\xa0\x80", b"[", b"]", b"::1", b"sip:",
    b"tel:", b"SIP/2.0", b"-1", b"0", b"4294967296", b"99999999999999999999", b";tag=", b";branch=",
    b"z9hG4bK", b";rport", b"Via: ", b"Content-Length: ", b"CSeq: ", b"INVITE", b"ACK", b"BYE",
    b"CANCEL", b"Require: x\r\n", b"Expires: ", b"*", b"a" * 300,
)  # fmt: skip


def seeds() -> list[bytes]:
    """Return every kind of message once."""
    invite = request("INVITE", body=OFFER)
    messages = [
        invite,
        answer(invite, 180),
        answer(invite, 200, body=ANSWER),
        answer(invite, 407, headers=(("Proxy-Authenticate", 'Digest realm="r", nonce="n"'),)),
        answer(invite, 302, contact="<sip:other@192.0.2.9>;q=0.5"),
        *(request(method) for method in ("ACK", "CANCEL", "OPTIONS", "REGISTER", "FROB")),
        *(
            request(method, to="<sip:bob@192.0.2.2>;tag=b", number=2)
            for method in ("BYE", "INFO", "UPDATE", "PRACK", "REFER", "NOTIFY")
        ),
    ]
    return [
        *(message.serialize() for message in messages),
        *(path.read_bytes() for path in TORTURE),
    ]


def mutated(chance: random.Random, corpus: list[bytes], count: int) -> Iterator[bytes]:
    """Give datagrams that were right before something was cut, doubled, swapped or put in."""
    for _ in range(count):
        data = bytearray(chance.choice(corpus))
        for _ in range(chance.choice((1, 1, 2, 4))):
            at = chance.randrange(len(data) + 1)
            kind = chance.randrange(7)
            if kind == 0:
                data[at:at] = chance.choice(SPLINTERS)
            elif kind == 1:
                data[at : at + chance.randrange(1, 30)] = b""
            elif kind == 2:
                data[at : at + 1] = bytes([chance.randrange(256)])
            elif kind == 3:
                piece = data[at : at + chance.randrange(1, 80)]
                data[at:at] = piece * chance.choice((1, 2, 50))
            elif kind == 4:
                other = chance.choice(corpus)
                start = chance.randrange(len(other) + 1)
                data[at:at] = other[start : start + 60]
            elif kind == 5:
                lines = data.split(b"\r\n")
                chance.shuffle(lines)
                data = bytearray(b"\r\n".join(lines))
            else:
                del data[at:]
        yield bytes(data)


def take_all(bench: Bench, chance: random.Random) -> None:
    """Do what an application does with calls that come in: answer some, refuse the others."""
    while (item := bench.agent.next_event()) is not None:
        session, event = item
        if isinstance(event, Invited) and isinstance(session, IncomingSession):
            if chance.random() < 0.5:
                session.answer(ANSWER, now=bench.now)
            else:
                session.reject(486, now=bench.now)


def campaign(seed: int, count: int) -> None:
    chance = random.Random(seed)
    corpus = seeds()
    deaf = Bench(admit=lambda request, source: None)
    ours, invite = answered_call(deaf)
    open_to_all = Bench()
    for number, data in enumerate(mutated(chance, corpus, count)):
        deaf.agent.receive_data(data, PEER, now=deaf.now)
        assert deaf.agent.datagrams_to_send() == [], data
        open_to_all.now = number * 0.001
        open_to_all.agent.receive_data(data, PEER, now=open_to_all.now)
        take_all(open_to_all, chance)
        for sent, destination, _ in open_to_all.agent.datagrams_to_send():
            parse_message(sent)
            assert destination.host == PEER.host, data  # never to whom the message names
        if number % 500 == 499:
            open_to_all.agent.handle_timers(now=open_to_all.now)
            take_all(open_to_all, chance)
            open_to_all.agent.datagrams_to_send()
    assert deaf.agent.session_count == 1
    assert not ours.is_finished
    deaf.receive(from_bob("BYE", invite))  # the call is as it was
    assert [line for line in deaf.sent_lines() if line == "200 BYE"] == ["200 BYE"]
    deaf.take()
    deaf.wait(200)
    assert deaf.is_empty()
    # Calls that were taken get no ACK, and end; nothing is left of all the rest either.
    for _ in range(4000):
        at = open_to_all.agent.next_timer()
        if at is None:
            break
        open_to_all.now = max(open_to_all.now, at) + 1
        open_to_all.agent.handle_timers(now=open_to_all.now)
        open_to_all.agent.datagrams_to_send()
        take_all(open_to_all, chance)
    assert open_to_all.is_empty()


def test_mutated_datagrams_break_nothing_and_reach_no_stranger() -> None:
    campaign(4475, 20_000)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(10))
def test_a_million_mutated_datagrams_break_nothing(seed: int) -> None:
    campaign(seed, 1_000_000)


def test_mutated_messages_of_a_live_call_end_it_at_most_properly() -> None:
    """Who knows the tags of a call may end it, but may not break it."""
    chance = random.Random(3261)
    for _ in range(40):
        bench = Bench(admit=lambda request, source: None)
        call, invite = answered_call(bench)
        call.answer_offer = lambda request: ANSWER if request.body else None
        corpus = [
            from_bob(method, invite, number=number, body=OFFER).serialize()
            for number, method in enumerate(
                ("INFO", "INVITE", "ACK", "UPDATE", "BYE", "OPTIONS", "REFER", "PRACK"), start=1
            )
        ] + [answer(invite, status, body=ANSWER).serialize() for status in (183, 200, 486)]
        for data in mutated(chance, corpus, 100):
            bench.now += 0.01
            bench.agent.receive_data(data, PEER, now=bench.now)
            bench.agent.handle_timers(now=bench.now)
            bench.agent.datagrams_to_send()
        call.bye(now=bench.now)
        bench.agent.datagrams_to_send()
        for _ in range(500):
            at = bench.agent.next_timer()
            if at is None:
                break
            bench.now = max(bench.now, at)
            bench.agent.handle_timers(now=bench.now)
            bench.agent.datagrams_to_send()
        assert call.is_finished
        bench.take()
        assert bench.is_empty()


def test_mutated_streams_give_messages_or_an_end() -> None:
    chance = random.Random(18)
    corpus = [b"".join(chance.sample(seeds(), 3)) for _ in range(20)]
    for data in mutated(chance, corpus, 1000):
        framer = StreamFramer()
        try:
            for start in range(0, len(data), 97):
                framer.receive_data(data[start : start + 97])
                while framer.next_frame() is not None:
                    pass
        except FramingError:
            continue
