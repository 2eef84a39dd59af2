"""What one tick of a media worker costs, by its stages, without processes and channels around it.

    python -m bench.tick --streams 20 500 1000 --mode own shared --ticks 200

Two pumps in this process talk to each other over loopback; the ticks of the first one are timed
(CPU of the thread). A worker sleeps between ticks and finds caches cold and the core perhaps
asleep, which makes the same Python cost two or three times as much: so ticks are 20 ms apart, as
in life, unless `--hot` says to run one after the other. To be compared with itself, before and
after a change, in turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from bench import machine
from ringcast.media import messages as m
from ringcast.media.datagrams import Outgoing, Ports, bind
from ringcast.media.own_ports import OwnPorts
from ringcast.media.pump import Pump
from ringcast.media.recorder import Writer
from ringcast.media.shared_ports import SharedPorts
from ringcast.media.uring import RingPorts
from ringcast.media.worker import RandomBits

HOST = "127.0.0.1"
CAPACITY = 8192
_FIRST_TICK = 1000
_WARM_UP = 20


class Side:
    """A pump and the addresses of its streams."""

    def __init__(self, mode: str) -> None:
        outgoing = Outgoing(CAPACITY)
        self._shared = [_free_port() for _ in range(2)] if mode == "shared" else []
        ports: Ports
        if mode == "shared":
            ports = SharedPorts(outgoing, host=HOST, ports=self._shared)
        else:
            ports = (OwnPorts if mode == "epoll" else RingPorts)(outgoing, host=HOST)
        self.opened: list[m.StreamOpened] = []
        self.pump = Pump(
            outgoing,
            ports,
            writer=Writer(),
            emit=self._note,
            random_bits=RandomBits(),
            tick=_FIRST_TICK,
        )

    def _note(self, event: object) -> None:
        if isinstance(event, m.StreamOpened):
            assert not event.errno, event.error
            self.opened.append(event)

    def open(self, stream: int) -> int:
        """Open a stream; return its port."""
        port = self._shared[stream % 2] if self._shared else 0
        self.pump.handle(m.Open(stream, port), now=0.0)
        return self.opened[-1].port

    def connect(self, stream: int, port: int) -> None:
        """Let a stream talk to a port."""
        kinds: dict[int, m.Codec] = {0: "PCMU"}
        command = m.Connect(stream, HOST, port, 0, "PCMU", kinds, 101, 101, True, True, 20)
        self.pump.handle(command, now=0.0)


def _free_port() -> int:
    with bind(HOST, 0) as sock:
        return int(sock.getsockname()[1])


def measure(mode: str, streams: int, *, ticks: int, hot: bool) -> dict[str, float]:
    """Return CPU microseconds of a tick by stage."""
    near, far = Side(mode), Side("own")
    for stream in range(streams):
        mine, theirs = near.open(stream), far.open(stream)
        near.connect(stream, theirs)
        far.connect(stream, mine)
    spent = {"send": 0, "receive": 0, "timers": 0}

    def timed(stage: str, work: Callable[[], None]) -> None:
        begin = time.thread_time_ns()
        work()
        spent[stage] += time.thread_time_ns() - begin

    for tick in range(_FIRST_TICK + 1, _FIRST_TICK + 1 + _WARM_UP + ticks):
        now = time.monotonic()
        if tick == _FIRST_TICK + 1 + _WARM_UP:
            spent = dict.fromkeys(spent, 0)
        far.pump.receive(now=now)
        far.pump.send(tick, now=now)
        if not hot:
            time.sleep(0.02)
        timed("send", lambda: near.pump.send(tick, now=now))  # noqa: B023 - called at once
        timed("receive", lambda: near.pump.receive(now=now))  # noqa: B023 - called at once
        timed("timers", lambda: near.pump.handle_timers(now=now))  # noqa: B023 - called at once
    received = near.pump.receiver.packets_received
    assert received >= streams * ticks, f"{received} of {streams * ticks} packets came"
    near.pump.shut()
    far.pump.shut()
    return {stage: took / ticks / 1000 for stage, took in spent.items()}


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--streams", type=int, nargs="+", default=[20, 500, 1000])
    parser.add_argument("--mode", nargs="+", default=["own", "shared"])
    parser.add_argument("--ticks", type=int, default=200)
    parser.add_argument("--hot", action="store_true", help="do not wait between ticks")
    options = parser.parse_args()
    machine.raise_file_limit()
    np.seterr(over="ignore")
    print("mode    streams   send  receive  timers   tick us   us/stream")
    for mode in options.mode:
        for streams in options.streams:
            took = measure(mode, streams, ticks=options.ticks, hot=options.hot)
            total = sum(took.values())
            print(
                f"{mode:7s} {streams:7d} {took['send']:6.0f} {took['receive']:8.0f}"
                f" {took['timers']:7.0f} {total:9.0f} {total / streams:11.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
