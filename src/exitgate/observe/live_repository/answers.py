"""GitHub's answers as models: what is read of them, and nothing of the rest.

Source: https://docs.github.com/en/rest, API version 2022-11-28
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from exitgate.errors import one_line
from exitgate.provision.github_api import unreadable

_Nothing = BeforeValidator(lambda value: {} if value is None else value)
_NoList = BeforeValidator(lambda value: [] if value is None else value)
Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class RepositoryAnswer(_Part):
    """Of ``/repos/{owner}/{repo}``."""

    full_name: str
    default_branch: str
    fork: bool = False


class CommitAnswer(_Part):
    """An entry of ``/commits``."""

    sha: Sha


class RuleAnswer(_Part):
    """An entry of ``/rules/branches/{branch}``: a rule that is in force, and whose it is."""

    type: str
    parameters: Annotated[dict[str, Any], _Nothing] = {}
    ruleset_id: int
    ruleset_source: str = ""
    ruleset_source_type: str = ""


class ActorAnswer(_Part):
    """An entry of ``bypass_actors``."""

    actor_id: int | None = None
    actor_type: str
    bypass_mode: str = "always"


class RulesetAnswer(_Part):
    """Of ``/rulesets/{id}``; GitHub leaves ``bypass_actors`` out for whoever may not change the ruleset."""

    id: int
    name: str
    target: str = "branch"
    enforcement: str
    bypass_actors: list[ActorAnswer] | None = None
    current_user_can_bypass: str | None = None


class _Switch(_Part):
    enabled: bool = False


class _RequiredCheck(_Part):
    context: str
    app_id: int | None = None


class _Contexts(_Part):
    strict: bool = False
    contexts: Annotated[list[str], _NoList] = []
    checks: list[_RequiredCheck] | None = None


class _Identified(_Part):
    id: int


class _Allowances(_Part):
    users: Annotated[list[_Identified], _NoList] = []
    teams: Annotated[list[_Identified], _NoList] = []
    apps: Annotated[list[_Identified], _NoList] = []


class _Reviews(_Part):
    dismiss_stale_reviews: bool = False
    require_code_owner_reviews: bool = False
    required_approving_review_count: int = 0
    require_last_push_approval: bool = False
    bypass_pull_request_allowances: Annotated[_Allowances, _Nothing] = _Allowances()


class ProtectionAnswer(_Part):
    """Of ``/branches/{branch}/protection``: branch protection, which is older than rulesets and holds beside them."""

    required_status_checks: _Contexts | None = None
    required_pull_request_reviews: _Reviews | None = None
    enforce_admins: Annotated[_Switch, _Nothing] = _Switch()
    allow_force_pushes: Annotated[_Switch, _Nothing] = _Switch()
    allow_deletions: Annotated[_Switch, _Nothing] = _Switch()
    required_conversation_resolution: Annotated[_Switch, _Nothing] = _Switch()


class _App(_Part):
    id: int
    slug: str = ""


class CheckRunAnswer(_Part):
    """An entry of ``check_runs``."""

    id: int
    name: str
    status: str
    conclusion: str | None = None
    started_at: AwareDatetime | None = None
    completed_at: AwareDatetime | None = None
    app: _App | None = None


class _Head(_Part):
    ref: str
    sha: Sha


class _Login(_Part):
    login: str


class PullAnswer(_Part):
    """An entry of ``/pulls``."""

    number: int
    updated_at: AwareDatetime
    merged_at: AwareDatetime | None = None
    merge_commit_sha: Sha | None = None
    head: _Head
    base: _Head


class ActivityAnswer(_Part):
    """An entry of ``/activity``: how a branch came to point elsewhere."""

    after: str
    ref: str
    timestamp: AwareDatetime
    activity_type: str
    actor: _Login | None = None


_Model = TypeVar("_Model", bound=BaseModel)


def parsed(model: type[_Model], body: object, subject: str) -> _Model:
    """Return one answer as its model.

    Raises:
        ObservationError: if it is not what GitHub documents.
    """
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise unreadable(subject, _first(error)) from error


def all_parsed(model: type[_Model], bodies: Sequence[object], subject: str) -> list[_Model]:
    """Return the entries of a list as models.

    Raises:
        ObservationError: if one is not what GitHub documents.
    """
    try:
        return TypeAdapter(list[model]).validate_python(list(bodies))  # type: ignore[valid-type]
    except ValidationError as error:
        raise unreadable(subject, _first(error)) from error


def written(moment: datetime.datetime) -> str:
    """Return a moment as GitHub writes it."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return one_line(f"{'.'.join(map(str, first['loc'])) or 'the answer'}: {first['msg']}", 160)
