"""Lists, searches, statistics and claims at ten million calls.

    python -m bench.ten_million --calls 10000000 --database postgresql

The calls are made by SQL in the database (`bench.many_calls`): ten million with nine million
attempts, a campaign of a million among them. Then `ringcast serve` runs on it with its defaults,
and each kind of request is sent a number of times, for other pages, campaigns, numbers and times
each time. Times are of whole HTTP requests: authentication, the page, its attempts, the JSON of 100
calls. A claim is the dialer's: it looks for what is due in the campaign of a million, writes 20
attempts down and commits; its time ends when the disk has it.

A search by two filters of which each alone finds more than 20,000 calls, but both together hardly
any, is the one that cannot be quick; it is told beside the others.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from bench.databases import DATABASES, add_databases, database
from bench.latency import quantile
from bench.many_calls import CALLER, RARE_CALLER, Calls, fill
from bench.server import server
from bench.table import Row, show
from ringcast.domain.campaigns import CampaignStatus
from ringcast.domain.limits import Lane
from ringcast.integrations.clock import SystemClock
from ringcast.services.admission import Grant
from ringcast.services.claiming import ClaimDueCalls
from ringcast.stores.sql import SqlStore
from tests.system.programs import Api

HOLD_MS = 50.0
_TEN_MILLION = 10_000_000
_NO_TRUNK = 5099  # no campaign runs: nobody is called
_CLAIMED = 20
_DEEPEST = 50_000  # where a search may begin at the most


@dataclass(frozen=True, slots=True)
class Request:
    """A kind of request, and how one of them is made."""

    name: str
    path: Callable[[Calls], str]
    holds: bool = True
    """Whether it is held to the figure."""


def _query(path: str, **members: object) -> str:
    return f"{path}?{urlencode(members)}" if members else path


def _calls(**members: object) -> str:
    return _query("/v2/calls", **members)


def _offset(most: int) -> int:
    return random.randrange(max(1, most - 100))


def _campaign(calls: Calls) -> int:
    return random.choice(calls.campaigns)


def _of_campaign(calls: Calls) -> int:
    return calls.number // (len(calls.campaigns) + 1)


def _deep(calls: Calls) -> int:
    """Return an offset of a search for what half of a campaign is."""
    return _offset(min(_DEEPEST, _of_campaign(calls) // 3))


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _hour(calls: Calls, hours: float = 1) -> dict[str, int]:
    span = timedelta(hours=hours)
    begin = calls.first + random.random() * (calls.last - calls.first - span)
    return {"intervalBegin": _milliseconds(begin), "intervalEnd": _milliseconds(begin + span)}


def _stats(calls: Calls, hours: float) -> str:
    when = _hour(calls, hours)
    return _query(
        f"/v2/calls/broadcasts/{_campaign(calls)}/stats",
        begin=when["intervalBegin"],
        end=when["intervalEnd"],
    )


def _number(calls: Calls) -> str:
    i = _offset(calls.number)
    return f"1{201 + i * 347 % 700}{2_000_000 + i * 4_999_999 % 8_000_000}"


REQUESTS = (
    Request("all calls, first page", lambda c: _calls()),
    Request("all calls, any page", lambda c: _calls(offset=_offset(c.number))),
    Request("states=READY", lambda c: _calls(states="READY")),
    Request("states=SELECTED,INVALID", lambda c: _calls(states="SELECTED,INVALID")),
    Request("states=FINISHED, deep", lambda c: _calls(states="FINISHED", offset=_deep(c))),
    Request("results=LA", lambda c: _calls(results="LA")),
    Request("results=BUSY,NO_ANS, deep", lambda c: _calls(results="BUSY,NO_ANS", offset=_deep(c))),
    Request("results=ABANDONED (none)", lambda c: _calls(results="ABANDONED")),
    Request("toNumber", lambda c: _calls(toNumber=_number(c))),
    Request("fromNumber", lambda c: _calls(fromNumber=CALLER)),
    Request("fromNumber, one in 1,000", lambda c: _calls(fromNumber=RARE_CALLER)),
    Request("fromNumber (none)", lambda c: _calls(fromNumber="12135550101")),
    Request("label", lambda c: _calls(label="spring")),
    Request("label, one in 10,000", lambda c: _calls(label="rare")),
    Request("campaignId=0 (of none)", lambda c: _calls(campaignId=0)),
    Request("an hour", lambda c: _calls(**_hour(c))),
    Request("ten days, deep", lambda c: _calls(**_hour(c, 240), offset=_deep(c))),
    Request("a day, states=FINISHED", lambda c: _calls(**_hour(c, 24), states="FINISHED")),
    Request("a day, results=LA", lambda c: _calls(**_hour(c, 24), results="LA")),
    Request(
        "a campaign, results=AM, deep",
        lambda c: _calls(campaignId=_campaign(c), results="AM", offset=_deep(c)),
    ),
    Request(
        "a campaign, states=READY", lambda c: _calls(campaignId=c.campaigns[-1], states="READY")
    ),
    Request("a batch", lambda c: _calls(batchId=random.choice(c.batches))),
    Request(
        "fromNumber, one in 1,000, results=LA",
        lambda c: _calls(fromNumber=RARE_CALLER, results="LA"),
    ),
    Request(
        "calls of a broadcast, any page",
        lambda c: _query(
            f"/v2/calls/broadcasts/{_campaign(c)}/calls", offset=_offset(_of_campaign(c))
        ),
    ),
    Request("batches of a broadcast", lambda c: f"/v2/calls/broadcasts/{_campaign(c)}/batches"),
    Request("broadcasts", lambda c: "/v2/calls/broadcasts"),
    Request("statistics of a broadcast", lambda c: f"/v2/calls/broadcasts/{_campaign(c)}/stats"),
    Request("statistics of ten days", lambda c: _stats(c, 240)),
    Request("statistics of a minute and an hour", lambda c: _stats(c, 61 / 60)),
    Request(
        "label and states=READY (none has both)",
        lambda c: _calls(label="spring", states="READY"),
        holds=False,
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Milliseconds."""

    filled: float
    """Seconds to make the calls."""
    requests: Mapping[Request, Sequence[float]]
    claims: Sequence[float]


