"""Collecting the keys that somebody presses."""

from __future__ import annotations

import logging

from ringcast.domain.ids import AccountId
from ringcast.domain.programs import Gather, Gathered, GatherEnd
from ringcast.ports.engine import DigitReceived
from ringcast.services.leg_actions import LegActions, News
from ringcast.services.prompts import PromptMissing, Prompts, say

__all__ = ["gather"]

log = logging.getLogger(__name__)


class _KeyPressed(Exception):
    """Control flow inside this module."""


async def gather(
    actions: LegActions, prompts: Prompts, account_id: AccountId, step: Gather, *, typed: str = ""
) -> Gathered:
    """Collect keys as the step says; `typed` were pressed before it began."""
    async with actions.hearing_keys():
        return await _gathered(
            actions, prompts, account_id, step, [key for key in typed if _counts(step, key)]
        )


async def _gathered(
    actions: LegActions, prompts: Prompts, account_id: AccountId, step: Gather, keys: list[str]
) -> Gathered:
    if not keys:
        await _prompt(actions, prompts, account_id, step, keys)
    digits = ""
    while True:
        for key in keys:
            if key in step.finish_on:
                return Gathered(digits=digits, ended_by=GatherEnd.FINISH_KEY, finish_key=key)
            digits += key
            if step.max_digits is not None and len(digits) >= step.max_digits:
                return Gathered(digits=digits, ended_by=GatherEnd.MAX_DIGITS)
        wait = step.digit_timeout if digits else step.first_timeout
        pressed = await _next_key(actions, step, actions.after(wait))
        if pressed is None:
            return Gathered(digits=digits, ended_by=GatherEnd.TIMEOUT)
        keys = [pressed]


async def _prompt(
    actions: LegActions,
    prompts: Prompts,
    account_id: AccountId,
    step: Gather,
    keys: list[str],
) -> None:
    """Play the prompts until they are over or a key is pressed, which is added to `keys`."""

    def listen(news: News) -> None:
        if isinstance(news, DigitReceived) and _counts(step, news.digit):
            keys.append(news.digit)
            raise _KeyPressed

    try:
        with actions.listener(listen):
            await say(actions, prompts, account_id, step.prompts, step.loop or None)
    except _KeyPressed:
        await actions.stop_playing()
    except PromptMissing as missing:
        log.warning("prompt missing", extra={"leg": actions.leg, "why": missing.reason})


def _counts(step: Gather, key: str) -> bool:
    return step.only is None or key in step.only


async def _next_key(actions: LegActions, step: Gather, until: float) -> str | None:
    while True:
        news = await actions.next_news(until)
        if news is None:
            return None
        if isinstance(news, DigitReceived) and _counts(step, news.digit):
            return news.digit
