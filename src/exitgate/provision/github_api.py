"""GitHub's REST API, asked by GET and in no other way: with limits of time, size and number, and a token that goes to one host.

Source: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

from __future__ import annotations

import datetime
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from exitgate.errors import ObservationError, PrerequisiteMissing, one_line
from exitgate.github.place import GitHubPlace
from exitgate.redaction import HIDDEN, redact

if TYPE_CHECKING:
    import requests

TIMEOUT_S = 15.0
"""Of a connection, and of every wait for the next piece of an answer."""
WHOLE_TIME_S = 180.0
"""Of all requests of one client together."""
MOST_REQUESTS = 400
MOST_BYTES = 16 * 1024 * 1024
"""Of one answer: lists of a hundred pull requests weigh about 2 MiB."""
PER_PAGE = 100
_MOST_REDIRECTS = 3
_VERSION = "2022-11-28"
_MOVED = frozenset({301, 302, 307, 308})
_PASSING = frozenset({500, 502, 503, 504})
"""Statuses that GitHub answers with for a moment; such a request is made twice more."""
_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered to one request."""

    subject: str
    """What was asked, e.g. ``GitHub shop/shop: rulesets/3``."""
    status: int
    body: object
    """JSON."""
    following: str = ""
    """The address of the next page; empty where there is none."""
    accepted: str = ""
    """The permissions that GitHub says the request needs, e.g. ``administration=read``; empty where it does not."""

    @property
    def said(self) -> str:
        """GitHub's own words where it refuses."""
        message = self.body.get("message", "") if isinstance(self.body, Mapping) else ""
        return one_line(str(message), 160)

    def seen(self, permission: str) -> object:
        """Return what was asked for.

        Args:
            permission: What a fine-grained token needs for it, in GitHub's words, e.g. ``Administration: read``.

        Raises:
            PrerequisiteMissing: if the token may not see it; GitHub answers 404 as well as 403 then.
        """
        if self.status == HTTPStatus.OK:
            return self.body
        raise self.unseen(permission)

    def unseen(self, permission: str) -> PrerequisiteMissing:
        """Return what is said of something that was not shown."""
        told = f"; GitHub accepts {self.accepted}" if self.accepted else ""
        return PrerequisiteMissing(
            self.subject,
            got=f"{self.status} {self.said}".rstrip(),
            expected=f"an answer to a token with {permission}",
            action=f"Give the token the repository permission {permission}{told}, or see that it is there.",
        )


