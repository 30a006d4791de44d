"""Puts together what migrations are run with: images, replicas and databases of the run's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.migrations.files import MigrationFolder
from exitgate.observe.migrations.replica import Replicas
from exitgate.observe.migrations.server_version import compared_with_production
from exitgate.observe.migrations.stage import Stage
from exitgate.observe.releases import Releases
from exitgate.observe.workload_settings import read_workload_settings
from exitgate.policy import MigrationPolicy
from exitgate.provenance import Tool
from exitgate.provision.backing import environment_of, servers
from exitgate.provision.database_server import of_the_run
from exitgate.provision.databases import throwaway_databases
from exitgate.provision.engine import Builder, Engine
from exitgate.provision.given_server import given_server, reached
from exitgate.provision.images import Build
from exitgate.run import Run
from exitgate.target import Service, Target

_THROWAWAY = "a throwaway server of this machine, with less data and no neighbours"
_BY_A_TASK = "a task of its own migrates here; that its failure stops what follows is the affair of what starts it"
_GIVEN = (
    "databases of the run's own on the server of --database-url, with less data; what its neighbours do is not known"
)


@contextmanager
def staged(
    engine: Engine,
    builder: Builder,
    run: Run,
    target: Target,
    service: Service,
    *,
    policy: MigrationPolicy,
    folder: MigrationFolder,
    build: Build,
    releases: Releases,
    previous: tuple[Target, Build] | None,
) -> Iterator[Stage]:
    """Start the servers that the service leans on, and give all that its migrations are run with.

    Raises:
        PrerequisiteMissing: if its image does not build, or exitgate.toml does not say what is needed.
    """
    settings = service.migrations
    if settings is None or settings.image_folder is None or settings.database not in service.backing:
        raise PrerequisiteMissing(
            f"service {service.name}",
            got="no image_folder in [service.migrations], or no [service.backing] for its database",
            expected="both, to run its migrations",
            action="Say where the image has the migrations, and of which server the database is.",
        )
    for each in (build, *((previous[1],) if previous else ())):
        if each.failure:
            raise PrerequisiteMissing(
                f"image of {each.workload}",
                got=f"it does not build: {each.failure}",
                expected="an image whose migrations can be run",
                action="Mend the build first.",
                blocked_by="3.2.C.1" if each is build else "",
            )
    given, own = given_server(), service.backing[settings.database].backing
    others = {name: use for name, use in service.backing.items() if name not in (settings.database, settings.direct)}
    needed = {use.backing for use in others.values()} | (set() if given else {own})
    running = servers(engine, builder, run, target.backings, frozenset(needed))
    declared = next(each for each in target.backings if each.name == own)
    with (
        environment_of(others, running, locally=False) as environment,
        reached(engine, run, given) if given else nullcontext(of_the_run(running[own])) as server,
        throwaway_databases(server, run, service.name) as made,
        ExitStack() as life,
    ):
        limits = compared_with_production(server.version, policy.engine_version, declared.image)
        limits += (_GIVEN if server.is_given else _THROWAWAY,)
        limits += () if policy.way == "startup" else (_BY_A_TASK,)

        def replicas(of: Target, image: str) -> Replicas:
            configuration = engine.client.images.get(image).attrs["Config"]
            own = (*(configuration.get("Entrypoint") or ()), *(configuration.get("Cmd") or ()))
            described = of.service(service.name)
            return Replicas(
                engine=engine,
                run=run,
                service=described,
                settings=read_workload_settings(of.directory, described).settings,
                entrypoint=own,
                environment=environment,
                network=server.network,
            )

        stood_in = tuple(each.substitute for each in running.values() if each.substitute)
        earlier = previous[0].service(service.name).migrations if previous else None
        yield Stage(
            substrate=replace(
                build.substrate,
                name=f"replicas on PostgreSQL {server.version}",
                limits=limits,
                substitutes=(*build.substrate.substitutes, *stood_in),
                tools=(*build.substrate.tools, Tool(name="postgres", version=server.version)),
            ),
            replicas=replicas(target, build.image_id),
            databases=made,
            life=life,
            settings=settings,
            policy=policy,
            folder=folder,
            image=build.image_id,
            pending=releases.unreleased if previous else frozenset(each.path for each in folder.migrations),
            previous_tag=releases.previous.tag if releases.previous and previous else "",
            previous_image=previous[1].image_id if previous else "",
            previous_replicas=replicas(previous[0], previous[1].image_id) if previous else None,
            # A release that told of no requests is asked today's.
            previous_requests=earlier.request if earlier and earlier.request else settings.request,
        )
