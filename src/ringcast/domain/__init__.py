"""What is true: values, states and rules, with no I/O, clock or randomness."""
