"""HTTP plumbing that no dialect owns: credentials, bodies, ranges, JSON, the access log."""
