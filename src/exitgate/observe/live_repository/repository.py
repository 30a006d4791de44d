"""Whether the repository that a run was given is the target's own, and what every look at it has in common."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from exitgate.assurance import Assurance
from exitgate.errors import PrerequisiteMissing
from exitgate.github.place import PUBLIC_API
from exitgate.observation import Substrate
from exitgate.observe.live_repository.answers import CommitAnswer, RepositoryAnswer, parsed
from exitgate.observe.workflow import Rulesets
from exitgate.provision.github_api import GitHubApi

METADATA, CONTENTS = "Metadata: read", "Contents: read"
_STAND_IN = "a server of this machine in the place of GitHub"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRepository:
    """The target's repository on GitHub, and how it is asked."""

    api: GitHubApi
    default_branch: str
    """As GitHub has it."""
    limits: tuple[str, ...]

    @property
    def name(self) -> str:
        """``OWNER/NAME``."""
        return self.api.place.repository

    def place(self, *parts: object) -> str:
        """Return how findings name something of it, e.g. ``github:shop/shop/rulesets/3``."""
        return "/".join((f"github:{self.name}", *map(str, parts)))

    def substrate(self, *limits: str) -> Substrate:
        """Return on what an observation of it is made."""
        place = self.api.place
        if not (place.is_stand_in or place.api == PUBLIC_API):
            limits = (f"{place.api} is GitHub by the word of whoever ran this", *limits)
        return Substrate(
            assurance=Assurance.LIVE,
            name=f"{place.repository} by {place.api}",
            limits=(*self.limits, *limits),
            substitutes=(_STAND_IN,) if place.is_stand_in else (),
        )


def read_repository(api: GitHubApi, commit: str, rulesets: Rulesets) -> LiveRepository:
    """See that a repository is the target's own.

    By its name, which a renamed one has no longer; by what exported rulesets say that they are of; by the commit that is judged.

    Raises:
        PrerequisiteMissing: if it can't be asked, or is another one.
        ObservationError: if the token is none, or an answer can't be read.
    """
    named = api.place.repository
    answer = api.ask()
    found = parsed(RepositoryAnswer, answer.seen(METADATA), answer.subject)
    if found.full_name.casefold() != named.casefold():
        raise _another(f"{named}, which is {found.full_name} now", "Name it so: --github-repository OWNER/NAME.")
    exported = rulesets.repository
    if exported and exported.casefold() != named.casefold():
        action = f"Name {exported}, or export the rulesets of {named}."
        raise _another(f"{named}, and rulesets that were exported from {exported}", action)
    _refuse_without(api, commit)
    limits = []
    if found.fork:
        limits.append(
            f"{named} is a fork: of a commit that it shares with others of its network, GitHub does not say whose it is"
        )
    if not exported:
        limits.append(
            f"that the target is {named} is told by its commit alone: no exported ruleset names its repository"
        )
    return LiveRepository(api=api, default_branch=found.default_branch, limits=tuple(limits))


def _refuse_without(api: GitHubApi, commit: str) -> None:
    known = api.ask(f"commits/{commit}")
    if known.status in (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY):
        got = f"{api.place.repository}, which has no commit {commit[:12]} that the token may see"
        action = f"Push the commit, name the repository that it is of, or give the token {CONTENTS}."
        raise _another(got, action)
    parsed(CommitAnswer, known.seen(CONTENTS), known.subject)


def _another(got: str, action: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        "--github-repository", got=got, expected="the repository of the commit that is judged", action=action
    )
