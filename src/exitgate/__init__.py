"""exitgate: a gate-compliance test suite framework on pytest."""

__version__ = "0.1.0"
