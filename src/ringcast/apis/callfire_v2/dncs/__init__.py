"""Do-not-contact entries."""
