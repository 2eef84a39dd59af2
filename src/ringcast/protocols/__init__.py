"""Protocols as pure code: bytes in, events out; no sockets, no clocks, no randomness of its own."""
