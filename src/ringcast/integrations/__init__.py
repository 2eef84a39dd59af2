"""Small adapters to the outside: clock, speech, audio decoding, HTTP."""
