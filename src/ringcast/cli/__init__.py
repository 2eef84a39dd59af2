"""The command line."""

from ringcast.cli.app import main

__all__ = ["main"]
