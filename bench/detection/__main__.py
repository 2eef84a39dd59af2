"""Makes the corpus, judges detection by it, trains the model, and measures what detection costs."""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

# Small products of matrices gain nothing from threads, and figures are of one core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from bench import detection, table
from bench.detection import cost, train, tune
from bench.detection.corpus import SIZES, Kind, Part, calls, make_utterances
from bench.detection.evaluate import NO_VERDICT, Judged, Result, judged, reference
from bench.detection.false_beeps import false_beeps
from bench.detection.speech import UtteranceStore
from bench.table import Row
from ringcast.audio import wav
from ringcast.audio.detection import DetectionSettings
from ringcast.audio.detection.model import trained

PAGE = Path(__file__).parent.parent.parent / "docs" / "detection.md"


def main() -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.detection",
        description=detection.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path.home() / ".cache" / "ringcast" / "detection",
        help="where speech is kept between runs",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    corpus = commands.add_parser("corpus", help="make the speech of all calls")
    corpus.add_argument("--wav", type=Path, metavar="DIR", help="also write calls as WAV files")
    corpus.add_argument("--count", type=int, default=50, help="how many of each part to write")
    evaluate = commands.add_parser("evaluate", help="judge detection by the held-out part")
    evaluate.add_argument("--part", type=Part, choices=list(Part), default=Part.HELD_OUT)
    evaluate.add_argument("--calls", type=int, help="only the first of them")
    evaluate.add_argument("--rules", action="store_true", help="without the trained model")
    evaluate.add_argument("--bias", type=float, default=DetectionSettings().bias)
    evaluate.add_argument("--hours", type=float, default=10.0, help="of speech without beeps")
    evaluate.add_argument("--mistakes", action="store_true", help="list what is wrong")
    evaluate.add_argument("--write", action="store_true", help="also into docs/detection.md")
    learn = commands.add_parser("train", help="make the model anew from the training part")
    learn.add_argument("--calls", type=int, default=SIZES[Part.TRAINING])
    learn.add_argument("--seed", type=int, default=train.SEED)
    learn.add_argument("--to", type=Path, default=train.MODEL)
    commands.add_parser("tune", help="choose the thresholds by the tuning part, and print them")
    commands.add_parser("cost", help="CPU per stream; streams that a core carries")
    options = parser.parse_args()
    store = UtteranceStore(options.folder / "utterances")
    match options.command:
        case "corpus":
            _corpus(store, options.wav, options.count)
        case "evaluate":
            _evaluate(store, options)
        case "train":
            data = train.examples(Part.TRAINING, store, range(options.calls))
            train.save(train.train(data, seed=options.seed), options.to)
            print(f"wrote {options.to}")
        case "tune":
            _tune(store)
        case "cost":
            table.show(cost.rows(store))


def _corpus(store: UtteranceStore, folder: Path | None, count: int) -> None:
    for part, size in SIZES.items():
        made = make_utterances(part, store, range(size))
        print(f"{part}: {size} calls, {made} utterances made now")
        if folder is None:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        for call in calls(part, store, range(count)):
            name = f"{part}-{call.number:04}-{call.kind}.wav"
            (folder / name).write_bytes(wav.write(call.samples, rate=8000))


def _tune(store: UtteranceStore) -> None:
    model = trained()
    assert model is not None
    data = train.examples(Part.TUNING, store, range(SIZES[Part.TUNING]))
    chosen, found = tune.tune(tune.moments(model, data))
    bias = math.log(DetectionSettings().bias)
    print(f"right {found.right:.1%}, people called machine {found.people_called_machine:.1%},")
    print(f"a person after {found.median:.2f} s, 95th percentile {found.p95:.2f} s")
    print("without the bias, as `ringcast.audio.detection.verdicts` has them:")
    for least, most in zip(tune.QUIET, chosen.people, strict=True):
        print(f"  a person after {least} frames of silence: below {most - bias:.1f}")
    print(f"  a machine: above {chosen.machine - bias:.1f}")
    print(f"  a machine that has spoken for long: above {chosen.long - bias:.1f}")
    print(f"  call screening: above {chosen.screening:.1f}")


