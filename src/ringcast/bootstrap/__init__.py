"""Wiring: chooses the implementations, joins them, starts and stops them.

A command imports the part it needs and no more: `storage` for what only reads and writes the
database, `core` for what makes calls, `http` for what answers requests, `phones` for the simulated
carrier.
"""
