"""An emulator of AWS that the user runs and the command line names: asked in accounts of the run's own, and nowhere else on it.

Only loopback and private addresses are asked: a name of the internet would be AWS, or somebody's. An account is a namespace there,
chosen by the access key; a run draws numbers of its own, so that it neither sees nor touches what else the emulator has.

Sources: RFC 1918, RFC 4193; LocalStack's documentation, "Multi-account setups"; ministack's, "Multi-tenancy".
"""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, UsageError, one_line
from exitgate.provision.emulator.endpoint import SPARE
from exitgate.provision.emulator.server import ROOT_SECRET, client_of

OPTION: Final = "--aws-endpoint"
_FIRST_ANSWER_S, _ANSWER_TIMEOUT_S = 5.0, 10.0
_NETWORKS: Final = tuple(
    ipaddress.ip_network(each)
    for each in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
"""Loopback and private ranges; the metadata service of clouds (169.254.0.0/16) is in none of them."""
_TELLING: Final = (("/_ministack/health", "ministack"), ("/_localstack/health", "localstack"))
"""Paths by which emulators tell their version, the one that only one of them knows first."""
_LONGEST_TOLD: Final = 100_000
_DRAWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenEndpoint:
    """An emulator that somebody else started, and that stays when the run is over."""

    address: str
    """``http://HOST:PORT``."""
    region: str
    numbers: tuple[str, ...]
    """Five accounts of the run's own."""
    name: str = "endpoint of AWS's API"
    version: str = "unknown"

    @property
    def place(self) -> str:
        """Where it is, in words."""
        return f"at {self.address}, which the run was given"

    @property
    def accounts(self) -> tuple[str, ...]:
        """The two that get the stack."""
        return self.numbers[:2]

    @property
    def spare(self) -> tuple[str, ...]:
        """Three in which things are tried out."""
        return self.numbers[2:]

    @property
    def outlives_the_run(self) -> bool:
        """It does."""
        return True

    @property
    def assurance(self) -> Assurance:
        """An emulator's, whatever it says of itself."""
        return Assurance.EMULATED

    @property
    def environment(self) -> Mapping[str, str]:
        """Its address; and that no proxy stands before it, while every other host is behind one that nobody serves."""
        host = urlsplit(self.address).hostname or ""
        return {"AWS_ENDPOINT_URL": self.address, "NO_PROXY": host, "no_proxy": host}

    def client(self, service: str, key: str, secret: str = ROOT_SECRET, token: str | None = None) -> Any:
        """Return a client of boto3 for a service; the user's own configuration takes no part."""
        return client_of(self.address, service, self.region, key, secret, token)

    def check(self) -> None:
        """See that it still answers.

        Raises:
            ObservationError: if it does not.
        """
        got = _silence(client_of(self.address, "sts", self.region, self.numbers[2], timeout_s=_ANSWER_TIMEOUT_S))
        if got:
            raise ObservationError(
                f"{OPTION} {self.address}",
                got=got,
                expected="an endpoint that serves until the end of the run",
                action="Start it again, and have `exitgate sweep` take down what it kept of the run.",
            )


def check_endpoint(url: str) -> str:
    """Return an address without what is not needed of it, once it has answered.

    Raises:
        UsageError: if it is none, leads to the internet, or nothing that speaks AWS's API answers in time.
    """
    address = _address(url)
    got = _silence(client_of(address, "sts", "us-east-1", SPARE[0], timeout_s=_FIRST_ANSWER_S))
    if got:
        raise _refused(got, "Start the emulator, or correct the address.")
    return address


def given_endpoint(address: str, region: str, run_id: str) -> GivenEndpoint:
    """Return the endpoint, with accounts that nobody but this run has."""
    name, version = _told(address)
    return GivenEndpoint(address=address, region=region, numbers=_numbers(run_id), name=name, version=version)


def _numbers(run_id: str) -> tuple[str, ...]:
    """Draw numbers of twelve digits from a run's id, none of which begins with 0 or is one that examples and defaults use."""
    drawn = (int(hashlib.sha256(f"{run_id} {number}".encode()).hexdigest(), 16) for number in range(_DRAWN))
    return tuple(str(3 * 10**11 + each % (6 * 10**11)) for each in drawn)


def _address(url: str) -> str:
    # Neither parts nor port are quoted: a mistake may hold a password.
    form = "Write http://HOST:PORT."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _refused("an address that can't be read", form) from None
    if parts.scheme not in ("http", "https") or not host:
        raise _refused("an address that can't be read", form)
    if parts.username or parts.password or "@" in parts.netloc:
        raise _refused("an address with somebody's name or password in it", form)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise _refused("an address with more than a host and a port", form)
    _refuse_public(host, port or (443 if parts.scheme == "https" else 80))
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}"


def _refuse_public(host: str, port: int) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _refused(f"a host that nobody knows: {one_line(host, 80)}", "Correct the address.") from None
    for *_, where in found:
        ip = ipaddress.ip_address(str(where[0]).partition("%")[0])
        plain = getattr(ip, "ipv4_mapped", None) or ip
        if not any(plain in network for network in _NETWORKS if network.version == plain.version):
            raise _refused(
                f"{one_line(host, 80)} is {plain}, which is neither loopback nor private",
                "Run an emulator on this machine or network; a real account is named by --aws-account.",
            )


def _silence(sts: Any) -> str:
    """Return why a client of its security tokens gets no answer of AWS's API in time; empty where it gets one."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        told = sts.get_caller_identity()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("SignatureDoesNotMatch", "InvalidSignature"):
            return f'it wants another secret than "{ROOT_SECRET}" of an account\'s root'
        return f"its answer is an error: {one_line(str(error), 160)}"
    except (BotoCoreError, http.client.HTTPException, ValueError) as error:
        return one_line(f"no answer of AWS's API: {error}", 200)
    except (ResponseParserError, KeyError, TypeError, AttributeError):
        # The last ones are what botocore (1.43) makes of a page that is well-formed and something else.
        told = None
    if not isinstance(told, Mapping) or not told.get("Account"):
        return "what answers there does not speak AWS's API"
    return ""


def _told(address: str) -> tuple[str, str]:
    """Return name and version as an emulator tells them; an answer that leads elsewhere is followed by nobody."""
    for path, name in _TELLING:
        try:
            return name, one_line(str(json.loads(_got(address, path))["version"]), 40)
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            continue
    return "endpoint of AWS's API", "unknown"


def _got(address: str, path: str) -> bytes:
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_ANSWER_TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.read(_LONGEST_TOLD) if answer.status == http.HTTPStatus.OK else b""
    finally:
        connection.close()


def _refused(got: str, action: str) -> UsageError:
    return UsageError(
        OPTION, got=one_line(got, 240), expected="an emulator of AWS at a loopback or private address", action=action
    )
