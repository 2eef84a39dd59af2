"""From what is remembered of streams to verdicts.

The rules are the classic ones, of time alone: people say a word or two and wait, machines speak on.

- Nobody speaks for `initial_silence`: SILENCE (mostly a person who listens).
- Who has spoken for up to `short_greeting` and is then silent for `after_short`: HUMAN.
- Who has spoken for longer, but not `long_greeting`, and is then silent for `after_longer`: HUMAN,
  too: when in doubt it is a person, whom nobody must keep waiting or hang up on.
- Who speaks for `long_greeting`, in `words` words, or lets a beep be heard: MACHINE.
- A fax machine's tone, before anybody has spoken: FAX.
- After `total` it is over: HUMAN if anybody has spoken, else SILENCE.

Where the trained model is asked, it takes the place of the rules about how long somebody speaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ringcast.audio.detection.model import Model, features
from ringcast.audio.detection.settings import (
    FRAME_SECONDS,
    AnswerKind,
    Classified,
    GreetingEnded,
    Leaning,
)
from ringcast.audio.detection.state import State
from ringcast.audio.detection.tones import SPECIAL_TONES, Tones

__all__ = ["endings", "leanings", "verdicts"]

Bools = NDArray[np.bool_]

_ASKED_EVERY: Final = 5
"""The model is asked each 100 ms."""
_HUMAN_ODDS: Final = (
    (8, -10.1), (12, -8.6), (16, -7.6), (22, -6.5), (32, -5.1), (48, -4.1), (72, -2.1),
)  # fmt: skip
"""The longer somebody has been silent (frames), the less has to speak for a person."""
_MACHINE_ODDS: Final = np.float32(5.9)
"""Logarithms; that of `bias` is added to all (`python -m bench.detection tune` tells them)."""
_LONG_ODDS: Final = np.float32(2.9)
"""For who has spoken for `long_greeting`: that alone makes nobody a machine."""
_SCREENING_ODDS: Final = -1.0
"""What ends without a beep is more likely to be one than the corpus as a whole."""
_SPEAKS_AGAIN: Final = 15
"""Frames of speech after the end of a greeting that make it begin again."""
_UNSURE: Final = 0.6

_Rule: TypeAlias = tuple[Bools, AnswerKind, str, float]


def verdicts(state: State, tones: Tones, model: Model | None) -> Sequence[Classified]:
    """Return the streams on which there is a verdict now; machines are noted as such."""
    waiting = ~state["is_machine"]
    if not waiting.any():
        return ()
    frames = state["frames"]
    has_spoken = state["began"] >= 0
    length = state["spoke"] + 1 - state["began"]
    quiet = frames - 1 - state["sounded"]
    asks = state["learned"] if model is not None else np.zeros(len(state), np.bool_)
    if model is not None:
        _ask(state, model, ~state["is_over"] & has_spoken & asks)
    by_rule = has_spoken & ~asks
    by_model = has_spoken & asks
    patience = np.where(
        length <= state["short_greeting"], state["after_short"], state["after_longer"]
    )
    is_late = frames >= state["total"]
    odds, bias = state["odds"], state["bias"]
    no_verdict = is_late & has_spoken
    leans_human = np.zeros(len(state), np.bool_)
    for least, most_odds in _HUMAN_ODDS:
        leans_human |= by_model & (quiet >= least) & (odds < np.float32(most_odds) + bias)
    is_long = by_model & (length >= state["long_greeting"]) & (odds > _LONG_ODDS + bias)
    leans_machine = by_model & (odds > _MACHINE_ODDS + bias)
    rules: tuple[_Rule, ...] = (  # in the order in which they are asked
        (tones.fax, AnswerKind.FAX, "fax tone", 0.99),
        (tones.special & waiting, AnswerKind.MACHINE, "special information tone", 0.99),
        (tones.beeped, AnswerKind.MACHINE, "beep", 0.99),
        (by_rule & (length >= state["long_greeting"]), AnswerKind.MACHINE, "long greeting", 0.9),
        (has_spoken & (state["words"] >= state["most_words"]), AnswerKind.MACHINE,
         "many words", 0.8),
        (leans_machine, AnswerKind.MACHINE, "speaks like a machine", -1.0),
        (is_long, AnswerKind.MACHINE, "long greeting", 0.9),
        (leans_human, AnswerKind.HUMAN, "spoke like a person, and waits", -1.0),
        (by_rule & (quiet >= patience), AnswerKind.HUMAN, "spoke, and waits", 0.85),
        (by_model & is_late & (odds > bias), AnswerKind.MACHINE, "speaks like a machine", -1.0),
        (no_verdict & state["is_silence_in_doubt"], AnswerKind.SILENCE, "no verdict in time",
         0.5),
        (no_verdict, AnswerKind.HUMAN, "no verdict in time", 0.5),
        (tones.busy, AnswerKind.SILENCE, "it rings or is busy", 0.9),
        (is_late & ~has_spoken, AnswerKind.SILENCE, "nobody spoke", 0.9),
        (~has_spoken & (quiet >= state["initial_silence"]), AnswerKind.SILENCE, "nobody spoke",
         0.9),
    )  # fmt: skip
    heard = []
    for applies, kind, reason, confidence in rules:
        chosen = applies & waiting
        if not chosen.any():
            continue
        waiting &= ~chosen
        if kind is AnswerKind.MACHINE:
            state["is_machine"] |= chosen
        for place in np.nonzero(chosen)[0].tolist():
            row = state[place]
            sure = _confidence(float(row["odds"]), kind) if confidence < 0 else confidence
            heard.append(
                Classified(int(row["stream"]), kind, _seconds(row["frames"]), reason, sure)
            )
    return heard


def endings(state: State, beeped: Bools) -> Sequence[GreetingEnded | Classified]:
    """Return the machines whose greeting ends now; one that asks who calls is told to be so."""
    is_machine = state["is_machine"]
    if not is_machine.any():
        return ()
    state["is_over"] &= state["spoken"] < _SPEAKS_AGAIN
    quiet = state["frames"] - 1 - state["sounded"]
    faded = ~state["is_over"] & (quiet >= state["greeting_end"])
    ended = is_machine & (beeped | faded)
    if not ended.any():
        return ()
    state["is_over"] |= ended
    state["spoken"][ended] = 0
    told: list[GreetingEnded | Classified] = []
    for place in np.nonzero(ended)[0].tolist():
        row = state[place]
        seconds = _seconds(row["frames"])
        stream, is_screening = int(row["stream"]), bool(row["is_screening"])
        could_be = not is_screening and row["sit"] < SPECIAL_TONES
        if beeped[place] and is_screening:
            row["is_screening"] = False
            told.append(Classified(stream, AnswerKind.MACHINE, seconds, "beep", 0.99))
        elif not beeped[place] and could_be and row["screening_odds"] > _SCREENING_ODDS:
            row["is_screening"] = True
            sure = _confidence(float(row["screening_odds"]), AnswerKind.MACHINE)
            told.append(
                Classified(stream, AnswerKind.SCREENING, seconds, "asks who calls, and waits", sure)
            )
        told.append(GreetingEnded(stream, bool(beeped[place]), seconds))
    return told


_KINDS: Final = (None, AnswerKind.HUMAN, AnswerKind.MACHINE)


def leanings(state: State) -> Sequence[Leaning]:
    """Return what has changed on the streams whose listeners want to know."""
    wants = state["leanings"] & ~state["is_machine"] & (state["began"] >= 0)
    if not wants.any():
        return ()
    length = state["spoke"] + 1 - state["began"]
    is_longer = np.where(
        state["learned"], state["odds"] > state["bias"], length > state["short_greeting"]
    )
    now = np.where(is_longer, 2, 1).astype(np.int8)
    changed = wants & (now != state["told"])
    state["told"] = np.where(wants, now, state["told"])
    told = []
    for place in np.nonzero(changed)[0].tolist():
        kind = _KINDS[int(now[place])]
        assert kind is not None
        row = state[place]
        sure = _confidence(float(row["odds"]), kind) if row["learned"] else _UNSURE
        told.append(Leaning(int(row["stream"]), kind, _seconds(row["frames"]), sure))
    return told


def _ask(state: State, model: Model, who: Bools) -> None:
    due = np.nonzero(who & ((state["frames"] + state["stream"]) % _ASKED_EVERY == 0))[0]
    if len(due):
        rows = state[due]
        classes = model.classes(features(rows), rows["memory"])
        human, machine, screening = classes.T
        state["odds"][due] = np.logaddexp(machine, screening) - human
        state["screening_odds"][due] = screening - machine


def _confidence(odds: float, kind: AnswerKind) -> float:
    is_machine = 1 / (1 + np.exp(-np.clip(odds, -20, 20)))
    return round(float(is_machine if kind is AnswerKind.MACHINE else 1 - is_machine), 3)


def _seconds(frames: np.int32) -> float:
    return round(int(frames) * FRAME_SECONDS, 3)
