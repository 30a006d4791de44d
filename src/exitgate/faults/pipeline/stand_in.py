"""A server of this machine that answers as GitHub's REST API: for a proof that what is seen live can turn red, and for tests.

Source: https://docs.github.com/en/rest, API version 2022-11-28
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from exitgate.github.place import GitHubPlace
from exitgate.observe.workflow import read_ruleset
from exitgate.target import Target

Json = dict[str, Any]
Said = tuple[int, object, dict[str, str]]
"""Status, JSON and further headers of an answer."""
_ACTIONS = 15368
_DAY = datetime.timedelta(days=1)
_NOT_FOUND: Said = (404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}, {})


@dataclass(slots=True, kw_only=True)
class GitHubStandIn:
    """What the server tells; all of it may be changed before and while it serves."""

    repository: str
    default_branch: str = "main"
    rulesets: list[Json] = field(default_factory=list)
    """As GitHub exports them, each with an id."""
    protections: dict[str, Json] = field(default_factory=dict)
    """Branch to its branch protection."""
    branches: list[str] = field(default_factory=lambda: ["main"])
    commits: list[str] = field(default_factory=list)
    """Of the default branch, the newest first."""
    strangers: list[str] = field(default_factory=list)
    """Commits that the repository does not have; it has every other."""
    check_runs: dict[str, list[Json]] = field(default_factory=dict)
    """Commit to what was reported on it."""
    pulls: list[Json] = field(default_factory=list)
    activity: list[Json] = field(default_factory=list)
    withheld: set[str] = field(default_factory=set)
    """What the token lacks, e.g. ``administration=read``."""
    instead: dict[str, Callable[[], Said]] = field(default_factory=dict)
    """Path below the repository to what is answered in the place of the usual."""
    token: str = field(default_factory=lambda: f"ghp_{secrets.token_hex(18)}", repr=False)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path with query and Authorization header of each request."""

    def told(self) -> str:
        """Return all that it tells as one text, to see whether something changed it."""
        parts = (self.rulesets, self.protections, self.commits, self.check_runs, self.pulls, self.activity)
        return json.dumps([self.default_branch, *parts], sort_keys=True)

    def report(
        self, commit: str, name: str, *, at: datetime.datetime, conclusion: str = "success", app: int = _ACTIONS
    ) -> None:
        """Add a run of a check that began five minutes before it ended."""
        number = sum(map(len, self.check_runs.values())) + 1
        run = {
            "id": number,
            "name": name,
            "head_sha": commit,
            "status": "completed",
            "conclusion": conclusion,
            "started_at": stamp(at - datetime.timedelta(minutes=5)),
            "completed_at": stamp(at),
            "app": {"id": app, "slug": "github-actions" if app == _ACTIONS else f"app-{app}"},
        }
        self.check_runs.setdefault(commit, []).append(run)

    def merge(self, branch: str, *, at: datetime.datetime) -> Json:
        """Add a pull request that was merged, with a head of its own on which nothing was reported yet."""
        number = len(self.pulls) + 1
        pull: Json = {
            "number": number,
            "state": "closed",
            "updated_at": stamp(at),
            "merged_at": stamp(at),
            "merge_commit_sha": sha_of("merge", self.repository, number),
            "head": {"ref": f"change-{number}", "sha": sha_of("head", self.repository, number)},
            "base": {"ref": branch, "sha": sha_of("base", self.repository, number)},
        }
        self.pulls.append(pull)
        return pull

    def push(self, branch: str, *, at: datetime.datetime, kind: str = "push") -> None:
        """Add a change of a branch."""
        number = len(self.activity) + 1
        self.activity.append(
            {
                "id": number,
                "before": sha_of("before", self.repository, number),
                "after": sha_of("after", self.repository, number),
                "ref": f"refs/heads/{branch}",
                "timestamp": stamp(at),
                "activity_type": kind,
                "actor": {"login": "somebody", "id": 7},
            }
        )

    def rule(self, kind: str) -> Json:
        """Return the parameters of a rule of the first ruleset."""
        found: Json = next(each for each in self.rulesets[0]["rules"] if each["type"] == kind)["parameters"]
        return found

    @contextmanager
    def serving(self) -> Iterator[GitHubPlace]:
        """Serve on a port of the loopback, until the block is left."""
        handler = type("_Handler", (_Handler,), {"stand_in": self})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield GitHubPlace(repository=self.repository, api=f"http://127.0.0.1:{server.server_address[1]}")
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def answer(self, path: str, query: dict[str, str], root: str) -> Said:
        """Return what is answered to a request for a path below the repository."""
        if path in self.instead:
            return self.instead[path]()
        for pattern, permission, look in _ROUTES:
            if found := re.fullmatch(pattern, path):
                if permission in self.withheld:
                    return _refused(permission)
                said = look(self, [unquote(each) for each in found.groups()], query)
                return _paged(said, path, query, f"{root}/repos/{self.repository}")
        return _NOT_FOUND


