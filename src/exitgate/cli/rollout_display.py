"""What somebody sees of a rollout while it goes on: a table that is drawn anew, or plain lines where there is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from exitgate.observe.rollout.facts import Sight, TaskSight

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_LINE_EVERY_S = 5.0
_RATE_OVER_S = 1.0


class Rate:
    """Requests a second, over the last second."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, int]] = []

    def of(self, sight: Sight) -> float:
        """Take a sight, and return the rate up to it; 0 of the first one."""
        self._seen = [each for each in self._seen if each[0] >= sight.at_s - _RATE_OVER_S]
        self._seen.append((sight.at_s, sight.ended))
        begun_s, before = self._seen[0]
        took_s = sight.at_s - begun_s
        return (sight.ended - before) / took_s if took_s > 0 else 0.0


class PlainLines:
    """A line for each change of a task, and one now and then for the load."""

    def __init__(self, out: Callable[[str], None]) -> None:
        self._out, self._rate = out, Rate()
        self._begun: float | None = None
        self._told_s = 0.0
        self._tasks: dict[str, str] = {}
        self._failed = 0

    def __call__(self, sight: Sight) -> None:
        """Print what has changed."""
        if self._begun is None:
            self._begun = self._told_s = sight.at_s
        rate = self._rate.of(sight)
        now = {task.name: f"{task.name} ({task.version}) {words_of(task)}" for task in sight.tasks}
        lines = [line for name, line in now.items() if self._tasks.get(name) != line]
        lines += [f"{name} is gone" for name in self._tasks if name not in now]
        self._tasks = now
        if sight.failed > self._failed or sight.at_s - self._told_s >= _LINE_EVERY_S:
            lines.append(f"{sight.ended} requests, {rate:.0f} a second, {sight.failed} failed")
            self._told_s, self._failed = sight.at_s, sight.failed
        for line in lines:
            self._out(f"{sight.at_s - self._begun:6.1f} s  {line}")


def words_of(task: TaskSight) -> str:
    """Return how a task stands, in a few words."""
    return f"{task.phase}, {task.health}" if task.health and task.phase == "running" else task.phase


def table_of(sight: Sight, rate: float, took_s: float) -> Table:
    """Return everything as a table."""
    from rich.markup import escape
    from rich.table import Table

    failed = f"[red]{sight.failed} failed[/]" if sight.failed else "0 failed"
    table = Table(title=f"{took_s:.0f} s · {sight.ended} requests, {rate:.0f} a second, {failed}", title_justify="left")
    for heading in ("task", "version", "state", "target"):
        table.add_column(heading)
    for task in sight.tasks:
        colour = {"healthy": "green", "unhealthy": "red"}.get(task.health, "yellow")
        table.add_row(task.name, escape(task.version), task.phase, f"[{colour}]{task.health or '·'}[/]")
    return table


@contextmanager
def showing(console: Console) -> Iterator[Callable[[Sight], None]]:
    """Yield what is to be told how a rollout stands."""
    if not console.is_terminal:
        yield PlainLines(lambda line: print(line, flush=True))
        return
    from rich.live import Live

    rate = Rate()
    begun: list[float] = []
    with Live(console=console, refresh_per_second=8) as live:

        def draw(sight: Sight) -> None:
            if not begun:
                begun.append(sight.at_s)
            live.update(table_of(sight, rate.of(sight), sight.at_s - begun[0]))

        yield draw
