"""A repository with two releases, made of a folder that holds the second one and the patches that led to it.

1. The folder becomes a tree; what ``.gitignore`` names and ``releases/`` itself stay out of it.
2. The patches are undone in reverse order, each giving the tree before it; the last one is the first release.
3. That release is told as commits of groups of paths, and each pull request as its patch's commit and a merge.
4. Both ends are compared with the trees of 1 and 2.

Trees are made in git's index and commits by one ``git fast-import``, so that it takes a few processes and no checkout but one.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from exitgate.errors import ProvisionError, TargetError
from exitgate.provision.git import git, succeeded
from exitgate.provision.history_source import (
    FOLDER,
    SOURCE,
    CommitGroup,
    HistorySource,
    Patch,
    read_history,
    read_patch,
)

_BRANCH = "refs/heads/main"
_GITHUB = "GitHub <noreply@github.com>"
"""Who commits a merge that was made on GitHub's page; its author is who pressed the button."""
_HOUR = datetime.timedelta(hours=1)
_RENEW = f"Renew it: {FOLDER}/README.md says how."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A file as a tree holds it."""

    path: str
    mode: str
    blob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A commit of the first release."""

    title: str
    author: str
    date: datetime.datetime
    entries: tuple[_Entry, ...]


def has_releases(source: Path) -> bool:
    """Say whether the folder tells its own history."""
    return (source / FOLDER / SOURCE).is_file()


def materialise_releases(source: Path, repository: Path) -> None:
    """Fill an empty repository with the history that the folder tells, and check its end out.

    Raises:
        TargetError: if what the folder says of its history does not hold, e.g. a patch that can't be undone.
        ProvisionError: if git fails.
    """
    source = source.resolve()
    folder = source / FOLDER
    history = read_history(folder)
    patches = [read_patch(folder / each.patch) for each in history.pull_request]
    trees = _trees(source, repository, patches)
    steps = _steps(history.commit, _entries(repository, trees[0]), folder / SOURCE)
    stream = _stream(history, steps, patches, trees[1:])
    succeeded(git(repository, "fast-import", "--quiet", standard_input=stream), repository)
    ends = (f"{history.first_release}^{{tree}}", "HEAD^{tree}")
    made = succeeded(git(repository, "rev-parse", *ends), repository).stdout.split()
    if made != [trees[0], trees[-1]]:
        raise ProvisionError(
            str(folder),
            got="releases that are not what the folder and its patches give",
            expected="the same trees",
            action="Report it, with the folder.",
        )
    succeeded(git(repository, "reset", "--hard", "--quiet"), repository)


def _trees(source: Path, repository: Path, patches: Sequence[Patch]) -> list[str]:
    """Return the trees before the first patch, between them, and after the last one."""
    places = (f"--git-dir={repository / '.git'}", f"--work-tree={source}")
    succeeded(git(source, *places, "add", "--all", "--", ".", f":(exclude,top){FOLDER}"), repository)
    trees = [succeeded(git(repository, "write-tree"), repository).stdout.strip()]
    for patch in reversed(patches):
        undone = git(repository, "apply", "--cached", "--reverse", "--whitespace=nowarn", str(patch.path.resolve()))
        if undone.exit_code != 0:
            raise TargetError(
                str(patch.path),
                got=f"it can't be undone from the folder ({undone.last_words.removeprefix('error: ')})",
                expected="the folder to be what came of this patch and those after it",
                action=_RENEW,
            )
        trees.insert(0, succeeded(git(repository, "write-tree"), repository).stdout.strip())
    return trees


def _entries(repository: Path, tree: str) -> list[_Entry]:
    listing = succeeded(git(repository, "ls-tree", "-r", "-z", tree), repository).stdout
    entries = []
    for line in filter(None, listing.split("\0")):
        (mode, _, blob), path = line.partition("\t")[0].split(), line.partition("\t")[2]
        entries.append(_Entry(path=path, mode=mode, blob=blob))
    return entries


