"""Changes of the target's configuration and infrastructure code, by pattern."""

from __future__ import annotations

import json
import re

from exitgate.errors import TargetError
from exitgate.faults.fault import FaultSite, Inject
from exitgate.target import CONFIGURATION_FILE


def rewrite(site: FaultSite, path: str, pattern: str, replacement: str) -> None:
    """Replace what a pattern matches first in a file of the clone.

    Raises:
        TargetError: if it matches nothing, so that the fault would never land.
    """
    file = site.root / path
    try:
        before = file.read_text(encoding="utf-8")
    except OSError:
        before = ""
    after, count = re.subn(pattern, replacement, before, count=1, flags=re.MULTILINE | re.DOTALL)
    if count == 0:
        raise TargetError(
            path,
            got=f"nothing that matches {pattern}",
            expected="a place for the fault",
            action="Prove the gate on a target that has one, e.g. the reference.",
        )
    file.write_text(after, encoding="utf-8")


def code(file: str, pattern: str, replacement: str) -> Inject:
    """Return what changes a file of the reference's infrastructure modules."""
    return lambda site: rewrite(site, f"infra/modules/{file}", pattern, replacement)


def rules(pattern: str, replacement: str) -> Inject:
    """Return what changes the target's own rules."""
    return lambda site: rewrite(site, CONFIGURATION_FILE, pattern, replacement)


def no_rules(table: str) -> Inject:
    """Return what takes a table of the rules out, with those inside of it."""
    name = re.escape(table)
    return lambda site: rewrite(
        site, CONFIGURATION_FILE, rf"(?:^\[{name}(?:\.[^\]\n]*)?\]\n.*?)+(?=^\[(?!{name})|\Z)", ""
    )


def wrapped(script: str) -> Inject:
    """Return what runs a script before the workload's own program, in the same process, as a patch in its code would.

    Args:
        script: JavaScript; ``IMPORT`` in it starts the program, ``MAIN`` is its file. A percent sign may be doubled.
    """

    def inject(site: FaultSite) -> None:
        program, *arguments = site.entrypoint
        main = arguments[-1]
        load = f'process.argv[1] = "{main}"; import("{main}");'
        words = script.replace("%%", "%").replace("IMPORT", load).replace("MAIN", main)
        site.append(f"ENTRYPOINT {json.dumps([program, '-e', words])}")

    return inject
