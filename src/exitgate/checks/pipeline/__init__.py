"""Rules of the criterion "CI blocks failing changes"."""
