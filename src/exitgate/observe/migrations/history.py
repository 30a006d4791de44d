"""What became of a service's migrations in git's history: along the main line, merge by merge, renames followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.migration_settings import MigrationSettings
from exitgate.observation import Observation, Substrate
from exitgate.observe.migrations.tool import MigrationTool, tool_of
from exitgate.policy import MigrationPolicy
from exitgate.provision.git import git, succeeded

_NULL = "0" * 40
_BRANCHES = ("origin/HEAD", "origin/main", "origin/master")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that was done to a migration that counted as applied."""

    kind: str
    """``edited``, ``renamed`` or ``removed``."""
    migration: str
    path: str
    """Of its file, as it was called then; below the folder."""
    commit: str
    title: str
    applied_by: str
    """The commit or tag by which it counted as applied."""
    to: str = ""
    """Its new name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A migration that came, and the last of those that were applied then."""

    migration: str
    path: str
    commit: str
    title: str
    newest_applied: str
    """The one that sorts last among those applied before; empty where there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationHistory(Observation):
    """What git tells of a service's migrations, oldest first."""

    service: str
    commits: int
    """Commits of the main line that touched the folder."""
    changes: tuple[Change, ...]
    late: tuple[Addition, ...]
    """Migrations that were added with a name that does not sort after all that were applied."""
    begins_at: str
    """The commit from which on history was judged; empty for its beginning."""


@dataclass(frozen=True, slots=True)
class _Touch:
    """What one commit of the main line did to one file of the folder."""

    status: str
    old: str
    new: str
    blob: str


@dataclass(frozen=True, slots=True)
class _Commit:
    id: str
    title: str
    touches: tuple[_Touch, ...]


def read_migration_history(
    root: Path, service: str, settings: MigrationSettings, policy: MigrationPolicy
) -> MigrationHistory:
    """Walk the main line of history from its beginning to the judged commit.

    Raises:
        PrerequisiteMissing: if the clone is shallow, or a release's tags are needed and there are none.
        ObservationError: if no commit touches the folder, or `applied_from` names none.
    """
    if succeeded(git(root, "rev-parse", "--is-shallow-repository"), root).stdout.strip() == "true":
        raise PrerequisiteMissing(
            "git history",
            got="a shallow clone",
            expected="all of it: an edited migration shows in no single commit",
            action="Fetch with full depth (fetch-depth: 0).",
        )
    tool = tool_of(settings)
    commits = list(_main_line(root, settings.folder, tool))
    if not commits:
        raise ObservationError(
            settings.folder,
            got="no commit that touches it",
            expected="the migrations' history",
            action="Commit the folder, or correct `folder` in [service.migrations].",
        )
    begins_at = _begin(root, policy)
    applied = _Applied(root, policy, [each.id for each in commits])
    walk = _Walk(tool, applied, begins_at)
    for index, commit in enumerate(commits):
        walk.take(index, commit)
    return MigrationHistory(
        substrate=Substrate(
            assurance=Assurance.DECLARED,
            name="git history, first parents",
            limits=(
                "commits that were merged without a merge commit each count as merged by themselves",
                "history that was rewritten before it reached this clone does not show",
            ),
        ),
        service=service,
        commits=len(commits),
        changes=walk.changes,
        late=walk.late,
        begins_at=policy.applied_from or "",
    )


@dataclass(slots=True)
class _File:
    """A file of the folder, as the walk has it so far."""

    blob: str
    added_at: int
    """Index of the commit that it came with."""


