"""Emulators of AWS that the user names: which are refused before anything runs, and what is said of one that goes away."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from exitgate.errors import ObservationError, PrerequisiteMissing, ProvisionError, UsageError
from exitgate.provision import stack_ground
from exitgate.provision.emulator import Capabilities, GivenEndpoint, check_endpoint, given, given_endpoint
from exitgate.provision.real_account import RealAccount
from exitgate.provision.stack_ground import probed, refuse_unenforced, refuse_used, said_by_itself

IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)
DENIED = "<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
HANGING = "hang"


@contextmanager
def stub(answers: dict[str, tuple[int, str]]) -> Iterator[tuple[str, list[str]]]:
    """Serve answers by path on loopback, POST being ``/``; yield the address, and what was asked."""
    asked: list[str] = []
    over = threading.Event()

    class Stub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = answers.get(self.path, (404, ""))
            if body == HANGING:
                over.wait(30)
                return
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", body)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET  # noqa: N815 - as the server calls it

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def endpoint_at(address: str) -> GivenEndpoint:
    return given_endpoint(address, "eu-central-1", "20260101t000000z-abcdef")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("localhost:4566", "an address that can't be read"),
        ("ftp://127.0.0.1", "an address that can't be read"),
        ("http://", "an address that can't be read"),
        ("http://127.0.0.1:99999", "an address that can't be read"),
        ("http://[::1", "an address that can't be read"),
        ("http://maker:hunter2hunter@127.0.0.1:4566", "an address with somebody's name or password in it"),
        ("http://127.0.0.1:4566/path?token=hunter2hunter", "an address with more than a host and a port"),
        ("http://8.8.8.8:4566", "8.8.8.8 is 8.8.8.8, which is neither loopback nor private"),
        ("http://169.254.169.254", "neither loopback nor private"),
        ("http://0.0.0.0:4566", "neither loopback nor private"),
        ("http://[::ffff:8.8.8.8]:4566", "is 8.8.8.8, which is neither loopback nor private"),
        ("http://[fe80::1]:4566", "neither loopback nor private"),
        ("http://nobody.invalid:4566", "a host that nobody knows: nobody.invalid"),
    ],
)
def test_an_address_that_is_none_or_leads_to_the_internet_is_refused_unasked(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)) as told:
        check_endpoint(url)
    assert str(told.value).startswith("--aws-endpoint: ")
    assert "expected an emulator of AWS at a loopback or private address. " in str(told.value)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize("hosts", [["10.1.2.3", "93.184.216.34"], ["93.184.216.34"]])
def test_a_name_that_may_lead_to_the_internet_is_refused_whatever_else_it_leads_to(
    hosts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 80)) for host in hosts]
    monkeypatch.setattr(given.socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(UsageError, match=r"aws\.example is 93\.184\.216\.34, which is neither loopback nor private"):
        check_endpoint("http://aws.example")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "::1", "fd00::1", "::ffff:10.0.0.1"]
)
def test_loopback_and_private_addresses_are_asked(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given, "_silence", lambda _: "")
    shown = f"[{host}]" if ":" in host else host
    assert check_endpoint(f"http://{shown}:4566/") == f"http://{shown}:4566"


def test_one_where_nobody_listens_is_one_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(UsageError, match=r"no answer of AWS's API: Could not connect.*Start the emulator") as told:
            check_endpoint(f"http://127.0.0.1:{port}")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, HANGING), "no answer of AWS's API: Read timeout"),
        ((200, "<html><body>It works</body></html>"), "does not speak AWS's API"),
        ((200, "It works"), "does not speak AWS's API"),
        ((404, DENIED.format(code="NoSuchPath")), "its answer is an error: .*NoSuchPath"),
        ((403, DENIED.format(code="SignatureDoesNotMatch")), 'it wants another secret than "emulator"'),
        ((302, "http://127.0.0.1:9/"), "does not speak AWS's API"),
    ],
)
def test_what_does_not_speak_aws_s_api_in_time_is_one_line(
    answer: tuple[int, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "_FIRST_ANSWER_S", 0.3)
    with stub({"/": answer}) as (address, _), pytest.raises(UsageError, match=words) as told:
        check_endpoint(address)
    assert "\n" not in str(told.value)


def test_one_that_answers_is_taken_and_asked_once() -> None:
    with stub({"/": (200, IDENTITY.format(account="000000000000"))}) as (address, asked):
        assert check_endpoint(address + "/") == address
    assert asked == ["POST /"]


def test_an_emulator_tells_its_version_and_an_answer_that_leads_elsewhere_is_not_followed() -> None:
    told = {"/_ministack/health": (302, "http://127.0.0.1:9/"), "/_localstack/health": (200, '{"version": "4.1.0"}')}
    with stub(told) as (address, _):
        found = endpoint_at(address)
    assert (found.name, found.version) == ("localstack", "4.1.0")
    with stub({"/_ministack/health": (200, "[]")}) as (address, _):
        found = endpoint_at(address)
    assert (found.name, found.version) == ("endpoint of AWS's API", "unknown")


def test_accounts_are_drawn_for_the_run_and_are_no_numbers_that_others_use() -> None:
    one = GivenEndpoint(address="http://127.0.0.1:1", region="eu-central-1", numbers=given._numbers("one"))
    other = given._numbers("other")
    assert len({*one.numbers, *other}) == 10
    assert all(re.fullmatch(r"[3-8]\d{11}", each) for each in (*one.numbers, *other))
    assert (*one.accounts, *one.spare) == one.numbers
    assert given._numbers("one") == one.numbers


def test_only_its_host_is_reached_past_the_proxy_that_nobody_serves() -> None:
    told = GivenEndpoint(address="http://10.1.2.3:4566", region="eu-central-1", numbers=())
    assert told.environment == {
        "AWS_ENDPOINT_URL": "http://10.1.2.3:4566",
        "NO_PROXY": "10.1.2.3",
        "no_proxy": "10.1.2.3",
    }


def test_one_that_went_away_is_told_with_what_to_do() -> None:
    with stub({"/": (200, IDENTITY.format(account="1"))}) as (address, _):
        found = endpoint_at(address)
        found.check()
    with pytest.raises(
        ObservationError, match=r"Could not connect.*Start it again, and have `exitgate sweep` take down"
    ):
        found.check()


@pytest.mark.parametrize(
    "answers", [{}, {"/": (501, "not yet implemented")}, {"/": (200, IDENTITY.format(account="000000000000"))}]
)
def test_one_that_can_not_do_what_is_needed_is_not_assessed(
    answers: dict[str, tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "_silence", lambda _: "")
    with stub(answers) as (address, _), pytest.raises(PrerequisiteMissing, match="emulator of the run's own"):
        probed(endpoint_at(address))


def test_accounts_that_are_mixed_up_are_not_assessed_and_one_that_died_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> Capabilities:
        raise ProvisionError("emulator", got="one account sees what another has", expected="two", action="Mend it.")

    monkeypatch.setattr(stack_ground, "probe", refuse)
    found = GivenEndpoint(address="http://127.0.0.1:9", region="eu-central-1", numbers=("1", "2", "3", "4", "5"))
    monkeypatch.setattr(given, "_silence", lambda _: "")
    with pytest.raises(PrerequisiteMissing, match="one account sees what another has"):
        probed(found)
    monkeypatch.setattr(given, "_silence", lambda _: "no answer")
    with pytest.raises(ObservationError, match="no answer"):
        probed(found)


def test_an_account_that_is_in_use_is_refused_and_a_new_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    found = GivenEndpoint(address="http://127.0.0.1:9", region="eu-central-1", numbers=("1", "2", "3", "4", "5"))
    fresh = frozenset({"ec2 VpcId vpc-1"})
    monkeypatch.setattr(stack_ground, "list_account", lambda _: fresh)
    refuse_used(found, {"1": {"ec2 VpcId vpc-7"}, "2": set()})
    theirs = {"1": fresh, "2": fresh | {"logs logGroupName theirs"}}
    with pytest.raises(PrerequisiteMissing, match=r"account 2 at .*: one that is in use: 1 more of logs logGroupName"):
        refuse_used(found, theirs)


def test_what_an_emulator_says_of_itself_is_told_as_such() -> None:
    found = GivenEndpoint(
        address="http://127.0.0.1:9",
        region="eu-central-1",
        numbers=("1", "2", "3", "4", "5"),
        name="ministack",
        version="1.5.33",
    )
    assert said_by_itself(found) == (
        "that it is ministack 1.5.33, and so has the gaps of that one, the endpoint says itself",
    )
    assert said_by_itself(RealAccount(number="345678901234", region="eu-central-1")) == ()


def test_roles_are_not_tried_where_nobody_is_refused() -> None:
    found = GivenEndpoint(address="http://127.0.0.1:9", region="eu-central-1", numbers=("1", "2", "3", "4", "5"))
    able = {"keeps_accounts_apart": True, "believes_no_image": True}
    refuse_unenforced(found, Capabilities(enforces_iam=True, **able))
    with pytest.raises(PrerequisiteMissing, match="a user without any right is refused nothing"):
        refuse_unenforced(found, Capabilities(enforces_iam=False, **able))
