"""The asyncio shell around `protocols.sip`: sockets, timers and calls."""
