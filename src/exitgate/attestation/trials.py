"""The target's own step that asks the lock, run for real on statements made for the purpose.

The step's script runs twice on each: once to see what it asks the lock, once with what the lock answered. In between, this
installation's own `exitgate lock check` is asked exactly that. So the script never runs with the rights of whoever runs the gate.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from exitgate.assurance import Assurance
from exitgate.attestation.specimens import Specimen, specimens
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.github.evaluation import Contexts, Object, Unknown
from exitgate.github.outcomes import Script, script_of
from exitgate.observation import Substrate
from exitgate.observe.release.answers import LockAnswer, LockTrial, LockTrials
from exitgate.observe.release.paths import AskingStep
from exitgate.observe.verification.shells import shell_of
from exitgate.process import run_tool, scrubbed_environment
from exitgate.provision.clone import clone_target
from exitgate.provision.confined import Bounds, Ended, Quarters, quarters
from exitgate.release_settings import ReleaseSettings
from exitgate.run import Run
from exitgate.target import Target

_BOUNDS = Bounds(seconds=60, disk_bytes=200_000_000)
_LOCK_TIMEOUT_S = 60.0
_QUESTION, _ANSWER = "lock-question", "lock-answer"
_STAND_IN = """\
#!/bin/bash
# Stands where exitgate would: notes what the lock is asked, and gives the answer that was put beside it.
for word in "$@"; do
  [ "${word##*/}" != exitgate ] || seen=1
done
case ${0##*/} in
  exitgate) ;;
  python*)
    if [ "$1 $2" != "-m exitgate" ]; then
      program=$(PATH=$EXITGATE_SYSTEM_PATH command -v "${0##*/}") || { echo "${0##*/}: not installed" >&2; exit 127; }
      exec "$program" "$@"
    fi
    shift 2
    ;;
  *)
    [ -n "$seen" ] || { echo "${0##*/}: only exitgate can be run by it here" >&2; exit 127; }
    while [ "${1##*/}" != exitgate ] || [ "${1%==*}" != "$1" ]; do shift; done
    shift
    ;;
esac
{ printf '%s\\0' "$PWD" "$@"; printf '\\1\\0'; } >> "$EXITGATE_LOCK/lock-question"
[ -e "$EXITGATE_LOCK/lock-answer" ] || exit 0
{ read -r status; cat >&2; } < "$EXITGATE_LOCK/lock-answer"
exit "$status"
"""
_NAMES = ("exitgate", "pipx", "uvx", "python", "python3")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """Where one step's script runs: a clone of the target, and the stand-ins on the path."""

    rooms: Quarters
    clone: Path
    notes: Path
    words: tuple[str, ...]
    """The shell and its options; ``{0}`` is the script's file."""
    environment: Mapping[str, str]

    def run(self, script: Path) -> Ended:
        arguments = [word.replace("{0}", str(script)) for word in self.words]
        told = {
            **self.environment,
            "PATH": f"{self.notes / 'bin'}:{self.rooms.path}",
            "EXITGATE_SYSTEM_PATH": self.rooms.path,
            "EXITGATE_LOCK": str(self.notes),
            "GITHUB_WORKSPACE": str(self.clone),
            "CI": "true",
        }
        return self.rooms.run(arguments, cwd=self.clone, environment=told, bounds=_BOUNDS)


def try_lock(
    target: Target,
    gate: str,
    steps: Sequence[AskingStep],
    run: Run,
    evidence: EvidenceFolder,
    now: datetime.datetime,
) -> LockTrials:
    """Run every step that asks the lock on every specimen.

    Raises:
        PrerequisiteMissing: if no step asks it, or what one is told can't be known here.
        ObservationError: if a script hangs, or asks another thing the second time.
    """
    if not steps:
        raise PrerequisiteMissing(
            "the target's workflows",
            got="no step that asks the lock",
            expected="`exitgate lock check` before every path to production",
            action="Ask the lock first.",
            blocked_by="lock",
        )
    trials, lines = [], []
    for step in steps:
        with quarters(run.id, run.owner) as rooms:
            trial = _trial(target, gate, step, rooms, now)
        trials.append(trial)
        lines += [f"{trial.place}: {each.case}: exit {each.exit_code}; {each.said}" for each in trial.answers]
    substrate = Substrate(
        assurance=Assurance.EXECUTED,
        name="the step's own script, run on a clone as another user, and this exitgate's lock",
        limits=("where the statement, the digests and the key come from at a real release is not seen",),
    )
    kept = evidence.keep("lock-trials.txt", "\n".join(lines) + "\n")
    return LockTrials(substrate=substrate, evidence=(kept,), trials=tuple(trials))


def _trial(target: Target, gate: str, asking: AskingStep, rooms: Quarters, now: datetime.datetime) -> LockTrial:
    settings = target.configuration.release
    key = Ed25519PrivateKey.generate()
    script = _script(asking, settings, key)
    clone = clone_target(target.directory, rooms.folder / "clone", allow_dirty=True)
    stage = _set(rooms, clone.path, asking, script)
    file = stage.notes / "script"
    file.write_text(script.text, encoding="utf-8")
    images = {each.name: f"sha256:{hashlib.sha256(each.name.encode()).hexdigest()}" for each in target.workloads}
    answers = [
        _answer(stage, file, settings, each) for each in specimens(gate, target.name, clone.commit, images, key, now)
    ]
    return LockTrial(place=asking.step.place, step=asking.step.title, answers=tuple(answers))