def _evaluate(store: UtteranceStore, options: argparse.Namespace) -> None:
    numbers = range(options.calls or SIZES[options.part])
    settings = DetectionSettings(learned=not options.rules, bias=options.bias)
    began = time.monotonic()
    some = list(judged(options.part, store, numbers, settings=settings))
    rules = list(judged(options.part, store, numbers, settings=DetectionSettings(learned=False)))
    wrong, hours = false_beeps(options.part, store, hours=options.hours)
    found = Result.of(some)
    rows = [*_rows(found, wrong, hours), *_beside(some, rules)]
    table.show(rows)
    lines = _confusion(found)
    print("\n".join(lines))
    command = " ".join(["python -m bench.detection", *sys.argv[1:]])
    audio = sum(len(one.call.samples) for one in some) / 8000 / 3600
    notes = [
        f"By `{command}`: {len(some):,} calls of the {options.part} part, {audio:.1f} hours",
        f"It took {time.monotonic() - began:.0f} s",
    ]
    if options.mistakes:
        for one in some:
            if not one.is_right:
                call = one.call
                print(call.number, call.kind, call.story, call.line, one.kind, one.reason)
    if options.write:
        text = "\n".join([table.markdown(rows, notes), "", *lines, "", *_latencies(some)])
        table.write(PAGE, text)


def _rows(found: Result, wrong: int, hours: float) -> Iterator[Row]:
    yield Row("calls told right", f"{found.right:.1%}", "≥ 97 %", found.right >= 0.97)
    share = found.people_called_machine
    yield Row("people called machine", f"{share:.1%} of {found.people}", "≤ 1 %", share <= 0.01)
    yield Row(
        "beep found within 0.2 s of its end",
        f"{found.beeps_found:.1%} of {found.beeps}",
        "≥ 98 %",
        found.beeps_found >= 0.98,
    )
    yield Row(
        "false beeps in speech and ring-back",
        f"{wrong} in {hours:.1f} h",
        "none in 10 h",
        wrong == 0 and hours >= 10,
    )
    yield Row(
        "decision for a person, median",
        f"{found.person_median:.2f} s",
        "≤ 1.6 s",
        found.person_median <= 1.6,
    )
    yield Row(
        "decision for a person, 95th percentile",
        f"{found.person_p95:.2f} s",
        "≤ 3.0 s",
        found.person_p95 <= 3.0,
    )
    yield Row(
        "decision for a machine",
        f"median {found.machine_median:.2f} s, 95th percentile {found.machine_p95:.2f} s",
    )


def _beside(some: Sequence[Judged], rules: Sequence[Judged]) -> Iterator[Row]:
    for name, result in (
        ("our rules without the model", Result.of(rules)),
        ("Asterisk's default rules", Result.of(reference(some, most_words=3))),
        ("Asterisk's, of time alone", Result.of(reference(some, most_words=None))),
    ):
        yield Row(
            f"beside: {name}",
            f"{result.right:.1%} right, {result.people_called_machine:.1%} of people called"
            f" machine, a person after {result.person_median:.2f} s"
            f" (95th percentile {result.person_p95:.2f})",
        )


def _confusion(found: Result) -> list[str]:
    told = [*(kind.value for kind in Kind), NO_VERDICT]
    lines = ["| is \\ told | " + " | ".join(told) + " |", "|---" * (len(told) + 1) + "|"]
    for kind in Kind:
        cells = [str(found.confusion.get((kind.value, one), 0)) for one in told]
        lines.append(f"| **{kind.value}** | " + " | ".join(cells) + " |")
    return lines


def _latencies(some: Sequence[Judged]) -> list[str]:
    """Return how many people were told by when, drawn in letters."""
    people = [one for one in some if one.call.kind is Kind.HUMAN and one.kind == "human"]
    bins = Counter(int((one.seconds or 0.0) / 0.25) for one in people)
    lines = ["Seconds from the answer to the verdict on a person:", "", "```"]
    for place in range(max(bins, default=0) + 1):
        share = bins[place] / max(1, len(people))
        lines.append(f"{place * 0.25:5.2f}-{place * 0.25 + 0.25:4.2f}  {share:5.1%}  "
                     + "#" * round(share * 200))  # fmt: skip
    return [*lines, "```"]


if __name__ == "__main__":
    main()
