"""Script languages that more than one dialect speaks, read and run as programs."""
