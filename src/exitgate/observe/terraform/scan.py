"""What Trivy has against a target's Terraform; suppressions in it are listed and not obeyed.

Trivy leaves out a file that it can't parse, and a module that it can't evaluate, and exits with 0. So each file gets a resource
of ours at its end, in a throwaway copy, that Trivy always has something against: a file of which it says nothing was not read.

Sources: Trivy's documentation, "Terraform" coverage and "Misconfiguration scanning"; what it does was tried with 0.76.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, one_line
from exitgate.observation import Observation, Substrate
from exitgate.observe.misconfigurations import SEVERITY_OF
from exitgate.observe.suppressions import Suppression, disarmed, ignore_files, suppressions_in
from exitgate.observe.terraform.blocks import read_modules
from exitgate.observe.trivy_report import TrivyReport, read_report
from exitgate.policy.containers import Severity
from exitgate.provision.redaction import Redaction, redaction_of
from exitgate.provision.scanner import ScanTool, run_trivy
from exitgate.provision.variables import declared_variables, write_values
from exitgate.target import Stack, Target

_CODE: Final = (".tf", ".tofu")
_JSON: Final = (".tf.json", ".tofu.json")
_LEFT_OUT: Final = frozenset({".git", "node_modules", ".terraform"})
_CANARY: Final = """
resource "aws_mq_broker" "exitgate_canary" {
  publicly_accessible = true
}
"""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class CodeFinding:
    """What Trivy has against a line of code."""

    stack: str
    path: str
    line: int
    rule: str
    """E.g. ``AWS-0080``."""
    severity: Severity
    """What has none is critical until somebody knows."""
    message: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeScan(Observation):
    """What Trivy has against the code of all stacks."""

    found: tuple[CodeFinding, ...]
    asked: int
    """Files that it was asked about, over all stacks."""
    silent: tuple[tuple[str, str], ...]
    """Stack and file of which it said nothing: modules that no instance is made of, or that it can't evaluate."""
    suppressions: tuple[Suppression, ...]


def read_code_scan(scanner: ScanTool, target: Target, stacks: Sequence[Stack], folder: Path) -> CodeScan:
    """Have Trivy look at the root module of each stack, with its variables, and at the modules that it calls by a path.

    Args:
        folder: The run's own; the first worker that asks has a stack scanned, and the others read what it wrote.

    Raises:
        ObservationError: if Trivy fails, says what can't be read, or says nothing of a file whose neighbours it read.
    """
    files = {stack.name: _files_of(target.directory, stack) for stack in stacks}
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda each: _report(scanner, target, each, files[each.name], folder), stacks))
    found: set[CodeFinding] = set()
    silent: list[tuple[str, str]] = []
    for stack, report in zip(stacks, reports, strict=True):
        lengths = {path: text.count("\n") + 1 for path, text in files[stack.name].items()}
        root = target.directory / stack.path
        found.update(_found(stack, report, lengths, redaction_of(target.directory, root, stack.variables)))
        silent += [(stack.name, path) for path in _unheard(stack, report, lengths)]
    texts = {path: text for each in files.values() for path, text in each.items()}
    suppressions = sorted(
        (
            *(each for path, text in texts.items() for each in suppressions_in(path, text)),
            *ignore_files(target.directory),
        )
    )
    json_files = sorted({path for stack in stacks for path in _json_of(target.directory, stack)})
    return CodeScan(
        substrate=Substrate(
            assurance=Assurance.DECLARED,
            name=f"scan of the code by Trivy {scanner.version}, of {', '.join(each.name for each in stacks)}",
            limits=(
                *(f"{each.location} is not obeyed: {each.text}" for each in suppressions),
                *_told_silent(silent),
                *(f"whether Trivy read {path} was not tried: it is JSON" for path in json_files),
            ),
            tools=(scanner.tool,),
        ),
        found=tuple(sorted(found)),
        asked=sum(map(len, files.values())),
        silent=tuple(silent),
        suppressions=tuple(suppressions),
    )


def _told_silent(silent: Sequence[tuple[str, str]]) -> Iterator[str]:
    for folder in dict.fromkeys(Path(path).parent for _, path in silent):
        stacks = dict.fromkeys(stack for stack, path in silent if Path(path).parent == folder)
        yield f"Trivy said nothing of {folder.as_posix()} in {' and '.join(stacks)}: it sees no instance of that module"