class GitHubApi:
    """Asks about one repository."""

    def __init__(self, place: GitHubPlace, token: str) -> None:
        """Keep where and by what to ask; nothing is sent yet."""
        self.place = place
        self._token = token
        self._left = MOST_REQUESTS
        self._deadline = 0.0
        self._session: requests.Session | None = None

    def close(self) -> None:
        """Close its connections."""
        if self._session is not None:
            self._session.close()

    def ask(self, path: str = "", parameters: Mapping[str, str | int] | None = None) -> Answer:
        """Return what GitHub answers about the repository: 200, 403, 404 or 422, whichever it is.

        Args:
            path: Below ``repos/OWNER/NAME``, its parts escaped already; empty for the repository itself.

        Raises:
            PrerequisiteMissing: if there is no answer in time, none for a while by a limit of rate, or it leads elsewhere.
            ObservationError: if the token is none, or the answer is not what GitHub documents.
        """
        address = "/".join(filter(None, (self.place.api, "repos", self.place.repository, path)))
        return self._ask(address, path, parameters or {})

    def pages(
        self,
        path: str,
        permission: str,
        parameters: Mapping[str, str | int] | None = None,
        *,
        within: str = "",
        until: Callable[[object], bool] | None = None,
        most_pages: int = 20,
    ) -> list[object]:
        """Return the entries of a list, page by page as its ``Link`` headers lead.

        Args:
            permission: What a fine-grained token needs for it.
            within: The key that holds the list, where the answer is an object.
            until: True of the last entry that is wanted, or of one behind it: no further page is asked for then.
            most_pages: How many at most; a list that goes on is none that was seen.

        Raises:
            PrerequisiteMissing: as `ask`, and if the token may not see it or the list is longer.
            ObservationError: as `ask`.
        """
        answer = self.ask(path, {"per_page": PER_PAGE, **(parameters or {})})
        entries: list[object] = []
        for _ in range(most_pages):
            body = answer.seen(permission)
            listed = body.get(within) if within and isinstance(body, Mapping) else body
            if not isinstance(listed, list):
                raise unreadable(answer.subject, "no list")
            entries += listed
            if not answer.following or (until and entries and until(entries[-1])):
                return entries
            answer = self._ask(answer.following, path, {})
        raise PrerequisiteMissing(
            answer.subject,
            got=f"a list of more than {len(entries)} entries",
            expected="one that can be seen whole",
            action="Look at fewer days: --github-days N.",
        )

    def _ask(self, address: str, path: str, parameters: Mapping[str, str | int]) -> Answer:
        subject = f"GitHub {self.place.repository}: {path or 'the repository'}"
        for _ in range(_MOST_REDIRECTS + 1):
            self._spend(subject)
            response = self._sent(address, parameters, subject)
            try:
                data = self._read(response, subject)
            finally:
                response.close()
            if response.status_code not in _MOVED:
                return self._answer(response, data, subject)
            # A redirect's address holds the query already.
            address, parameters = self._own(urljoin(address, response.headers.get("location", "")), subject), {}
        raise _unanswered(subject, f"more than {_MOST_REDIRECTS} redirects", "Correct the name of the repository.")

    def _own(self, address: str, subject: str) -> str:
        """Return an address that GitHub gave, where it is on the host that the token is for."""
        there, here = urlsplit(address), urlsplit(self.place.api)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            got = f"a way to {there.scheme}://{there.hostname or ''}, where the token is not sent"
            raise _unanswered(subject, got, "Name the API's own root: --github-api URL.")
        return address

    def _spend(self, subject: str) -> None:
        now = time.monotonic()
        self._deadline = self._deadline or now + WHOLE_TIME_S
        self._left -= 1
        if self._left < 0 or now > self._deadline:
            got = f"no end after {MOST_REQUESTS} requests" if self._left < 0 else f"no end after {WHOLE_TIME_S:.0f} s"
            raise _unanswered(subject, got, "Look at fewer days: --github-days N.")

    def _sent(self, address: str, parameters: Mapping[str, str | int], subject: str) -> requests.Response:
        import requests

        try:
            return self._connected().get(
                address, params=dict(parameters), timeout=TIMEOUT_S, allow_redirects=False, stream=True
            )
        except requests.Timeout:
            raise _unanswered(subject, f"no answer within {TIMEOUT_S:.0f} s", _LATER) from None
        except requests.exceptions.SSLError as error:
            said = one_line(str(error).replace(self._token, HIDDEN), 160)
            action = "Trust its certificate (REQUESTS_CA_BUNDLE), or correct --github-api."
            raise _unanswered(subject, f"no TLS that can be trusted ({said})", action) from None
        except (requests.RequestException, ValueError) as error:
            said = redact(one_line(str(error).replace(self._token, HIDDEN), 160))
            raise _unanswered(subject, f"no connection ({said})", _LATER) from None

    def _connected(self) -> requests.Session:
        if self._session is None:
            import requests
            from requests.adapters import HTTPAdapter
            from urllib3.util import Retry

            session = requests.Session()
            # What is connected with and not answered is not asked again: a server that hangs, hangs.
            retry = Retry(
                total=2, connect=1, read=False, redirect=0, status=2, status_forcelist=_PASSING, backoff_factor=0.5
            )
            retry.respect_retry_after_header, retry.raise_on_status = False, False
            for scheme in ("https://", "http://"):
                session.mount(scheme, HTTPAdapter(max_retries=retry))
            session.headers.update(
                {
                    "Accept": "application/vnd.github+json",
                    "X-GitHub-Api-Version": _VERSION,
                    "User-Agent": "exitgate",
                }
            )
            # An authentication of its own keeps requests (2.34) from taking another one from a .netrc.
            session.auth = self._sign
            self._session = session
        return self._session

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _read(self, response: requests.Response, subject: str) -> bytes:
        import requests

        data = b""
        try:
            for piece in response.iter_content(_CHUNK_BYTES):
                data += piece
                if len(data) > MOST_BYTES:
                    raise _unanswered(subject, f"an answer of more than {MOST_BYTES} bytes", _LATER)
                if time.monotonic() > self._deadline:
                    raise _unanswered(subject, f"no end after {WHOLE_TIME_S:.0f} s", _LATER)
        except requests.RequestException as error:
            raise _unanswered(subject, f"an answer that broke off ({type(error).__name__})", _LATER) from None
        return data

    def _answer(self, response: requests.Response, data: bytes, subject: str) -> Answer:
        status = response.status_code
        if status == HTTPStatus.UNAUTHORIZED:
            raise ObservationError(
                subject, got="401: the token is none, or has run out", expected="one that is valid", action="Renew it."
            )
        try:
            body = json.loads(data) if data else None
        except (ValueError, RecursionError) as error:
            if status == HTTPStatus.OK:
                raise unreadable(subject, f"no JSON ({one_line(str(error), 80)})") from None
            body = None
        answer = Answer(
            subject=subject,
            status=status,
            body=body,
            following=self._next(response, subject),
            accepted=_safe(response.headers.get("x-accepted-github-permissions", "")),
        )
        _refuse_limited(answer, response.headers)
        known = (HTTPStatus.OK, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
        if status not in known:
            raise _unanswered(subject, f"{status} {answer.said}".rstrip(), _LATER)
        return answer

    def _next(self, response: requests.Response, subject: str) -> str:
        link = response.links.get("next", {}).get("url", "")
        return self._own(urljoin(self.place.api + "/", link), subject) if link else ""


_LATER = "Run it again later."


def unreadable(subject: str, got: str) -> ObservationError:
    """Return what is said of an answer that is not what GitHub documents."""
    action = "Report this, with the name of the server: --github-api."
    return ObservationError(subject, got=got, expected="an answer as GitHub documents it", action=action)


def _unanswered(subject: str, got: str, action: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(subject, got=got, expected="GitHub to answer", action=action)


def _refuse_limited(answer: Answer, headers: Mapping[str, str]) -> None:
    """Tell a limit of rate from a missing permission: both come as 403.

    Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    if answer.status not in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
        return
    waits, left, reset = (
        headers.get(name, "") for name in ("retry-after", "x-ratelimit-remaining", "x-ratelimit-reset")
    )
    if waits.isdecimal():
        raise _unanswered(answer.subject, "a limit of rate", f"Run it again in {waits[:6]} s.")
    if left == "0" and reset.isdecimal() and len(reset) <= len("9999999999"):
        at = datetime.datetime.fromtimestamp(int(reset), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        raise _unanswered(answer.subject, "a limit of rate, used up", f"Run it again after {at}.")
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS or "rate limit" in answer.said.lower():
        raise _unanswered(answer.subject, "a limit of rate", "Run it again in some minutes.")


def _safe(text: str) -> str:
    return text if re.fullmatch(r"[a-z_=;, ]{1,200}", text) else ""
