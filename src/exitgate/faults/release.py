"""Faults of the requirement `lock`: ways to production that pass the lock by, and locks that open for what did not pass."""

from __future__ import annotations

from exitgate.faults.fault import FaultSite, Inject
from exitgate.faults.pipeline.edits import add, edit, faults

_DEPLOY = ".github/workflows/deploy.yml"
_HOTFIX = """\
name: Hotfix
on:
  workflow_dispatch:
permissions: {}
jobs:
  hotfix:
    name: hotfix
    runs-on: ubuntu-24.04
    steps:
      - run: aws ecs update-service --cluster production --service orders --force-new-deployment
"""
_SAID = "$(jq --raw-output .payload statement.dsse.json | base64 --decode | jq --raw-output '{}')"
_SUBJECTS = ".subject[] | select(.digest.{}) | "


def _edit(pattern: str, replacement: str) -> Inject:
    return edit(pattern, replacement, _DEPLOY)


def _step(text: str) -> Inject:
    """Give the step that asks the lock a line more."""
    return _edit(r"^( +)- name: Lock\n", rf"\g<0>\g<1>  {text}\n")


def _commit(text: str) -> Inject:
    return _edit(r'--commit "\$\(git rev-parse HEAD\)"', f"--commit {text}".replace("\\", "\\\\"))


def _at_the_end(site: FaultSite) -> None:
    """Move the step that asks the lock behind all others."""
    file = site.root / _DEPLOY
    text = file.read_text(encoding="utf-8")
    start = text.index("      - name: Lock\n")
    end = text.index("      - name: Take on the role")
    file.write_text(text[:start] + text[end:].rstrip("\n") + "\n" + text[start:end], encoding="utf-8")


_GUARDS = faults(
    "lock",
    (
        "lock-not-asked",
        "the step that asks the lock prints its help instead",
        "guards-every-path",
        _DEPLOY,
        "nothing asks the lock before",
        _edit("exitgate lock check gate3", "exitgate lock check --help gate3"),
    ),
    (
        "lock-asked-last",
        "the lock is asked once everything is rolled out",
        "guards-every-path",
        _DEPLOY,
        "nothing asks the lock before",
        _at_the_end,
    ),
    (
        "lock-tolerated",
        "a refusal of the lock was in the way, and got continue-on-error",
        "guards-every-path",
        _DEPLOY,
        "continue-on-error makes nothing of a refusal",
        _step("continue-on-error: true"),
    ),
    (
        "lock-for-production-alone",
        "the lock is asked on a condition",
        "guards-every-path",
        _DEPLOY,
        "the lock may be skipped",
        _step("if: inputs.environment == 'production'"),
    ),
    (
        "lock-status-lost",
        "the script goes on after a refusal",
        "guards-every-path",
        _DEPLOY,
        "a refusal of the lock is lost",
        _edit(r'"\$\{images\[@\]\}"$', '"${images[@]}" || echo "::warning::closed"'),
    ),
    (
        "roll-out-always",
        "one roll-out runs whatever was before",
        "guards-every-path",
        _DEPLOY,
        "runs although the lock refused",
        _edit(r"^( +)- name: Roll out orders\n", r"\g<0>\g<1>  if: always()\n"),
    ),
    (
        "hotfix-past-the-lock",
        "a second workflow for hotfixes deploys by itself",
        "guards-every-path",
        ".github/workflows/hotfix.yml",
        "moves traffic by `aws ecs update-service",
        add(".github/workflows/hotfix.yml", _HOTFIX),
    ),
    (
        "key-in-the-repository",
        "the key that the lock trusts lies in the repository",
        "guards-every-path",
        _DEPLOY,
        "a file of what is released",
        _edit(r'--key "\$GATE_KEY"', "--key keys/gate.pub"),
    ),
    (
        "commit-of-the-event",
        "the lock is asked about the commit that started the workflow, not about the one that was checked out",
        "guards-every-path",
        _DEPLOY,
        "about the commit that started the workflow",
        _commit('"$GITHUB_SHA"'),
    ),
    also={},
)
_ANSWERS = faults(
    "lock",
    (
        "commit-from-the-statement",
        "the script asks about the commit that the statement names, whatever is checked out",
        "refuses-others",
        _DEPLOY,
        "opens the way for a statement on another commit",
        _commit(f'"{_SAID.format(_SUBJECTS.format("gitCommit") + ".digest.gitCommit")}"'),
    ),
    (
        "images-from-the-statement",
        "the script asks about the images that the statement names, whatever is released",
        "refuses-others",
        _DEPLOY,
        "opens the way for another image",
        _edit(
            r"< <\(jq --raw-output .*$",
            '< <(printf "%s" "'
            + _SAID.format(_SUBJECTS.format("sha256") + r'"--image=\\(.name)=sha256:\\(.digest.sha256)"')
            + '")',
        ),
    ),
    (
        "refusal-is-a-warning",
        "a refusal only warns",
        "refuses-others",
        _DEPLOY,
        "opens the way for a rehearsal",
        _edit(r'"\$\{images\[@\]\}"$', '"${images[@]}" || echo "::warning::closed"'),
    ),
    (
        "commit-cut-short",
        "the lock is asked about an abbreviated commit",
        "opens-for-the-passed",
        _DEPLOY,
        "stays closed for a pass of exactly what is released",
        _commit('"$(git rev-parse --short HEAD)"'),
    ),
    (
        "images-by-repository",
        "the images are named by their repositories, not by their workloads",
        "opens-for-the-passed",
        _DEPLOY,
        "stays closed for a pass of exactly what is released",
        _edit(r"--image=", "--image=reference-shop/"),
    ),
    (
        "option-of-another-version",
        "the call has an option that this version of exitgate does not know",
        "opens-for-the-passed",
        _DEPLOY,
        "stays closed for a pass of exactly what is released",
        _edit("--statement statement", "--bundle statement"),
    ),
    also={},
)
FAULTS = (*_GUARDS, *_ANSWERS)
