"""Where a run of the gate runs the target's workflows: quarters, Node.js, servers, and packages that were fetched beforehand."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from exitgate.errors import ObservationError, PrerequisiteMissing, one_line
from exitgate.github.workflow import Step, Workflow
from exitgate.process import find_program, run_tool, scrubbed_environment
from exitgate.provenance import Tool
from exitgate.provision.confined import Bounds, Ended, Quarters, quarters
from exitgate.provision.engine import Builder, Engine
from exitgate.provision.scanner import ScanTool
from exitgate.provision.workflow_run.act import Started, run_workflow
from exitgate.provision.workflow_run.endings import Endings
from exitgate.provision.workflow_run.installs import KEY_ASKED, Installs, keep_installs
from exitgate.provision.workflow_run.kept_packages import kept_packages
from exitgate.provision.workflow_run.nodes import Node, bring_in
from exitgate.provision.workflow_run.recorders import write_recorders
from exitgate.provision.workflow_run.services import Services, services_of, serving
from exitgate.provision.workflow_run.statements import log_statements
from exitgate.run import Run

_BOUNDS = Bounds(seconds=900, disk_bytes=8 * 10**9)
_FETCH = Bounds(seconds=300, disk_bytes=4 * 10**9)
_ANSWER_TIMEOUT_S = 20.0
_NPM = ".npm"
"""npm's folder in the user's home."""
_INSTALL = ("npm", "ci", "--ignore-scripts")
_OFFLINE = {"npm_config_offline": "true"}
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
"""Where Debian's and Red Hat's kin keep the authorities that the machine trusts."""
_UNREACHABLE = re.compile(
    r"ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|E401|E403|ERR_SOCKET_TIMEOUT"
    r"|UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT|CERT_HAS_EXPIRED"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """What is set up around a run beside what its workflow says, and what is looked at; none of it is told to the workflow."""

    look: Callable[[Services], None] | None = None
    """Called once it has ended, while its servers still serve."""
    absent: frozenset[str] = frozenset()
    """Kinds of servers in whose place nobody listens."""
    told: bool = False
    """Whether databases write down every statement."""
    endings: Endings | None = None
    """What notes the end of each job."""
    idle: bool = False
    """Whether no step asks for a server or for packages, so that there are none: each stands still."""


@dataclass(slots=True, kw_only=True)
class Runner:
    """Runs workflows. Made by `workflow_runner`."""

    act: ScanTool
    place: Quarters
    nodes: Mapping[str, Node]
    """Wanted version to the Node.js that any user reaches."""
    installs: Installs
    run: Run
    containers: tuple[Engine, Builder] | None
    """What starts servers; nothing where the workflows ask for none."""
    may_substitute: frozenset[str]
    substitutes: set[str] = field(default_factory=set)
    """What stood in for servers so far."""
    _has_run: bool = False
    """Something of the target's was run, by the user that owns what is installed."""

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What runs them, as lines of the record."""
        versions = sorted({node.version for node in self.nodes.values()})
        return (self.act.tool, *(Tool(name="node", version=".".join(map(str, each))) for each in versions))

    def fetch(self, clone: Path) -> None:
        """Install a clone's packages under each Node.js with the network, so that the runs find them without it.

        What an earlier run installed of the same files is copied, and kept for later ones, unless something of the target's was
        run here: that may have left anything in the user's folders. What npm objects to is left for the runs to tell.

        Raises:
            PrerequisiteMissing: if the registry can't be reached.
            ObservationError: if npm does not keep to its bounds, or what is kept can't be copied.
        """
        if not (clone / "package-lock.json").is_file():
            return
        registry, npm = _registry(), self.place.home / _NPM
        nodes = list({node.folder: node for node in self.nodes.values()}.values())
        keys = [self._install(clone, node, {KEY_ASKED: "yes"}).output.strip() for node in nodes]
        if self.installs.has(keys):
            return
        if self._has_run:
            self._install_all(clone, nodes, registry)
            return
        with kept_packages(keys, registry) as kept:
            if kept.give(self.installs.store, npm):
                return
            self._install_all(clone, nodes, registry)
            if self.installs.has(keys):
                kept.keep(self.installs.store, npm)

    def _install_all(self, clone: Path, nodes: Sequence[Node], registry: str) -> None:
        told = {**_authorities(self.place.folder), **({"npm_config_registry": registry} if registry else {})}
        for number, node in enumerate(nodes):
            # What the first one fetched lies in npm's cache.
            done = self._install(clone, node, {**told, **({"npm_config_prefer_offline": "true"} if number else {})})
            if done.exit_code and (match := _UNREACHABLE.search(done.errors)):
                raise PrerequisiteMissing(
                    "the npm registry",
                    got=f"{match.group()}: {one_line(done.errors.splitlines()[0], 120)}",
                    expected="the packages of the target's lockfile",
                    action="Connect to the registry, or name a mirror of it with `npm config set registry`.",
                )

    def _install(self, clone: Path, node: Node, told: Mapping[str, str]) -> Ended:
        folders = (self.installs.programs, node.folder, self.place.path)
        environment = {"PATH": ":".join(map(str, folders)), "npm_config_update_notifier": "false", **told}
        return self.place.run(_INSTALL, cwd=clone, environment=environment, bounds=_FETCH)

    def forget(self) -> None:
        """Leave nothing in the user's home but npm's cache; runs before have left there what GitHub's don't see, e.g. Nx's."""
        for each in self.place.home.iterdir():
            if each.name != _NPM:
                shutil.rmtree(each, ignore_errors=True)

    def execute(
        self,
        clone: Path,
        workflow: Workflow,
        steps: Sequence[Step],
        started: Started,
        arrangement: Arrangement | None = None,
    ) -> Ended:
        """Run a workflow of a clone that lies in the quarters and is the user's.

        Raises:
            PrerequisiteMissing: if something that it needs is not here.
            ObservationError: if it did not keep to its bounds, a server does not serve, or it wrote to what it installed.
        """
        around = arrangement or Arrangement()
        self._has_run = True
        with nullcontext(Services(network="")) if around.idle else self._servers(workflow, around.absent) as servers:
            for database in servers.databases if around.told else ():
                log_statements(database)
            place = replace(self.place, network=servers.network)
            ended = run_workflow(
                self.act,
                place,
                clone,
                workflow,
                started,
                steps=steps,
                nodes=self.nodes,
                bounds=_BOUNDS,
                first=(self.installs.programs,),
                environment=_OFFLINE,
                endings=around.endings,
            )
            if around.look is not None:
                around.look(servers)
        shutil.rmtree(self.place.home / ".cache" / "act", ignore_errors=True)
        if not around.idle and (changed := self.installs.changed()):
            raise ObservationError(
                workflow.path,
                got=f"a step writes to {changed}",
                expected="packages that stay as they were installed, since runs share them",
                action="Let steps write elsewhere than into node_modules.",
            )
        return ended

    def record(self, clone: Path, workflow: Workflow, steps: Sequence[Step], started: Started) -> Ended:
        """Run a workflow of a clone with Nx standing still, and telling what it would compare; without servers.

        Raises:
            PrerequisiteMissing: if something that it needs is not here.
            ObservationError: if it did not keep to its bounds.
        """
        self._has_run = True
        ended = run_workflow(
            self.act,
            self.place,
            clone,
            workflow,
            started,
            steps=steps,
            nodes=self.nodes,
            bounds=_BOUNDS,
            first=(write_recorders(self.place, clone),),
            environment=_OFFLINE,
        )
        shutil.rmtree(self.place.home / ".cache" / "act", ignore_errors=True)
        return ended

    @contextmanager
    def _servers(self, workflow: Workflow, absent: Collection[str]) -> Iterator[Services]:
        wanted = services_of(workflow)
        if not wanted or self.containers is None:
            yield Services(network="")
            return
        engine, builder = self.containers
        with serving(engine, builder, self.run, wanted, may_substitute=self.may_substitute, absent=absent) as services:
            self.substitutes.update(services.substitutes)
            yield services


