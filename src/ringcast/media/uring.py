"""A socket per stream at the price of a shared one: io_uring sends and receives for all of them.

One system call submits the packets of every stream, each on its own socket; receiving is armed once
per socket (multishot recvmsg into a ring of buffers) and then costs nothing in Python per packet.
Needs Linux 6.1 (IORING_SETUP_DEFER_TASKRUN) and leave to use io_uring; `RingPorts` raises OSError
where it cannot be had (containers often forbid it), and `datagrams.OwnPorts` does the work.

Everything runs on the thread that made the ring: the kernel posts completions only while that
thread is inside `io_uring_enter`, so plain loads and stores of the rings need no barriers.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ringcast.media.arrivals import (
    ADDRESS_SIZE,
    CONTROL_SIZE,
    DATAGRAM_AT,
    MESSAGE,
    Arrivals,
    Slots,
)
from ringcast.media.datagrams import BoundSockets, Outgoing

_SETUP, _ENTER, _REGISTER = 425, 426, 427
_SETUP_CQSIZE, _SETUP_SUBMIT_ALL = 1 << 3, 1 << 7
_SETUP_SINGLE_ISSUER, _SETUP_DEFER_TASKRUN = 1 << 12, 1 << 13
_ENTER_GETEVENTS = 1
_REGISTER_PBUF_RING = 22
_OP_NOP, _OP_SENDMSG, _OP_RECVMSG, _OP_ASYNC_CANCEL = 0, 9, 10, 14
_BUFFER_SELECT, _SKIP_SUCCESS = 1 << 5, 1 << 6
_RECV_MULTISHOT = 1 << 1
_CQE_BUFFER, _CQE_MORE = 1, 2
_CQ_AT, _SQES_AT = 0x8000000, 0x10000000

_SUBMISSIONS = 16384
#: The last of them are for receiving and cancelling; the others belong to the rows, for sending.
_SPARE = 1024
_COMPLETIONS = 16384
#: Completions that are left in their queue for good, and so how many may be waited for without
#: waiting: a kernel since 6.12 does no more work in one call than it is asked to wait for, or 20.
_LEFT = 4096
_BUFFERS = 4096
_DATAGRAM_SIZE = 640
#: A `user_data` no receiving row has: of submissions whose success is not reported.
_SENDING = 1 << 63
_CANCELLING = 1 << 62

_PARAMETERS = np.dtype(
    [
        ("sq_entries", "u4"),
        ("cq_entries", "u4"),
        ("flags", "u4"),
        ("thread_cpu", "u4"),
        ("thread_idle", "u4"),
        ("features", "u4"),
        ("wq_fd", "u4"),
        ("_reserved", "u4", 3),
        ("sq_head", "u4"),
        ("sq_tail", "u4"),
        ("sq_mask", "u4"),
        ("sq_ring_entries", "u4"),
        ("sq_flags", "u4"),
        ("sq_dropped", "u4"),
        ("sq_array", "u4"),
        ("_sq_reserved", "u4", 3),
        ("cq_head", "u4"),
        ("cq_tail", "u4"),
        ("cq_mask", "u4"),
        ("cq_ring_entries", "u4"),
        ("cq_overflow", "u4"),
        ("cqes", "u4"),
        ("cq_flags", "u4"),
        ("_cq_reserved", "u4", 3),
    ]
)
_SUBMISSION = np.dtype(
    [
        ("opcode", "u1"),
        ("flags", "u1"),
        ("priority", "u2"),
        ("fd", "i4"),
        ("offset", "u8"),
        ("address", "u8"),
        ("length", "u4"),
        ("message_flags", "u4"),
        ("user_data", "u8"),
        ("buffer_group", "u2"),
        ("_rest", "u1", 22),
    ]
)
_COMPLETION = np.dtype([("user_data", "u8"), ("result", "i4"), ("flags", "u4")])
_BUFFER = np.dtype([("address", "u8"), ("length", "u4"), ("number", "u2"), ("reserved", "u2")])

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = (ctypes.c_long,) * 7


class _Ring:
    """The queues shared with the kernel."""

    def __init__(self) -> None:
        parameters = np.zeros(1, _PARAMETERS)
        parameters["flags"] = (
            _SETUP_CQSIZE | _SETUP_SUBMIT_ALL | _SETUP_SINGLE_ISSUER | _SETUP_DEFER_TASKRUN
        )
        parameters["cq_entries"] = _COMPLETIONS
        self.fd = _call(_SETUP, _SUBMISSIONS, parameters.ctypes.data)
        p = parameters[0]
        flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
        size = int(p["sq_array"]) + 4 * _SUBMISSIONS
        sq = np.frombuffer(mmap.mmap(self.fd, size, flags, offset=0), np.uint8)
        size = int(p["cqes"]) + _COMPLETION.itemsize * _COMPLETIONS
        cq = np.frombuffer(mmap.mmap(self.fd, size, flags, offset=_CQ_AT), np.uint8)
        size = _SUBMISSION.itemsize * _SUBMISSIONS
        entries = mmap.mmap(self.fd, size, flags, offset=_SQES_AT)
        self.submissions = np.frombuffer(entries, _SUBMISSION)
        self._tail = _word(sq, p["sq_tail"])
        array = int(p["sq_array"])
        self._queue = sq[array : array + 4 * _SUBMISSIONS].view(np.uint32)
        self._cq_head = _word(cq, p["cq_head"])
        self._cq_tail = _word(cq, p["cq_tail"])
        first = int(p["cqes"])
        # As plain words, which are copied faster than records.
        self._completions = cq[first:].view(np.uint64).reshape(-1, 2)
        self._taken = 0
        self._leave_some()

    def submit(self, chosen: NDArray[np.int64]) -> None:
        """Hand `submissions` to the kernel, in that order; they are taken before it returns."""
        tail, count = self._tail[0], len(chosen)
        first = tail & (_SUBMISSIONS - 1)
        room = _SUBMISSIONS - first
        self._queue[first : first + count] = chosen[:room]
        if count > room:
            self._queue[: count - room] = chosen[room:]
        self._tail[0] = (tail + count) & 0xFFFFFFFF
        self._enter(count)

    def submit_spare(self, submissions: NDArray[np.void]) -> None:
        """Hand at most `_SPARE` submissions to the kernel that are none of a row's."""
        places = np.arange(_SUBMISSIONS - _SPARE, _SUBMISSIONS - _SPARE + len(submissions))
        self.submissions[places] = submissions
        self.submit(places)

    def reap(self, *, rounds: int) -> NDArray[np.uint64]:
        """Let the kernel post what is complete, and take it: pairs of words, to be read at once."""
        waiting = self._cq_tail[0]
        for _ in range(rounds):
            self._enter(0)
            before, waiting = waiting, self._cq_tail[0]
            if (waiting - before) & 0xFFFFFFFF < _LEFT:
                break
        count = (waiting - self._taken) & 0xFFFFFFFF
        first = self._taken & (_COMPLETIONS - 1)
        self._taken = waiting
        self._cq_head[0] = (waiting - _LEFT) & 0xFFFFFFFF
        taken = self._completions[first : first + count]
        if len(taken) < count:
            taken = np.concatenate((taken, self._completions[: count - len(taken)]))
        return taken

    def _leave_some(self) -> None:
        """Have `_LEFT` completions of nothing posted, which are never taken out of their queue."""
        nothing = _SUBMISSIONS - 1
        self.submissions["opcode"][nothing] = _OP_NOP
        while (left := _LEFT - self._cq_tail[0]) > 0:
            self.submit(np.full(left, nothing))
        self._taken = self._cq_tail[0]

    def _enter(self, submitted: int) -> None:
        """Let the kernel work: take submissions, post all completions there are."""
        least = min(_LEFT, self._cq_tail[0])  # as many are there already
        while True:
            try:
                _call(_ENTER, self.fd, submitted, least, _ENTER_GETEVENTS)
            except InterruptedError:
                continue
            else:
                return

    def close(self) -> None:
        os.close(self.fd)


