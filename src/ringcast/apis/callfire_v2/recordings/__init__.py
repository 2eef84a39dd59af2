"""Recordings of calls."""
