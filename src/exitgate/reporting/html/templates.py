"""The templates, set up so that whatever a record holds stays text."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from exitgate.reporting.html import network
from exitgate.reporting.html.changes import moves
from exitgate.reporting.html.groups import by_check, is_below
from exitgate.reporting.html.links import anchor, evidence_link
from exitgate.reporting.html.styles import definition
from exitgate.reporting.html.timeline import LEFT, RIGHT, WIDTH
from exitgate.reporting.html.times import lasted, moment
from exitgate.reporting.html.work import rerun
from exitgate.reporting.text import status_of, visible

if TYPE_CHECKING:
    import jinja2


@functools.cache
def templates() -> jinja2.Environment:
    """Return the environment of all templates: every value is escaped, and what hides or reorders text is written out."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(definition),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        status=lambda text: status_of(text).value,
        href=evidence_link,
        moment=moment,
        one_check=by_check,
        moves=moves,
        below=is_below,
    )
    environment.globals.update(anchor=anchor, rerun=rerun, lasted=lasted)
    environment.globals.update(drawn_width=WIDTH, drawn_left=LEFT, drawn_right=RIGHT)
    environment.globals.update(net_width=network.WIDTH, net_box=network.BOX_HEIGHT)
    return environment


def _visible(value: object) -> object:
    """Make text visible; what is markup of ours, or no text, stays as it is."""
    return value if not isinstance(value, str) or hasattr(value, "__html__") else visible(value)
