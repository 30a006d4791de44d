"""Rules of the criterion "CI blocks failing changes"."""

from exitgate.checks.pipeline.masking import masked_failures, undecided

__all__ = ["masked_failures", "undecided"]
