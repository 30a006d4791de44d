"""The target's own workflow, run by act on a clone of a merge commit, as another user."""

from exitgate.provision.workflow_run.act import Started, run_workflow
from exitgate.provision.workflow_run.endings import Endings, JobEnding, LeftFile, note_endings
from exitgate.provision.workflow_run.nodes import Node, bring_in, find_nodes, nodes_for
from exitgate.provision.workflow_run.payload import payload_of
from exitgate.provision.workflow_run.runner import Arrangement, Runner, workflow_runner
from exitgate.provision.workflow_run.services import services_of
from exitgate.provision.workflow_run.statements import Statement, statements_of

__all__ = [
    "Arrangement",
    "Endings",
    "JobEnding",
    "LeftFile",
    "Node",
    "Runner",
    "Started",
    "Statement",
    "bring_in",
    "find_nodes",
    "nodes_for",
    "note_endings",
    "payload_of",
    "run_workflow",
    "services_of",
    "statements_of",
    "workflow_runner",
]
