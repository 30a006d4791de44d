"""Which engine answers, and which client can build on it: shown without any real one."""

from __future__ import annotations

import gc
import hashlib
import http.server
import json
import socket
import socketserver
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.provenance import Tool
from exitgate.provision import engine as engine_module
from exitgate.provision.engine import Builder, client_environment, connect, engine_address, find_builder

VERSION = json.dumps({"Version": "28.2.1", "ApiVersion": "1.50", "MinAPIVersion": "1.24"}).encode()


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "e.sock"


@contextmanager
def serving(path: Path, body: bytes, status: int = 200) -> Iterator[list[str]]:
    """Answer every request on a Unix socket alike, and note what was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the method that it replaces
            return

    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def silence(path: Path) -> Iterator[None]:
    """Accept connections on a Unix socket and never answer."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        yield


def refusal(address: str, answer_timeout_s: float = 1.0) -> PrerequisiteMissing:
    with pytest.raises(PrerequisiteMissing) as caught, connect(address, answer_timeout_s=answer_timeout_s):
        pass
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.subject == f"Docker engine at {address}"
    return caught.value


# ---- Where it is --------------------------------------------------------------------------------------------------


@pytest.fixture
def no_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A client's configuration folder in which nothing is configured."""
    folder = tmp_path / "docker"
    folder.mkdir()
    (folder / "config.json").write_text("{}", encoding="utf-8")
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder


def use_context(folder: Path, name: str, host: str) -> None:
    (folder / "config.json").write_text(json.dumps({"currentContext": name}), encoding="utf-8")
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    endpoints = {"docker": {"Host": host, "SkipTLSVerify": False}}
    content = {"Name": name, "Metadata": {}, "Endpoints": endpoints}
    (meta / "meta.json").write_text(json.dumps(content), encoding="utf-8")


def test_an_engine_that_is_named_is_taken_whatever_the_context(no_context: Path) -> None:
    use_context(no_context, "colima", "unix:///colima.sock")
    assert engine_address({"DOCKER_HOST": "tcp://engine:2375"}) == "tcp://engine:2375"


@pytest.mark.parametrize("environment", [{}, {"DOCKER_HOST": ""}])
def test_without_a_name_the_clients_current_context_is_asked(no_context: Path, environment: dict[str, str]) -> None:
    use_context(no_context, "colima", "unix:///colima.sock")
    assert engine_address(environment) == "unix:///colima.sock"


def test_without_either_it_is_the_default_socket(no_context: Path) -> None:
    assert engine_address({}) == "unix:///var/run/docker.sock"


@pytest.mark.parametrize("content", ['{"currentContext": "gone"}', "{", ""])
def test_a_broken_client_configuration_leads_to_the_default_socket(no_context: Path, content: str) -> None:
    (no_context / "config.json").write_text(content, encoding="utf-8")
    assert engine_address({}) == "unix:///var/run/docker.sock"


# ---- Whether it answers -------------------------------------------------------------------------------------------


def test_an_engine_that_answers_is_known_by_its_version(socket_path: Path) -> None:
    address = f"unix://{socket_path}"
    with serving(socket_path, VERSION) as asked, connect(address) as engine:
        assert (engine.address, engine.version, engine.local) == (address, "28.2.1", True)
        assert engine.tool == Tool(name="docker engine", version="28.2.1")
        assert all(path.endswith("/version") for path in asked)


def test_calls_after_the_first_answer_have_more_time(socket_path: Path) -> None:
    with serving(socket_path, VERSION), connect(f"unix://{socket_path}", answer_timeout_s=1) as engine:
        assert engine.client.api.timeout >= 60


