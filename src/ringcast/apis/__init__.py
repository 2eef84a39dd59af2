"""The HTTP dialects: each vendor in a package of its own."""
