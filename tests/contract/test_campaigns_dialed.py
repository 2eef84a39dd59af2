"""Two servers on one database dial one campaign: on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

from ringcast.domain.campaigns import CampaignStatus
from ringcast.domain.outcomes import Outcome
from ringcast.domain.retries import RetryRule
from tests.fakes.clock import ManualClock
from tests.integration.test_campaign_dialing import a_world, numbers

RETRY = RetryRule(max_attempts=2, wait=timedelta(seconds=5), outcomes=frozenset({Outcome.BUSY}))


async def test_two_servers_share_a_campaign_and_its_limit(
    tmp_path: Path, database_url: str
) -> None:
    clock = ManualClock()
    async with (
        a_world(tmp_path, clock=clock, url=database_url, holder="one") as one,
        a_world(tmp_path, clock=clock, url=database_url, holder="two") as two,
    ):
        campaign = await one.campaign(max_active=4, retry=RETRY)
        people = [*numbers(20), *numbers(6, "2")]
        await one.add(campaign, *people)
        await one.start(campaign)
        most = 0
        for _ in range(300):
            await one.let_pass(0.25)
            two.engine.advance(timedelta(seconds=0.25))
            two.dialer.wake()
            most = max(most, one.dialer.live + two.dialer.live)
            found, counts = await one.read(campaign)
            if found.status is CampaignStatus.FINISHED:
                break

        assert found.status is CampaignStatus.FINISHED
        assert most <= 4
        # Which of them dials is left to chance: whoever looks first takes what is due.
        dialed = Counter([*one.dialed(), *two.dialed()])
        assert dialed == Counter([*people, *numbers(6, "2")])  # busy ones twice, by the rule
        assert counts.attempts == 32
        assert counts.outcomes[Outcome.BUSY] == 6
        assert counts.outcomes[Outcome.HUMAN] == 20