def test_an_engine_is_let_go_after_its_block(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import docker

    closed: list[object] = []
    close = docker.DockerClient.close
    monkeypatch.setattr(docker.DockerClient, "close", lambda client: (closed.append(client), close(client)))
    with serving(socket_path, VERSION):
        with pytest.raises(KeyError), connect(f"unix://{socket_path}") as engine:  # noqa: PT012
            assert closed == []
            raise KeyError
        assert closed == [engine.client]


def test_an_error_of_the_block_is_not_called_an_engine_that_does_not_answer(socket_path: Path) -> None:
    with serving(socket_path, VERSION), pytest.raises(OSError, match="mine"), connect(f"unix://{socket_path}"):
        raise OSError("mine")


def test_an_engine_on_the_network_is_not_a_local_one(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import docker

    real = docker.DockerClient
    monkeypatch.setattr(docker, "DockerClient", lambda base_url, **more: real(base_url=f"unix://{socket_path}", **more))
    with serving(socket_path, VERSION), connect("tcp://engine:2375") as engine:
        assert not engine.local


def test_what_accepts_and_never_answers_is_missing(socket_path: Path) -> None:
    with silence(socket_path):
        error = refusal(f"unix://{socket_path}")
    assert error.got == "it accepts and does not answer"
    assert error.expected == "an engine that answers within 1 s"


def test_a_part_of_a_second_is_a_time_to_answer_in_as_well(socket_path: Path) -> None:
    with silence(socket_path):
        assert refusal(f"unix://{socket_path}", 0.5).got == "it accepts and does not answer"


def test_where_nothing_listens_it_is_missing() -> None:
    assert refusal("tcp://127.0.0.1:1").got == "nothing listens there"


def test_where_there_is_no_socket_it_is_missing(socket_path: Path) -> None:
    assert refusal(f"unix://{socket_path}").got == "nothing there"


def test_where_a_socket_was_left_behind_nothing_listens(socket_path: Path) -> None:
    with silence(socket_path):
        pass
    assert refusal(f"unix://{socket_path}").got == "nothing listens there"


@pytest.mark.parametrize("kind", ["nothing", "left behind", "silent"])
def test_no_socket_of_ours_stays_open_where_nothing_answers(socket_path: Path, kind: str) -> None:
    # The SDK (7.2) leaves a Unix socket that could not connect to the garbage collector, which warns.
    with ExitStack() as stack, warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("ignore")
        gc.collect()
        warnings.simplefilter("always")
        if kind != "nothing":
            stack.enter_context(silence(socket_path))
        if kind == "left behind":
            stack.close()
        refusal(f"unix://{socket_path}")
        gc.collect()
    assert [str(each.message) for each in seen] == []


def test_where_a_user_may_not_connect_it_is_said(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert refusal(f"unix://{socket_path}").got == "this user may not use it"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>", 200),
        (b"[]", 200),
        (b"{}", 200),
        (b'{"ApiVersion": "1.50"}', 200),
        (b"no", 404),
        (b"{}", 500),
        (b"", 200),
    ],
)
def test_what_answers_and_is_no_engine_is_missing(socket_path: Path, body: bytes, status: int) -> None:
    with serving(socket_path, body, status):
        assert "no answer" in refusal(f"unix://{socket_path}").got


def test_what_is_no_engine_is_let_go(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import docker

    closed: list[object] = []
    close = docker.DockerClient.close
    monkeypatch.setattr(docker.DockerClient, "close", lambda client: (closed.append(client), close(client)))
    with serving(socket_path, b'{"ApiVersion": "1.50"}'):
        refusal(f"unix://{socket_path}")
    assert len(closed) == 1


def test_what_hangs_up_is_missing(socket_path: Path) -> None:
    class HangUp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1)

    with socketserver.UnixStreamServer(str(socket_path), HangUp) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            assert "no answer" in refusal(f"unix://{socket_path}").got
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("address", ["ftp://engine", "engine", "tcp://127.0.0.1:99999"])
def test_an_address_that_is_none_is_missing(address: str) -> None:
    assert "no answer" in refusal(address).got


# ---- Which client can build ---------------------------------------------------------------------------------------


@pytest.fixture
def clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose `first` and `second` are the only clients of this machine."""
    folder = tmp_path / "clients"
    folder.mkdir()
    monkeypatch.setattr(engine_module, "_CLIENTS", (str(folder / "first"), str(folder / "second")))
    find_builder.cache_clear()
    yield folder
    find_builder.cache_clear()


def client(folder: Path, name: str, words: str, *, buildx: bool = False) -> Path:
    path = folder / name
    path.write_text(f'#!/bin/sh\n[ "$1" = buildx ] && exit {0 if buildx else 1}\necho "{words}"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("version", "buildx"), [("20.10.24", False), ("22.9.9", False), ("23.0.0", True), ("28.2.2", True)]
)
def test_a_client_that_can_build_is_found(clients: Path, version: str, buildx: bool) -> None:
    path = client(clients, "first", f"Docker version {version}, build x", buildx=buildx)
    assert find_builder() == Builder(executable=str(path), version=version)
    assert find_builder().tool == Tool(name="docker build (BuildKit)", version=version)


@pytest.mark.parametrize("version", ["23.0.0", "28.2.2"])
def test_a_newer_client_without_buildx_is_passed_over_for_the_next(clients: Path, version: str) -> None:
    client(clients, "first", f"Docker version {version}, build x")
    second = client(clients, "second", "Docker version 20.10.24, build x")
    assert find_builder().executable == str(second)


def test_where_no_client_can_build_each_is_named_with_the_reason(clients: Path) -> None:
    client(clients, "first", "Docker version 28.2.2, build x")
    client(clients, "second", "podman")
    with pytest.raises(PrerequisiteMissing) as caught:
        find_builder()
    assert caught.value.got == f"{clients}/first 28.2.2 has no buildx; {clients}/second says no version"


def test_where_there_is_no_client_it_is_said(clients: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="none on PATH"):
        find_builder()


def test_the_client_gets_the_engine_the_logins_and_no_other_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("DOCKER_CONFIG", "/home/ada/.docker")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    environment = client_environment("tcp://engine:2375")
    assert environment["DOCKER_HOST"] == "tcp://engine:2375"
    assert environment["DOCKER_BUILDKIT"] == "1"
    assert (environment["HOME"], environment["DOCKER_CONFIG"]) == ("/home/ada", "/home/ada/.docker")
    assert "made-up" not in environment.values()
