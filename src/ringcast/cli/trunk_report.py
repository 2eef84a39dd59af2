"""The findings of a trunk test on the screen, and the SIP ladder under them."""

from __future__ import annotations

import uvloop
from rich.markup import escape

from ringcast.bootstrap.trunk_test import check_trunk
from ringcast.cli.output import CONSOLE
from ringcast.config import ConfigError, Settings
from ringcast.domain.numbers import PhoneNumber
from ringcast.protocols.sip.ladder import Ladder
from ringcast.useragent import UserAgentError

__all__ = ["report"]


def report(
    settings: Settings, *, call: PhoneNumber | None, from_number: PhoneNumber | None
) -> bool:
    """Run the test, show each finding as it comes; return whether all were good."""
    return uvloop.run(_report(settings, call=call, from_number=from_number))


async def _report(
    settings: Settings, *, call: PhoneNumber | None, from_number: PhoneNumber | None
) -> bool:
    ladders: list[Ladder] = []
    is_good = True
    try:
        async for finding in check_trunk(
            settings, call=call, from_number=from_number, on_ladder=ladders.append
        ):
            is_good &= finding.is_good
            mark = "[green]good[/]" if finding.is_good else "[bold red]BAD[/] "
            CONSOLE.print(f"{mark}  {escape(finding.step)}: {escape(finding.says)}", soft_wrap=True)
            if finding.advice:
                CONSOLE.print(f"      {escape(finding.advice)}", soft_wrap=True)
    except UserAgentError as error:
        raise ConfigError(f"{error}: choose another with --sip host:port") from error
    for ladder in ladders:
        if ladder.lines:
            CONSOLE.print("\nSIP messages (seconds, ──▶ sent, ◀── received):")
        for line in ladder.lines:
            CONSOLE.print(escape(line), soft_wrap=True, highlight=False)
    return is_good
