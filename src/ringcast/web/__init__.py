"""HTTP plumbing that no dialect owns: limits, uploads, byte ranges, JSON."""
