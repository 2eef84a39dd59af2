"""Call broadcasts, their recipients and their batches."""
