"""Who last changed the lines of a file, as git has it."""

from __future__ import annotations

from pathlib import Path

from exitgate.provision.git import git


def authors_of(root: Path, path: str, first: int, last: int) -> frozenset[str]:
    """Return the names and addresses of those who last changed some lines; none where git can't tell.

    Args:
        root: A repository with its history, whose checked-out commit is looked at.
        first: The first line, from 1.
        last: The last one; at most the file's.
    """
    said = git(root, "blame", "--line-porcelain", "-L", f"{first},{last}", "HEAD", "--", path)
    if said.exit_code != 0:
        return frozenset()
    found = set()
    for line in said.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word in {"author", "author-mail"} and rest:
            found.add(rest.strip("<>"))
    return frozenset(found)