class RingPorts:
    """A socket per row, all of them served by one io_uring; see `datagrams.Ports`."""

    #: Rounds of receiving in one `receive`, and of asking the kernel for more within each.
    ROUNDS = 8
    REAPS = 1024

    def __init__(self, outgoing: Outgoing, *, host: str) -> None:
        capacity = len(outgoing.messages)
        if capacity > _SUBMISSIONS - _SPARE:
            raise ValueError(f"a ring has no room for {capacity} streams")
        self._ring = _Ring()
        self._bound = BoundSockets(host)
        self._sockets: dict[int, socket.socket] = {}
        self._sends = self._ring.submissions[:capacity]
        self._sends["opcode"] = _OP_SENDMSG
        self._sends["flags"] = _SKIP_SUCCESS
        self._sends["fd"] = -1
        rows = np.arange(capacity, dtype=np.uint64)
        self._sends["address"] = outgoing.messages.ctypes.data + rows * MESSAGE.itemsize
        self._sends["length"] = 1
        self._sends["message_flags"] = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
        self._sends["user_data"] = _SENDING
        self._failed = 0
        # Receiving: what `user_data` the completions of each row's present socket carry.
        self._tokens = np.zeros(capacity, np.uint64)
        self._generation = 0
        self._unarmed: dict[int, None] = {}
        self._message = np.zeros(1, MESSAGE)
        self._message["name_length"] = ADDRESS_SIZE
        self._message["control_length"] = CONTROL_SIZE
        try:
            self._provide_buffers()
        except OSError:
            self._ring.close()
            raise

    def reserve(self, port: int) -> None:
        self._bound.reserve(port)

    def open(self, row: int, port: int) -> tuple[str, int]:
        sock = self._bound.take(port)
        self._sockets[row] = sock
        self._sends["fd"][row] = sock.fileno()
        self._generation += 1
        self._tokens[row] = (self._generation & 0x3FFFFFFF) << 32 | row
        self._unarmed[row] = None
        address: tuple[str, int] = sock.getsockname()
        return address

    def aim(self, row: int) -> None:
        pass  # the sockets are not connected: the destination is read with each packet

    def close(self, row: int) -> None:
        if row in self._unarmed:
            del self._unarmed[row]
        else:  # what is armed keeps the socket, and so the port, until it is cancelled
            cancel = np.zeros(1, _SUBMISSION)
            cancel["opcode"] = _OP_ASYNC_CANCEL
            cancel["fd"] = -1
            cancel["address"] = self._tokens[row]
            cancel["user_data"] = _CANCELLING
            cancel["flags"] = _SKIP_SUCCESS
            self._ring.submit_spare(cancel)
        self._tokens[row] = 0
        self._sends["fd"][row] = -1
        self._sockets.pop(row).close()

    def send(self, rows: NDArray[np.int64]) -> int:
        self._ring.submit(rows)
        failed, self._failed = self._failed, 0
        return failed  # those the ring has told of since the last time

    def receive(self) -> Iterator[Arrivals]:
        for _ in range(self.ROUNDS):
            self._arm()
            done = self._ring.reap(rounds=self.REAPS)
            if not len(done):
                return
            parts = self._as_ever(done)
            if parts:
                yield from parts
                self._give_back_all(len(done))
            else:
                arrivals, numbers = self._arrivals(done)
                if arrivals is not None:
                    yield arrivals
                self._give_back(numbers)
            if not self._unarmed:
                return  # else the buffers ran out: there is more

    def shut(self) -> None:
        for row in list(self._sockets):
            self.close(row)
        self._bound.shut()
        self._ring.close()

    def _provide_buffers(self) -> None:
        """Register the ring of buffers that arriving datagrams are put into."""
        self._slots = Slots(_BUFFERS, _DATAGRAM_SIZE)
        self._shared = mmap.mmap(-1, _BUFFERS * _BUFFER.itemsize)  # page aligned
        self._buffers = np.frombuffer(self._shared, _BUFFER)
        self._buffers_tail = memoryview(self._shared)[14:16].cast("H")
        self._buffers_given: int = 0
        #: What the flags of completions are when buffers are filled in their order; twice round.
        numbers = np.arange(2 * _BUFFERS, dtype=np.uint32) % _BUFFERS
        self._usual_flags = numbers << 16 | _CQE_BUFFER | _CQE_MORE
        registration = np.zeros(5, np.uint64)
        registration[0] = self._buffers.ctypes.data
        registration[1] = _BUFFERS  # ring_entries; group 0, no flags
        _call(_REGISTER, self._ring.fd, _REGISTER_PBUF_RING, registration.ctypes.data, 1)
        self._give_back(np.arange(_BUFFERS))

    def _give_back(self, numbers: NDArray[np.int64]) -> None:
        """Let the kernel use buffers again."""
        places = (np.arange(len(numbers)) + self._buffers_given) & (_BUFFERS - 1)
        self._buffers["address"][places] = (
            self._slots.memory.ctypes.data + numbers * self._slots.memory.strides[0]
        ).astype(np.uint64)
        self._buffers["length"][places] = self._slots.memory.strides[0]
        self._buffers["number"][places] = numbers
        self._give_back_all(len(numbers))

    def _give_back_all(self, count: int) -> None:
        """Let the kernel use so many buffers again that are described already."""
        self._buffers_given = (self._buffers_given + count) & 0xFFFF
        self._buffers_tail[0] = self._buffers_given

    def _arm(self) -> None:
        """Begin to receive on the sockets that do not yet, or no more."""
        while self._unarmed:
            rows = list(self._unarmed)[:_SPARE]
            arms = np.zeros(len(rows), _SUBMISSION)
            arms["opcode"] = _OP_RECVMSG
            arms["flags"] = _BUFFER_SELECT
            arms["priority"] = _RECV_MULTISHOT
            arms["fd"] = self._sends["fd"][rows]
            arms["address"] = self._message.ctypes.data
            arms["length"] = 1
            arms["user_data"] = self._tokens[rows]
            for row in rows:
                del self._unarmed[row]
            self._ring.submit_spare(arms)

    def _as_ever(self, done: NDArray[np.uint64]) -> list[Arrivals]:
        """Read completions of datagrams alone, in buffers that follow each other; else nothing.

        Buffers are filled in the order they are given back, which is that in which they were filled
        the last time: so they always are in the same order, and need not be described anew.
        """
        words = done.view(np.uint32)
        first = int(words[0, 3]) >> 16
        last = first + len(done)
        usual = self._usual_flags[first:last]
        if last > 2 * _BUFFERS or words[:, 3].tobytes() != usual.tobytes():
            return []
        rows = words[:, 0].astype(np.int64)
        if done[:, 0].tobytes() != self._tokens[rows].tobytes():
            return []
        if last <= _BUFFERS:
            return [Arrivals(rows, self._slots, slice(first, last))]
        before = _BUFFERS - first
        return [
            Arrivals(rows[:before], self._slots, slice(first, _BUFFERS)),
            Arrivals(rows[before:], self._slots, slice(0, last - _BUFFERS)),
        ]

    def _arrivals(self, done: NDArray[np.uint64]) -> tuple[Arrivals | None, NDArray[np.int64]]:
        """Read any completions; return the datagrams among them and all buffers used."""
        completions = np.ascontiguousarray(done).reshape(-1).view(_COMPLETION)
        user_data, result = completions["user_data"], completions["result"]
        flags = completions["flags"]
        is_filled = (flags & _CQE_BUFFER) != 0
        numbers = (flags >> 16).astype(np.int64)
        rows = (user_data & 0xFFFFFFFF).astype(np.int64)
        usual = is_filled & ((flags & _CQE_MORE) != 0)
        if not usual.all():
            self._note_ended(user_data[~usual], result[~usual], flags[~usual])
        rows[user_data >= _CANCELLING] = 0
        good = is_filled & (result >= DATAGRAM_AT) & (user_data == self._tokens[rows])
        used = numbers[is_filled]
        if not good.any():
            return None, used
        return Arrivals(rows[good], self._slots, numbers[good]), used

    def _note_ended(
        self,
        user_data: NDArray[np.uint64],
        result: NDArray[np.int32],
        flags: NDArray[np.uint32],
    ) -> None:
        """Count sends that failed; arm again what ended although its stream goes on."""
        for data, code, flag in zip(
            user_data.tolist(), result.tolist(), flags.tolist(), strict=True
        ):
            if data == _SENDING:
                self._failed += 1
            elif data != _CANCELLING and not flag & _CQE_MORE and code != -errno.ECANCELED:
                row = data & 0xFFFFFFFF
                if int(self._tokens[row]) == data:
                    self._unarmed[row] = None


def _word(area: NDArray[np.uint8], offset: int) -> memoryview:
    """Return the one-element view of a 32-bit word that is shared with the kernel."""
    return memoryview(area.data)[int(offset) : int(offset) + 4].cast("I")


def _call(number: int, *arguments: int) -> int:
    padded = (*arguments, *(0,) * (6 - len(arguments)))
    result: int = _syscall(number, *padded)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
