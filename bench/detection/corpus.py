"""Labelled calls: what is heard from the answer on, in three parts.

Call number n of a part is always the same: everything about it is drawn from the part's name and
n. The parts share no text, no voice, and no name that fills a text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar
from zlib import crc32

import numpy as np
import soxr
from numpy.typing import NDArray

from bench.detection import sounds, texts
from bench.detection.sounds import FRAME, RATE, Wave
from bench.detection.speech import ACCENTS, VARIANTS, Utterance, UtteranceStore

__all__ = ["SIZES", "Call", "Kind", "Part", "calls", "make_utterances", "utterances_of"]

T = TypeVar("T")


class Part(StrEnum):
    """What a call may be used for."""

    TRAINING = "training"
    TUNING = "tuning"
    """To choose thresholds with, and to compare what was trained."""
    HELD_OUT = "held-out"


SIZES: Final = {Part.TRAINING: 10_000, Part.TUNING: 2000, Part.HELD_OUT: 2000}


class Kind(StrEnum):
    """Who has answered: what detection should say."""

    HUMAN = "human"
    MACHINE = "machine"
    SCREENING = "screening"
    FAX = "fax"
    SILENCE = "silence"


@dataclass(frozen=True, kw_only=True)
class Call:
    """What is heard, and what it is. Times are seconds after the answer."""

    number: int
    part: Part
    kind: Kind
    story: str
    samples: NDArray[np.int16]
    speech: tuple[float, float] | None
    """From the first word to the last."""
    beeps: tuple[float, ...]
    """When each ends."""
    line: str


SHARES: Final = (
    # kind, story, how many of a thousand calls
    (Kind.HUMAN, "a word", 300),
    (Kind.HUMAN, "a word, and again", 65),
    (Kind.HUMAN, "some words", 60),
    (Kind.HUMAN, "a sentence", 15),
    (Kind.MACHINE, "greeting", 230),
    (Kind.MACHINE, "greeting with pauses", 65),
    (Kind.MACHINE, "hello, pause, greeting", 40),
    (Kind.MACHINE, "music, greeting", 20),
    (Kind.MACHINE, "no beep", 25),
    (Kind.MACHINE, "mailbox full", 15),
    (Kind.MACHINE, "number unobtainable", 15),
    (Kind.SCREENING, "screening", 50),
    (Kind.FAX, "fax", 40),
    (Kind.SILENCE, "nobody speaks", 60),
)
_AFTER_BEEP: Final = 3.0


def calls(part: Part, store: UtteranceStore, numbers: Sequence[int]) -> Iterator[Call]:
    """Yield calls of a part; `make_utterances` must have been called before."""
    for number in numbers:
        plan = _Plan(part, number)
        yield plan.call(store)


def make_utterances(part: Part, store: UtteranceStore, numbers: Sequence[int]) -> int:
    """Make the speech of these calls, if it is not kept yet; return how many were made."""
    return store.make(utterances_of(part, numbers))


def utterances_of(part: Part, numbers: Sequence[int]) -> list[Utterance]:
    """Return what is said in these calls, by voice."""
    wanted = {one for number in numbers for one in _Plan(part, number).utterances}
    return sorted(wanted, key=lambda one: (one.voice, one.text))


def of_part(items: Sequence[T], part: Part) -> list[T]:
    """Return what belongs to a part, chosen by how it reads: a third is held out, a sixth tunes."""
    ranked = sorted(items, key=lambda item: crc32(repr(item).encode()))
    held = len(items) // 3 if len(items) > 3 else min(1, len(items) - 1)
    tuning = held + max(1, len(items) // 6) if len(items) > 3 else held
    chosen = {
        Part.HELD_OUT: ranked[:held],
        Part.TUNING: ranked[held:tuning],
        Part.TRAINING: ranked[tuning:],
    }[part]
    kept = {id(item) for item in chosen}
    return [item for item in items if id(item) in kept]


def texts_of_part(items: texts.Texts, part: Part) -> list[tuple[str, str]]:
    """Return the texts of a part; a language with too few for a part is not heard in it."""
    chosen = []
    for language in sorted({language for language, _ in items}):
        chosen += of_part([item for item in items if item[0] == language], part)
    return chosen


@dataclass
class _Piece:
    """Something that sounds, and what follows it in silence."""

    utterance: Utterance | None = None
    sound: Wave | None = None
    after: float = 0.0
    is_speech: bool = False
    ends: tuple[float, ...] = ()
    level_db: float = 0.0
    speed: float = 1.0


@dataclass
class _Plan:
    """One call as drawn, before its speech is there."""

    part: Part
    number: int
    pieces: list[_Piece] = field(default_factory=list)

    def __post_init__(self) -> None:
        seed = [crc32(self.part.value.encode()), self.number]
        self.rng = rng = np.random.default_rng(seed)
        place = self.number * 617 % 1000  # every thousand calls have just the shares
        for self.kind, self.story, share in SHARES:
            if place < share:
                break
            place -= share
        self.variant = str(rng.choice(of_part(VARIANTS, self.part)))
        self.speed = float(rng.uniform(0.78, 1.28))
        self.lead = 0.0
        {
            Kind.HUMAN: self._person,
            Kind.MACHINE: self._machine,
            Kind.SCREENING: self._screening,
            Kind.FAX: self._fax,
            Kind.SILENCE: self._nobody,
        }[self.kind]()
        if rng.random() < 0.2:  # the answer is told late: somebody speaks already
            self.lead = float(rng.uniform(0, 0.08))

    @property
    def utterances(self) -> list[Utterance]:
        return [piece.utterance for piece in self.pieces if piece.utterance]

    # What is said

    def _person(self) -> None:
        rng = self.rng
        self.lead = float(np.clip(rng.lognormal(np.log(0.4), 0.5), 0.06, 1.6))
        if self.story == "a word, and again":
            language, text = self._text(texts.HELLOS)
            self._say(language, text, after=float(rng.uniform(0.7, 1.6)))
            if rng.random() < 0.4:
                language, text = self._text(texts.HELLOS)
            self._say(language, text, after=6.0)
            return
        some = {
            "a word": texts.HELLOS,
            "some words": texts.MEDIUM_HELLOS,
            "a sentence": texts.LONG_HELLOS,
        }[self.story]
        self._say(*self._text(some), after=6.0)

    def _machine(self) -> None:
        rng = self.rng
        self.lead = float(np.clip(rng.lognormal(np.log(0.7), 0.5), 0.1, 2.0))
        if self.story == "mailbox full":
            self._say(*self._text(texts.MAILBOX_FULL), after=1.0)
            return
        if self.story == "number unobtainable":
            self.lead = 0.3
            parts = [(950.0, 0.33), (1400.0, 0.33), (1800.0, 0.33)]
            sit = np.concatenate([sounds.tone((hz,), s, ramp=0.002) for hz, s in parts])
            self.pieces.append(_Piece(sound=sit, after=0.3))
            self._say(*self._text(texts.UNOBTAINABLE), after=3.0)
            return
        if self.story == "music, greeting":
            tune = sounds.music(rng, float(rng.uniform(1.5, 4.0)))
            self.pieces.append(_Piece(sound=tune, after=0.2, level_db=-4.0))
        language, text = self._text(texts.GREETINGS)
        if self.story == "hello, pause, greeting":
            some = texts_of_part(texts.OPENINGS, self.part)
            openings = [one for one in some if one[0] == language] or some
            _, opening = openings[int(rng.integers(len(openings)))]
            self._say(language, opening, after=float(rng.uniform(0.25, 0.55)))
        if self.story == "greeting with pauses":
            sentences = [one for one in text.replace("!", ".").split(". ") if one]
            for sentence in sentences:
                pause = float(np.clip(rng.lognormal(np.log(0.45), 0.4), 0.25, 1.2))
                self._say(language, sentence, after=pause)
            self.pieces[-1].after = 0.0
        else:
            self._say(language, text, after=0.0)
        if self.story == "no beep":
            self.pieces[-1].after = 8.0
            return
        self.pieces[-1].after = float(np.clip(rng.lognormal(np.log(0.5), 0.6), 0.1, 2.0))
        beep, ends = sounds.beep(rng)
        level = float(rng.uniform(-8, 4))
        self.pieces.append(_Piece(sound=beep, after=_AFTER_BEEP, ends=tuple(ends), level_db=level))

    def _screening(self) -> None:
        self.lead = float(self.rng.uniform(0.3, 1.2))
        self._say(*self._text(texts.SCREENING), after=8.0)

    def _fax(self) -> None:
        rng = self.rng
        self.lead = float(rng.uniform(0.2, 2.0))
        if rng.random() < 0.7:
            self.pieces.append(_Piece(sound=sounds.tone((2100.0,), 3.0), after=1.0))
        else:
            cng = np.concatenate([sounds.tone((1100.0,), 0.5), np.zeros(3 * RATE, np.float32)])
            self.pieces.append(_Piece(sound=np.tile(cng, 2), after=0.0))

    def _nobody(self) -> None:
        self.pieces.append(_Piece(sound=np.zeros(8 * RATE, np.float32)))

    def _text(self, some: texts.Texts) -> tuple[str, str]:
        rng = self.rng
        chosen = texts_of_part(some, self.part)
        if some is texts.HELLOS and rng.random() < 0.6:  # most people say no more than hello
            chosen = [one for one in chosen if len(one[1].split()) <= 2 and "{" not in one[1]]
        # English is half of what is heard, whatever there is of other languages.
        is_english = rng.random() < 0.55
        fitting = [one for one in chosen if (one[0] == "en") == is_english] or chosen
        language, text = fitting[int(rng.integers(len(fitting)))]
        filled = text.format(
            n=rng.choice(of_part(texts.NAMES, self.part)),
            c=rng.choice(of_part(texts.FIRMS, self.part)),
            d=rng.choice(of_part(texts.NUMBERS, self.part)),
        )
        return language, filled[0].upper() + filled[1:]

    def _say(self, language: str, text: str, *, after: float) -> None:
        accents = ACCENTS.get(language, (language,))
        accent = accents[crc32(f"{self.variant}{self.number}".encode()) % len(accents)]
        said = Utterance(f"{accent}+{self.variant}", text)
        self.pieces.append(_Piece(utterance=said, after=after, is_speech=True, speed=self.speed))

    # How it sounds

    def call(self, store: UtteranceStore) -> Call:
        """Return the call, with the sounds of its line."""
        rng = self.rng
        level = float(np.clip(rng.normal(-20, 7), -40, -9))
        parts: list[Wave] = [np.zeros(round(self.lead * RATE), np.float32)]
        at = len(parts[0])
        spoken: list[tuple[int, int]] = []
        beeps: list[float] = []
        for piece in self.pieces:
            sound = self._sound(piece, store) * np.float32(10 ** ((level + piece.level_db) / 20))
            if piece.is_speech:
                spoken.append((at, at + len(sound)))
            beeps += [at / RATE + end for end in piece.ends]
            pause = np.zeros(round(piece.after * RATE), np.float32)
            parts += [sound, pause]
            at += len(sound) + len(pause)
        wave = np.concatenate(parts)
        if self.kind in (Kind.MACHINE, Kind.SCREENING) and spoken and rng.random() < 0.5:
            self._add_room(wave, level, spoken)
        line = self._add_line(wave, level)
        wave = np.clip(wave * np.float32(min(1.0, 0.7 / max(1e-6, np.abs(wave).max()))), -1, 1)
        if rng.random() < 0.15:
            share = float(rng.choice([0.01, 0.03, 0.05]))
            wave, line = sounds.lossy(rng, wave, share), f"{line}, {share:.0%} lost"
        law = str(rng.choice(["PCMU", "PCMA"]))
        samples = sounds.coded(np.pad(wave, (0, -len(wave) % FRAME)), law)
        span = (spoken[0][0] / RATE, spoken[-1][1] / RATE) if spoken else None
        return Call(
            number=self.number,
            part=self.part,
            kind=self.kind,
            story=self.story,
            samples=samples,
            speech=span,
            beeps=tuple(beeps),
            line=f"{law}, {line}",
        )

    def _sound(self, piece: _Piece, store: UtteranceStore) -> Wave:
        if piece.sound is not None:
            return piece.sound
        assert piece.utterance is not None
        samples = store[piece.utterance].astype(np.float32)
        samples = soxr.resample(samples, RATE, RATE / piece.speed)
        loud = np.sort(np.abs(samples))[-max(1, len(samples) // 3) :]
        return np.asarray(samples / np.sqrt(np.mean(np.square(loud)) + 1e-9), np.float32)

    def _add_room(self, wave: Wave, level: float, spoken: list[tuple[int, int]]) -> None:
        """Add the noise of the room a greeting was recorded in, while it is played."""
        begin = max(0, spoken[0][0] - round(float(self.rng.uniform(0.02, 0.4)) * RATE))
        end = min(len(wave), spoken[-1][1] + round(float(self.rng.uniform(0, 0.3)) * RATE))
        loud = level - float(self.rng.uniform(25, 45))
        wave[begin:end] += sounds.noise(self.rng, "room", end - begin) * np.float32(
            10 ** (loud / 20)
        )

    def _add_line(self, wave: Wave, level: float) -> str:
        rng = self.rng
        kind = str(rng.choice(["none", "comfort", "white", "hum", "car", "room", "talk"],
                              p=[0.25, 0.2, 0.2, 0.1, 0.1, 0.1, 0.05]))  # fmt: skip
        below = {"car": (14, 30), "talk": (18, 30), "hum": (10, 35)}.get(kind, (22, 45))
        loud = level - float(rng.uniform(*below))
        gain = np.float32(10 ** (loud / 20))
        if kind == "talk":
            if self.kind is Kind.SILENCE:  # it would be somebody who speaks
                kind = "room"
            else:
                wave += self._talk(len(wave)) * gain
        if kind != "talk":
            wave += sounds.noise(rng, kind, len(wave)) * gain
        if rng.random() < 0.06:
            ring = sounds.ringing(rng, float(rng.uniform(0.06, 0.35)))[: len(wave)]
            wave[: len(ring)] += ring * np.float32(10 ** (-22 / 20))
            kind += ", ring-back at first"
        return f"{kind}, {level:.0f} dB"

    def _talk(self, samples: int) -> Wave:
        """Return many voices at once, none of which can be told: speech-shaped, waving noise."""
        wave = np.zeros(samples, np.float32)
        t = np.arange(samples) / RATE
        for _ in range(5):
            rate, phase = self.rng.uniform(2, 5), self.rng.uniform(0, 6)
            syllables = np.maximum(0, np.sin(2 * np.pi * rate * t + phase)).astype(np.float32)
            wave += sounds.noise(self.rng, "room", samples) * syllables
        return np.asarray(wave / np.sqrt(np.mean(np.square(wave))), np.float32)
