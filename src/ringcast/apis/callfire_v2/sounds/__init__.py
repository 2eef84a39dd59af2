"""Sounds of the library."""
