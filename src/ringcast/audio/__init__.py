"""Audio as arrays: G.711, WAV, tones, levels and comparison; bytes in, bytes out, no I/O."""
