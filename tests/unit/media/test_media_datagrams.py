"""Sockets bound ahead of their use."""

from __future__ import annotations

import socket

import pytest

from ringcast.media.datagrams import BoundSockets


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def test_reserved_port_gives_nothing_that_came_before_it_was_taken() -> None:
    bound, port = BoundSockets("127.0.0.1"), free_port()
    bound.reserve(port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.sendto(b"of a call before", ("127.0.0.1", port))
        far.sendto(b"of a call before", ("127.0.0.1", port))

        with bound.take(port) as sock:
            far.sendto(b"of this one", ("127.0.0.1", port))
            assert sock.recv(100) == b"of this one"


def test_reserved_port_of_another_program_is_an_error() -> None:
    bound = BoundSockets("127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as foreign:
        foreign.bind(("127.0.0.1", 0))

        with pytest.raises(OSError, match="in use"):
            bound.reserve(foreign.getsockname()[1])


def test_reserved_ports_are_free_again_after_the_end() -> None:
    bound, port = BoundSockets("127.0.0.1"), free_port()
    bound.reserve(port)
    bound.shut()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", port))
