"""A stack's life on an emulator of AWS, in one go: applied to two empty accounts, changed by hand in one, destroyed in the other.

Made once a run, and kept for all workers as files in the run's own folder, which goes with the run.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from exitgate.errors import ExitgateError, ObservationError, PrerequisiteMissing, one_line
from exitgate.provision.account_answers import ask_account
from exitgate.provision.account_guard import hold_to_account, refuse_elsewhere
from exitgate.provision.account_listing import list_account
from exitgate.provision.account_twins import made_twice
from exitgate.provision.diagnostics import error_in
from exitgate.provision.emulator import (
    ApiEndpoint,
    Capabilities,
    given_endpoint,
    installed_emulator,
    throwaway_emulator,
)
from exitgate.provision.outside_changes import change_outside
from exitgate.provision.real_account import RealAccount
from exitgate.provision.role_trials import Needed, try_roles
from exitgate.provision.stack_account import Account, is_unknown_there, timed, unknown_there
from exitgate.provision.stack_copy import initialised_copy
from exitgate.provision.stack_files import WHOLE, Part, StackLife, read_error, resources_of, told_error
from exitgate.provision.stack_ground import probed, refuse_unenforced, refuse_used, said_by_itself
from exitgate.provision.stack_takedown import FOLDER, note_standing, standing_below, take_down
from exitgate.provision.terraform import TerraformTool
from exitgate.run import Run
from exitgate.target import Emulated, Infrastructure, Stack, Target

_CREDENTIALS: Final = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def live_stack(
    tool: TerraformTool, run: Run, target: Target, code: Infrastructure, parts: Collection[Part] = WHOLE
) -> StackLife:
    """Return the life of the stack that the target names for it; the first worker that asks lives it.

    Args:
        parts: What of it anybody in the run wants to see.

    Raises:
        PrerequisiteMissing: if the target names none, or the emulator or a provider is not to be had.
        ProvisionError: if the emulator does not start, or can't be ended.
        ObservationError: if an apply or a plan fails, hangs, or the emulator dies.
    """
    section, what = ("sandbox", "a real account") if run.aws_account else ("emulated", "an emulator of AWS")
    emulated = code.sandbox if run.aws_account else code.emulated
    if emulated is None:
        raise PrerequisiteMissing(
            "exitgate.toml",
            got=f"no [infrastructure.{section}]",
            expected=f"which stack is applied to {what}, and how",
            action=f"Add [infrastructure.{section}] with stack, region and account_variable.",
        )
    folder = run.scratch_path / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    done = folder / "done.json"
    with FileLock(folder / ".lock"):
        if not done.is_file():
            try:
                life = _Life(
                    tool=tool, run=run, target=target, code=code, emulated=emulated, folder=folder, parts=parts
                )
                life.live()
                outcome: dict[str, Any] = {}
            except ExitgateError as error:
                outcome = told_error(error)
            done.write_text(json.dumps(outcome), encoding="utf-8")
    told: dict[str, Any] = json.loads(done.read_text(encoding="utf-8"))
    if told:
        raise read_error(told)
    return StackLife(folder=folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Life:
    tool: TerraformTool
    run: Run
    target: Target
    code: Infrastructure
    emulated: Emulated
    folder: Path
    parts: Collection[Part]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def stack(self) -> Stack:
        declared = next(each for each in self.code.stack if each.name == self.emulated.stack)
        variables = {**declared.variables, **self.emulated.variables}
        return declared.model_copy(update={"override": self.emulated.override, "variables": variables})

    def live(self) -> None:
        from botocore.parsers import ResponseParserError

        with self._endpoint() as endpoint:
            try:
                self._live_on(endpoint)
            except ObservationError as error:
                if endpoint.outlives_the_run and endpoint.spare and is_unknown_there(error.__cause__):
                    raise unknown_there(error.subject, error.got) from error
                raise
            except ResponseParserError as error:
                raise ObservationError(
                    f"{endpoint.name} {endpoint.version} {endpoint.place}",
                    got=one_line(f"an answer that can't be read: {error}", 200),
                    expected="answers of AWS's API",
                    action="Look at its log, or use another version of it.",
                ) from error
            finally:
                for folder in standing_below(self.run.scratch_path):
                    # What can't be taken down now is tried again at the end of the run, and is a problem of it then.
                    with suppress(ExitgateError):
                        take_down(folder)

    @contextmanager
    def _endpoint(self) -> Iterator[ApiEndpoint]:
        if self.run.aws_account:
            yield RealAccount(number=self.run.aws_account, region=self.emulated.region)
        elif self.run.aws_endpoint:
            yield given_endpoint(self.run.aws_endpoint, self.emulated.region, self.run.id)
        else:
            with throwaway_emulator(self.run, installed_emulator(), self.emulated.region) as emulator:
                yield emulator

    def _live_on(self, endpoint: ApiEndpoint) -> None:
        capabilities = probed(endpoint)
        numbers = self._numbers(endpoint)
        before = {number: list_account(_connect(endpoint, number)) for number in numbers}
        refuse_used(endpoint, before)
        accounts = self._accounts(endpoint, numbers)
        for account in accounts if endpoint.outlives_the_run else ():
            note_standing(account, self.emulated.lift, before[account.number])
        changes: list[dict[str, Any]] = []
        destroy: dict[str, Any] = {}
        if Part.WHOLE in self.parts:
            changes, destroy = self._lived(accounts, capabilities)
        else:
            self._seen_in_part(accounts, capabilities)
        last = accounts[-1]
        told = {
            "emulator": {"name": endpoint.name, "version": endpoint.version},
            "place": endpoint.place,
            "assurance": endpoint.assurance.label,
            "accounts": numbers,
            "limits": [*capabilities.limits, *said_by_itself(endpoint)],
            "stack": self.emulated.stack,
            "variables": sorted(self.emulated.variables),
            "changes": changes,
            "destroy": destroy,
            "before": sorted(before[last.number]),
            "after": sorted(list_account(last.connect)),
            "seconds": {name: round(value, 1) for name, value in self.seconds.items()},
        }
        self._write("told", told)

    def _numbers(self, endpoint: ApiEndpoint) -> tuple[str, ...]:
        """Return the accounts that are applied to: what stands is looked at in the first, roles are tried in the last."""
        first, last = endpoint.accounts[0], endpoint.accounts[-1]
        wanted = {first: Part.STANDING, last: Part.RIGHTS}
        own = {Part.WHOLE} & set(self.parts)
        return tuple(each for each in endpoint.accounts if own or first == last or wanted.get(each) in self.parts)

    def _seen_in_part(self, accounts: Sequence[Account], capabilities: Capabilities) -> None:
        """Apply, and see what is wanted of what stands then."""
        first, last = accounts[0], accounts[-1]
        with ThreadPoolExecutor(len(accounts)) as pool:
            for applied in [pool.submit(each.apply) for each in accounts]:
                applied.result()
        if Part.STANDING in self.parts:
            self._stood(first)
        else:
            first.plan("again")
        if Part.RIGHTS in self.parts:
            last.state("second")
            self._try_roles(last, capabilities)

    def _stood(self, first: Account) -> None:
        """Keep what stands, before anybody touches it, and before the state takes in what AWS adds."""
        first.state("first")
        with timed(self.seconds, "reading"):
            self._write("standing", ask_account(first.connect))
        first.plan("again")

    def _lived(
        self, accounts: Sequence[Account], capabilities: Capabilities
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return what came of the changes by hand in the first account, and of the destroy in the last, which may be the same."""
        first, last = accounts[0], accounts[-1]
        with ThreadPoolExecutor(3) as pool:
            schema = pool.submit(self._write_schema, first)
            for applied in [pool.submit(each.apply) for each in accounts]:
                applied.result()
            schema.result()
            if first is last:
                return self._change(first), self._destroy(first, capabilities)
            changed, destroyed = pool.submit(self._change, first), pool.submit(self._destroy, last, capabilities)
            return changed.result(), destroyed.result()

    def _accounts(self, endpoint: ApiEndpoint, numbers: Sequence[str]) -> list[Account]:
        """Make a copy of the code for each account, initialised once; those for a real one are held to it."""
        with timed(self.seconds, "init"):
            homes = [self.folder / number for number in numbers]
            homes[0].mkdir()
            terraform = initialised_copy(self.tool, homes[0], self.target, self.stack, self.code.plan_timeout_s)
            # The provider has no reason to say them, and whoever writes code that does shall not see them in a report.
            hidden = [value for name, value in endpoint.environment.items() if name in _CREDENTIALS]
            terraform = replace(terraform, redact=terraform.redact.with_more(hidden))
            for home in homes[1:]:
                shutil.copytree(homes[0], home, symlinks=True)
        made = []
        for number, home in zip(numbers, homes, strict=True):
            places = replace(terraform.places, tree=home / "tree")
            own = replace(terraform, root=home / "tree" / self.stack.path, home=home / "home", places=places)
            made.append(
                Account(
                    endpoint=endpoint,
                    number=number,
                    stack=self.stack,
                    emulated=self.emulated,
                    folder=home,
                    kept=self.folder,
                    terraform=own,
                    seconds=self.seconds,
                )
            )
        if not endpoint.spare:
            hold_to_account(made[0].terraform.root, made[0].number)
            made[0].plan("held")
            refuse_elsewhere(json.loads((self.folder / "held.json").read_text(encoding="utf-8")), made[0].number)
        return made

    def _write_schema(self, first: Account) -> None:
        """Keep what the provider says of resources: which attributes it computes, and which are sets."""
        path = self.folder / "all-schemas.json"
        first.step("schema", *("providers", "schema", "-json"), output=path)
        everything = json.loads(path.read_text(encoding="utf-8"))
        path.unlink()
        schemas: dict[str, Any] = {}
        for provider in everything.get("provider_schemas", {}).values():
            schemas |= {name: told["block"] for name, told in provider.get("resource_schemas", {}).items()}
        self._write("schema", schemas)

    def _change(self, first: Account) -> list[dict[str, Any]]:
        self._stood(first)
        # What AWS adds by itself is taken into the state, as one does after an apply; what differs from then on is drift.
        first.step("sync", *("apply", "-refresh-only", "-auto-approve", "-input=false"), variables=True)
        first.plan("quiet", "-refresh-only")
        standing = json.loads((self.folder / "first.json").read_text(encoding="utf-8"))
        resources = {each["address"]: (each["type"], each["values"]) for each in resources_of(standing)}
        with timed(self.seconds, "changes"):
            changes = [change.to_json() for change in change_outside(first.connect, resources)]
        first.plan("drift", "-refresh-only")
        return changes

    def _destroy(self, second: Account, capabilities: Capabilities) -> dict[str, Any]:
        """Take the second account down; a destroy that fails or does not end is told, not raised: the rest was seen."""
        second.state("second")
        lift = replace(second, variables={**self.stack.variables, **self.emulated.lift})
        with ThreadPoolExecutor(1) as pool:
            # While protection is lifted, which touches no role.
            tried = pool.submit(self._try_roles, second, capabilities)
            lifted = self._lift(lift)
            tried.result()
        if lifted:
            return lifted
        state = json.loads((self.folder / "second.json").read_text(encoding="utf-8"))
        named = {str(each["values"].get("id")) for each in resources_of(state)}
        # Of a real account nobody knows what else is in it, and AWS makes nothing twice.
        twins = made_twice(second.connect, named) if second.endpoint.spare else []
        if twins:
            # The destroy would wait for what nobody takes away until its time is over.
            return {"step": "destroy", "error": "", "left": [], "twins": twins}
        try:
            destroyed = lift.try_step("destroy", *("destroy", "-auto-approve", "-input=false"), variables=True)
        except ObservationError as error:
            # Of an emulator that died nothing else was seen, either.
            second.endpoint.check()
            return {"step": "destroy", "error": "", "left": [], "unended": error.got}
        left = lift.step("state list", *("state", "list")).stdout.split()
        failed = destroyed.exit_code != 0
        return {
            "step": "destroy",
            "error": error_in(destroyed.stderr or destroyed.stdout, lift.terraform.places) if failed else "",
            "left": left,
        }

    def _lift(self, second: Account) -> dict[str, Any]:
        """Lift protection from deletion; return how the destroy ended where it can't be lifted."""
        if not self.emulated.lift:
            return {}
        # Without a look at what stands there: what the emulator forgot would be made anew only to be destroyed.
        words = ("apply", "-refresh=false", "-auto-approve", "-input=false")
        lifted = second.try_step("lift", *words, variables=True)
        if lifted.exit_code == 0:
            return {}
        error = error_in(lifted.stderr or lifted.stdout, second.terraform.places)
        return {"step": "lift", "error": error, "left": []}

    def _try_roles(self, second: Account, capabilities: Capabilities) -> None:
        """Try what the roles may do; what keeps them from being tried is told, not raised: the rest was seen."""
        from botocore.exceptions import BotoCoreError, ClientError

        policy = self.target.policy.infrastructure
        needs = [
            Needed(workload=need.workload, kind=need.role, action=action, resource=resource, why=need.why)
            for need in (policy.need if policy else ())
            for action in need.actions
            for resource in need.resources
        ]
        state = json.loads((self.folder / "second.json").read_text(encoding="utf-8"))
        containers = {each.name: each.container_name for each in self.target.configuration.service}
        with timed(self.seconds, "roles"):
            try:
                refuse_unenforced(second.endpoint, capabilities)
                told = try_roles(
                    second.endpoint.client,
                    second.number,
                    self.emulated.region,
                    [*resources_of(state)],
                    containers,
                    needs,
                    *second.endpoint.spare[2:],
                )
            except ExitgateError as error:
                told = {"error": told_error(error)}
            except (BotoCoreError, ClientError, KeyError) as error:
                failed = ObservationError(
                    "what the roles of the stack may do",
                    got=one_line(f"{type(error).__name__}: {error}", 300),
                    expected="an answer or a refusal to each call",
                    action="Look whether the emulator knows the call.",
                )
                told = {"error": told_error(failed)}
        self._write("rights", told)

    def _write(self, name: str, content: object) -> None:
        (self.folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def _connect(endpoint: ApiEndpoint, account: str) -> Callable[[str], Any]:
    return lambda service: endpoint.client(service, account)