@contextmanager
def workflow_runner(
    run: Run,
    act: ScanTool,
    nodes: Mapping[str, Node],
    containers: tuple[Engine, Builder] | None,
    *,
    may_substitute: frozenset[str],
) -> Iterator[Runner]:
    """Make a place in which workflows are run, and remove it at the end.

    Args:
        containers: What starts the servers that the workflows ask for.
        may_substitute: Kinds of servers for which packages of this machine may stand in.

    Raises:
        PrerequisiteMissing: if this process may not become another user.
        ProvisionError: if the place can't be made or removed.
    """
    with quarters(run.id, run.owner) as place, nullcontext(bring_in(nodes, place.folder)) as reachable:
        yield Runner(
            act=act,
            place=place,
            nodes=reachable,
            installs=keep_installs(place),
            run=run,
            containers=containers,
            may_substitute=may_substitute,
        )


def _authorities(folder: Path) -> dict[str, str]:
    """Return what tells Node.js whom this machine trusts: a build of its own knows but the public authorities, and no mirror's.

    Args:
        folder: Where the user that installs may read them: those that are named may lie where nobody else looks.
    """
    named = (os.environ.get("NODE_EXTRA_CA_CERTS", ""), os.environ.get("SSL_CERT_FILE", ""), *_BUNDLES)
    found = next((Path(each) for each in named if each and Path(each).is_file() and os.access(each, os.R_OK)), None)
    if found is None:
        return {}
    own = folder / "authorities.pem"
    shutil.copyfile(found, own)
    own.chmod(0o644)
    return {"NODE_EXTRA_CA_CERTS": str(own)}


def _registry() -> str:
    """Return the address of the registry that the user's npm asks, without what signs in to it; empty where it can't be told."""
    npm = find_program("npm")
    if npm is None:
        return ""
    own = {name: os.environ[name] for name in os.environ if name == "HOME" or name.lower() == "npm_config_registry"}
    try:
        said = run_tool(
            [npm, "config", "get", "registry"], timeout_s=_ANSWER_TIMEOUT_S, environment=scrubbed_environment(own)
        )
    except (ObservationError, PrerequisiteMissing):
        return ""
    address = said.stdout.strip()
    return address if urlsplit(address).scheme in {"http", "https"} and "@" not in urlsplit(address).netloc else ""
