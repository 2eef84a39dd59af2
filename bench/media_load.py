"""Media under load: N streams playing and hearing their own echo, with what that costs us.

    python bench/media_load.py --streams 500 1000 1500 --mode own shared --seconds 10

The far end is one process with one socket on all of 127/8: each stream talks to an address
of its own, and the far end sends each packet back to where it came from. Times are those of the
kernel on arrival there (SO_TIMESTAMPNS), CPU is utime + stime of our workers alone.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import multiprocessing
import os
import socket
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from ringcast.audio.detection import DetectionSettings
from ringcast.media import DigitReceived, MediaEvent, MediaPool, PlayFile, WorkerLost
from ringcast.media.arrivals import BATCH, MESSAGE
from ringcast.media.datagrams import SO_TIMESTAMPNS

SO_RCVBUFFORCE, SO_SNDBUFFORCE = 33, 32
IP_PKTINFO = 8
RECORD = np.dtype([("stream", "u4"), ("sequence", "u2"), ("at", "f8")])
CONTROL = 64
DATA = 256
#: One call in so many presses a digit in the run, and hears it come back.
PRESS_EVERY = 5
#: Detection that goes on for the whole run.
ENDLESS = DetectionSettings(
    initial_silence=600, after_short=600, long_greeting=600, after_longer=600, total=600, bias=0.001
)
FIRST_HOST = (127 << 24) + (1 << 16)


def echo(pipe: Connection, most: int) -> None:
    """Be the far end: send everything back and note when it came."""
    libc = ctypes.CDLL(None, use_errno=True)
    with suppress(OSError):  # as the workers do: what it loses is not their loss
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 16 << 20)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    sock.bind(("0.0.0.0", 0))
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
    records = np.zeros(most, RECORD)
    count = 0
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
            # Control: 32 bytes of time, then 12 + 16 of IP_PKTINFO (interface, local, destination).
            if count + got <= most:
                chosen = records[count : count + got]
                chosen["stream"] = controls[:got, 56:60].copy().view(">u4")[:, 0] - FIRST_HOST
                chosen["sequence"] = data[:got, 2:4].copy().view(">u2")[:, 0]
                times = controls[:got, 16:32].copy().view(np.int64)
                chosen["at"] = times[:, 0] + times[:, 1] / 1e9
                count += got
            vectors[:got, 1] = messages["length"][:got]
            controls[:got, 48:52] = 0  # any interface
            messages["control"][:got] += 32
            messages["control_length"][:got] = 28
            done = 0
            while done < got:
                address = ctypes.c_void_p(messages.ctypes.data + MESSAGE.itemsize * done)
                sent = libc.sendmmsg(sock.fileno(), address, got - done, 0)
                done += sent if sent > 0 else 1
            messages["control"][:got] -= 32
            if got < BATCH:
                break
    pipe.recv()
    pipe.send((records[:count], time.process_time()))


@dataclass
class Figures:
    """What one run measured."""

    cpu_ms: float
    within_1ms: float
    within_5ms: float
    worst_gap_ms: float
    packets: int
    lost: int
    digits: int
    memory_kb: float
    work_ms: float
    work_ms_max: float
    late_ms_max: float
    load: float
    sendto_us: float


def pacing(records: NDArray[np.void]) -> tuple[float, float, float, int]:
    """Return shares of packets within 1 and 5 ms of their time, the worst gap, packets missing."""
    order = np.lexsort((records["at"], records["stream"]))
    stream, at = records["stream"][order], records["at"][order]
    sequence = records["sequence"][order].astype(np.int64)
    ids, first = np.unique(stream, return_index=True)
    errors, worst, missing = [], 0.0, 0
    for i, begin in enumerate(first):
        end = first[i + 1] if i + 1 < len(ids) else len(stream)
        if end - begin < 2:
            continue
        index = (sequence[begin:end] - sequence[begin]) % 65536
        missing += int(index.max()) + 1 - len(np.unique(index))
        error = at[begin:end] - index * 0.02
        error -= np.median(error)
        errors.append(np.abs(error))
        worst = max(worst, float(np.diff(at[begin:end]).max()))
    every = np.concatenate(errors)
    return float((every < 0.001).mean()), float((every < 0.005).mean()), worst, missing


class Reference:
    """What a bare `sendto` of a packet costs on this machine while the run goes on."""

    BURST = 200

    def __init__(self) -> None:
        self._from = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._to = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._to.bind(("127.0.0.1", 0))
        self._to.setblocking(False)
        self._spent: list[float] = []

    def measure(self) -> None:
        address, data, send = self._to.getsockname(), bytes(172), self._from.sendto
        began = time.thread_time()
        for _ in range(self.BURST):
            send(data, address)
        self._spent.append((time.thread_time() - began) / self.BURST)
        with suppress(BlockingIOError):
            while True:
                self._to.recv(256)

    def microseconds(self) -> float:
        self._from.close()
        self._to.close()
        return 1e6 * sum(self._spent) / len(self._spent)


def cpu_seconds(pids: list[int]) -> float:
    """Return utime + stime of processes."""
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


def rss(pids: list[int]) -> int:
    """Return the memory only these processes have, in bytes."""
    return sum(psutil.Process(pid).memory_full_info().uss for pid in pids)


async def run(
    streams: int,
    *,
    shared: bool,
    workers: int,
    seconds: float,
    sound: Path,
    record: bool,
    io_uring: bool,
    detect: bool = False,
    bridges: int = 0,
) -> Figures:
    """Play to the echo on many streams for a while."""
    pipe, theirs = multiprocessing.Pipe()
    most = int(streams * 50 * (seconds + 20))
    far = multiprocessing.get_context("spawn").Process(
        target=echo, args=(theirs, most), daemon=True
    )
    far.start()
    theirs.close()  # so that a far end that dies is noticed
    loop = asyncio.get_running_loop()
    far_port = await loop.run_in_executor(None, pipe.recv)
    digits = 0
    reference = Reference()

    def on_event(event: MediaEvent) -> None:
        nonlocal digits
        digits += isinstance(event, DigitReceived)
        assert not isinstance(event, WorkerLost)

    pool = MediaPool(
        workers=workers,
        host="0.0.0.0",
        ports=range(20000, 20000 + 2 * streams + 100),
        on_event=on_event,
        shared_ports=shared,
        io_uring=io_uring,
    )
    await pool.start()
    try:
        pids = pool.worker_pids
        empty = rss(pids)
        for stream in range(streams):
            await pool.open(stream)
            host = socket.inet_ntoa((FIRST_HOST + stream).to_bytes(4, "big"))
            pool.connect(
                stream,
                remote=(host, far_port),
                payload_type=0,
                codec="PCMU",
                receive_payload_types={0: "PCMU"},
                event_payload_type=101,
                receive_event_payload_type=101,
            )
            pool.play(stream, stream, [PlayFile(str(sound))], loop=None)
            if record:
                pool.start_recording(stream, stream, f"{sound.parent}/{stream}.wav")
            if detect:
                pool.start_detection(stream, ENDLESS)
        for stream in range(0, 2 * bridges, 2):
            pool.bridge(stream, stream + 1)
        await asyncio.sleep(1.0)
        await pool.stats()
        begin, began = cpu_seconds(pids), time.monotonic()
        for stream in range(0, streams, PRESS_EVERY):  # over half the time
            pool.send_digits(stream, "5")
            await asyncio.sleep(seconds / 2 / (streams / PRESS_EVERY))
            if stream % 100 == 0:
                reference.measure()
        while time.monotonic() < began + seconds:
            await asyncio.sleep(0.1)
            reference.measure()
        cpu, took = cpu_seconds(pids) - begin, time.monotonic() - began
        memory = rss(pids) - empty
        stats = await pool.stats()
        failed = sum(one.packets_failed for one in stats)
    finally:
        await pool.close()
        pipe.send("stop")
        records, _ = await loop.run_in_executor(None, pipe.recv)
        far.join(5)
    share1, share5, worst, missing = pacing(records)
    return Figures(
        cpu_ms=cpu * 1000 / streams / took,
        within_1ms=share1,
        within_5ms=share5,
        worst_gap_ms=worst * 1000,
        packets=len(records),
        lost=missing + failed,
        digits=digits,
        memory_kb=memory / 1024 / streams,
        work_ms=max(one.work_ms_mean for one in stats),
        work_ms_max=max(one.work_ms_max for one in stats),
        late_ms_max=max(one.late_ms_max for one in stats),
        load=os.getloadavg()[0],
        sendto_us=reference.microseconds(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--streams", type=int, nargs="+", default=[500, 1000, 1500])
    parser.add_argument("--mode", nargs="+", default=["own", "shared"])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--no-io-uring", action="store_true", help="one system call a packet")
    parser.add_argument("--record", action="store_true", help="record every stream as well")
    parser.add_argument("--detect", action="store_true", help="find out who answers on each stream")
    parser.add_argument("--bridges", type=int, default=0, help="so many pairs of streams bridged")
    arguments = parser.parse_args()
    print(
        "mode    streams  cpu ms/call/s  <1ms %  <5ms %  worst gap  packets  lost  digits"
        "  kB/stream  tick ms mean/max  late max  load  sendto us"
    )
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "noise.ulaw"
        sound.write_bytes(np.random.default_rng(1).integers(0, 256, 240_007, np.uint8).tobytes())
        for mode in arguments.mode:
            for streams in arguments.streams:
                f = asyncio.run(
                    run(
                        streams,
                        shared=mode == "shared",
                        workers=arguments.workers,
                        seconds=min(arguments.seconds, 18.0),
                        sound=sound,
                        record=arguments.record,
                        io_uring=not arguments.no_io_uring,
                        detect=arguments.detect,
                        bridges=arguments.bridges,
                    )
                )
                print(
                    f"{mode:7s} {streams:7d}  {f.cpu_ms:13.3f}  {100 * f.within_1ms:6.2f}"
                    f"  {100 * f.within_5ms:6.2f}  {f.worst_gap_ms:6.1f} ms  {f.packets:7d}"
                    f"  {f.lost:4d}  {f.digits:6d}  {f.memory_kb:9.1f}"
                    f"  {f.work_ms:7.2f}/{f.work_ms_max:<6.1f}  {f.late_ms_max:5.1f} ms"
                    f"  {f.load:4.1f}  {f.sendto_us:9.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
