"""The prober: constant load from a process of its own, with every request accounted for."""

from exitgate.load.plan import LoadPlan, Stream
from exitgate.load.process import Probing, probing
from exitgate.load.results import LoadResults, Request, read_results

__all__ = ["LoadPlan", "LoadResults", "Probing", "Request", "Stream", "probing", "read_results"]
