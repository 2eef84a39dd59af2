"""What `ringcast trunk test` runs: the steps of a check, then a call."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from ringcast.bootstrap.trunk import tls_settings, trunk_of
from ringcast.config import ConfigError, Settings
from ringcast.domain.numbers import PhoneNumber
from ringcast.engines.embedded.engine import EmbeddedEngine
from ringcast.engines.embedded.trunk_call import TrialCall, write_tone
from ringcast.engines.embedded.trunk_check import Finding, TrunkCheck
from ringcast.integrations.clock import SystemClock
from ringcast.protocols.sip.ladder import Ladder
from ringcast.protocols.sip.transactions import Destination
from ringcast.useragent import Direction, UserAgent

__all__ = ["check_trunk"]

_TRANSPORTS = ("udp", "tcp", "tls")


async def check_trunk(
    settings: Settings,
    *,
    call: PhoneNumber | None,
    from_number: PhoneNumber | None,
    on_ladder: Callable[[Ladder], None],
) -> AsyncIterator[Finding]:
    """Give what each step finds; `on_ladder` gets the messages, which are added as they come.

    Raises ConfigError or InvalidInput for settings that describe no trunk, UserAgentError or
    EngineUnavailable if our own address or ports cannot be had.
    """
    trunk = trunk_of(settings)
    if trunk is None:
        raise ConfigError("no trunk to test: give its address, like sip:carrier.example")
    loop = asyncio.get_running_loop()
    ladder = Ladder(began=loop.time())
    on_ladder(ladder)

    def trace(direction: Direction, peer: Destination, data: bytes) -> None:
        ladder.add(data, peer, is_ours=direction is Direction.OUT, now=loop.time())

    agent = UserAgent(
        listen=(settings.sip.host, settings.sip.port),
        advertise=settings.sip_advertise,
        transports=_TRANSPORTS,
        tls=tls_settings(settings),
        trace=trace,
    )
    async with agent:
        check = TrunkCheck(trunk, agent, transports=_TRANSPORTS)
        async for finding in check.findings():
            yield finding
    if call is None or not check.is_reachable:
        return
    trial = TrialCall(call, from_number)
    with tempfile.TemporaryDirectory(prefix="ringcast-trunk-") as directory:
        sound = write_tone(Path(directory))
        engine = EmbeddedEngine(
            clock=SystemClock(),
            sip=(settings.sip.host, settings.sip.port),
            transports=_TRANSPORTS,
            rtp_ports=settings.rtp_ports,
            rtp_host=settings.sip.host,
            advertise=settings.sip_advertise,
            media_workers=1,
            trunk=trunk,
            playable=lambda _: sound,
            tls=tls_settings(settings),
            trace=trace,
        )
        await engine.start(trial.take)
        try:
            async for finding in trial.findings(engine):
                yield finding
        finally:
            await engine.close()
