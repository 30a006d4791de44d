"""Pull requests into a throwaway forge that holds the target's rules, each tried by the target's own CI, run by act."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.github.events import Event
from exitgate.github.rulesets import Ruleset, rules_of
from exitgate.github.workflow import Workflow
from exitgate.observation import Substrate
from exitgate.observe.migrations.deployed import CiDeployment, MigrationList, read_lists
from exitgate.observe.migrations.tool import MigrationTool
from exitgate.observe.verification import VerifyingCommand
from exitgate.observe.workflow import Workflows, parse_workflow
from exitgate.observe.workflow_run.aims import steps_noticing
from exitgate.observe.workflow_run.log import RunLog, parse_log
from exitgate.observe.workflow_run.replacing import in_every_step, stand_still, step_at, variants
from exitgate.observe.workflow_run.trials import ChangeTrial, ChangeTrials, try_change
from exitgate.provenance import Evidence
from exitgate.provision.clone import commit_everything
from exitgate.provision.forge import Forge, throwaway_forge
from exitgate.provision.git import git, succeeded
from exitgate.provision.workflow_run import (
    Arrangement,
    JobEnding,
    Runner,
    Started,
    Statement,
    note_endings,
    statements_of,
)
from exitgate.provision.workflow_run.services import Services, services_of

MENDED = "mended"
_LIMITS = (
    "act runs the jobs on this machine, not on GitHub's runners; what it does not know is told apart and not judged",
    "whether the forge merges is a model's decision, by the exported rulesets; reviews are recorded as given",
    "what `npm ci` installed once on this machine is given again to the same files, scripts apart; the first time is npm's own",
    "stand-ins: actions/setup-node, actions/cache, actions/upload-artifact, nrwl/nx-set-shas",
)


class Breaks(Protocol):
    """A change that breaks something."""

    @property
    def aim(self) -> str:
        """Unique among the trials."""

    @property
    def project(self) -> str:
        """The folder that it touches; empty for the root."""

    @property
    def what(self) -> str:
        """It in words."""

    @property
    def noticed_by(self) -> tuple[str, ...]:
        """Names of tasks or kinds of commands of which one has to fail first; none where any may."""

    @property
    def says(self) -> str:
        """What whoever notices it writes; empty where tools differ."""

    @property
    def apply(self) -> Callable[[Path], None]:
        """What breaks the clone that it is given."""


@dataclass(slots=True)
class ChangeLab:
    """Tries changes. Made by `change_lab`."""

    runner: Runner
    forge: Forge
    source: Path
    """A clone of the target, to make branches in."""
    workflows: Workflows
    rulesets: tuple[Ruleset, ...]
    event: Event
    required: tuple[str, ...]
    """Names of the checks that have to succeed."""
    evidence: EvidenceFolder
    tools: tuple[MigrationTool, ...] = ()
    """By which databases list their migrations."""
    left: dict[str, tuple[MigrationList, ...]] = field(default_factory=dict)
    """Aim of a trial to the lists that the databases of CI held at its end."""
    statements: dict[str, tuple[Statement, ...]] = field(default_factory=dict)
    """Aim of a trial to what its databases executed, where they were to tell."""
    endings: dict[str, tuple[JobEnding, ...]] = field(default_factory=dict)
    """Aim of a trial to what its jobs left, where that was asked for."""
    _pulls: dict[str, int] = field(default_factory=dict)
    _kept: list[Evidence] = field(default_factory=list)
    _fetched: bool = False

    def sound(self, touched: Sequence[str], folders: Sequence[str] = ()) -> ChangeTrial:
        """Try a change that breaks nothing.

        Args:
            touched: Projects that it touches; of others nothing may be run, since they are not affected.
            folders: Of which is noted what the jobs leave in them.

        Raises:
            PrerequisiteMissing: if something that the workflows need is not here.
            ObservationError: if what came of it can't be told.
        """
        self.begin()
        self.note(touched)
        return self.propose(f"sound-{len(self._pulls)}", "the unmodified target", (), folders=folders)

    def broken(self, change: Breaks) -> ChangeTrial:
        """Try a change that breaks something, behind a commit of the same branch that does not.

        Raises:
            PrerequisiteMissing: if no step of the workflows notices such a thing, or something that they need is not here.
            ObservationError: if what came of it can't be told.
        """
        expected = tuple(place for each in self.workflows.ci for place in steps_noticing(each, change.noticed_by))
        self.begin()
        # A project that the change itself adds is not there yet.
        self.note((change.project if (self.source / change.project).is_dir() else "",))
        change.apply(self.source)
        commit_everything(self.source, f"A change: {change.aim}")
        return self.propose(change.aim, change.what, expected, says=change.says)

    def mended(self, failing: ChangeTrial) -> ChangeTrial:
        """Try the same branch once more, with a commit that takes back what its newest one broke, and nothing else.

        Where others were merged meanwhile, it takes them in first, as by "Update branch".

        Raises:
            PrerequisiteMissing: if it was merged as it was, or something that the workflows need is not here.
            ObservationError: if what came of it can't be told.
        """
        if failing.pushed.accepted:
            raise PrerequisiteMissing(
                failing.pushed.branch,
                got=f"a failing change that was merged: {failing.what}",
                expected="a refused one, to be mended",
                action="Let the required check fail with it.",
                blocked_by="3.1.C.2",
            )
        head = f"refs/exitgate/{failing.aim}"
        self.begin()
        base = succeeded(git(self.source, "rev-parse", "HEAD"), self.source).stdout.strip()
        succeeded(git(self.source, "checkout", "--quiet", "--detach", "--force", head), self.source)
        succeeded(git(self.source, "merge", "--quiet", "--no-edit", base), self.source)
        succeeded(git(self.source, "revert", "--no-edit", head), self.source)
        return self.propose(MENDED, "the same branch, mended", (), number=self._pulls[failing.aim])

    def injected(self, commands: Sequence[VerifyingCommand]) -> ChangeTrials:
        """Try each workflow with every command that verifies made to succeed, and with one of them made to fail in turn.

        The forge is of no use for other trials afterwards: what is sound is merged into it, and verifies nothing.

        Raises:
            PrerequisiteMissing: if a command does not stand as it is written in its line, or there is none.
            ObservationError: if what came of one can't be told.
        """
        self.begin()
        trials: list[ChangeTrial] = []
        asked = 0
        for workflow in self.workflows.ci:
            text = (self.source / workflow.path).read_text(encoding="utf-8")
            wanted = in_every_step(workflow, commands)
            asked += len(wanted)
            for variant in variants(workflow.path, text, wanted):
                if trials and not variant.place:
                    continue
                self.begin()
                (self.source / workflow.path).write_text(variant.text, encoding="utf-8")
                self.note(("",))
                at = step_at(workflow, variant.place) if variant.place else ""
                aim = f"command-{len(trials)}" if at else "all-succeed"
                what = f"`{variant.command}` fails" if at else "the workflow with commands that succeed"
                varied = parse_workflow(variant.text, workflow.path)
                # All of CI runs on the change, and each of its workflows is set up alike.
                others = [each for each in self.workflows.ci if each.path != workflow.path]
                around = Arrangement(idle=all(map(self._stands_still, (varied, *others))))
                trials.append(self.propose(aim, what, (at,) if at else (), workflow=varied, around=around))
        control, *broken = trials
        return self.observed(control, *broken, asked=asked)

    def _stands_still(self, workflow: Workflow) -> bool:
        """Say whether no job of a workflow runs a program any more, nor calls a workflow of which that is not known."""
        jobs = workflow.jobs.values()
        return not any(job.uses for job in jobs) and stand_still(
            step for job in jobs for step in self.workflows.steps(job)
        )

    def note(self, touched: Sequence[str]) -> None:
        """Touch projects, and commit that with whatever else was changed."""
        for project in touched:
            (self.source / project / f"exitgate-note-{len(self._pulls)}.md").write_text("# A note\n", encoding="utf-8")
        commit_everything(self.source, "A note for every project that is touched")

    def observed(self, control: ChangeTrial, *broken: ChangeTrial, asked: int) -> ChangeTrials:
        """Return trials as an observation, with the transcript of the forge so far."""
        servers = [service for each in self.workflows.ci for service in services_of(each)]
        kept = self.evidence.keep("forge.txt", self.forge.transcript)
        return ChangeTrials(
            substrate=Substrate(
                assurance=Assurance.EXECUTED,
                name="the target's workflow, run by act as another user; git push to a throwaway repository",
                limits=(*_LIMITS, *(f"{each.kind} of the workflow runs beside it on a loopback" for each in servers)),
                substitutes=tuple(sorted(self.runner.substitutes)),
                tools=self.runner.tools,
            ),
            evidence=(*self._kept, kept),
            control=control,
            broken=broken,
            asked=asked,
            required=self.required,
        )

    def deployment(self, trials: ChangeTrials) -> CiDeployment:
        """Return what the databases of CI listed when the control of trials had ended."""
        lists = self.left.get(trials.control.aim, ())
        told = json.dumps([asdict(each) for each in lists], indent=1)
        return CiDeployment(
            substrate=trials.substrate,
            evidence=(*trials.evidence, self.evidence.keep("ci-migrations.json", told)),
            servers=sum(service.kind == "postgres" for each in self.workflows.ci for service in services_of(each)),
            failing=trials.control.failing,
            lists=lists,
        )

    def begin(self) -> None:
        """Leave nothing in the clone but the branch as the forge has it now."""
        base = self.forge.head(self.event.branch)
        succeeded(git(self.source, "fetch", "--quiet", str(self.forge.folder / "forge.git"), base), self.source)
        succeeded(git(self.source, "checkout", "--quiet", "--detach", "--force", base), self.source)
        succeeded(git(self.source, "clean", "-ffdxq"), self.source)

    def propose(
        self,
        aim: str,
        what: str,
        expected: tuple[str, ...],
        *,
        number: int = 0,
        workflow: Workflow | None = None,
        text: str = "",
        says: str = "",
        folders: Sequence[str] = (),
        around: Arrangement | None = None,
    ) -> ChangeTrial:
        """Open the clone's commit as a pull request, let CI run on it, and try to merge it.

        Args:
            number: Of the pull request that it is to update; 0 for a new one.
            workflow: What is run in the place of the one of the same path.
            text: Its text, where it is to lie in the checkout without a commit, so that it is no part of the change.
            says: What whoever notices what is broken writes.
            folders: Of which is noted what the jobs leave in them.
            around: How the run is set up beside what the workflow says.

        Raises:
            PrerequisiteMissing: if something that the workflows need is not here.
            ObservationError: if what came of it can't be told.
        """
        succeeded(git(self.source, "update-ref", f"refs/exitgate/{aim}", "HEAD"), self.source)
        branch = self.event.branch
        if number:
            self.forge.update(number, self.source, "HEAD")
        else:
            number = self.forge.open(self.source, "HEAD", branch)
        self._pulls[aim] = number
        clone = self.forge.folder.parent / f"clone-{number}-{aim}"
        merge = self.forge.check_out_merge(number, clone)
        base, head = (succeeded(git(clone, "rev-parse", f"{merge}^{side}"), clone).stdout.strip() for side in (1, 2))
        named = ("diff", "--name-only", "-z", base, merge)
        changed = tuple(filter(None, succeeded(git(clone, *named), clone).stdout.split("\0")))
        # A workflow that is part of the change has commands in it that fail by themselves, whatever earlier runs have left.
        noticed = bool(expected) and (workflow is None or bool(text))
        started = Started(event=self.event, base=base, head=head, merge=merge)
        if workflow and text:
            (clone / workflow.path).write_text(text, encoding="utf-8")
        self.runner.place.hand_over(clone)
        endings = note_endings(self.runner.place, folders) if folders else None
        arrangement = replace(around or Arrangement(), endings=endings)
        if not self._fetched and not arrangement.idle:
            self.runner.fetch(clone)
            self._fetched = True
        trial = try_change(
            self.forge,
            number,
            lambda _, each: self._run(aim, clone, each, started, arrangement, noticed=noticed),
            [workflow if workflow and workflow.path == each.path else each for each in self.workflows.ci],
            self.event,
            aim=aim,
            what=what,
            expected=expected,
            merge=merge,
            changed=changed,
            rules=tuple(each.name for each in rules_of(self.rulesets, branch, branch).rulesets),
            says=says,
        )
        shutil.rmtree(clone)
        if endings is not None:
            self.endings[aim] = tuple(endings.read())
            told = json.dumps([asdict(each) for each in self.endings[aim]], indent=1)
            self._kept.append(self.evidence.keep(f"left-{aim}.json", told))
        return trial

    def _run(
        self, aim: str, clone: Path, workflow: Workflow, started: Started, around: Arrangement, *, noticed: bool
    ) -> RunLog:
        """Run a workflow; once more from nothing where no step notices what it should, since earlier results may have hidden it."""
        log = self._run_once(aim, clone, workflow, started, around)
        if not noticed or any(leg.failing for leg in log.legs):
            return log
        self.runner.forget()
        return self._run_once(aim, clone, workflow, started, around)

    def _run_once(self, aim: str, clone: Path, workflow: Workflow, started: Started, around: Arrangement) -> RunLog:
        steps = [step for job in workflow.jobs.values() for step in self.workflows.steps(job)]

        def look(services: Services) -> None:
            self.left[aim] = (*self.left.get(aim, ()), *read_lists(services, self.tools))
            if around.told:
                found = [each for server in services.databases for each in statements_of(server)]
                self.statements[aim] = (*self.statements.get(aim, ()), *found)

        ended = self.runner.execute(clone, workflow, steps, started, replace(around, look=look))
        self._kept.append(self.evidence.keep(f"act-{aim}.jsonl", ended.output))
        try:
            return parse_log(ended.output)
        except ObservationError as error:
            words = [line for line in ended.errors.splitlines() if line.strip()]
            raise ObservationError(
                workflow.path, got=words[-1] if words else error.got, expected=error.expected, action=error.action
            ) from error


@contextmanager
def change_lab(
    runner: Runner,
    clone: Path,
    workflows: Workflows,
    rulesets: Sequence[Ruleset],
    *,
    event: Event,
    required: Sequence[str],
    evidence: EvidenceFolder,
    name: str = "changes",
    tools: Sequence[MigrationTool] = (),
) -> Iterator[ChangeLab]:
    """Make a forge of a clone of the target, into one branch of which changes are tried.

    Args:
        event: What opening one of them is.
        required: Names of the checks that have to succeed.
        name: Unique among the forges of a runner.
        tools: By which the databases of CI list their migrations; those are read after each run.

    Raises:
        ProvisionError: if it can't be made or removed.
    """
    folder = runner.place.folder / name
    folder.mkdir(mode=0o711)
    source = folder / "branches"
    # The forge and the branches are ours alone: the workflow sees the clone that it is given, and nothing else.
    succeeded(git(clone, "clone", "--quiet", "--no-hardlinks", "--local", ".", str(source)), clone)
    source.chmod(0o700)
    with throwaway_forge(
        folder / "forge", source, branches=(event.branch,), rulesets=rulesets, default_branch=event.branch
    ) as forge:
        forge.folder.chmod(0o700)
        yield ChangeLab(
            runner=runner,
            forge=forge,
            source=source,
            workflows=workflows,
            rulesets=tuple(rulesets),
            event=event,
            required=tuple(required),
            evidence=evidence,
            tools=tuple(tools),
        )
