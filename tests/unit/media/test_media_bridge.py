"""Bridges and detection on the tick, with ticks and packets given by the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ringcast.audio import g711, tones, wav
from ringcast.audio.detection import AnswerKind, DetectionSettings
from ringcast.media import messages as m
from tests.unit.media.test_media_pump import EVENTS, FAR, Bench

AUDIO = np.random.default_rng(2).integers(0, 255, (200, 160), np.uint8)
SILENCE = b"\xff" * 160


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.writer.close(timeout=10)


@pytest.fixture
def bridged(bench: Bench) -> Bench:
    """Streams 0 and 1, bridged."""
    bench.open(0)
    bench.open(1)
    bench.do(m.Bridge(0, 1))
    return bench


def sent(bench: Bench, stream: int) -> bytes:
    """Return the audio that the ticks of the last run sent."""
    packets = [packet for row, _, packet in bench.wire.sent if row == stream]
    return b"".join(packet.payload for packet in packets if packet.payload_type != EVENTS)


def talk(bench: Bench, stream: int, first: int, ticks: int, *, payload_type: int = 0) -> None:
    """Let a far end speak for so many ticks; what they sent stays on the wire."""
    heard = []
    for number in range(first, first + ticks):
        payload = AUDIO[number].tobytes()
        bench.hear(number, payload, stream=stream, payload_type=payload_type)
        bench.run()
        heard += bench.wire.sent
    bench.wire.sent = heard


def test_each_hears_what_the_other_says_and_nothing_else(bridged: Bench) -> None:
    talk(bridged, 0, 0, 50)
    assert sent(bridged, 1) == SILENCE * 3 + AUDIO[:47].tobytes()
    assert sent(bridged, 0) == SILENCE * 50

    talk(bridged, 1, 50, 50)
    assert sent(bridged, 0) == SILENCE * 3 + AUDIO[50:97].tobytes()
    assert sent(bridged, 1) == AUDIO[47:50].tobytes() + SILENCE * 47


def test_twenty_bridges_at_once_do_not_meet() -> None:
    bench = Bench(rows=40)
    for stream in range(40):
        alaw = stream % 3 == 0
        bench.open(stream, payload_type=8 if alaw else 0, codec="PCMA" if alaw else "PCMU")
    for stream in range(20):  # not neighbours
        bench.do(m.Bridge(stream, 39 - stream))
    heard: dict[int, bytes] = {}
    for tick in range(30):
        for stream in range(40):
            bench.hear(tick, AUDIO[stream + tick].tobytes(), stream=stream)
        bench.run()
        for row, _, packet in bench.wire.sent:
            heard[row] = heard.get(row, b"") + packet.payload
    bench.writer.close(timeout=10)

    for stream in range(40):
        said = AUDIO[39 - stream : 39 - stream + 27]
        if (39 - stream) % 3 == 0:  # kept in the codec of the stream it came on
            said = g711.ULAW_TO_ALAW[said]
            said = said if stream % 3 == 0 else g711.ALAW_TO_ULAW[said]
        elif stream % 3 == 0:
            said = g711.ULAW_TO_ALAW[said]
        assert heard[stream][3 * 160 :] == said.tobytes(), stream


def test_different_codecs_are_converted(bench: Bench) -> None:
    bench.open(0)
    bench.open(1, payload_type=8, codec="PCMA")
    bench.do(m.Bridge(0, 1))

    talk(bench, 0, 0, 20)
    assert sent(bench, 1)[3 * 160 :] == g711.ULAW_TO_ALAW[AUDIO[:17]].tobytes()
    assert sent(bench, 1)[:160] == b"\xd5" * 160

    talk(bench, 1, 20, 20, payload_type=8)
    assert sent(bench, 0)[3 * 160 :] == g711.ALAW_TO_ULAW[AUDIO[20:37]].tobytes()


@pytest.mark.parametrize("ptime_ms", [40, 60])
def test_longer_packets_of_one_side_lose_nothing(bench: Bench, ptime_ms: int) -> None:
    bench.open(0)
    bench.open(1, ptime_ms=ptime_ms)
    bench.do(m.Bridge(0, 1))

    talk(bench, 0, 0, 60)

    heard = sent(bench, 1)
    begin = heard.index(AUDIO[0].tobytes())
    assert begin <= 6 * 160
    assert heard[begin:] == AUDIO[: (len(heard) - begin) // 160].tobytes()


def test_playback_is_heard_in_place_of_the_other(bridged: Bench, tmp_path: Path) -> None:
    path = tmp_path / "sound.ulaw"
    path.write_bytes(bytes(range(160)) * 10)
    talk(bridged, 0, 0, 10)

    bridged.do(m.Play(1, 7, [m.PlayFile(str(path))], 1))
    talk(bridged, 0, 10, 20)

    assert sent(bridged, 1) == path.read_bytes() + AUDIO[17:27].tobytes()


def test_bridge_made_during_a_playback_is_heard_after_it(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "sound.ulaw"
    path.write_bytes(bytes(range(160)) * 10)
    bench.open(0)
    bench.open(1)
    bench.do(m.Play(1, 7, [m.PlayFile(str(path))], 1))
    bench.do(m.Bridge(0, 1))

    talk(bench, 0, 0, 20)

    assert sent(bench, 1) == path.read_bytes() + AUDIO[7:17].tobytes()


def test_digits_of_ours_are_sent_and_the_other_is_heard_again_after_them(bridged: Bench) -> None:
    talk(bridged, 0, 0, 10)
    bridged.do(m.SendDigits(1, "5", 100, 60))
    talk(bridged, 0, 10, 40)

    events = [p for row, _, p in bridged.wire.sent if row == 1 and p.payload_type == EVENTS]
    assert len(events) == 7
    assert sent(bridged, 1).endswith(AUDIO[30:47].tobytes())


def test_key_of_the_other_is_an_event_and_no_sound(bridged: Bench) -> None:
    talk(bridged, 0, 0, 5)
    bridged.hear(5, b"\x05\x8a\x03\x20", payload_type=EVENTS, timestamp=800)
    bridged.run(6)

    (digit,) = bridged.seen(m.DigitReceived)
    assert (digit.stream, digit.digit) == (0, "5")
    assert sent(bridged, 1) == AUDIO[2:5].tobytes() + SILENCE * 3


def test_recordings_keep_both_sides(bridged: Bench, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    bridged.do(m.StartRecording(1, 4, str(path), "mixed", None))
    talk(bridged, 0, 0, 60)
    bridged.do(m.StopRecording(1, 4))
    bridged.finish_recordings()

    samples = wav.read(path.read_bytes()).mono()
    assert g711.decode_ulaw(AUDIO[:50].tobytes()).tobytes() in samples.tobytes()


def test_end_of_one_leaves_the_other_in_silence(bridged: Bench) -> None:
    talk(bridged, 0, 0, 10)
    bridged.do(m.Close(0))
    bridged.run(10)

    assert sent(bridged, 1) == SILENCE * 10
    assert [event.stream for event in bridged.seen(m.StreamClosed)] == [0]

    # The row that has become free is nobody's echo.
    bridged.open(2)
    talk(bridged, 0, 20, 10)
    assert sent(bridged, 1) == SILENCE * 10


def test_unbridged_streams_are_silent_and_can_be_bridged_again(bridged: Bench) -> None:
    bridged.do(m.Unbridge(1))
    bridged.do(m.Unbridge(0))
    talk(bridged, 0, 0, 10)
    assert sent(bridged, 1) == SILENCE * 10

    bridged.do(m.Bridge(1, 0))
    talk(bridged, 0, 10, 10)
    assert sent(bridged, 1).endswith(AUDIO[10:17].tobytes())


def test_new_bridge_ends_the_old_one(bridged: Bench) -> None:
    bridged.open(2)
    bridged.do(m.Bridge(2, 1))

    talk(bridged, 0, 0, 10)
    assert sent(bridged, 1) == SILENCE * 10
    talk(bridged, 2, 20, 10)
    assert sent(bridged, 1).endswith(AUDIO[20:27].tobytes())
    assert sent(bridged, 0) == SILENCE * 10


def test_bridge_with_a_stream_that_has_closed_is_none(bench: Bench) -> None:
    bench.open(0)
    bench.do(m.Bridge(0, 1))

    talk(bench, 0, 0, 5)

    assert sent(bench, 0) == SILENCE * 5


def test_hold_is_silence_for_the_other(bridged: Bench) -> None:
    talk(bridged, 0, 0, 10)
    bridged.connect(0, receive=False)
    talk(bridged, 0, 10, 10)

    assert sent(bridged, 1) == AUDIO[7:10].tobytes() + SILENCE * 7


# Detection.


def say(bench: Bench, stream: int, *parts: np.ndarray[tuple[int], np.dtype[np.int16]]) -> None:
    """Let a far end send sounds, a packet a tick."""
    samples = np.concatenate(parts)
    codes = g711.encode_ulaw(np.pad(samples, (0, -len(samples) % 160))).reshape(-1, 160)
    for number, frame in enumerate(codes):
        bench.hear(number, frame.tobytes(), stream=stream, source=FAR)
        bench.run()


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_answer_is_classified_once_and_then_costs_nothing(bench: Bench, codec: str) -> None:
    bench.open(0, codec=codec, payload_type=8 if codec == "PCMA" else 0)
    bench.do(m.StartDetection(0, DetectionSettings(learned=False)))
    said = tones.noise(0.6, seed=1, level_dbfs=-18)
    quiet = tones.noise(3.0, seed=2, level_dbfs=-60)

    say(bench, 0, quiet[:1600], said, quiet)

    (found,) = bench.seen(m.AnswerClassified)
    assert (found.stream, found.kind) == (0, AnswerKind.HUMAN)
    assert found.seconds == pytest.approx(0.2 + 0.6 + 0.8, abs=0.15)


def test_machine_is_listened_to_until_told_to_stop(bench: Bench) -> None:
    bench.open(0)
    bench.do(m.StartDetection(0, DetectionSettings(learned=False, long_greeting=2.0)))
    greeting = [tones.noise(0.1, seed=n, level_dbfs=-18 - n % 2 * 12) for n in range(30)]
    beep = tones.beep()
    quiet = tones.silence(0.3)

    say(bench, 0, *greeting, quiet, beep, quiet)
    assert [e.kind for e in bench.seen(m.AnswerClassified)] == [AnswerKind.MACHINE]
    assert [e.beep for e in bench.seen(m.GreetingEnded)] == [True]

    bench.do(m.StopDetection(0))
    say(bench, 0, beep, quiet)
    assert len(bench.seen(m.GreetingEnded)) == 1


def test_silence_on_the_wire_is_silence(bench: Bench) -> None:
    bench.open(0)
    bench.do(m.StartDetection(0, DetectionSettings(initial_silence=1.0)))

    bench.run(60)

    (found,) = bench.seen(m.AnswerClassified)
    assert (found.kind, found.seconds) == (AnswerKind.SILENCE, 1.02)


def test_detection_hears_the_ticks_that_were_late(bench: Bench) -> None:
    bench.open(0)
    bench.do(m.StartDetection(0, DetectionSettings(initial_silence=1.0)))
    bench.run(1)
    for _ in range(7):
        for _ in range(9):  # sent all at once after a pause, then heard
            bench.tick += 1
            bench.pump.send(bench.tick, now=bench.now)
        bench.pump.handle_timers(now=bench.now)

    (found,) = bench.seen(m.AnswerClassified)
    assert found.seconds == 1.02


def test_stream_that_closes_is_detected_no_more(bench: Bench) -> None:
    bench.open(0)
    bench.open(1)
    for stream in (0, 1):
        bench.do(m.StartDetection(stream, DetectionSettings(initial_silence=1.0)))
    bench.do(m.Close(0))

    bench.run(60)

    assert [event.stream for event in bench.seen(m.AnswerClassified)] == [1]