class _Walk:
    """The folder as it was after each commit; what counted as applied is held against what is there in the end."""

    def __init__(self, tool: MigrationTool, applied: _Applied, judged: frozenset[str] | None) -> None:
        self._tool, self._applied, self._judged = tool, applied, judged
        self._files: dict[str, _File] = {}
        self._baseline: dict[str, tuple[str, str]] = {}
        """``{path: (blob, what made it count as applied)}`` as of when it first did."""
        self._last: dict[str, tuple[str, _Commit, str]] = {}
        """``{path: (what was done to it last, by which commit, its new path)}``."""
        self._late: list[Addition] = []
        self._places: dict[str, tuple[tuple[Any, ...], str]] = {}

    def take(self, index: int, commit: _Commit) -> None:
        """Take the next commit in."""
        for path, file in self._files.items():
            if path not in self._baseline and (by := self._applied.by(file.added_at, index)):
                self._baseline[path] = (file.blob, by)
        newest = max(map(self._placed, self._baseline), default=((), ""))[1]
        judged = self._judged is None or commit.id in self._judged
        for touch in commit.touches:
            if touch.status == "A" and judged and newest and touch.new not in self._baseline:
                self._note_late(touch, commit, newest)
            if touch.status != "A":
                kind = "removed" if touch.status == "D" else "edited" if touch.old == touch.new else "renamed"
                self._last[touch.old] = (kind, commit, touch.new)
            before = self._files.pop(touch.old, None)
            if touch.status != "D":
                added_at = before.added_at if before and touch.old == touch.new else index
                self._files[touch.new] = _File(touch.blob, added_at)
            if not judged:
                self._baseline.pop(touch.old, None)
                self._baseline.pop(touch.new, None)

    def _placed(self, path: str) -> tuple[tuple[Any, ...], str]:
        """Return by what a file's migration is sorted, and its name; asked of all files at each commit, so told once."""
        if path not in self._places:
            name = str(self._tool.migration_of(path))
            self._places[path] = (self._tool.order(name), name)
        return self._places[path]

    def _note_late(self, touch: _Touch, commit: _Commit, newest: str) -> None:
        name = str(self._tool.migration_of(touch.new))
        if self._tool.order(name) <= self._tool.order(newest):
            self._late.append(
                Addition(migration=name, path=touch.new, commit=commit.id, title=commit.title, newest_applied=newest)
            )

    @property
    def late(self) -> tuple[Addition, ...]:
        """Those that came too early in the order, and are still there."""
        return tuple(each for each in self._late if each.path in self._files)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What is not as it was when it first counted as applied; what was put back is."""
        changes = []
        for path, (blob, by) in self._baseline.items():
            now = self._files.get(path)
            if now is not None and now.blob == blob:
                continue
            kind, commit, to = self._last[path]
            renamed = now is None and kind == "renamed"
            changes.append(
                Change(
                    kind="edited" if now is not None else kind,
                    migration=str(self._tool.migration_of(path)),
                    path=path,
                    commit=commit.id,
                    title=commit.title,
                    applied_by=by,
                    to=str(self._tool.migration_of(to)) if renamed else "",
                )
            )
        return tuple(changes)


class _Applied:
    """By what a migration counts as applied before a commit."""

    def __init__(self, root: Path, policy: MigrationPolicy, commits: list[str]) -> None:
        self._released: list[tuple[int, str]] = []
        self._merged_up_to = len(commits)
        if policy.applied_when == "merged":
            self._merged_up_to = self._unmerged_from(root, commits)
            return
        tags = [
            tag
            for tag in succeeded(git(root, "tag", "--merged", "HEAD"), root).stdout.split()
            if fnmatchcase(tag, policy.release_tags)
        ]
        if not tags:
            raise PrerequisiteMissing(
                "git tags",
                got=f"no release: no tag {policy.release_tags!r} leads to the judged commit",
                expected="the tags by which a migration counts as applied",
                action="Fetch tags (fetch-tags: true), or correct release_tags in [policy.migrations].",
            )
        for tag in tags:
            line = set(succeeded(git(root, "rev-list", tag), root).stdout.split())
            # The first commit that the release does not hold comes after it.
            index = next((i for i, commit in enumerate(commits) if commit not in line), len(commits))
            self._released.append((index, tag))
        self._released.sort()

    @staticmethod
    def _unmerged_from(root: Path, commits: list[str]) -> int:
        """Return the index of the first commit that is on no default branch yet: the judged one may be of a pull request."""
        for branch in _BRANCHES:
            found = git(root, "rev-list", branch)
            if found.exit_code == 0:
                merged = set(found.stdout.split())
                return next((i for i, commit in enumerate(commits) if commit not in merged), len(commits))
        return len(commits)

    def by(self, added_at: int, index: int) -> str:
        """Return by what a file that came with one commit counts as applied before another; empty where it does not."""
        if self._released:
            return next((tag for position, tag in self._released if added_at < position <= index), "")
        return "the main branch" if added_at < self._merged_up_to else ""


def _begin(root: Path, policy: MigrationPolicy) -> frozenset[str] | None:
    """Return the commits that are judged; nothing for all."""
    if policy.applied_from is None:
        return None
    found = git(root, "rev-list", f"{policy.applied_from}..HEAD", "--")
    if found.exit_code != 0:
        raise ObservationError(
            "exitgate.toml",
            got=f"applied_from = {policy.applied_from!r}, which is no commit or tag of the history",
            expected="one from which on history is judged",
            action="Correct applied_from in [policy.migrations], or fetch the tags.",
        )
    return frozenset(found.stdout.split())


def _main_line(root: Path, folder: str, tool: MigrationTool, until: str = "HEAD") -> Iterator[_Commit]:
    """Yield the commits of the main line that touch the folder, oldest first, paths relative to the target.

    A folder that was moved as a whole is followed to where it was: the same migrations below another name.
    """
    commits = _log(root, until, folder, tool)
    if commits and (moved := _moved_from(root, commits[0], folder)):
        yield from _main_line(root, moved, tool, f"{commits[0].id}~1")
        commits = commits[1:]
    # Names of migrations are what counts; where the folder lay then does not, so paths are those of today's folder.
    yield from commits


def _log(root: Path, until: str, folder: str, tool: MigrationTool) -> list[_Commit]:
    text = succeeded(
        git(
            root,
            *("log", "--first-parent", "-m", "--raw", "-z", "--no-abbrev", "--find-renames=60%", "--reverse"),
            *("--format=%x02%H%x03%s", until, "--", folder),
        ),
        root,
    ).stdout
    commits = []
    for chunk in text.split("\x02")[1:]:
        head, _, raw = chunk.partition("\0")
        commit, _, title = head.partition("\x03")
        touches = tuple(_touches(raw, folder, tool))
        if touches:
            commits.append(_Commit(commit, title, touches))
    return commits


def _touches(raw: str, folder: str, tool: MigrationTool) -> Iterator[_Touch]:
    fields = iter(raw.lstrip("\n\0").split("\0"))
    for field in fields:
        head = field.lstrip("\n")
        if not head.startswith(":"):
            continue
        _, _, _, blob, status = head[1:].split(" ")
        old = new = _below(next(fields), folder)
        if status[0] in "RC":
            new = _below(next(fields), folder)
        was = status[0] not in "AC" and tool.migration_of(old) is not None
        now = status[0] != "D" and tool.migration_of(new) is not None
        if was and now:
            yield _Touch("M", old, new, blob)
        elif was:
            yield _Touch("D", old, old, _NULL)
        elif now:
            yield _Touch("A", new, new, blob)


def _below(path: str, folder: str) -> str:
    return path.removeprefix(f"{folder.rstrip('/')}/")


def _moved_from(root: Path, first: _Commit, folder: str) -> str:
    """Return the folder that the first commit moved to where it is now; empty where it made it anew."""
    parent = git(root, "rev-parse", "--verify", "--quiet", f"{first.id}~1")
    if parent.exit_code != 0:
        return ""
    raw = succeeded(
        git(
            root,
            "diff-tree",
            "-r",
            "-z",
            "--find-renames=100%",
            "--diff-filter=R",
            "--name-status",
            f"{first.id}~1",
            first.id,
        ),
        root,
    ).stdout.split("\0")
    for status, old, new in zip(raw[0::3], raw[1::3], raw[2::3], strict=False):
        below = _below(new, folder)
        if status.startswith("R") and below != new and old.endswith(f"/{below}"):
            return old.removesuffix(f"/{below}")
    return ""
