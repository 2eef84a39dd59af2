"""What the user agent does with each torture message of RFC 4475: accept, refuse or drop.

`test_sip_torture` asks what the parser reads; here the messages come from a trunk that is let in,
and what counts is what goes back. The sections are those of the RFC.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ringcast.protocols.sip.agent_events import Invited
from ringcast.protocols.sip.message import Response
from tests.unit.protocols.sip_bench import PEER, Bench

MESSAGES = Path(__file__).parents[4] / "shared" / "specs" / "rfc4475"

pytestmark = pytest.mark.skipif(not MESSAGES.is_dir(), reason=f"no RFC 4475 messages in {MESSAGES}")

CALL = "a call"
"""An INVITE that becomes a call."""
DROPPED = None

TREATMENT: dict[str, int | str | None] = {
    "WSINV": 481,  # 3.1.1.1: well-formed; its To tag names a dialog that we do not have
    "INTMETH": 405,  # 3.1.1.2: a method nobody knows
    "ESC01_V": CALL,  # 3.1.1.3
    "ESCNULL_V": 405,  # 3.1.1.4: well-formed; REGISTER is for registrars
    "ESC02_V": 405,  # 3.1.1.5: RE%47IST%45R is not REGISTER
    "LWSDISP_V": 200,  # 3.1.1.6
    "LONGREQ_V": CALL,  # 3.1.1.7
    "DBLREQ": 405,  # 3.1.1.8: only the first of the two is looked at
    "SEMIURI_V": 200,  # 3.1.1.9
    "TRANSPORTS_V": 200,  # 3.1.1.10
    "MPART01": 405,  # 3.1.1.11: well-formed; a voice platform takes no MESSAGE
    "UNREASON_V": DROPPED,  # 3.1.1.12: a response to nothing that we have asked
    "NOREASON_V": DROPPED,  # 3.1.1.13: the same
    "BADINV01_I": DROPPED,  # 3.1.2.1: its one Via is broken, so that there is no way back
    "CLERR_I": 400,  # 3.1.2.2
    "NCL_I": 400,  # 3.1.2.3
    "SCALAR02_V": 400,  # 3.1.2.4
    "SCALARLG_V": DROPPED,  # 3.1.2.5
    "QUOTBAL_I": 400,  # 3.1.2.6
    "LTGTRURI_I": 400,  # 3.1.2.7
    "LWSRURI_I": 400,  # 3.1.2.8
    "LWSSTART_V": 400,  # 3.1.2.9
    "TRWS_I": 400,  # 3.1.2.10
    "ESCRURI_V": 400,  # 3.1.2.11
    "BADDATE_V": CALL,  # 3.1.2.12: who does not need the Date may go on
    "REGBADCT_I": 400,  # 3.1.2.13
    "BADASPEC_I": 400,  # 3.1.2.14
    "BADDN_I": 400,  # 3.1.2.15
    "BADVERS_V": 505,  # 3.1.2.16
    "MISMATCH01_V": 400,  # 3.1.2.17
    "MISMATCH02_V": 400,  # 3.1.2.18
    "BIGCODE_V": DROPPED,  # 3.1.2.19
    "BADBRANCH_V": 200,  # 3.2.1: matched as RFC 2543 does
    "INSUF_I": 400,  # 3.3.1
    "UNKSCM_V": 416,  # 3.3.2
    "NOVELSC_V": 416,  # 3.3.3
    "UNKSM2_V": 405,  # 3.3.4: well-formed
    "BEXT01_V": 420,  # 3.3.5
    "INVUT_V": 415,  # 3.3.6
    "REGAUT01_V": 405,  # 3.3.7: well-formed
    "MULTI01_I": 400,  # 3.3.8
    "MCL01_I": 400,  # 3.3.9
    "BCAST_V": DROPPED,  # 3.3.10: not even ours, and where it would go is not followed
    "ZEROMF_V": 200,  # 3.3.11: we are where it was going
    "CPARAM01_V": 405,  # 3.3.12: well-formed
    "CPARAM02_V": 405,  # 3.3.13: well-formed
    "REGESCRT_V": 405,  # 3.3.14: well-formed
    "SDP01_V": 406,  # 3.3.15: it would not take our session description
    "INV2543_I": CALL,  # 4: from before RFC 3261, without branch, tag, Contact
    "TEST_I": DROPPED,  # not of the RFC; no Via
}


def read(name: str) -> bytes:
    return (MESSAGES / f"TC_{name}.dat").read_bytes()


def received(bench: Bench, name: str) -> list[Response]:
    """Let the message come from a trunk; return what was answered."""
    bench.agent.receive_data(read(name), PEER, now=bench.now)
    answers = bench.answers()
    assert set(bench.went_to) <= {PEER, PEER._replace(port=5050)}  # never to whom it names
    return answers


def test_every_message_has_a_treatment() -> None:
    files = {path.stem.removeprefix("TC_") for path in MESSAGES.glob("TC_*.dat")}

    assert files == set(TREATMENT)


@pytest.mark.parametrize(("name", "treatment"), TREATMENT.items())
def test_a_torture_message_gets_its_treatment(name: str, treatment: int | str | None) -> None:
    bench = Bench()

    answers = received(bench, name)

    invited = [event for event in bench.take() if isinstance(event, Invited)]
    if treatment is CALL:
        assert (answers, len(invited)) == ([], 1)
        bench.incoming[0].answer(b"v=0\r\n", now=bench.now)
        (answer,) = bench.answers()
        assert (answer.status, answer.cseq.method) == (200, "INVITE")
    else:
        assert invited == []
        assert [answer.status for answer in answers] == ([] if treatment is None else [treatment])
    bench.wait(200)
    bench.take()
    assert bench.agent.transaction_count == 0


@pytest.mark.parametrize("name", TREATMENT)
def test_a_stranger_who_sends_a_torture_message_hears_nothing(name: str) -> None:
    bench = Bench(admit=lambda request, source: None)

    assert received(bench, name) == []
    assert bench.take() == []
    assert bench.is_empty()


def test_a_refusal_names_what_it_refuses() -> None:
    (unsupported,) = received(Bench(), "BEXT01_V")
    (media_type,) = received(Bench(), "INVUT_V")
    (method,) = received(Bench(), "INTMETH")

    assert unsupported.headers.get("Unsupported") == (
        "nothingsupportsthis, nothingsupportsthiseither"
    )
    assert media_type.headers.get("Accept") == "application/sdp"
    assert "INVITE" in (method.headers.get("Allow") or "")


def test_a_bye_to_a_caller_of_the_old_kind_goes_to_its_from() -> None:
    bench = Bench()
    received(bench, "INV2543_I")
    bench.take()
    call = bench.incoming[0]
    call.answer(b"v=0\r\n", now=0.0)
    (answer,) = bench.answers()
    # Its ACK need not have a branch either; without one, requests match by their headers.
    ack = answer.serialize().replace(b"SIP/2.0 200 OK", b"ACK sip:UserB@example.com SIP/2.0")
    ack = ack.replace(b"56 INVITE", b"56 ACK")
    bench.agent.receive_data(ack, PEER, now=0.1)
    call.bye(now=0.2)

    bye = bench.only_request()
    assert (bye.method, bye.uri) == ("BYE", "sip:UserB@example.com;maddr=ss1.example.com")
