"""The command channel: batches of messages, msgpack, each batch after its length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from ringcast.media.messages import ANSWERS, AnyCommand

_LENGTH_SIZE = 4
#: Longest batch accepted. Batches are written by ourselves: longer means the stream is broken.
LONGEST_BATCH = 64 << 20

_encoder = msgspec.msgpack.Encoder()
_commands = msgspec.msgpack.Decoder(list[AnyCommand])
_answers = msgspec.msgpack.Decoder(list[tuple[int, msgspec.Raw]])
_answer_number = {kind: number for number, kind in enumerate(ANSWERS)}
_answer_decoders: list[msgspec.msgpack.Decoder[Any]] = [
    msgspec.msgpack.Decoder(kind) for kind in ANSWERS
]


class BrokenChannel(Exception):
    """The bytes received are no batch of messages."""


def serialize_commands(commands: Sequence[AnyCommand]) -> bytes:
    """Return a batch of commands as it goes over the channel."""
    return _framed(_encoder.encode(commands))


def parse_commands(batch: bytes) -> list[AnyCommand]:
    """Return the commands of a batch; raise BrokenChannel."""
    try:
        return _commands.decode(batch)
    except msgspec.MsgspecError as exc:
        raise BrokenChannel(f"bad command: {exc}") from exc


def serialize_answers(answers: Iterable[object]) -> bytes:
    """Return a batch of events and answers (`messages.ANSWERS`) as it goes over the channel."""
    return _framed(_encoder.encode([(_answer_number[type(a)], a) for a in answers]))


def parse_answers(batch: bytes) -> Iterator[Any]:
    """Return the events and answers of a batch; raise BrokenChannel."""
    try:
        for number, raw in _answers.decode(batch):
            yield _answer_decoders[number].decode(raw)
    except (msgspec.MsgspecError, IndexError) as exc:
        raise BrokenChannel(f"bad answer: {exc}") from exc


class BatchReader:
    """Cuts the bytes of a channel into batches."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes; return the batches they complete, without their length."""
        self._buffer += data
        batches = []
        start = 0
        while len(self._buffer) - start >= _LENGTH_SIZE:
            length = int.from_bytes(self._buffer[start : start + _LENGTH_SIZE], "big")
            if length > LONGEST_BATCH:
                raise BrokenChannel(f"a batch of {length} bytes")
            end = start + _LENGTH_SIZE + length
            if end > len(self._buffer):
                break
            batches.append(bytes(self._buffer[start + _LENGTH_SIZE : end]))
            start = end
        del self._buffer[:start]
        return batches


def _framed(batch: bytes) -> bytes:
    return len(batch).to_bytes(_LENGTH_SIZE, "big") + batch
