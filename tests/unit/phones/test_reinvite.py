from __future__ import annotations

import asyncio

import pytest

from ringcast.phones import reinvite
from ringcast.phones.reinvite import Reinviter
from ringcast.phones.session import AudioSession
from ringcast.protocols.sip.agent_session_base import ActionNotPossible


class Busy:
    """A call in which the first so many offers cannot be sent."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.sent: list[bytes] = []

    def reinvite(self, body: bytes) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ActionNotPossible("another offer is still open")
        self.sent.append(body)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reinvite, "TRY_AGAIN_AFTER", 0)


def session() -> AudioSession:
    return AudioSession(address="127.0.0.1", port=4000, session_id=1)


def holds(audio: AudioSession) -> bool:
    return audio.is_holding


async def turns(count: int) -> None:
    """Let the loop turn, so that timers of no time run."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_hold_and_resume_are_offered_at_once() -> None:
    call, audio = Busy(0), session()
    reinviter = Reinviter(call, audio, on_given_up=pytest.fail)

    reinviter.send(hold=True)
    assert holds(audio)
    reinviter.send(hold=False)

    assert not holds(audio)
    assert [b"a=sendonly" in body for body in call.sent] == [True, False]
    assert b"a=sendrecv" in call.sent[1]


async def test_an_open_offer_of_the_caller_is_waited_for() -> None:
    call, audio = Busy(3), session()

    Reinviter(call, audio, on_given_up=pytest.fail).send(hold=True)
    assert not holds(audio)
    await turns(10)

    assert holds(audio)
    assert len(call.sent) == 1


async def test_an_offer_that_stays_open_is_given_up() -> None:
    call, given_up = Busy(1000), list[bool]()

    Reinviter(call, session(), on_given_up=lambda: given_up.append(True)).send(hold=True)
    await turns(100)

    assert given_up == [True]
    assert call.refusals == 1000 - reinvite.TRIES


async def test_nothing_is_sent_after_the_end() -> None:
    call = Busy(1)
    reinviter = Reinviter(call, session(), on_given_up=pytest.fail)

    reinviter.send(hold=True)
    reinviter.stop()
    await turns(10)

    assert call.sent == []
