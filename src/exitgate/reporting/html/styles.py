"""The page's style sheet, and the policy that lets in that sheet and nothing else."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

_SHEETS = ("page.css", "timeline.css", "network.css")


def style_sheet() -> str:
    """Return the style sheets of the report's definition, one after the other."""
    return "\n".join(definition(name) for name in _SHEETS)


def security_policy(css: str) -> str:
    """Return the Content-Security-Policy: no network, no script, and of styles these bytes alone."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'none'; base-uri 'none'; form-action 'none'"


def definition(name: str) -> str:
    """Read a file of the report's definition, wherever it is installed."""
    return files("exitgate.reporting.definition").joinpath(name).read_text(encoding="utf-8")
