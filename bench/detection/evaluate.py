"""What detection makes of the corpus: confusion, latencies, beeps; and of speech without beeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bench.detection.corpus import Call, Kind, Part, calls, make_utterances
from bench.detection.reference import asterisk_rules
from bench.detection.sounds import FRAME
from bench.detection.speech import UtteranceStore
from ringcast.audio.detection import (
    AnswerKind,
    Classified,
    DetectionSettings,
    Detector,
    GreetingEnded,
    Heard,
)

__all__ = ["Judged", "Result", "heard_in", "judged", "reference"]

BATCH: Final = 500
NO_VERDICT: Final = "none"
BEEP_WITHIN: Final = 0.2

EachFrame = Callable[[Detector, int], None]


@dataclass
class Judged:
    """A call, and what was made of it."""

    call: Call
    kind: str = NO_VERDICT
    first_kind: str = NO_VERDICT
    seconds: float | None = None
    reason: str = ""
    beeps: list[float] = field(default_factory=list)
    silences: list[float] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        """Whether the call is what it was taken for."""
        return self.kind == self.call.kind


def judged(
    part: Part,
    store: UtteranceStore,
    numbers: Sequence[int],
    *,
    settings: DetectionSettings | None = None,
    each_frame: EachFrame | None = None,
) -> Iterator[Judged]:
    """Have detection hear calls of a part, many at once as in a media worker."""
    make_utterances(part, store, numbers)
    for begin in range(0, len(numbers), BATCH):
        batch = list(calls(part, store, numbers[begin : begin + BATCH]))
        heard = heard_in(batch, settings or DetectionSettings(), each_frame)
        yield from (_judge(call, some) for call, some in zip(batch, heard, strict=True))


def heard_in(
    batch: Sequence[Call], settings: DetectionSettings, each_frame: EachFrame | None = None
) -> list[list[Heard]]:
    """Return what is heard in each of the calls."""
    longest = max(len(call.samples) for call in batch) // FRAME
    sound = np.zeros((len(batch), longest, FRAME), np.int16)
    ends = np.zeros(len(batch), int)
    for i, call in enumerate(batch):
        frames = call.samples.reshape(-1, FRAME)
        sound[i, : len(frames)], ends[i] = frames, len(frames)
    detector = Detector(initial=len(batch))
    for i in range(len(batch)):
        detector.start(i, settings)
    heard: list[list[Heard]] = [[] for _ in batch]
    for frame in range(longest):
        for stream in detector.streams[ends[detector.streams] <= frame].tolist():
            detector.stop(stream)
        if not len(detector):
            break
        block = sound[detector.streams, frame].astype(np.float32) / np.float32(32768)
        for one in detector.hear(block):
            heard[one.stream].append(one)
        if each_frame is not None and len(detector):
            each_frame(detector, frame)
    return heard


def _judge(call: Call, heard: Sequence[Heard]) -> Judged:
    judgement = Judged(call)
    for one in heard:
        if isinstance(one, Classified):
            if judgement.seconds is None:
                judgement.first_kind, judgement.seconds = one.kind, one.seconds
            judgement.kind, judgement.reason = one.kind, one.reason
        elif isinstance(one, GreetingEnded):
            (judgement.beeps if one.beep else judgement.silences).append(one.seconds)
    return judgement


def reference(some: Sequence[Judged], *, most_words: int | None) -> list[Judged]:
    """Return what the reference rules make of the same calls."""
    told = []
    for one in some:
        kind, seconds = asterisk_rules(one.call.samples, most_words=most_words)
        told.append(Judged(one.call, kind or "not sure", kind or "not sure", seconds))
    return told


@dataclass(frozen=True)
class Result:
    """The figures of a run."""

    calls: int
    right: float
    people: int
    people_called_machine: float
    person_median: float
    person_p95: float
    machine_median: float
    machine_p95: float
    beeps: int
    beeps_found: float
    false_beeps: int
    confusion: Counter[tuple[str, str]]

    @classmethod
    def of(cls, some: Sequence[Judged]) -> Result:
        """Return the figures of these calls."""
        people = [one for one in some if one.call.kind is Kind.HUMAN]
        taken = [one.seconds for one in people if one.kind == AnswerKind.HUMAN and one.seconds]
        machines = [
            one.seconds
            for one in some
            if one.call.kind is Kind.MACHINE and one.kind == AnswerKind.MACHINE and one.seconds
        ]
        beeps = found = false = 0
        for one in some:
            left = list(one.beeps)
            for end in one.call.beeps:
                beeps += 1
                fitting = [when for when in left if -0.02 <= when - end <= BEEP_WITHIN]
                if fitting:
                    found += 1
                    left.remove(fitting[0])
            false += len([w for w in left if all(abs(w - end) > 0.5 for end in one.call.beeps)])
        as_machine = sum(one.kind in ("machine", "screening", "fax") for one in people)
        return cls(
            calls=len(some),
            right=sum(one.is_right for one in some) / len(some),
            people=len(people),
            people_called_machine=as_machine / max(1, len(people)),
            person_median=_quantile(taken, 0.5),
            person_p95=_quantile(taken, 0.95),
            machine_median=_quantile(machines, 0.5),
            machine_p95=_quantile(machines, 0.95),
            beeps=beeps,
            beeps_found=found / max(1, beeps),
            false_beeps=false,
            confusion=Counter((one.call.kind.value, one.kind) for one in some),
        )


def _quantile(values: Sequence[float], share: float) -> float:
    return float(np.quantile(values, share)) if values else float("nan")
