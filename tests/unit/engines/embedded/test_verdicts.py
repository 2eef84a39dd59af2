import pytest

from ringcast.engines.embedded.leg import Verdict
from ringcast.engines.embedded.verdicts import verdict_on_end, verdict_on_failure
from ringcast.ports.engine import WhoEnded
from ringcast.protocols.sip.agent_events import Ended, Failed
from ringcast.protocols.sip.message import Request, Response, parse_message

_PEER = "trunk 192.0.2.1:5060"


def a_response(status: int, phrase: str, *headers: str) -> Response:
    lines = [
        f"SIP/2.0 {status} {phrase}",
        "Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1",
        "From: <sip:a@192.0.2.7>;tag=1",
        "To: <sip:b@192.0.2.1>;tag=2",
        "Call-ID: 1",
        "CSeq: 1 INVITE",
        *headers,
        "Content-Length: 0",
    ]
    message = parse_message("\r\n".join([*lines, "", ""]).encode())
    assert isinstance(message, Response)
    return message


def refused(status: int, phrase: str = "", *headers: str, credentials: bool = False) -> Verdict:
    failed = Failed(status=status, reason=phrase, response=a_response(status, phrase, *headers))
    return verdict_on_failure(failed, peer=_PEER, has_credentials=credentials)


@pytest.mark.parametrize(
    ("status", "phrase", "says"),
    [
        (486, "Busy Here", "busy (486 Busy Here)"),
        (404, "Not Found", "the number does not exist (404 Not Found)"),
        (503, "", f"{_PEER} is overloaded or out of service (503)"),
        (302, "Moved", f"{_PEER} sent the call elsewhere (302 Moved), which is not followed"),
        (499, "Odd", f"{_PEER} refused the call (499 Odd)"),
        (600, "{peer} {x}", "busy (600 trunk 192.0.2.1:5060 {x})"),
    ],
)
def test_refusal_is_told_in_plain_words(status: int, phrase: str, says: str) -> None:
    verdict = refused(status, phrase)

    assert verdict.reason == says
    assert (verdict.by, verdict.sip_status, verdict.failed) == (WhoEnded.REMOTE, status, False)


@pytest.mark.parametrize("status", [401, 407])
def test_refused_password_and_missing_password_are_told_apart(status: int) -> None:
    assert "refused our user name and password" in refused(status, credentials=True).reason
    assert "none are configured" in refused(status).reason


def test_cause_and_retry_after_are_kept() -> None:
    verdict = refused(503, "Full", "Reason: Q.850;cause=34", "Retry-After: 20")

    assert verdict.q850 == 34
    assert verdict.reason.endswith("it asks to come back in 20 s")


def test_words_of_a_peer_are_cut_and_cleaned() -> None:
    failed = Failed(status=499, reason="x\x07" * 500, response=a_response(499, "x"))

    reason = verdict_on_failure(failed, peer=_PEER, has_credentials=False).reason

    assert reason.isprintable()
    assert len(reason) < 300


@pytest.mark.parametrize(
    ("failed", "by", "says"),
    [
        (Failed(status=408, reason="", is_timeout=True), WhoEnded.ENGINE, "is a firewall between?"),
        (
            Failed(status=503, reason="Service Unavailable", is_transport_error=True),
            WhoEnded.ENGINE,
            "cannot be reached: does it run",
        ),
        (
            Failed(status=503, reason="Contact is missing", is_transport_error=True),
            WhoEnded.ENGINE,
            "cannot be reached (Contact is missing): does it run",
        ),
        (Failed(status=487, reason="", is_cancelled=True), WhoEnded.LOCAL, "canceled"),
    ],
)
def test_failure_without_response_says_what_to_look_at(
    failed: Failed, by: WhoEnded, says: str
) -> None:
    verdict = verdict_on_failure(failed, peer=_PEER, has_credentials=False)

    assert (verdict.by, verdict.sip_status) == (by, failed.status)
    assert says in verdict.reason


def a_bye(*headers: str) -> Request:
    lines = [
        "BYE sip:a@192.0.2.7 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK2",
        "Max-Forwards: 70",
        "From: <sip:b@192.0.2.1>;tag=2",
        "To: <sip:a@192.0.2.7>;tag=1",
        "Call-ID: 1",
        "CSeq: 1 BYE",
        *headers,
        "Content-Length: 0",
    ]
    message = parse_message("\r\n".join([*lines, "", ""]).encode())
    assert isinstance(message, Request)
    return message


def test_bye_tells_its_cause() -> None:
    bye = a_bye('Reason: Q.850;cause=16;text="Normal"')

    verdict = verdict_on_end(Ended(by_remote=True, request=bye), peer=_PEER)

    assert (verdict.by, verdict.q850) == (WhoEnded.REMOTE, 16)
    assert verdict.reason == "the far end hung up (Normal)"


def test_bye_without_reason_is_a_hang_up() -> None:
    verdict = verdict_on_end(Ended(by_remote=True, request=a_bye()), peer=_PEER)

    assert (verdict.reason, verdict.q850) == ("the far end hung up", None)


@pytest.mark.parametrize(
    ("ended", "says"),
    [
        (Ended(by_remote=False, is_timeout=True), "stopped answering"),
        (Ended(by_remote=False, is_transport_error=True), "was lost"),
        (Ended(by_remote=False), "broke"),
    ],
)
def test_dialog_that_breaks_is_nobodys_wish(ended: Ended, says: str) -> None:
    verdict = verdict_on_end(ended, peer=_PEER)

    assert verdict.by is WhoEnded.ENGINE
    assert says in verdict.reason