def _folders_of(root: Path, stack: Stack) -> list[Path]:
    inside = root.resolve()
    folders = [folder.resolve() for folder, _ in read_modules(root, root / stack.path)]
    return [folder for folder in folders if folder.is_relative_to(inside)]


def _files_of(root: Path, stack: Stack) -> dict[str, str]:
    """Return the files of a stack's modules with what stands in them."""
    return {
        path.relative_to(root.resolve()).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for folder in _folders_of(root, stack)
        for path in sorted(folder.iterdir())
        if path.suffix in _CODE and path.is_file()
    }


def _json_of(root: Path, stack: Stack) -> list[str]:
    return [
        path.relative_to(root.resolve()).as_posix()
        for folder in _folders_of(root, stack)
        for path in sorted(folder.iterdir())
        if path.name.endswith(_JSON)
    ]


def _report(scanner: ScanTool, target: Target, stack: Stack, files: Mapping[str, str], folder: Path) -> TrivyReport:
    own = folder / stack.name
    own.mkdir(parents=True, exist_ok=True, mode=0o700)
    report = own / "report.json"
    with FileLock(own / ".lock"):
        if not report.is_file():
            tree = own / "tree"
            shutil.rmtree(tree, ignore_errors=True)
            _copy(target.directory, tree, files, frozenset(_json_of(target.directory, stack)))
            values = [f"--tf-vars={tree / each}" for each in stack.var_files]
            if stack.variables:
                given = own / "own.tfvars"
                given.unlink(missing_ok=True)
                write_values(given, stack.variables, declared_variables(target.directory / stack.path))
                values.append(f"--tf-vars={given}")
            fresh = own / "fresh.json"
            run_trivy(
                scanner,
                "config",
                tree,
                fresh,
                *("--cache-dir", str(own / "cache"), "--skip-check-update", "--misconfig-scanners", "terraform"),
                *("--format", "json", *values),
            )
            fresh.rename(report)
            # It holds what files of variables hold.
            shutil.rmtree(tree)
    return read_report(report.read_bytes())


def _copy(source: Path, tree: Path, files: Mapping[str, str], json_files: frozenset[str]) -> None:
    """Copy the target with the code of one stack alone, each file with our resource at its end and no suppression."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        here = Path(folder).relative_to(source)
        code = {
            name for name in names if name.endswith((*_CODE, *_JSON)) and (here / name).as_posix() not in json_files
        }
        return code | _LEFT_OUT.intersection(names)

    shutil.copytree(source, tree, symlinks=True, ignore=left_out)
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(disarmed(text) + _CANARY, encoding="utf-8")


def _found(stack: Stack, report: TrivyReport, lengths: Mapping[str, int], redact: Redaction) -> list[CodeFinding]:
    return [
        CodeFinding(
            stack=stack.name,
            path=result.target,
            line=each.cause.line,
            rule=each.id,
            severity=SEVERITY_OF.get(each.severity.lower(), "critical"),
            message=one_line(redact(each.message), 240),
            remedy=one_line(each.resolution),
        )
        for result in report.results
        for each in result.misconfigurations
        if each.status == "FAIL" and each.cause.line <= lengths.get(result.target, each.cause.line)
    ]


def _unheard(stack: Stack, report: TrivyReport, lengths: Mapping[str, int]) -> list[str]:
    """Return the files of whole modules of which Trivy said nothing.

    Raises:
        ObservationError: if it said nothing of a file of the root module, or of one whose neighbours it read.
    """
    heard = {
        result.target
        for result in report.results
        for each in result.misconfigurations
        if each.cause.line > lengths.get(result.target, each.cause.line)
    }
    unheard = [path for path in lengths if path not in heard]
    folders = {Path(path).parent for path in heard} | {Path(stack.path)}
    for path in unheard:
        if Path(path).parent in folders:
            raise ObservationError(
                f"trivy config of stack {stack.name}",
                got=f"nothing said of {path}: {len(lengths)} files asked about, {len(heard)} heard of",
                expected="something of each file",
                action=f"See with `trivy config {stack.path}` why it can't be read.",
            )
    return unheard
