"""What the core asks of the outside, as small protocols in our own words."""