def _script(asking: AskingStep, settings: ReleaseSettings, key: Ed25519PrivateKey) -> Script:
    """Return the step's script with what it is told: the key stands where the settings say that it does."""
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    context, _, name = settings.key.partition(".")
    contexts = Contexts(values={context: Object({name.lower(): public}, path=context)})
    found = script_of(asking.workflow, asking.job, asking.step, contexts)
    if isinstance(found, Unknown):
        raise PrerequisiteMissing(
            asking.step.place,
            got=f"a step that is told {', '.join(sorted(found.of))}, which is not known here",
            expected=f"one that asks the lock and is told no more than the key, {settings.key}",
            action="Give the lock a step of its own, and name the key's expression under [release].",
        )
    return found


def _set(rooms: Quarters, clone: Path, asking: AskingStep, script: Script) -> _Stage:
    kind = shell_of(script.shell, asking.job.runs_on.text if asking.job.runs_on else "")
    if kind.options is None:
        raise PrerequisiteMissing(
            asking.step.place,
            got=f"a script for {kind.words.split()[0]}",
            expected="one for bash or sh",
            action="Set `shell: bash` on the step that asks the lock.",
        )
    notes = rooms.folder / "notes"
    (notes / "bin").mkdir(parents=True)
    for name in _NAMES:
        (notes / "bin" / name).write_text(_STAND_IN, encoding="utf-8")
        (notes / "bin" / name).chmod(0o755)
    rooms.hand_over(clone)
    rooms.hand_over(notes)
    folder = clone / asking.step.working_directory
    if not folder.resolve().is_relative_to(clone.resolve()) or not folder.is_dir():
        folder = clone
    return _Stage(
        rooms=rooms,
        clone=folder,
        notes=notes,
        words=tuple(shlex.split(kind.words)),
        environment=script.environment,
    )


def _answer(stage: _Stage, script: Path, settings: ReleaseSettings, specimen: Specimen) -> LockAnswer:
    statement, images = stage.clone / settings.statement, stage.clone / settings.images
    for path in (statement, images, stage.notes / _QUESTION, stage.notes / _ANSWER):
        path.unlink(missing_ok=True)
    images.parent.mkdir(parents=True, exist_ok=True)
    images.write_text(json.dumps(specimen.released), encoding="utf-8")
    if specimen.statement is not None:
        statement.parent.mkdir(parents=True, exist_ok=True)
        statement.write_bytes(specimen.statement)
    first = stage.run(script)
    asked = list(_asked(stage.notes / _QUESTION))
    said, ended = _last_words(first), first
    if asked:
        code, said = _ask(asked[0], stage)
        (stage.notes / _QUESTION).unlink()
        (stage.notes / _ANSWER).write_text(f"{code}\n{said}\n", encoding="utf-8")
        ended = stage.run(script)
        if next(iter(_asked(stage.notes / _QUESTION)), None) != asked[0]:
            raise ObservationError(
                str(script),
                got="another question the second time",
                expected="a step that asks the lock the same for the same release",
                action="Take what changes from run to run out of the question.",
            )
    return LockAnswer(
        case=specimen.case,
        must_open=not specimen.reason,
        reason=specimen.reason,
        exit_code=ended.exit_code,
        asked=len(asked),
        said=said,
    )


def _asked(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield each question: the folder that it was asked in, and its words."""
    question: list[str] = []
    for word in path.read_text(encoding="utf-8", errors="replace").split("\0")[:-1] if path.exists() else ():
        if word == "\1":
            yield tuple(question)
            question = []
        else:
            question.append(word)


def _ask(question: tuple[str, ...], stage: _Stage) -> tuple[int, str]:
    """Ask this installation's lock what the script asked; nothing but the lock, and nothing outside of the clone."""
    folder, *words = question
    inside = stage.rooms.folder.resolve()
    strays = [word for word in words if _leads_out(Path(folder) / word.rpartition("=")[2], inside)]
    if words[:2] != ["lock", "check"] or not Path(folder).resolve().is_relative_to(inside) or strays:
        return 2, f"not asked: {' '.join(words[:3])}"
    completed = run_tool(
        [sys.executable, "-m", "exitgate", *words],
        timeout_s=_LOCK_TIMEOUT_S,
        environment=scrubbed_environment(),
        cwd=Path(folder),
    )
    text = (completed.stderr.strip() or completed.stdout.strip()).replace(f"{folder}{os.sep}", "")
    return completed.exit_code, " ".join(text.split())


def _leads_out(path: Path, inside: Path) -> bool:
    """Say whether a word, taken for a path, is that of something outside; most words are of nothing that there is."""
    try:
        return path.exists() and not path.resolve().is_relative_to(inside)
    except OSError:
        return False


def _last_words(ended: Ended) -> str:
    lines = (ended.errors.strip() or ended.output.strip()).splitlines()
    return lines[-1] if lines else f"nothing; exit status {ended.exit_code}"
