"""The migrations of a service as they stand in its folder, with their plans."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError
from exitgate.migration_settings import MigrationSettings
from exitgate.observation import Observation, Substrate
from exitgate.observe.migrations.tool import tool_of

FILES = Substrate(assurance=Assurance.DECLARED, name="the repository's files")
_LARGEST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One migration."""

    name: str
    path: str
    """Of its file, relative to the target."""
    sql: str
    """Its text; of a migration in several files, all of them in order."""
    plan: str | None = None
    """What its declared plan says; nothing where it has none."""
    plan_path: str = ""
    """Where its plan stands, or would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationFolder(Observation):
    """All migrations of a service, in their order."""

    service: str
    folder: str
    migrations: tuple[Migration, ...]
    strangers: tuple[str, ...] = ()
    """Folders of it that hold no migration, though the tool looks for one in each."""


def read_migrations(
    root: Path, service: str, settings: MigrationSettings, plan_name: str = "plan.md"
) -> MigrationFolder:
    """Read a service's migrations.

    Raises:
        ObservationError: if there are none, or one can't be read.
    """
    tool, top = tool_of(settings), root / settings.folder
    texts: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(top.rglob("*")) if top.is_dir() else ():
        relative = path.relative_to(top).as_posix()
        name = tool.migration_of(relative)
        if name is None or not path.is_file():
            continue
        texts.setdefault(name, []).append(
            (f"{settings.folder}/{relative}", _text(path, f"{settings.folder}/{relative}"))
        )
    if not texts:
        raise ObservationError(
            settings.folder,
            got=f"no migration of {service}",
            expected=f"at least one, as {tool.name} lays them out",
            action="Correct `folder` in [service.migrations], or commit the migrations.",
        )
    migrations = []
    for name in sorted(texts, key=tool.order):
        plan = top / name / plan_name if (top / name).is_dir() else (top / name).with_suffix(f".{plan_name}")
        migrations.append(
            Migration(
                name=name,
                path=texts[name][0][0],
                sql="\n".join(text for _, text in texts[name]),
                plan=_text(plan, plan_name) if plan.is_file() else None,
                plan_path=plan.relative_to(root).as_posix(),
            )
        )
    strangers = tuple(sorted(each.name for each in top.iterdir() if each.is_dir() and each.name not in texts))
    return MigrationFolder(
        substrate=FILES,
        service=service,
        folder=settings.folder,
        migrations=tuple(migrations),
        strangers=strangers,
    )


def _text(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ObservationError(
                name, got="more than 4 MiB", expected="a migration that can be read", action="Load data by other means."
            )
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ObservationError(
            name, got=f"can't be read ({error})", expected="a UTF-8 text file", action="Mend the file."
        ) from error
