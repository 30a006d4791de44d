"""Projects, what they need, and the library in which a change is tried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.workflow_run import (
    Workspace,
    asked_targets,
    library_in,
    loaded_library_in,
    reach_of,
    read_workspace,
)
from tests.checks.pipeline.trials import trials
from tests.observe.workflow_run.test_legs import TEXT, workflows
from tests.provision.repository import git

PACKAGES: dict[str, dict[str, object]] = {
    "libs/kit": {"name": "@a/kit", "scripts": {"test": "x", "lint": "x"}},
    "libs/form": {"name": "@a/form", "dependencies": {"@a/kit": "1"}, "scripts": {"test": "x"}},
    "apps/shop": {"name": "@a/shop", "devDependencies": {"@a/form": "1"}, "scripts": {"test": "x"}},
    "apps/other": {"name": "@a/other", "scripts": {"test": "x"}},
    "apps/page": {"name": "@a/page", "nx": {"implicitDependencies": ["@a/shop"], "targets": {"test": {}}}},
}


def workspace(root: Path, packages: dict[str, dict[str, object]], **files: str) -> Workspace:
    for folder, said in packages.items():
        (root / folder / "src").mkdir(parents=True)
        (root / folder / "package.json").write_text(json.dumps(said))
    for name, text in files.items():
        (root / name.replace("__", "/")).with_suffix(".ts").write_text(text)
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    return read_workspace(root)


def test_dependents_are_found_over_others_and_by_what_nx_is_told(tmp_path: Path) -> None:
    found = workspace(tmp_path, PACKAGES)
    assert found.dependents("libs/kit") == {"libs/form", "apps/shop", "apps/page"}
    assert found.needed(frozenset({"apps/page"})) == {"apps/shop", "libs/form", "libs/kit"}
    assert found.names(frozenset({"apps/shop", "libs/kit"})) == ("@a/kit", "@a/shop")
    assert found.projects["apps/page"].targets == {"test"}
    assert library_in(found) == "libs/kit"


def test_projects_that_need_each_other_end(tmp_path: Path) -> None:
    packages: dict[str, dict[str, object]] = {
        "a": {"name": "a", "dependencies": {"b": "1"}},
        "b": {"name": "b", "dependencies": {"a": "1"}},
    }
    found = workspace(tmp_path, packages)
    assert found.dependents("a") == {"b"}
    assert found.needed(frozenset({"a"})) == {"b"}


def test_a_target_without_a_library_has_none_to_change(tmp_path: Path) -> None:
    alone = workspace(tmp_path, {"apps/other": PACKAGES["apps/other"]})
    with pytest.raises(PrerequisiteMissing, match="none of which some depend on"):
        library_in(alone)


@pytest.mark.parametrize(
    ("line", "loaded"),
    [
        ('import { kit } from "@a/kit";\n', True),
        ('import "@a/kit";\n', True),
        ('const kit = require("@a/kit");\n', True),
        ('export * from "@a/kit";\n', True),
        ('import type { Kit } from "@a/kit";\n', False),
        ('import { kit } from "@a/kit/other";\n', False),
        ('import { kit } from "@a/kitten";\n', False),
    ],
)
def test_a_library_is_taken_that_code_loads(line: str, loaded: bool, tmp_path: Path) -> None:
    found = workspace(tmp_path, PACKAGES, libs__form__src__form=line)
    if loaded:
        assert loaded_library_in(tmp_path, found) == ("libs/kit", ("@a/form",))
    else:
        with pytest.raises(PrerequisiteMissing, match="no library that code of another project"):
            loaded_library_in(tmp_path, found)


def test_what_a_change_is_to_run_is_told_by_the_projects_and_the_steps(tmp_path: Path) -> None:
    found = workspace(tmp_path, PACKAGES)
    asked = asked_targets(workflows(tmp_path, TEXT.replace("-t test", "-t lint test")))
    assert asked == ("lint", "test")
    reach = reach_of(trials(control_output="✔  nx run @a/kit:lint\n"), found, "libs/kit", asked)
    assert (reach.library, reach.dependents) == ("@a/kit", ("@a/form", "@a/page", "@a/shop"))
    assert [target for name, target in reach.targets if name == "@a/kit"] == ["lint", "test"]
    assert [(each.project, each.target) for each in reach.tasks] == [("@a/kit", "lint")]
    with pytest.raises(PrerequisiteMissing, match="by nx itself"):
        asked_targets(workflows(tmp_path, TEXT.replace("npx nx affected -t test", "npm test")))
