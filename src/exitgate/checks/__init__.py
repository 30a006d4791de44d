"""Rules, by criterion: pure functions from observations and policy to findings. No input or output in here."""
