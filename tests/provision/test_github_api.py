"""GitHub's API as it is asked: pages, limits, redirects and refusals, on servers of this machine."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.faults.pipeline.stand_in import GitHubStandIn, Said
from exitgate.github.place import GitHubPlace, is_api_root, is_name
from exitgate.provision import github_api
from exitgate.provision.github_api import GitHubApi

READ = "Contents: read"


@pytest.fixture
def github() -> GitHubStandIn:
    return GitHubStandIn(repository="shop/shop", commits=["a" * 40])


@pytest.fixture
def api(github: GitHubStandIn) -> Iterator[GitHubApi]:
    with github.serving() as place:
        client = GitHubApi(place, github.token)
        yield client
        client.close()


def said(github: GitHubStandIn, status: int, body: object = None, **headers: str) -> None:
    answer: Said = (status, body, {name.replace("_", "-"): value for name, value in headers.items()})
    github.instead["commits"] = lambda: answer


def missing(api: GitHubApi, github: GitHubStandIn) -> PrerequisiteMissing:
    with pytest.raises(PrerequisiteMissing) as caught:
        api.ask("commits").seen(READ)
    assert github.token not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    return caught.value


def test_a_list_is_read_over_all_its_pages(api: GitHubApi, github: GitHubStandIn) -> None:
    github.commits = [f"{number:040x}" for number in range(250)]
    assert [each["sha"] for each in api.pages("commits", READ)] == github.commits  # type: ignore[index]
    assert [path.partition("page=")[0] for _, path, _ in github.asked] == [github.asked[0][1].partition("page=")[0]] * 3


def test_no_page_is_asked_for_behind_the_last_one_that_is_wanted(api: GitHubApi, github: GitHubStandIn) -> None:
    github.commits = [f"{number:040x}" for number in range(250)]
    assert len(api.pages("commits", READ, until=lambda _: True)) == github_api.PER_PAGE
    assert len(github.asked) == 1


def test_a_list_that_is_too_long_is_none_that_was_seen(api: GitHubApi, github: GitHubStandIn) -> None:
    github.commits = [f"{number:040x}" for number in range(250)]
    with pytest.raises(PrerequisiteMissing, match="a list of more than 200 entries"):
        api.pages("commits", READ, most_pages=2)


def test_nothing_is_asked_but_by_get_and_with_the_token(api: GitHubApi, github: GitHubStandIn) -> None:
    api.ask()
    api.pages("pulls", "Pull requests: read")
    assert {(method, token) for method, _, token in github.asked} == {("GET", f"Bearer {github.token}")}


def test_a_netrc_does_not_replace_the_token(
    api: GitHubApi, github: GitHubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password something\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert api.ask().status == 200


def test_what_the_token_may_not_see_is_told_with_the_permission(api: GitHubApi, github: GitHubStandIn) -> None:
    github.withheld = {"contents=read"}
    error = missing(api, github)
    assert error.got == "403 Resource not accessible by personal access token"
    assert "the repository permission Contents: read; GitHub accepts contents=read" in error.action


def test_404_is_told_with_the_permission_too(api: GitHubApi, github: GitHubStandIn) -> None:
    said(github, 404, {"message": "Not Found"})
    error = missing(api, github)
    assert (error.got, "Contents: read" in error.action) == ("404 Not Found", True)


def test_what_github_accepts_is_not_repeated_where_it_is_no_list_of_permissions(
    api: GitHubApi, github: GitHubStandIn
) -> None:
    said(github, 403, {"message": "no"}, X_Accepted_GitHub_Permissions="<script>")
    assert "script" not in str(missing(api, github))


def test_a_token_that_is_none_is_an_error_and_not_a_missing_permission(api: GitHubApi, github: GitHubStandIn) -> None:
    github.token = "ghp_another0000000000000"
    with pytest.raises(ObservationError, match="401: the token is none"):
        api.ask()


@pytest.mark.parametrize(
    ("status", "headers", "action"),
    [
        (
            403,
            {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1893456000"},
            "Run it again after 2030-01-01T00:00:00Z.",
        ),
        (
            429,
            {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1893456000"},
            "Run it again after 2030-01-01T00:00:00Z.",
        ),
        (403, {"retry_after": "60"}, "Run it again in 60 s."),
        (429, {}, "Run it again in some minutes."),
        (429, {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "9" * 30}, "Run it again in some minutes."),
    ],
)
def test_a_limit_of_rate_is_told_from_a_missing_permission(
    api: GitHubApi, github: GitHubStandIn, status: int, headers: dict[str, str], action: str
) -> None:
    said(github, status, {"message": "Forbidden"}, **headers)
    error = missing(api, github)
    assert (error.got.startswith("a limit of rate"), error.action) == (True, action)


def test_the_secondary_limit_without_a_header_is_told_by_its_words(api: GitHubApi, github: GitHubStandIn) -> None:
    said(github, 403, {"message": "You have exceeded a secondary rate limit."})
    assert missing(api, github).got == "a limit of rate"


def test_a_403_with_requests_left_is_a_missing_permission(api: GitHubApi, github: GitHubStandIn) -> None:
    said(github, 403, {"message": "no"}, x_ratelimit_remaining="4999", x_ratelimit_reset="1893456000")
    assert missing(api, github).got == "403 no"


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"a": ', b"[" * 100_000])
def test_what_is_no_json_can_not_be_read(api: GitHubApi, github: GitHubStandIn, body: bytes) -> None:
    said(github, 200, body)
    with pytest.raises(ObservationError) as caught:
        api.pages("commits", READ)
    assert caught.value.got.startswith("no ")


def test_an_object_in_the_place_of_a_list_can_not_be_read(api: GitHubApi, github: GitHubStandIn) -> None:
    said(github, 200, {"commits": []})
    with pytest.raises(ObservationError, match="no list"):
        api.pages("commits", READ)


def test_an_error_page_is_no_refusal(api: GitHubApi, github: GitHubStandIn) -> None:
    said(github, 418, b"<html>")
    assert missing(api, github).got == "418"


def test_a_server_that_stumbles_is_asked_again(api: GitHubApi, github: GitHubStandIn) -> None:
    answers: list[Said] = [(200, [], {}), (502, {"message": "Server Error"}, {})]
    github.instead["commits"] = answers.pop
    assert api.pages("commits", READ) == []


def test_a_server_that_keeps_failing_is_told(api: GitHubApi, github: GitHubStandIn) -> None:
    said(github, 503, {"message": "Unavailable"})
    assert missing(api, github).got == "503 Unavailable"


def test_a_server_that_hangs_is_left(api: GitHubApi, github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github_api, "TIMEOUT_S", 0.2)
    over = threading.Event()

    def hang() -> Said:
        over.wait(10)
        return 200, [], {}

    github.instead["commits"] = hang
    try:
        assert missing(api, github).got == "no answer within 0 s"
        assert len(github.asked) == 1
    finally:
        over.set()


def test_all_requests_together_have_a_bound(
    api: GitHubApi, github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(github_api, "MOST_REQUESTS", 2)
    client = GitHubApi(api.place, github.token)
    client.ask()
    client.ask()
    assert missing(client, github).got == "no end after 2 requests"
    client.close()
    assert len(github.asked) == 2


def test_all_requests_together_have_a_time(
    api: GitHubApi, github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(github_api, "WHOLE_TIME_S", -1.0)
    assert "no end after" in missing(api, github).got


def test_an_answer_has_a_bound(api: GitHubApi, github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github_api, "MOST_BYTES", 1000)
    said(github, 200, b" " * 5000)
    assert missing(api, github).got == "an answer of more than 1000 bytes"


def test_nobody_who_listens_is_told(github: GitHubStandIn) -> None:
    with github.serving() as place:
        pass
    client = GitHubApi(place, github.token)
    assert missing(client, github).got.startswith("no connection (")
    client.close()


def test_a_repository_that_moved_is_followed_on_its_own_host(api: GitHubApi, github: GitHubStandIn) -> None:
    there = f"{api.place.api}/repos/shop/shop/activity"
    said(github, 301, {"message": "Moved Permanently"}, Location=there)
    assert api.ask("commits").body == []


def test_a_redirect_to_another_host_is_not_followed(api: GitHubApi, github: GitHubStandIn) -> None:
    stranger = GitHubStandIn(repository="shop/shop")
    with stranger.serving() as there:
        said(github, 302, {}, Location=f"{there.api}/repos/shop/shop")
        assert missing(api, github).got == "a way to http://127.0.0.1, where the token is not sent"
    assert stranger.asked == []


def test_a_page_on_another_host_is_not_asked_for(api: GitHubApi, github: GitHubStandIn) -> None:
    stranger = GitHubStandIn(repository="shop/shop")
    with stranger.serving() as there:
        said(github, 200, [], Link=f'<{there.api}/repos/shop/shop/commits?page=2>; rel="next"')
        assert missing(api, github).got.endswith("where the token is not sent")
    assert stranger.asked == []


def test_redirects_in_a_circle_end(api: GitHubApi, github: GitHubStandIn) -> None:
    said(github, 307, {}, Location=f"{api.place.api}/repos/shop/shop/commits")
    assert missing(api, github).got == "more than 3 redirects"


def test_an_answer_that_breaks_off_is_told(github: GitHubStandIn) -> None:
    class Broken(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"[")
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with _served(ThreadingHTTPServer(("127.0.0.1", 0), Broken)) as port:
        client = GitHubApi(GitHubPlace(repository="shop/shop", api=f"http://127.0.0.1:{port}"), github.token)
        assert missing(client, github).got.startswith("an answer that broke off")
        client.close()


def test_tls_that_nobody_vouches_for_is_refused(github: GitHubStandIn, tmp_path: Path) -> None:
    server = _tls_server(tmp_path)
    with _served(server) as port:
        client = GitHubApi(GitHubPlace(repository="shop/shop", api=f"https://127.0.0.1:{port}"), github.token)
        error = missing(client, github)
        client.close()
    assert error.got.startswith("no TLS that can be trusted")
    assert "REQUESTS_CA_BUNDLE" in error.action


def test_tls_of_an_authority_that_is_trusted_is_used(
    github: GitHubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = _tls_server(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    with _served(server) as port:
        client = GitHubApi(GitHubPlace(repository="shop/shop", api=f"https://127.0.0.1:{port}"), github.token)
        assert client.ask().body == {}
        client.close()


@pytest.mark.parametrize("name", ["shop/shop", "a/b.c", "Some-Org/_x", "user_short/repo", "shop/..."])
def test_names_of_repositories(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", "shop", "shop/", "/shop", "a/b/c", "a/..", "a/.", "a b/c", "-a/b", "a/b?c", "a/b\n"]
)
def test_what_names_no_repository(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize(
    "root", ["https://api.github.com", "https://github.example.com/api/v3", "http://127.0.0.1:8080", "http://[::1]:1"]
)
def test_roots_that_a_token_may_be_sent_to(root: str) -> None:
    assert is_api_root(root)


@pytest.mark.parametrize(
    "root",
    ["http://github.example.com", "ftp://127.0.0.1", "https://", "https://a:b@c", "https://a/?b", "https://a#b", "x",
     "https://a/", "https://[", "https://a:99999", "file:///etc/passwd"],
)  # fmt: skip
def test_roots_that_it_may_not_be_sent_to(root: str) -> None:
    assert not is_api_root(root)


@pytest.mark.parametrize(
    ("root", "stand_in"),
    [
        ("http://localhost:1", True),
        ("https://127.9.9.9", True),
        ("https://api.github.com", False),
        ("https://10.0.0.1", False),
    ],
)
def test_a_server_of_this_machine_is_told_from_github(root: str, stand_in: bool) -> None:
    assert replace(GitHubPlace(repository="shop/shop"), api=root).is_stand_in is stand_in


@contextmanager
def _served(server: ThreadingHTTPServer) -> Iterator[int]:
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    with ExitStack() as stack:
        stack.callback(thread.join)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        yield int(server.server_address[1])


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that breaks the handshake off is what is tried."""


def _tls_server(folder: Path) -> ThreadingHTTPServer:
    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    server = _Quiet(("127.0.0.1", 0), Empty)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server