def stand_in_of(target: Target) -> GitHubStandIn:
    """Return one that tells what a target exported, with two merges as the target's policy wants them."""
    pipeline, policy = target.configuration.pipeline, target.policy.pipeline
    rulesets = [json.loads((target.directory / path).read_bytes()) for path in pipeline.rulesets]
    for number, each in enumerate(rulesets, start=1):
        each["id"] = number
    source = next((each.get("source", "") for each in rulesets), "") or f"{target.name}/{target.name}"
    stand_in = GitHubStandIn(
        repository=source,
        default_branch=pipeline.default_branch,
        rulesets=rulesets,
        branches=[pipeline.default_branch],
        commits=[sha_of("commit", number) for number in range(3)],
    )
    required = policy.required_check if policy else ()
    now = datetime.datetime.now(datetime.UTC)
    merged = [stand_in.merge(pipeline.default_branch, at=now - 2 * _DAY) for _ in range(2)]
    for check in required:
        for commit in stand_in.commits:
            stand_in.report(commit, check.name, at=now - _DAY, app=check.app_id)
        for pull in merged:
            at = now - 2 * _DAY - datetime.timedelta(hours=1)
            stand_in.report(pull["head"]["sha"], check.name, at=at, app=check.app_id)
    return stand_in


def sha_of(*parts: object) -> str:
    """Return a made-up commit id that hangs on what it is for alone."""
    return hashlib.sha1("/".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def stamp(moment: datetime.datetime) -> str:
    """Return a moment as GitHub writes it."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Handler(BaseHTTPRequestHandler):
    stand_in: GitHubStandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer as GitHub does, to a known token."""
        parts, stand_in = urlsplit(self.path), self.stand_in
        stand_in.asked.append((self.command, self.path, self.headers.get("authorization", "")))
        whole = f"/repos/{stand_in.repository}"
        below = parts.path.removeprefix(whole)
        if self.headers.get("authorization") != f"Bearer {stand_in.token}":
            said: Said = (401, {"message": "Bad credentials"}, {})
        elif not parts.path.startswith(whole) or (below and not below.startswith("/")):
            said = _NOT_FOUND
        else:
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            said = stand_in.answer(below.removeprefix("/"), query, f"http://{self.headers['host']}")
        status, body, headers = said
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        # Whoever asked may have left by now.
        with suppress(ConnectionError):
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                **headers,
                "Content-Length": str(len(data)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
        """Say nothing."""


def _refused(permission: str) -> Said:
    message = {"message": "Resource not accessible by personal access token", "status": "403"}
    return 403, message, {"X-Accepted-GitHub-Permissions": permission}


def _paged(said: Said, path: str, query: dict[str, str], root: str) -> Said:
    """Cut a list to the page that was asked for, and lead to the next one."""
    status, body, headers = said
    listed = body.get("check_runs") if isinstance(body, dict) else body
    if status != 200 or not isinstance(listed, list):  # noqa: PLR2004
        return said
    size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
    cut = listed[(page - 1) * size : page * size]
    if page * size < len(listed):
        following = urlencode({**query, "page": page + 1})
        headers = {**headers, "Link": f'<{root}/{path}?{following}>; rel="next"'}
    return status, {**body, "check_runs": cut} if isinstance(body, dict) else cut, headers


def _repository(stand_in: GitHubStandIn, _: Sequence[str], __: dict[str, str]) -> Said:
    return 200, {"full_name": stand_in.repository, "default_branch": stand_in.default_branch, "fork": False}, {}


def _commit(stand_in: GitHubStandIn, names: Sequence[str], _: dict[str, str]) -> Said:
    if names[0] in stand_in.strangers:
        return 422, {"message": f"No commit found for SHA: {names[0]}"}, {}
    return 200, {"sha": names[0]}, {}


def _commits(stand_in: GitHubStandIn, _: Sequence[str], __: dict[str, str]) -> Said:
    return 200, [{"sha": each} for each in stand_in.commits], {}


def _reported(stand_in: GitHubStandIn, names: Sequence[str], query: dict[str, str]) -> Said:
    wanted = query.get("check_name")
    runs = [each for each in stand_in.check_runs.get(names[0], []) if wanted in (None, each["name"])]
    return 200, {"total_count": len(runs), "check_runs": runs}, {}


def _rules(stand_in: GitHubStandIn, names: Sequence[str], _: dict[str, str]) -> Said:
    active = [
        each
        for each in stand_in.rulesets
        if read_ruleset(json.dumps(each).encode(), "ruleset").applies(names[0], stand_in.default_branch)
    ]
    rules = [
        {
            **rule,
            "ruleset_source_type": each.get("source_type", "Repository"),
            "ruleset_source": each.get("source", stand_in.repository),
            "ruleset_id": each["id"],
        }
        for each in active
        for rule in each["rules"]
    ]
    return 200, rules, {}


def _ruleset(stand_in: GitHubStandIn, names: Sequence[str], _: dict[str, str]) -> Said:
    found = next((each for each in stand_in.rulesets if str(each["id"]) == names[0]), None)
    if found is None:
        return _NOT_FOUND
    if "administration=write" in stand_in.withheld:
        found = {name: value for name, value in found.items() if name != "bypass_actors"}
    return 200, {"current_user_can_bypass": "never", **found}, {}


def _protection(stand_in: GitHubStandIn, names: Sequence[str], _: dict[str, str]) -> Said:
    if names[0] in stand_in.protections:
        return 200, stand_in.protections[names[0]], {}
    message = "Branch not protected" if names[0] in stand_in.branches else "Branch not found"
    return 404, {"message": message}, {}


def _pulls(stand_in: GitHubStandIn, _: Sequence[str], __: dict[str, str]) -> Said:
    return 200, sorted(stand_in.pulls, key=lambda each: each["updated_at"], reverse=True), {}


def _activity(stand_in: GitHubStandIn, _: Sequence[str], query: dict[str, str]) -> Said:
    kind = query.get("activity_type")
    return 200, [each for each in stand_in.activity if kind in (None, each["activity_type"])], {}


_ROUTES: tuple[tuple[str, str, Callable[[GitHubStandIn, Sequence[str], dict[str, str]], Said]], ...] = (
    ("", "metadata=read", _repository),
    ("commits", "contents=read", _commits),
    ("commits/([^/]+)", "contents=read", _commit),
    ("commits/([^/]+)/check-runs", "checks=read", _reported),
    ("rules/branches/([^/]+)", "metadata=read", _rules),
    (r"rulesets/(\d+)", "metadata=read", _ruleset),
    ("branches/([^/]+)/protection", "administration=read", _protection),
    ("pulls", "pull_requests=read", _pulls),
    ("activity", "contents=read", _activity),
)
"""Path below the repository, what a fine-grained token needs for it, and what is answered."""
