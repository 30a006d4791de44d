"""The target's own workflow, run by act on a clone of a merge commit, as another user."""

from exitgate.provision.workflow_run.act import Started, run_workflow
from exitgate.provision.workflow_run.nodes import Node, bring_in, find_nodes, nodes_for
from exitgate.provision.workflow_run.payload import payload_of
from exitgate.provision.workflow_run.runner import Runner, workflow_runner
from exitgate.provision.workflow_run.services import services_of

__all__ = [
    "Node",
    "Runner",
    "Started",
    "bring_in",
    "find_nodes",
    "nodes_for",
    "payload_of",
    "run_workflow",
    "services_of",
    "workflow_runner",
]