def _steps(groups: Sequence[CommitGroup], entries: Sequence[_Entry], source: Path) -> list[_Step]:
    """Share the files of the first release out to its commits.

    Raises:
        TargetError: if a file is in no commit, or a commit holds no file.
    """
    shares: dict[int, dict[str, list[_Entry]]] = {index: {} for index in range(len(groups))}
    homeless = []
    for entry in entries:
        place = _place(groups, entry.path)
        if place is None:
            homeless.append(entry.path)
        else:
            shares[place[0]].setdefault(place[1], []).append(entry)
    if homeless:
        more = f" and {len(homeless) - 1} more" if len(homeless) > 1 else ""
        raise _untold(source, f"{homeless[0]}{more}, in no commit", "every file of the first release in a commit")
    steps = []
    for index, group in enumerate(groups):
        if not shares[index]:
            what = group.each_folder_of or ", ".join(group.paths)
            raise _untold(source, f"the commit {group.title!r} without a file ({what})", "a commit to hold something")
        steps += list(_steps_of(group, shares[index]))
    return steps


def _steps_of(group: CommitGroup, share: Mapping[str, Sequence[_Entry]]) -> Iterator[_Step]:
    for number, name in enumerate(sorted(share.keys() - {""}) or [""]):
        # What lies beside the folders, such as the lock file of Prisma's migrations, came with the first of them.
        beside = share.get("", ()) if name and number == 0 else ()
        yield _Step(
            title=group.title.replace("{name}", name),
            author=group.author,
            date=group.date + number * _HOUR,
            entries=(*beside, *share.get(name, ())),
        )


def _place(groups: Sequence[CommitGroup], path: str) -> tuple[int, str] | None:
    """Return the group that a file belongs to, and the folder within it (empty where there is none)."""
    for index, group in enumerate(groups):
        if group.each_folder_of and path.startswith(f"{group.each_folder_of.rstrip('/')}/"):
            inside = path[len(group.each_folder_of.rstrip("/")) + 1 :]
            return index, inside.rpartition("/")[0].partition("/")[0]
    for index, group in enumerate(groups):
        if any(path.startswith(f"{each.rstrip('/')}/") or fnmatchcase(path, each) for each in group.paths):
            return index, ""
    return None


def _untold(source: Path, got: str, expected: str) -> TargetError:
    return TargetError(str(source), got=got, expected=expected, action="Mend the paths of its commits.")


def _stream(history: HistorySource, steps: Sequence[_Step], patches: Sequence[Patch], trees: Sequence[str]) -> bytes:
    """Return the history in the language of ``git fast-import``."""
    parts: list[str] = []
    mark = 0
    for step in steps:
        files = [f"M {each.mode} {each.blob} {_quoted(each.path)}" for each in step.entries]
        parts.append(_commit(mark + 1, step.author, step.date, step.author, step.title, [mark], files))
        mark += 1
    parts.append(_tag(history.first_release, mark))
    for request, patch, tree in zip(history.pull_request, patches, trees, strict=True):
        whole = [f'M 040000 {tree} ""']
        title = f"Merge pull request #{request.number} from {history.organisation}/{request.branch}\n\n{patch.title}"
        parts.append(_commit(mark + 1, patch.author, patch.date, patch.author, patch.message, [mark], whole))
        parts.append(_commit(mark + 2, request.merged_by, request.merged_at, _GITHUB, title, [mark, mark + 1], whole))
        mark += 2
        if request.release:
            parts.append(_tag(request.release, mark))
    return "".join(parts).encode()


def _commit(
    mark: int,
    author: str,
    date: datetime.datetime,
    committer: str,
    message: str,
    parents: Sequence[int],
    changes: Sequence[str],
) -> str:
    when = f"{int(date.timestamp())} {date.strftime('%z')[:5]}"
    text = f"{message}\n"
    lines = [
        f"commit {_BRANCH}",
        f"mark :{mark}",
        f"author {author} {when}",
        f"committer {committer} {when}",
        f"data {len(text.encode())}",
        text,
        *(f"{'merge' if number else 'from'} :{parent}" for number, parent in enumerate(filter(None, parents))),
        *changes,
    ]
    return "\n".join(lines) + "\n\n"


def _tag(name: str, mark: int) -> str:
    return f"reset refs/tags/{name}\nfrom :{mark}\n\n"


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
