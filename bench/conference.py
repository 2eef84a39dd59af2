"""Conferences: what mixing costs a member and second, and whether everybody hears all others.

    python -m bench.conference --rooms 50x20 100x10 --seconds 8

The far end is one process with a socket on all of 127/8: each member has an address and a tone of
its own there, sent back for each packet that comes. What some members hear is measured for all
tones of their room; CPU is utime + stime of the media workers, with the rooms and without.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import multiprocessing
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np
from numpy.typing import NDArray

from bench.machine import cpu_seconds, raise_file_limit
from bench.media_load import (
    CONTROL,
    DATA,
    FIRST_HOST,
    IP_PKTINFO,
    SO_RCVBUFFORCE,
    SO_SNDBUFFORCE,
)
from bench.table import Row, show
from ringcast.audio import g711
from ringcast.media import MediaEvent, MediaPool, WorkerLost
from ringcast.media.arrivals import BATCH, MESSAGE

_HEADER, _FRAME = 12, 160
_LOUD = 1500
"""Of 32767: twenty at once are not cut."""
_SAMPLED = 40
"""Members that are listened to."""
_HEARD = 50
"""Packets of them that are kept, the newest."""


def _pitches(members: int) -> list[int]:
    """Return a pitch for each member of a room, of whole periods in a packet."""
    return [200 + 150 * place for place in range(members)]


def _talk(pipe: Connection, streams: int, members: int) -> None:
    """Be the far end: answer each packet with the tone of whom it is for."""
    libc = ctypes.CDLL(None, use_errno=True)
    with suppress(OSError):  # as the workers do: what it loses is not their loss
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 16 << 20)
    sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    sock.bind(("0.0.0.0", 0))
    turns = np.arange(_FRAME) * 2 * np.pi / 8000
    tones = np.stack(
        [g711.encode_ulaw((_LOUD * np.sin(f * turns)).astype(np.int16)) for f in _pitches(members)]
    )
    data = np.zeros((BATCH, DATA), np.uint8)
    names = np.zeros((BATCH, 16), np.uint8)
    controls = np.zeros((BATCH, CONTROL), np.uint8)
    vectors = np.zeros((BATCH, 2), np.uint64)
    messages = np.zeros(BATCH, MESSAGE)
    slots = np.arange(BATCH, dtype=np.uint64)
    vectors[:, 0] = data.ctypes.data + slots * DATA
    messages["name"] = names.ctypes.data + slots * 16
    messages["vectors"] = vectors.ctypes.data + slots * 16
    messages["vector_count"] = 1
    messages["control"] = controls.ctypes.data + slots * CONTROL
    every = max(1, streams // _SAMPLED)
    heard: dict[int, list[bytes]] = {stream: [] for stream in range(0, streams, every)}
    pipe.send(sock.getsockname()[1])
    while not pipe.poll(0.003):
        while True:
            messages["name_length"] = 16
            vectors[:, 1] = DATA
            messages["control_length"] = CONTROL
            got = libc.recvmmsg(
                sock.fileno(), ctypes.c_void_p(messages.ctypes.data), BATCH, socket.MSG_DONTWAIT, 0
            )
            if got <= 0:
                break
            # Control: 16 bytes of head, then IP_PKTINFO: interface, local address, destination.
            of = controls[:got, 24:28].copy().view(">u4")[:, 0].astype(np.int64) - FIRST_HOST
            for slot in np.nonzero(of % every == 0)[0].tolist():
                kept = heard[int(of[slot])]
                kept.append(data[slot, _HEADER : _HEADER + _FRAME].tobytes())
                del kept[:-_HEARD]
            data[:got, _HEADER : _HEADER + _FRAME] = tones[of % members]
            vectors[:got, 1] = _HEADER + _FRAME
            controls[:got, 16:20] = 0  # any interface
            messages["control_length"][:got] = 28
            done = 0
            while done < got:
                address = ctypes.c_void_p(messages.ctypes.data + MESSAGE.itemsize * done)
                sent = libc.sendmmsg(sock.fileno(), address, got - done, 0)
                done += sent if sent > 0 else 1
            if got < BATCH:
                break
    pipe.recv()
    pipe.send(heard)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What one run measured."""

    rooms: int
    members: int
    cpu_ms: float
    """Of the workers, for each member and second."""
    without_ms: float
    """The same without the rooms."""
    work_ms_max: float
    """The longest tick of a worker."""
    wrong: int
    """Pairs of which one hears the other and should not, or the other way round."""
    pairs: int


