"""What to compare with, in the same run: a bare `sendto` loop, and SIPp calling SIPp.

python -m bench.reference --packets 200000 --calls 2000
"""

from __future__ import annotations

import argparse
import resource
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.table import Row, show
from tests.sipp.runner import Sipp

HOST = "127.0.0.1"
_PACKET = bytes(172)  # RTP header and 20 ms of G.711
_BURST = 100  # fits into a socket's buffer, so that each packet is delivered and none dropped


def sendto_us(packets: int) -> float:
    """Return CPU microseconds that sending one RTP-sized packet over loopback costs."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind((HOST, 0))
        address, sendto = receiver.getsockname(), sender.sendto
        used = 0
        for _ in range(packets // _BURST):
            begin = time.process_time_ns()
            for _ in range(_BURST):
                sendto(_PACKET, address)
            used += time.process_time_ns() - begin
            for _ in range(_BURST):
                receiver.recv(2048)
    return used / 1000 / (packets // _BURST * _BURST)


def sipp_call_ms(calls: int, rate: float) -> tuple[float, float]:
    """Return CPU milliseconds per call of SIPp that calls and of SIPp that answers."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with (
            Sipp("uas_plain.xml", directory=directory, calls=calls) as callee,
            Sipp(
                "uac_plain.xml",
                directory=directory,
                calls=calls,
                remote=(HOST, callee.port),
                rate=rate,
            ) as caller,
        ):
            used = [_children_cpu()]
            for sipp in (caller, callee):
                sipp.wait(timeout=calls / rate + 20)
                used.append(_children_cpu())
    return (used[1] - used[0]) * 1000 / calls, (used[2] - used[1]) * 1000 / calls


def rows(*, packets: int, calls: int, rate: float = 200.0) -> Iterator[Row]:
    """Measure and yield the rows of the table."""
    cost = sendto_us(packets)
    yield Row(
        "beside: a bare loopback `sendto`, sending only",
        f"{cost:.2f} µs per packet: {cost * 50 / 1000:.3f} ms per call and second",
    )
    caller, callee = sipp_call_ms(calls, rate)
    yield Row(
        f"beside: SIPp (C++) calling SIPp, CPU per call, {rate:.0f} calls/s",
        f"{caller:.2f} ms as caller, {callee:.2f} ms as callee",
    )


def _children_cpu() -> float:
    """Return the CPU seconds of the processes started here that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--packets", type=int, default=200_000)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=200.0, help="calls a second")
    show(rows(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