def measured(kind: str, *, calls: int, times: int) -> Figures:
    """Make the calls, and measure."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(database(kind, directory))
        serve = partial(server, directory, sip_port=_NO_TRUNK, calls=10, database_url=url)
        with serve() as (_, api):
            account = api.login, api.password
        began = time.monotonic()
        made = asyncio.run(_filled(url, calls))
        filled = time.monotonic() - began
        with serve(account=account) as (_, api):
            requests = {one: _timed(api, one, made, times) for one in REQUESTS}
        claims = asyncio.run(_claims(url, made, times))
        return Figures(filled=filled, requests=requests, claims=claims)


async def _filled(url: str, calls: int) -> Calls:
    store = SqlStore(url)
    async with store.begin(read_only=True) as tx:
        (account,) = await tx.accounts()
    await store.close()
    return await fill(url, account.id, number=calls)


def _timed(api: Api, request: Request, calls: Calls, times: int) -> Sequence[float]:
    taken = []
    for _ in range(times):
        path = request.path(calls)
        began = time.perf_counter()
        answer = api.request("GET", path)
        taken.append(1000 * (time.perf_counter() - began))
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {answer.body[:300]!r}")
    return taken


async def _claims(url: str, calls: Calls, times: int) -> Sequence[float]:
    """Have the dialer claim calls of the last campaign, which it does not dial."""
    store, clock = SqlStore(url), SystemClock()
    async with store.begin() as tx:
        campaign = await tx.campaign(calls.account, calls.campaigns[-1])
        if campaign is None:
            raise RuntimeError("the campaign is gone")
        await tx.update_campaign(replace(campaign, status=CampaignStatus.RUNNING))
        await tx.commit()
    claim = ClaimDueCalls(
        store=store,
        lane=Lane(name="trunk:bench", calls_per_second=100_000, max_calls=100_000),
        clock=clock,
        holder="bench",
        again=lambda: None,
    )
    grant = Grant(calls=_CLAIMED, first_at=0.0, interval=0.001, come_back_at=None)
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        claimed, _ = await claim(grant)
        taken.append(1000 * (time.perf_counter() - began))
        if len(claimed) != _CLAIMED:
            raise RuntimeError(f"{len(claimed)} calls were claimed, not {_CLAIMED}")
    await store.close()
    return taken


def rows(*, calls: int, times: int, databases: Sequence[str]) -> Iterator[Row]:
    """Measure and yield the rows of the table: the slowest kind of request, then all of them."""
    for kind in databases:
        f = measured(kind, calls=calls, times=times)
        whole = calls == _TEN_MILLION
        held = {one: quantile(ms, 0.95) for one, ms in f.requests.items() if one.holds}
        slowest = max(held, key=lambda one: held[one])
        everything = [ms for one in held for ms in f.requests[one]]
        yield Row(
            f"list page and stats at {calls:,} calls, p95, {kind}",
            f"{held[slowest]:.1f} ms for the slowest of {len(held)} kinds ({slowest.name});"
            f" {quantile(everything, 0.95):.1f} ms for all together, {times} requests of each",
            f"≤ {HOLD_MS:.0f} ms" if whole else "",
            held[slowest] <= HOLD_MS if whole else None,
        )
        yield Row(
            f"claim of {_CLAIMED} calls of a campaign of {calls // 10:,}, p95, {kind}",
            _shown(f.claims),
            f"≤ {HOLD_MS:.0f} ms" if whole else "",
            quantile(f.claims, 0.95) <= HOLD_MS if whole else None,
        )
        for one, ms in f.requests.items():
            yield Row(f"beside: {one.name}, {kind}", _shown(ms))
        yield Row(f"beside: {calls:,} calls made by SQL, {kind}", f"{f.filled:.0f} s")


def _shown(ms: Sequence[float]) -> str:
    return f"{quantile(ms, 0.95):.1f} ms (p50 {quantile(ms, 0.5):.1f}, max {max(ms):.1f})"


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.ten_million",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--calls", type=int, default=_TEN_MILLION)
    parser.add_argument("--times", type=int, default=40, help="requests of each kind")
    parser.add_argument("--quick", action="store_true", help="100,000 calls, ten requests of each")
    add_databases(parser)
    options = parser.parse_args()
    calls = min(options.calls, 100_000) if options.quick else options.calls
    times = min(options.times, 10) if options.quick else options.times
    show(rows(calls=calls, times=times, databases=options.databases or DATABASES))


if __name__ == "__main__":
    main()
