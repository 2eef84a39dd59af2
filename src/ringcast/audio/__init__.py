"""Audio as arrays: G.711, WAV, tones, resampling and comparison. No I/O beyond bytes given and returned."""
