"""What is shown of a rollout on its way: lines where something changed, and a table on a terminal."""

from __future__ import annotations

import io

from rich.console import Console

from exitgate.cli.rollout_display import PlainLines, showing, table_of
from exitgate.observe.rollout.facts import Sight, TaskSight


def sight(at_s: float, ended: int = 0, failed: int = 0, **tasks: str) -> Sight:
    seen = tuple(
        TaskSight(name=name, version="to", phase=state.partition("/")[0], health=state.partition("/")[2])
        for name, state in tasks.items()
    )
    return Sight(at_s=at_s, version="to", tasks=seen, ended=ended, failed=failed)


def test_plain_lines_tell_what_changed_and_nothing_twice() -> None:
    lines: list[str] = []
    tell = PlainLines(lines.append)
    for each in (
        sight(10, one="pending"),
        sight(10.05, one="pending"),
        sight(11, one="running/healthy"),
        sight(12, 200, 1, one="draining/healthy"),
        sight(12.5, 250, 1, one="draining/healthy"),
        sight(13, 300, 1),
        sight(17.5, 900, 1),
    ):
        tell(each)
    assert lines == [
        "   0.0 s  one (to) pending",
        "   1.0 s  one (to) running, healthy",
        "   2.0 s  one (to) draining",
        "   2.0 s  200 requests, 200 a second, 1 failed",
        "   3.0 s  one is gone",
        "   7.5 s  900 requests, 0 a second, 1 failed",
    ]


def test_a_terminal_gets_a_table_that_is_drawn_anew() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80, legacy_windows=False)
    with showing(console) as watch:
        watch(sight(1, 100, 2, one="running/healthy", two="running/unhealthy"))
    drawn = file.getvalue()
    assert "100 requests" in drawn
    assert "2 failed" in drawn
    assert "unhealthy" in drawn


def test_a_version_that_looks_like_markup_is_shown_as_it_is() -> None:
    file = io.StringIO()
    odd = Sight(
        at_s=0,
        version="[red]",
        tasks=(TaskSight(name="one", version="[red]", phase="pending", health=""),),
        ended=0,
        failed=0,
    )
    Console(file=file, width=80).print(table_of(odd, 0, 0))
    assert "[red]" in file.getvalue()


def test_what_is_no_terminal_gets_lines() -> None:
    with showing(Console(file=io.StringIO())) as watch:
        assert isinstance(watch, PlainLines)
