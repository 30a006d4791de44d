"""The target's workflows, composite actions and rulesets, with the place of everything, and what GitHub makes of them."""

from exitgate.observe.workflow.folder import Workflows, read_workflows, refuse_unrunnable
from exitgate.observe.workflow.model import PipelineModel, Scenario, model_of
from exitgate.observe.workflow.reading import parse_action, parse_workflow
from exitgate.observe.workflow.rulesets import Rulesets, read_ruleset, read_rulesets
from exitgate.observe.workflow.script import bash_oracle
from exitgate.observe.workflow.versions import node_versions, wanted_nodes

__all__ = [
    "PipelineModel",
    "Rulesets",
    "Scenario",
    "Workflows",
    "bash_oracle",
    "model_of",
    "node_versions",
    "parse_action",
    "parse_workflow",
    "read_ruleset",
    "read_rulesets",
    "read_workflows",
    "refuse_unrunnable",
    "wanted_nodes",
]
