"""The simulated carrier with its telephones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ringcast.config import Endpoint
from ringcast.integrations.clock import SystemClock
from ringcast.integrations.speech_espeak import EspeakSynthesizer
from ringcast.phones.carrier import Carrier, PhonesOptions
from ringcast.phones.plan import default_plan, load_plan

__all__ = ["running_phones"]


@asynccontextmanager
async def running_phones(
    endpoint: Endpoint, *, rtp_ports: range, record_dir: Path | None, plan: Path | None
) -> AsyncIterator[str]:
    """Run the simulated carrier; yield the host:port it answers at."""
    synthesizer = EspeakSynthesizer()
    try:
        options = PhonesOptions(
            sip=(endpoint.host, endpoint.port),
            rtp_ports=rtp_ports,
            record_dir=record_dir,
            plan=default_plan() if plan is None else load_plan(plan),
        )
        async with Carrier(options, synthesizer=synthesizer, clock=SystemClock()) as carrier:
            yield carrier.address
    finally:
        await synthesizer.close()
