"""What a folder says of its own history: ``releases/history.toml`` and the patches beside it. Their only reader.

The folder as it lies on disk is the newest release. Each patch is a pull request that led there from the first one.
"""

from __future__ import annotations

import datetime
import email
import email.policy
import email.utils
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from exitgate.errors import TargetError
from exitgate.toml_source import first_problem

FOLDER = "releases"
SOURCE = "history.toml"

_Person = Annotated[str, Field(pattern=r"^[^<>\s][^<>\n]* <[^<>\s]+>$")]
"""As git writes people: ``Name <address>``."""
_Line = Annotated[str, Field(pattern=r"^\S([^\n]*\S)?$")]
_Ref = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
_SUBJECT_PREFIX = re.compile(r"^\[PATCH[^\]]*\]\s*")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CommitGroup(_Strict):
    """``[[commit]]``: one commit of the first release, or one for each folder of a kind, e.g. each migration."""

    title: _Line
    """Its message; with `each_folder_of` it holds ``{name}``, the folder's."""
    author: _Person
    date: AwareDatetime
    """When it was made; with `each_folder_of` the first one, each further an hour later."""
    paths: tuple[str, ...] = ()
    """Files, folders with all that they hold, or patterns whose ``*`` crosses slashes too.

    A file that several commits name is the first one's.
    """
    each_folder_of: str | None = None
    """A folder whose own folders, sorted by name, are a commit each; they come before any other commit's paths."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.paths) == bool(self.each_folder_of):
            raise ValueError("either paths or each_folder_of")
        if ("{name}" in self.title) != bool(self.each_folder_of):
            raise ValueError("a title with {name} for each_folder_of, and without it for paths")
        return self


class PullRequest(_Strict):
    """``[[pull_request]]``: a patch that was merged; its author, date, title and text stand in the patch."""

    number: Annotated[int, Field(ge=1)]
    branch: _Ref
    patch: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.patch$")]
    merged_by: _Person
    merged_at: AwareDatetime
    release: _Ref | None = None
    """The tag that its merge gets, where it is a release."""


class HistorySource(_Strict):
    """The whole of ``history.toml``."""

    organisation: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
    """Whose branches the merge commits name: ``organisation/branch``."""
    first_release: _Ref
    """The tag of what the commits make together."""
    commit: tuple[CommitGroup, ...] = Field(min_length=1)
    pull_request: tuple[PullRequest, ...] = ()

    @model_validator(mode="after")
    def _tells_one_story(self) -> Self:
        seen: dict[tuple[str, object], int] = {}
        for index, each in enumerate(self.pull_request):
            for key, value in (("number", each.number), ("branch", each.branch), ("patch", each.patch)):
                if seen.setdefault((key, value), index) != index:
                    raise _misplaced(index, key, f"{key} = {value!r} a second time", "each pull request once")
            if each.release and (each.release == self.first_release or ("release", each.release) in seen):
                raise _misplaced(index, "release", f"release {each.release!r} a second time", "each release once")
            seen["release", each.release] = index
        if self.pull_request and self.pull_request[-1].release is None:
            last = len(self.pull_request) - 1
            raise _misplaced(last, "number", "a last pull request without a release", "one: the folder is a release")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A patch in git's mailbox form, as ``git format-patch`` writes it."""

    path: Path
    author: str
    date: datetime.datetime
    title: str
    text: str
    """What the author says of the change; empty where that is nothing."""

    @property
    def message(self) -> str:
        """The message of its commit."""
        return f"{self.title}\n\n{self.text}" if self.text else self.title


def read_history(folder: Path) -> HistorySource:
    """Read and check ``history.toml`` of the folder `releases`.

    Raises:
        TargetError: if it is not valid, or patches and pull requests are not the same.
    """
    path = folder / SOURCE
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        source = HistorySource.model_validate(tomllib.loads(text))
    except ValidationError as error:
        problem = first_problem(error, text, HistorySource)
        raise TargetError(
            f"{path}:{problem.line}", got=problem.got, expected=problem.expected, action="Mend that line."
        ) from error
    except (OSError, ValueError) as error:
        raise TargetError(str(path), got=str(error), expected="valid TOML in UTF-8", action="Mend the file.") from error
    named, present = {each.patch for each in source.pull_request}, {each.name for each in folder.glob("*.patch")}
    for name in sorted(named ^ present):
        raise TargetError(
            str(folder / name),
            got="a patch that no pull request names" if name in present else "no such file",
            expected=f"the patches that {SOURCE} names, and no others",
            action=f"Mend {SOURCE}, or the patch's name.",
        )
    return source


def read_patch(path: Path) -> Patch:
    """Read the head of a patch; what it changes is git's business.

    Raises:
        TargetError: if it is not in mailbox form, with author, date and subject.
    """
    head, _, body = path.read_bytes().partition(b"\n\n")
    mail = email.message_from_bytes(head + b"\n\n", policy=email.policy.default)
    subject, author = str(mail.get("Subject", "")), str(mail.get("From", ""))
    try:
        date = email.utils.parsedate_to_datetime(str(mail.get("Date", "")))
    except ValueError:
        date = datetime.datetime.min  # noqa: DTZ901 - naive on purpose: refused below
    title = " ".join(_SUBJECT_PREFIX.sub("", subject).split())
    name, address = email.utils.parseaddr(author)
    if not (title and name and address and date.tzinfo):
        raise TargetError(
            str(path),
            got="a patch without author, dated with its zone, and subject",
            expected="mailbox form, as `git format-patch` writes it",
            action="Make it anew: releases/README.md says how.",
        )
    text = re.split(r"^(?:---$|diff --git )", body.decode("utf-8", "replace"), maxsplit=1, flags=re.MULTILINE)[0]
    return Patch(path=path, author=f"{name} <{address}>", date=date, title=title, text=text.strip())


def _misplaced(index: int, key: str, got: str, expected: str) -> PydanticCustomError:
    location: Sequence[str | int] = ("pull_request", index, key)
    return PydanticCustomError("history", "{got}", {"got": got, "expected": expected, "location": location})
