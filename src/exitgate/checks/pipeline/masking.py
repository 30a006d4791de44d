"""Known ways to hide a failure from a required check: in shell, in options, in YAML, and in tests that are switched off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from exitgate.finding import Finding
from exitgate.observe.shell import Fate, Loss
from exitgate.observe.verification import Verification, VerifyingCommand

_EXPECTED = "its failure fails the required check"
_REMEDIES = {
    Loss.OR: "Take what follows || away, or end it with a status that is not 0.",
    Loss.AND: "Put the command on a line of its own: before && the shell does not end with it.",
    Loss.BACKGROUND: "Run it in the foreground, or wait for it by its number ($!): a bare `wait` says 0.",
    Loss.PIPELINE: "Set `shell: bash`, which has pipefail, or `set -o pipefail` first.",
    Loss.SUBSTITUTION: "Assign its output to a variable first, in a command of its own.",
    Loss.CONDITION: "Let the other arm end with a status that is not 0.",
    Loss.NEGATED: "Take the ! away.",
    Loss.TRAP: "Let the trap end with the status that it was entered with.",
    Loss.ERREXIT_OFF: "Join commands by &&, or let the shell end with the first failure (set -e).",
    Loss.FIND_EXEC: "Use `find … -exec … +`, or xargs, which pass a failure on.",
    Loss.LOOP: "Let the shell end with the first failure (set -e), or gather the failures and exit with them.",
    Loss.NOT_REACHED: "Take away what keeps it from running.",
    Loss.UNCHECKED: "Call it with check=True, or exit with what it returned.",
    Loss.EXCEPT: "Let the handler end the script with a status that is not 0.",
}
_OPTIONS: tuple[tuple[str, str, str], ...] = (
    ("pass-with-no-tests", r"^--(?:passWithNoTests|pass-with-no-tests)(?:=true)?$", "passes where there is no test"),
    ("if-present", r"^--if-present$", "passes where the script is gone"),
    ("ignore-errors", r"^(?:--ignore-errors|--no-bail|--dangerouslyIgnoreUnhandledErrors)$", "ignores failures"),
    ("excluded-projects", r"^--exclude(?:=.*)?$", "leaves projects out"),
    (
        "base-is-head",
        r"^--base=(?:HEAD|\$NX_HEAD|\$\{NX_HEAD\}|\$\{\{ *github\.sha *\}\}|\$GITHUB_SHA)$",
        "compares the change with itself",
    ),
    ("dry-run", r"^(?:--dry-run|--dryRun|--listTests|--collect-only|--graph)$", "runs nothing"),
)


def masked_failures(verification: Verification) -> list[Finding]:
    """Name every known way in which a failure does not fail the required check."""
    return [
        *(finding for each in verification.commands for finding in _of_command(each)),
        *_of_yaml(verification),
        *_of_tasks(verification),
        *_left_out(verification),
    ]


def undecided(verification: Verification) -> tuple[str, ...]:
    """Return the places of commands of which it could not be told what becomes of their failure."""
    return tuple(each.place for each in verification.commands if each.command.fate is Fate.UNKNOWN)


def _of_command(verifying: VerifyingCommand) -> Iterator[Finding]:
    command = verifying.command
    if verifying.ignored:
        yield Finding(
            location=verifying.place,
            message=f"make ignores the failure of `{command.text}`",
            expected=_EXPECTED,
            got="a recipe line that starts with -, or .IGNORE",
            remedy="Take it away.",
            rule="masking/make-ignores",
        )
    elif command.fate in {Fate.LOST, Fate.SOMETIMES, Fate.NEVER}:
        words = {
            Fate.LOST: f"a failure of `{command.text}` is hidden by its script",
            Fate.SOMETIMES: f"a failure of `{command.text}` can be hidden by its script",
            Fate.NEVER: f"`{command.text}` is never run by its script",
        }
        yield Finding(
            location=verifying.place,
            message=words[command.fate],
            expected=_EXPECTED,
            got=f"{command.loss.value}, run by {verifying.run_by}",
            remedy=_REMEDIES.get(command.loss, "Let its status be the script's."),
            rule=f"masking/{command.loss.value}",
        )
    for rule, pattern, what in _OPTIONS:
        found = [word for word in command.words if re.match(pattern, word)]
        if found:
            yield Finding(
                location=verifying.place,
                message=f"`{found[0]}` {what}: `{command.text}`",
                expected="a verification that fails where it finds nothing to do, or finds a failure",
                got=found[0],
                remedy="Take the option away.",
                rule=f"masking/{rule}",
            )
    if command.words[0].rpartition("/")[2] in {"make", "gmake"} and {"-i", "-ik", "-ki"} & set(command.words):
        yield Finding(
            location=verifying.place,
            message=f"make is told to ignore failures: `{command.text}`",
            expected=_EXPECTED,
            got="-i",
            remedy="Take -i away.",
            rule="masking/make-ignores",
        )


def _of_yaml(verification: Verification) -> Iterator[Finding]:
    for each in verification.tolerant:
        yield Finding(
            location=each.place,
            message=f"continue-on-error hides a failure of {each.what!r}",
            expected="no continue-on-error where something is verified",
            got=f"continue-on-error: {each.text}",
            remedy="Take continue-on-error away.",
            rule="masking/continue-on-error",
        )
    for lonely in verification.lonely:
        yield Finding(
            location=lonely.place,
            message=f"no required check waits for the job {lonely.job!r}",
            expected=f"it among the needs of {', '.join(lonely.required)}",
            got="a job that may fail without anybody being stopped",
            remedy="Add it to `needs` of the job that reports the required check.",
            rule="masking/job-not-needed",
        )


def _of_tasks(verification: Verification) -> Iterator[Finding]:
    for setting in verification.settings:
        yield Finding(
            location=f"{setting.path}:{setting.line}",
            message=f"`{setting.text}` lets a run pass that should not",
            expected="a test runner that fails where there is nothing to run",
            got=setting.text,
            remedy="Take the setting away.",
            rule="masking/runner-setting",
        )
    for test in verification.switched:
        what = (
            "keeps all other tests of its file from running" if test.switch == "only" else "is not run, or not counted"
        )
        yield Finding(
            location=f"{test.path}:{test.line}",
            message=f"a committed test with .{test.switch} {what}: {test.text}",
            expected="every committed test runs and counts",
            got=test.switch,
            remedy="Mend the test, or delete it.",
            rule=f"masking/test-{test.switch}",
        )


def _left_out(verification: Verification) -> Iterator[Finding]:
    for idle in verification.idle:
        yield Finding(
            location=idle.place,
            message=f"{idle.what!r} never runs for a change",
            expected="a condition that holds for pull requests, or none",
            got=f"if: {idle.text}",
            remedy="Take the condition away.",
            rule="masking/never-runs",
        )
    for optional in verification.optional:
        yield Finding(
            location=optional.place,
            message=f"whoever proposes a change decides whether {optional.what!r} runs",
            expected="a condition that no title, branch name or account decides, or none",
            got=f"if: {optional.text}, which hangs on {', '.join(optional.by)}",
            remedy="Take the condition away.",
            rule="masking/author-decides",
        )
    for target in verification.dropped:
        yield Finding(
            location=target.place,
            message=f"no workflow that validates changes runs the target {target.name!r}, which {target.projects} projects have",
            expected=f"{target.name} beside {', '.join(target.beside)}",
            got="a target that is never run",
            remedy="Name it where the task runner is called (nx affected -t …), or take it from the projects.",
            rule="masking/target-dropped",
        )
    for cut in verification.cut:
        yield Finding(
            location=cut.place,
            message=f"the dependency on {cut.text.lstrip('!')!r} is cut, so its changes don't run this project's tests",
            expected="every dependency that there is",
            got=f"implicitDependencies: {cut.text}",
            remedy="Take the entry away.",
            rule="masking/dependency-cut",
        )
