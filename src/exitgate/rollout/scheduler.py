"""Which tasks ECS starts and stops next, within the bounds. Where the documentation leaves an order open, the worse one for users.

Source: Amazon ECS developer guide, "Deploy Amazon ECS services by replacing tasks" and "Amazon ECS services".
"""

from __future__ import annotations

from exitgate.rollout.state import Deployment, Task
from exitgate.rollout.turn import Turn


def schedule(turn: Turn, deployment: Deployment) -> None:
    """Take the steps that the bounds allow now: start what is missing, stop what is old, replace what is unhealthy."""
    _drop_latecomers(turn, deployment)
    _fill(turn, deployment)
    _retire(turn, deployment)
    _trim(turn, deployment)


def is_steady(turn: Turn, deployment: Deployment) -> bool:
    """Say whether the desired tasks run and are healthy, and no other task is left, not even one on its way out."""
    return len(turn.tasks) == turn.settings.desired_count and all(
        task.deployment == deployment.number and turn.opinion(task) == "healthy" for task in turn.tasks.values()
    )


def _drop_latecomers(turn: Turn, deployment: Deployment) -> None:
    """Stop tasks of other deployments that serve nobody yet."""
    for task in turn.active(lambda each: each.deployment != deployment.number):
        if turn.opinion(task) == "undecided" and not task.was_healthy:
            turn.leave(task, f"{deployment.version} is deployed in its place")


def _fill(turn: Turn, deployment: Deployment) -> None:
    """Start what is missing. A replacement goes first where the maximum allows; else something makes room for it."""
    while True:
        own = turn.active(lambda each: each.deployment == deployment.number)
        if sum(turn.opinion(task) != "unhealthy" for task in own) >= turn.settings.desired_count:
            return
        if len(turn.active()) >= turn.settings.upper_bound and not _make_room(turn, deployment, own):
            return
        turn.start(deployment)


def _make_room(turn: Turn, deployment: Deployment, own: list[Task]) -> bool:
    """Stop one task so that another can start; False where the minimum forbids it.

    The unhealthy go first: freely while enough others are healthy, else one at a time, each only when the last replacement has
    shown what it is. A load balancer whose targets are all unhealthy sends requests to all, so even these may be serving.
    """
    enough = turn.healthy_count >= turn.settings.lower_bound
    waiting = any(turn.opinion(task) == "undecided" for task in own)
    unhealthy = [task for task in turn.active() if turn.opinion(task) == "unhealthy"]
    if unhealthy and (enough or not waiting):
        # Of another deployment before the own.
        turn.leave(min(unhealthy, key=lambda each: each.deployment == deployment.number), "unhealthy")
        return True
    others = [task for task in turn.active() if task.deployment != deployment.number]
    if others and turn.healthy_count > turn.settings.lower_bound:
        turn.leave(others[0], f"makes room for {deployment.version}")
        return True
    return False


def _retire(turn: Turn, deployment: Deployment) -> None:
    """Stop tasks of other deployments as far down as the minimum allows, the unhealthy first."""
    others = turn.active(lambda each: each.deployment != deployment.number)
    for task in sorted(others, key=lambda each: turn.opinion(each) == "healthy"):
        spare = turn.healthy_count - (turn.opinion(task) == "healthy")
        if spare < turn.settings.lower_bound:
            return
        turn.leave(task, f"replaced by {deployment.version}")


def _trim(turn: Turn, deployment: Deployment) -> None:
    """Stop what is too much: an unhealthy task when its replacement has shown what it is, healthy ones when all others are."""
    while True:
        own = turn.active(lambda each: each.deployment == deployment.number)
        waiting = sum(turn.opinion(task) == "undecided" for task in own)
        if len(own) - waiting <= turn.settings.desired_count or len(own) - turn.settings.desired_count <= waiting:
            return
        unhealthy = [task for task in own if turn.opinion(task) == "unhealthy"]
        if unhealthy:
            turn.leave(unhealthy[0], "unhealthy, and replaced")
        elif not waiting:
            turn.leave(own[-1], "one too many")
        else:
            return
