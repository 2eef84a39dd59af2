"""`ringcast trunk test`: what it says of trunks that work and of those that do not."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from ringcast.bootstrap.trunk_test import check_trunk
from ringcast.config import Endpoint, Settings
from ringcast.domain.numbers import PhoneNumber
from ringcast.engines.embedded.trunk_check import Finding
from ringcast.engines.simulator import FarEnd
from ringcast.protocols.sip.agent import ADMIT
from ringcast.protocols.sip.ladder import Ladder
from ringcast.useragent import TlsSettings, UserAgent
from tests.certificates import Authority
from tests.contract.sip_phones import HOST, SipPhones

ANSWERS = PhoneNumber("12135550100")
BUSY = PhoneNumber("12135550120")


async def findings(
    trunk: str, *, call: PhoneNumber | None = None, **settings: Any
) -> tuple[list[Finding], Ladder]:
    ladders: list[Ladder] = []
    chosen = Settings(sip=Endpoint(HOST, 0), rtp_ports=range(31200, 31300), trunk=trunk, **settings)
    found = check_trunk(
        chosen, call=call, from_number=PhoneNumber("12025550199"), on_ladder=ladders.append
    )
    return [finding async for finding in found], ladders[0]


def bad(found: list[Finding]) -> Finding:
    (finding,) = [finding for finding in found if not finding.is_good]
    return finding


def closed_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HOST, 0))
        port: int = taken.getsockname()[1]
        return port


async def test_a_trunk_is_tried_from_its_name_to_its_audio(tmp_path: Path) -> None:
    phones = SipPhones()
    phones.plan = {"None": FarEnd(), ANSWERS.e164: FarEnd(), BUSY.e164: FarEnd(refuses=486)}
    await phones.start()
    trunk = f"sip:{HOST}:{phones.address[1]}"
    authority = Authority(tmp_path)
    identity = authority.identity("DNS:elsewhere.example")
    secure = UserAgent(
        listen=(HOST, 0),
        transports=("udp", "tls"),
        tls=TlsSettings(certificate=identity.certificate, key=identity.key, port=0),
        admit=lambda request, source: ADMIT,
    )
    try:
        async with secure:
            tls = f"sips:{HOST}:{secure.tls_port}"
            (works, ladder), (busy, _), (nobody, _), (stranger, _) = await asyncio.gather(
                findings(trunk, call=ANSWERS),
                findings(trunk, call=BUSY),
                findings(f"sip:{HOST}:{closed_port()}", call=ANSWERS),
                findings(tls, sip_tls_ca=authority.certificate),
            )
    finally:
        await phones.close()

    assert all(finding.is_good for finding in works), works
    assert [finding.step.split()[0] for finding in works] == [
        "DNS", "OPTIONS", "call", "call", "audio", "audio",
    ]  # fmt: skip
    assert works[-1].says == "audio comes back"
    names = [line.split()[2] for line in ladder.lines]
    assert names == ["OPTIONS", "200", "INVITE", "180", "200", "ACK", "BYE", "200"]
    assert ANSWERS.digits not in "".join(ladder.lines)

    assert "busy (486" in bad(busy).says
    assert bad(nobody).says == "nothing could be delivered: nobody is there"
    assert not any(finding.step == "call" and finding.is_good for finding in nobody)
    assert "certificate is not accepted" in bad(stranger).says
    assert "--sip-tls-ca" in bad(stranger).advice


def test_the_command_says_it_in_plain_words_and_with_its_exit_status() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ringcast", "trunk", "test", f"sip:{HOST}:{closed_port()}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "BAD   OPTIONS to UDP" in done.stdout
    assert "Does something listen there" in done.stdout
    assert "──▶  OPTIONS" in done.stdout
