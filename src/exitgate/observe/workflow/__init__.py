"""The target's GitHub workflows and composite actions, read with the place of everything in them."""

from exitgate.observe.workflow.folder import Workflows, read_workflows, refuse_unrunnable
from exitgate.observe.workflow.reading import parse_action, parse_workflow

__all__ = ["Workflows", "parse_action", "parse_workflow", "read_workflows", "refuse_unrunnable"]
