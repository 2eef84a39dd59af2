"""The far end of live calls: SIPp answers, SIPp's echo or ours sends their audio back."""

from __future__ import annotations

import multiprocessing
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bench.media_load import FIRST_HOST, RECORD, echo
from tests.sipp.runner import Sipp, SippFailed

HOST = "127.0.0.1"
_SCENARIO = Path(__file__).parent / "scenarios" / "uas_audio.xml"
_FIRST_PORT, _LAST_PORT = 30000, 32760  # between our RTP ports and those the system gives out
_CALLS_PER_SIPP = 250  # a tick's burst to one port stays within SIPp's socket buffer

Address = tuple[str, int]


class Echo:
    """An echo of ours that notes when the kernel received each packet.

    It listens on all of 127/8, so that each call has a far end address of its own.
    """

    def __init__(self, *, calls: int, seconds: float) -> None:
        self._pipe, self._theirs = multiprocessing.Pipe()
        self._port = 0
        most = int(calls * 50 * seconds)
        self._process = multiprocessing.get_context("spawn").Process(
            target=echo, args=(self._theirs, most), daemon=True
        )
        self._records: NDArray[np.void] | None = None

    def __enter__(self) -> Self:
        self._process.start()
        if not self._pipe.poll(20):
            raise SippFailed("the echo did not start")
        self._port = int(self._pipe.recv())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._records is None:
            self.records()

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process.pid is not None
        return self._process.pid

    def address(self, number: int) -> Address:
        """Return the address of the far end of call `number`."""
        return socket.inet_ntoa((FIRST_HOST + number).to_bytes(4, "big")), self._port

    def records(self) -> NDArray[np.void]:
        """Stop, and return `RECORD` rows: call number, sequence number, arrival (wall clock)."""
        if self._records is None:
            self._records = np.zeros(0, RECORD)
            self._pipe.send("stop")
            if self._pipe.poll(20):
                self._records, _ = self._pipe.recv()
            self._process.join(5)
            if self._process.is_alive():
                self._process.kill()
        return self._records


class SippEchoes:
    """SIPp processes that only echo audio (`-rtp_echo`), each on two ports."""

    def __init__(self, *, calls: int, directory: Path) -> None:
        self._directory = directory
        self._count = -(-calls // _CALLS_PER_SIPP)
        self._stack = ExitStack()
        self.addresses: list[Address] = []
        self.pids: list[int] = []

    def __enter__(self) -> Self:
        for media_port in _free_ports(self._count):
            # What the second thread of SIPp's echo, meant for video, hears is echoed just the same.
            self.addresses += [(HOST, media_port), (HOST, media_port + 2)]
            sipp = Sipp(
                _SCENARIO,
                directory=self._directory,
                calls=1,
                arguments=["-rtp_echo", "-mi", HOST, "-mp", str(media_port), *_no_calls(self)],
            )
            self._stack.enter_context(sipp)
            self.pids.append(sipp.pid)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def injection_file(self) -> Path:
        """Return a file of addresses that the scenario wants even where it takes no call."""
        return write_addresses(self._directory / "no-calls.csv", [(HOST, 9)])


def telephones(addresses: Sequence[Address], *, directory: Path) -> Sipp:
    """Return a SIPp that answers a call per address, which is where its audio goes, in order."""
    file = write_addresses(directory / "audio.csv", addresses)
    return Sipp(_SCENARIO, directory=directory, calls=len(addresses), arguments=["-inf", str(file)])


def write_addresses(file: Path, addresses: Sequence[Address]) -> Path:
    """Write SIPp's injection file: a line for each call, taken in order."""
    lines = ["SEQUENTIAL", *(f"{host};{port};" for host, port in addresses), ""]
    file.write_text("\n".join(lines))
    return file


def _no_calls(echoes: SippEchoes) -> list[str]:
    return ["-inf", str(echoes.injection_file())]


def _free_ports(count: int) -> list[int]:
    """Return ports that are free and whose next but one is free."""
    found: list[int] = []
    for port in range(_FIRST_PORT, _LAST_PORT, 4):
        if len(found) == count:
            break
        if _is_free(port) and _is_free(port + 2):
            found.append(port)
    if len(found) < count:
        raise SippFailed(f"no {count} pairs of free ports in {_FIRST_PORT}-{_LAST_PORT}")
    return found


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((HOST, port))
        except OSError:
            return False
    return True
