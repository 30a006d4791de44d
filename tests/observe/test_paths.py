"""Single paths of a container, from what an engine's archive endpoint answers."""

from __future__ import annotations

import hashlib
import io
import tarfile
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from exitgate.errors import ObservationError
from exitgate.observe.layers import Kind, Nature
from exitgate.observe.paths import read_paths
from exitgate.provision.engine import Engine

from .archives import archive, folder, link, member

NO_FILE = (404, b'{"message":"Could not find the file /none in container c"}')
NO_CONTAINER = (404, b'{"message":"No such container: c"}')


class Answers(BaseAdapter):
    """Answers each path with a status and a body, and keeps how much of the body was taken."""

    def __init__(self, answers: dict[str, tuple[int, bytes]]) -> None:
        super().__init__()
        self.answers = answers
        self.bodies: dict[str, io.BytesIO] = {}

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        path = str(requests.utils.unquote(str(request.url)).partition("path=")[2])
        status, body = self.answers[path]
        self.bodies[path] = io.BytesIO(body)
        response = requests.Response()
        response.status_code, response.url = status, str(request.url)
        response.raw = HTTPResponse(body=self.bodies[path], preload_content=False, status=status)
        return response

    def close(self) -> None:
        pass


def engine_that_answers(answers: dict[str, tuple[int, bytes]]) -> tuple[Engine, Answers]:
    adapter = Answers(answers)
    session: Any = requests.Session()
    session.mount("http://", adapter)
    session.base_url, session.api_version, session.timeout = "http://engine", "1.41", 10
    client: Any = SimpleNamespace(api=session)
    return Engine(client=client, address="unix:///x", version="28", local=True), adapter


def test_a_file_is_read_with_what_it_is() -> None:
    content = b"-----BEGIN PRIVATE KEY-----\n" + b"A" * 64
    engine, _ = engine_that_answers({"/k.pem": (200, archive(member("k.pem", content, mode=0o600, uid=7)))})
    found = read_paths(engine, "c", ["/k.pem"], contents=["/k.pem"])["/k.pem"]
    assert found is not None
    assert found.content == content
    assert found.entry.sha256 == hashlib.sha256(content).hexdigest()
    assert (found.entry.path, found.entry.mode, found.entry.uid) == ("/k.pem", 0o600, 7)
    assert found.entry.nature == Nature.PRIVATE_KEY


def test_of_a_file_whose_content_nobody_asked_for_the_header_is_taken_alone() -> None:
    engine, adapter = engine_that_answers({"/big": (200, archive(member("big", bytes(10_000_000))))})
    found = read_paths(engine, "c", ["/big"])["/big"]
    assert found is not None
    assert (found.entry.size_bytes, found.entry.sha256, found.content) == (10_000_000, "", None)
    assert adapter.bodies["/big"].closed or adapter.bodies["/big"].tell() < 100_000


def test_folders_and_links_are_themselves() -> None:
    sent = {
        "/app": (200, archive(folder("app/", 0o750), member("app/a", b"1"))),
        "/bin": (200, archive(link("bin", tarfile.SYMTYPE, "usr/bin"))),
    }
    engine, _ = engine_that_answers(sent)
    found = read_paths(engine, "c", ["/app", "/bin"], contents=["/app", "/bin"])
    assert found["/app"] is not None
    assert found["/bin"] is not None
    assert (found["/app"].entry.kind, found["/app"].entry.mode) == (Kind.DIRECTORY, 0o750)
    assert (found["/bin"].entry.kind, found["/bin"].entry.target) == (Kind.SYMLINK, "usr/bin")
    assert found["/app"].content is found["/bin"].content is None


def test_a_path_that_leads_nowhere_is_nothing_and_no_error() -> None:
    engine, _ = engine_that_answers({"/none": NO_FILE})
    assert read_paths(engine, "c", ["/none"]) == {"/none": None}


def test_a_path_below_a_file_is_nothing_either() -> None:
    engine, _ = engine_that_answers({"/a/b": (500, b'{"message":"lstat /x/a/b: not a directory"}')})
    assert read_paths(engine, "c", ["/a/b"]) == {"/a/b": None}


def test_no_paths_are_no_answers() -> None:
    engine, _ = engine_that_answers({})
    assert read_paths(engine, "c", []) == {}


@pytest.mark.parametrize(
    "answer",
    [NO_CONTAINER, (500, b"broken"), (200, b""), (200, b"no archive" * 100), (200, archive(member("x", b"1" * 5000))[:1024])],
)  # fmt: skip
def test_what_can_not_be_read_is_an_error_in_one_line_and_never_an_absence(answer: tuple[int, bytes]) -> None:
    engine, _ = engine_that_answers({"/x": answer})
    with pytest.raises(ObservationError, match=r"^/x of container c: can't be read: ") as caught:
        read_paths(engine, "c", ["/x"], contents=["/x"])
    assert "\n" not in str(caught.value)
