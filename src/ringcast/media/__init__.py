"""Media workers: processes that send and receive RTP for many calls on one 20 ms tick."""