async def run(rooms: int, members: int, *, workers: int, seconds: float) -> Figures:
    """Let all members of all rooms talk for a while."""
    streams = rooms * members
    pipe, theirs = multiprocessing.Pipe()
    far = multiprocessing.get_context("spawn").Process(
        target=_talk, args=(theirs, streams, members), daemon=True
    )
    far.start()
    theirs.close()
    loop = asyncio.get_running_loop()
    port = await loop.run_in_executor(None, pipe.recv)

    def on_event(event: MediaEvent) -> None:
        assert not isinstance(event, WorkerLost)

    pool = MediaPool(
        workers=workers,
        host="0.0.0.0",
        ports=range(20000, 20000 + 2 * streams + 400),
        on_event=on_event,
    )
    await pool.start()
    try:
        for stream in range(streams):
            await pool.open(stream)
            pool.connect(
                stream,
                remote=(socket.inet_ntoa((FIRST_HOST + stream).to_bytes(4, "big")), port),
                payload_type=0,
                codec="PCMU",
                receive_payload_types={0: "PCMU"},
                event_payload_type=101,
                receive_event_payload_type=101,
            )
        without = await _cpu(pool, seconds)
        for room in range(rooms):
            pool.rooms.open(room)
        for stream in range(streams):
            pool.rooms.set_member(stream, stream // members)
        cpu = await _cpu(pool, seconds)
        stats = await pool.stats()
    finally:
        await pool.close()
        pipe.send("stop")
        heard = await loop.run_in_executor(None, pipe.recv)
        far.join(5)
    wrong, pairs = _judged(heard, members)
    return Figures(
        rooms=rooms,
        members=members,
        cpu_ms=1000 * cpu / streams,
        without_ms=1000 * without / streams,
        work_ms_max=max(one.work_ms_max for one in stats),
        wrong=wrong,
        pairs=pairs,
    )


async def _cpu(pool: MediaPool, seconds: float) -> float:
    """Return CPU seconds of the workers in a second, once they have settled."""
    await asyncio.sleep(1.0)
    await pool.stats()
    before, began = cpu_seconds(pool.worker_pids), time.monotonic()
    await asyncio.sleep(seconds)
    return (cpu_seconds(pool.worker_pids) - before) / (time.monotonic() - began)


def _judged(heard: dict[int, list[bytes]], members: int) -> tuple[int, int]:
    """Return how many pairs are not as they should be, and how many were looked at."""
    wrong = pairs = 0
    for stream, packets in heard.items():
        levels = _levels(b"".join(packets[-_HEARD // 2 :]), _pitches(members))
        for place, level in enumerate(levels):
            pairs += 1
            is_itself = place == stream % members
            wrong += level > 0.1 if is_itself else level < 0.5
    return wrong, pairs


def _levels(codes: bytes, pitches: Sequence[int]) -> NDArray[np.float64]:
    """Return how loud each pitch is, as a part of how it was sent."""
    samples = g711.decode_ulaw(codes).astype(np.float64)
    turns = np.outer(pitches, np.arange(len(samples))) * (2j * np.pi / 8000)
    levels: NDArray[np.float64] = np.abs(np.exp(turns) @ samples) * 2 / max(1, len(samples)) / _LOUD
    return levels


def rows(sizes: Sequence[tuple[int, int]], *, workers: int, seconds: float) -> Iterator[Row]:
    """Measure and yield the rows of the table."""
    for rooms, members in sizes:
        f = asyncio.run(run(rooms, members, workers=workers, seconds=seconds))
        yield Row(
            f"{rooms} conferences of {members}, {workers} media workers, CPU per member and second",
            f"{f.cpu_ms:.3f} ms, {f.without_ms:.3f} without mixing; longest tick"
            f" {f.work_ms_max:.1f} ms; {f.wrong} of {f.pairs} pairs wrong",
            "all hear all others and not themselves; ticks < 20 ms",
            f.wrong == 0 and f.work_ms_max < 20,
        )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rooms", nargs="+", default=["50x20", "100x10"], help="rooms x members")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each window")
    options = parser.parse_args()
    raise_file_limit()
    sizes = [(int(a), int(b)) for a, _, b in (size.partition("x") for size in options.rooms)]
    show(rows(sizes, workers=options.workers, seconds=options.seconds))


if __name__ == "__main__":
    main()
