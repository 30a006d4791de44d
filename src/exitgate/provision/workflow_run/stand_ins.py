"""What stands in for actions of others while a workflow is run on this machine: composite actions of ours, by the same name.

Only those whose work can be done from what is here: a Node.js that is installed, the range of a change from the event. A
cache is always empty, what is uploaded goes nowhere. Checking out is act's own: it copies the clone.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from exitgate.errors import PrerequisiteMissing
from exitgate.github.workflow import Step
from exitgate.provision.workflow_run.endings import ACTION, Endings
from exitgate.provision.workflow_run.nodes import Node

NATIVE = frozenset({"actions/checkout"})
_NOTHING = {"": "true"}
_SHAS = """\
base="$(jq --raw-output '.pull_request.base.sha // .merge_group.base_sha // .before // empty' "$GITHUB_EVENT_PATH")"
test -n "$base"
echo "NX_BASE=$base" >>"$GITHUB_ENV"
echo "NX_HEAD=$(git rev-parse HEAD)" >>"$GITHUB_ENV"
"""
_SETS_UP_NODE = "actions/setup-node"
_KNOWN: Mapping[str, Mapping[str, str]] = {
    _SETS_UP_NODE: {},
    "actions/cache": {**_NOTHING, "restore": "true", "save": "true"},
    "actions/upload-artifact": _NOTHING,
    "nrwl/nx-set-shas": {"": _SHAS},
}
"""Repository to what each of its actions does, by folder."""


def stand_ins(
    steps: Iterable[Step],
    folder: Path,
    nodes: Mapping[str, Node],
    first: Iterable[Path] = (),
    endings: Endings | None = None,
) -> list[str]:
    """Write a stand-in for each action of others that steps use; return them as act's ``--local-repository`` takes them.

    Args:
        folder: Where they are to be.
        nodes: Wanted version to the Node.js that is installed.
        first: Folders of programs that come before those of Node.js.
        endings: What notes the end of each job that sets up Node.js.

    Raises:
        PrerequisiteMissing: if nothing of ours can stand in for an action.
    """
    made: dict[str, Path] = {}
    for step in steps:
        uses = step.uses.text if step.uses else ""
        if not uses or uses.startswith("./"):
            continue
        name, _, version = uses.partition("@")
        repository = "/".join(name.split("/")[:2]).lower()
        if repository in NATIVE:
            continue
        if repository not in _KNOWN or uses.startswith("docker://"):
            raise PrerequisiteMissing(
                step.place,
                got=f"the action {uses}, for which nothing stands in",
                expected=f"actions among {', '.join(sorted(NATIVE | set(_KNOWN)))}, and your own",
                action="Do what it does in a script of the repository, or leave the executed checks to GitHub.",
            )
        key = f"{'/'.join(name.split('/')[:2])}@{version}"
        if key not in made:
            made[key] = folder / f"action-{len(made)}"
            scripts = _KNOWN[repository] or {"": _setup_node(nodes, first)}
            for below, script in scripts.items():
                noted = endings is not None and repository == _SETS_UP_NODE
                _write(made[key] / below / "action.yml", script, uses=ACTION if noted else "")
    own = [] if endings is None else [endings.write_action(folder / "ending")]
    return [*(f"{key}={path}" for key, path in made.items()), *own]


def _setup_node(nodes: Mapping[str, Node], first: Iterable[Path]) -> str:
    arms = [
        f'  {shlex.quote(wanted)}) echo {shlex.quote(str(node.folder))} >>"$GITHUB_PATH" ;;'
        for wanted, node in nodes.items()
    ]
    # What is added last is found first.
    before = [f'echo {shlex.quote(str(path))} >>"$GITHUB_PATH"' for path in first]
    lines = [
        'wanted="${EXITGATE_NODE#v}"; wanted="${wanted%.x}"',
        'case "$wanted" in',
        *arms,
        '  *) echo "exitgate: no Node.js $wanted on this machine" >&2; exit 1 ;;',
        "esac",
        *before,
    ]
    return "\n".join(lines)


def _write(path: Path, script: str, *, uses: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    body = "".join(f"        {line}\n" for line in script.splitlines())
    # act, as GitHub, asks every script of an action for its shell.
    path.write_text(
        "name: a stand-in of exitgate's\n"
        "inputs:\n  node-version: {required: false, default: ''}\n"
        "outputs:\n  cache-hit: {value: 'false'}\n"
        "runs:\n  using: composite\n  steps:\n"
        "    - shell: bash\n      env: {EXITGATE_NODE: '${{ inputs.node-version }}'}\n      run: |\n"
        + body
        + (f"    - uses: {uses}\n" if uses else ""),
        encoding="utf-8",
    )
