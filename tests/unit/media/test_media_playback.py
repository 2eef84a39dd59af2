"""Items cut into runs of packets."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import numpy as np
import pytest

from ringcast.audio.g711 import ULAW_TO_ALAW
from ringcast.media.messages import Codec, PlayFile, PlayItem, PlaySilence
from ringcast.media.playback import Files, Playback, check_items


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """Make files of 1000, 37, 0 and 480 samples, all different."""
    for number, size in enumerate((1000, 37, 0, 480)):
        samples = np.random.default_rng(number).integers(0, 256, size, np.uint8)
        (tmp_path / f"{number}.ulaw").write_bytes(samples.tobytes())
    return tmp_path


def sound(folder: Path, number: int) -> bytes:
    return (folder / f"{number}.ulaw").read_bytes()


def play(
    *items: PlayItem,
    loop: int | None = 1,
    codec: Codec = "PCMU",
    packet: int = 160,
    most: int = 100,
) -> bytes:
    """Return all packets of a playback, one after the other."""
    playback = Playback(1, items, loop=loop, codec=codec, packet=packet, files=Files())
    return rest(playback, packet=packet, most=most)


def rest(playback: Playback, *, packet: int = 160, most: int = 100) -> bytes:
    packets: list[bytes] = []
    while len(packets) < most and (run := playback.next_run()) is not None:
        packets += [
            ctypes.string_at(run.address + i * run.step, packet) for i in range(run.packets)
        ]
    return b"".join(packets)


def test_files_follow_each_other_without_a_gap(sounds: Path) -> None:
    heard = play(*(PlayFile(str(sounds / f"{n}.ulaw")) for n in (0, 1, 2, 3)))

    expected = sound(sounds, 0) + sound(sounds, 1) + sound(sounds, 3)
    assert heard[: len(expected)] == expected
    assert heard[len(expected) :] == b"\xff" * (-len(expected) % 160)


def test_part_of_a_file_is_played_to_the_sample(sounds: Path) -> None:
    path = str(sounds / "0.ulaw")

    assert play(PlayFile(path, 100, 320)) == sound(sounds, 0)[100:420]
    assert play(PlayFile(path, 840)) == sound(sounds, 0)[840:]
    assert play(PlayFile(path, 5000)) == b""


def test_silence_between_files_is_to_the_millisecond(sounds: Path) -> None:
    one = PlayFile(str(sounds / "3.ulaw"))
    heard = play(one, PlaySilence(45), one)

    assert heard[:1320] == sound(sounds, 3) + b"\xff" * 360 + sound(sounds, 3)


def test_loops_join_without_a_gap(sounds: Path) -> None:
    item = PlayFile(str(sounds / "1.ulaw"))

    assert play(item, loop=20)[:740] == sound(sounds, 1) * 20
    assert play(item, loop=None, most=50) == (sound(sounds, 1) * 300)[: 50 * 160]


def test_endless_loop_of_nothing_ends(sounds: Path) -> None:
    assert play(PlayFile(str(sounds / "2.ulaw")), PlaySilence(0), loop=None) == b""


def test_a_law_is_converted_when_no_a_law_file_lies_beside(sounds: Path) -> None:
    heard = play(PlayFile(str(sounds / "3.ulaw")), codec="PCMA")

    assert heard == ULAW_TO_ALAW[np.frombuffer(sound(sounds, 3), np.uint8)].tobytes()


def test_a_law_file_beside_is_played_to_a_law(sounds: Path) -> None:
    (sounds / "3.alaw").write_bytes(b"\x01" * 160)

    assert play(PlayFile(str(sounds / "3.ulaw")), codec="PCMA") == b"\x01" * 160
    assert play(PlayFile(str(sounds / "3.ulaw"))) == sound(sounds, 3)


def test_longer_packets_hold_more_of_it(sounds: Path) -> None:
    heard = play(PlayFile(str(sounds / "0.ulaw")), packet=480)

    assert heard == sound(sounds, 0) + b"\xff" * 440


def test_replaced_file_is_read_anew(sounds: Path) -> None:
    files = Files()
    path = sounds / "3.ulaw"
    item = PlayFile(str(path))
    old = Playback(1, [item], loop=1, codec="PCMU", packet=160, files=files)
    before = path.read_bytes()
    (sounds / "new").write_bytes(b"\x05" * 320)
    (sounds / "new").rename(path)
    new = Playback(2, [item], loop=1, codec="PCMU", packet=160, files=files)

    assert rest(new) == b"\x05" * 320
    assert rest(old) == before


def test_missing_file_is_an_error_and_holds_nothing(sounds: Path) -> None:
    files = Files()
    good = PlayFile(str(sounds / "0.ulaw"))

    with pytest.raises(FileNotFoundError):
        Playback(
            1, [good, PlayFile("/no/such.ulaw")], loop=1, codec="PCMU", packet=160, files=files
        )

    assert files.acquire(good.path, "PCMU").users == 1


def test_only_a_few_idle_files_stay_mapped(tmp_path: Path) -> None:
    files = Files()
    for number in range(100):
        path = tmp_path / f"{number}.ulaw"
        path.write_bytes(os.urandom(160))
        files.release(files.acquire(str(path), "PCMU"))

    maps = Path("/proc/self/maps").read_text()
    assert sum(str(tmp_path) in line for line in maps.splitlines()) <= 64


def test_played_time_counts_what_was_sent_without_the_filling(sounds: Path) -> None:
    item = PlayFile(str(sounds / "0.ulaw"))
    playback = Playback(1, [item], loop=1, codec="PCMU", packet=160, files=Files())

    run = playback.next_run()
    assert run is not None
    assert run.packets == 6
    assert playback.played_ms(4) == 40
    assert playback.played_ms(0) == 120
    playback.next_run()
    assert playback.played_ms(0) == 125


def test_playback_goes_on_in_another_codec_where_it_was(sounds: Path) -> None:
    item = PlayFile(str(sounds / "0.ulaw"))
    playback = Playback(1, [item], loop=1, codec="PCMU", packet=160, files=Files())
    playback.next_run()  # 6 packets, of which 4 are not sent

    playback.rebase(codec="PCMA", packet=320, packets_left=4)

    rest_of_it = np.frombuffer(sound(sounds, 0)[320:], np.uint8)
    assert rest(playback, packet=320)[:680] == ULAW_TO_ALAW[rest_of_it].tobytes()


@pytest.mark.parametrize(
    ("item", "loop"),
    [(PlaySilence(-1), 1), (PlayFile("a", -1), 1), (PlayFile("a", 0, -5), 1), (PlaySilence(1), 0)],
)
def test_what_makes_no_sense_to_play_is_refused(item: PlayItem, loop: int) -> None:
    with pytest.raises(ValueError, match=r"cannot be|loop is"):
        check_items([item], loop=loop)
