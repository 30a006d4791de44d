"""``[policy.pipeline]``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policy.policy_text import policy_of, refused

PIPELINE = """
[policy.pipeline]
node_versions = ["20", "22"]
merge_queue = false
lint_severity = "low"

[policy.pipeline.branches]
protected = ["main", "release/*"]
start_ci = ["main", "release/1.2"]
ignored = ["feature/x"]

[policy.pipeline.pull_requests]
approvals = 1
code_owners_approve = true
stale_approvals_dismissed = true
last_push_approved_by_another = true
up_to_date = true
force_pushes_refused = true
deletions_refused = true

[[policy.pipeline.required_check]]
name = "ci"

[[policy.pipeline.bypass]]
type = "Team"
id = 7
reason = "a reason"

[[policy.pipeline.accepted_lint]]
audit = "cache-poisoning"
file = ".github/workflows/ci.yml"
reason = "a reason"

[policy.pipeline.token_permissions]
".github/workflows/ci.yml" = { contents = "read" }
"""


def test_sound_rules_are_read(tmp_path: Path) -> None:
    pipeline = policy_of(tmp_path, PIPELINE).pipeline
    assert pipeline is not None
    assert pipeline.branches is not None
    assert pipeline.pull_requests is not None
    assert (pipeline.node_versions, pipeline.merge_queue) == (("20", "22"), False)
    assert pipeline.branches.protected == ("main", "release/*")
    assert pipeline.pull_requests.approvals == 1
    assert [(check.name, check.app_id) for check in pipeline.required_check] == [("ci", 15368)]
    assert [(actor.type, actor.id) for actor in pipeline.bypass] == [("Team", 7)]
    assert pipeline.token_permissions == {".github/workflows/ci.yml": {"contents": "read"}}


def test_what_is_left_out_is_a_rule_that_was_never_made(tmp_path: Path) -> None:
    assert policy_of(tmp_path, "").pipeline is None
    bare = '\n[policy.pipeline]\nnode_versions = ["22"]\nmerge_queue = true\nlint_severity = "high"\n'
    pipeline = policy_of(tmp_path, bare).pipeline
    assert pipeline is not None
    assert (pipeline.branches, pipeline.pull_requests, pipeline.required_check, pipeline.bypass) == (None, None, (), ())
    assert pipeline.token_permissions == {}


@pytest.mark.parametrize(
    ("right", "wrong", "line", "got", "expected"),
    [
        ("merge_queue =", "merge_queu =", "merge_queu", "unknown key 'policy.pipeline.merge_queu'", "'merge_queue'"),
        ("merge_queue = false", 'merge_queue = "no"', "merge_queue", "policy.pipeline.merge_queue = 'no'", "boolean"),
        ("merge_queue = false\n", "", "[policy.pipeline]", "'policy.pipeline.merge_queue' is missing", "given"),
        ('["20", "22"]', '["20", "20"]', "node_versions", "'20' twice", "each once"),
        ('["20", "22"]', '["20", "lts"]', "node_versions", "policy.pipeline.node_versions.1 = 'lts'", "pattern"),
        ('["20", "22"]', "[]", "node_versions", "policy.pipeline.node_versions = []", "at least 1 item"),
        ('"low"', '"mild"', "lint_severity", "policy.pipeline.lint_severity = 'mild'", "'low', 'medium'"),
        ('["feature/x"]', '["main"]', "ignored", "'main' starts CI and is ignored", "one of the two"),
        ('["main", "release/*"]', '["main", "main"]', "protected", "'main' twice", "each once"),
        ('["main", "release/1.2"]', '["release/*"]', "start_ci", "policy.pipeline.branches.start_ci.0 =", "pattern"),
        ("approvals = 1", "approvals = 0", "code_owners_approve", "code_owners_approve with approvals = 0", "one approval"),
        ("approvals = 1", "approvals = true", "approvals", "policy.pipeline.pull_requests.approvals = True", "integer"),
        ("approvals = 1", 'approvals = "1"', "approvals", "policy.pipeline.pull_requests.approvals = '1'", "integer"),
        ("deletions_refused = true\n", "", "[policy.pipeline.pull", "'policy.pipeline.pull_requests.deletions_refused'", ""),
        ('name = "ci"', 'name = " "', "name =", "policy.pipeline.required_check.0.name", "1 character"),
        ('"Team"', '"Person"', "type =", "policy.pipeline.bypass.0.type = 'Person'", "'Team'"),
        ('contents = "read"', 'contents = "admin"', '".github', "policy.pipeline.token_permissions", "'write'"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_refused_with_its_line(
    tmp_path: Path, right: str, wrong: str, line: str, got: str, expected: str
) -> None:
    told = refused(tmp_path, PIPELINE, right, wrong)
    assert told[0].startswith(line)
    assert told[1].startswith(got)
    assert expected in told[2]


def test_a_check_that_is_required_twice_is_shown_where_it_stands_again(tmp_path: Path) -> None:
    second = '[[policy.pipeline.required_check]]\nname = "ci"\n\n[[policy.pipeline.bypass]]'
    told = refused(tmp_path, PIPELINE, "[[policy.pipeline.bypass]]", second)
    assert told[1] == "'ci' twice"
