"""The emulator's process: on one port of loopback, in a folder of its own, with nobody's credentials, ended with the block."""

from __future__ import annotations

import functools
import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, ProvisionError, one_line
from exitgate.process import RUN_VARIABLE, scrubbed_environment
from exitgate.provision.emulator.endpoint import SPARE
from exitgate.provision.emulator.installation import Installation
from exitgate.provision.scratch import make_scratch_folder, remove_scratch_folder
from exitgate.run import Run
from exitgate.waiting import wait_for

_HOST: Final = "127.0.0.1"
_START_TIMEOUT_S, _STOP_TIMEOUT_S, _ANSWER_TIMEOUT_S = 30.0, 5.0, 10.0
_START: Final = Path(__file__).with_name("answering_once.py")
_HEALTH: Final = "/_ministack/health"
ROOT_SECRET: Final = "emulator"  # noqa: S105 - of a root that exists on loopback, and as long as the run
ACCOUNTS: Final = ("111111111111", "222222222222")
"""Those of a run's own emulator that get a stack."""
_MAKING: Final = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """An emulator that serves on loopback. An account is a namespace: the access key that a request is signed with."""

    installation: Installation
    port: int
    region: str
    """The region in which it is asked."""
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://{_HOST}:{self.port}"

    @property
    def name(self) -> str:
        """What serves there."""
        return self.installation.name

    @property
    def version(self) -> str:
        """The version that is installed."""
        return self.installation.version

    @property
    def place(self) -> str:
        """Where it is, in words."""
        return "on loopback"

    @property
    def accounts(self) -> tuple[str, ...]:
        """The two that get the stack."""
        return ACCOUNTS

    @property
    def spare(self) -> tuple[str, ...]:
        """Three in which things are tried out."""
        return SPARE

    @property
    def outlives_the_run(self) -> bool:
        """It ends with the run, and all that stands on it."""
        return False

    @property
    def assurance(self) -> Assurance:
        """An emulator's."""
        return Assurance.EMULATED

    @property
    def environment(self) -> Mapping[str, str]:
        """Its address."""
        return {"AWS_ENDPOINT_URL": self.endpoint}

    def client(self, service: str, key: str, secret: str = ROOT_SECRET, token: str | None = None) -> Any:
        """Return a client of boto3 for a service; the user's own configuration takes no part.

        Args:
            service: As botocore calls it.
            key: An account of twelve digits, whose root asks, or the access key of an identity, with its secret and token.
            secret: The secret of the key.
            token: Of a session; None for users.
        """
        return client_of(self.endpoint, service, self.region, key, secret, token)

    def last_words(self, lines: int = 3) -> str:
        """Return the end of its log, on one line."""
        return _last_words(self.folder / "emulator.log", lines)

    def check(self) -> None:
        """See that it still serves.

        Raises:
            ObservationError: if its process has ended, or does not answer.
        """
        code = self.process.poll()
        if code is None and _answers(self.port, _ANSWER_TIMEOUT_S):
            return
        state = f"ended with exit code {code}" if code is not None else f"no answer within {_ANSWER_TIMEOUT_S:g} s"
        raise ObservationError(
            f"emulator {self.installation.name} {self.installation.version}",
            got=one_line(f"{state}; it said last: {self.last_words()}", 300),
            expected="it to serve until the end of the run",
            action="Look whether this machine has memory left; run again.",
        )


def client_of(
    endpoint: str,
    service: str,
    region: str,
    key: str,
    secret: str = ROOT_SECRET,
    token: str | None = None,
    *,
    timeout_s: float = _ANSWER_TIMEOUT_S * 3,
) -> Any:
    """Return a client of boto3 that asks an endpoint and nobody else, whatever the user's configuration says.

    Args:
        endpoint: Its address.
        service: As botocore calls it.
        region: In which it is asked.
        key: An account of twelve digits, or the access key of an identity.
        secret: The secret of the key.
        token: Of a session; None for users.
        timeout_s: Seconds within which each of two tries is answered.
    """
    from botocore.config import Config

    config = Config(
        connect_timeout=_ANSWER_TIMEOUT_S,
        read_timeout=timeout_s,
        retries={"total_max_attempts": 2},
        proxies={},
        s3={"addressing_style": "path"},
        inject_host_prefix=False,
    )
    # Sessions are not safe to share between threads; what they make is.
    with _MAKING:
        return _session().create_client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=config,
        )


@functools.cache
def _session() -> Any:
    """Return a session that looks neither at the user's files nor at their variables: a profile of theirs is another account."""
    import botocore.session

    none = {"profile": None, "config_file": os.devnull, "credentials_file": os.devnull}
    return botocore.session.Session(session_vars={key: (None, None, value, None) for key, value in none.items()})


@contextmanager
def throwaway_emulator(run: Run, installation: Installation, region: str) -> Iterator[Emulator]:
    """Start an emulator on a free port of 127.0.0.1, and end it at the end of the block.

    Raises:
        ProvisionError: if it does not serve in time, or can't be ended.
    """
    folder = make_scratch_folder(run.id, run.owner)
    try:
        port = _free_port()
        with (folder / "emulator.log").open("wb") as log, _running(run, installation, folder, port, log) as process:
            _await(process, installation, folder, port)
            yield Emulator(installation=installation, port=port, region=region, process=process, folder=folder)
    finally:
        remove_scratch_folder(folder)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((_HOST, 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def _running(
    run: Run, installation: Installation, folder: Path, port: int, log: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    environment = scrubbed_environment(
        {
            RUN_VARIABLE: f"{run.id}@{run.owner}",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "GATEWAY_PORT": str(port),
            # Without these it listens on every interface and on ports of further services (1.5.33).
            "BIND_HOST": _HOST,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # It would start containers that nobody has labelled.
            "DOCKER_HOST": f"unix://{folder}/no-engine",
            # Enforced from the start: who signs with an account's number is its root, and everybody else needs rights.
            "AUTH": "true",
            "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
    )
    process = subprocess.Popen(
        # -P: nothing that lies beside that file is a module of it.
        [str(installation.python), "-P", str(_START), installation.name],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=environment,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_TIMEOUT_S)
    # What it may have left of its group ends with it.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(_STOP_TIMEOUT_S)


def _await(process: subprocess.Popen[bytes], installation: Installation, folder: Path, port: int) -> None:
    started = time.monotonic()
    _, serves = wait_for(
        lambda: process.poll() is None and _answers(port, 1.0),
        until=lambda answered: answered or process.poll() is not None,
        timeout_s=_START_TIMEOUT_S,
        interval_s=0.1,
    )
    if serves and process.poll() is None:
        return
    code = process.poll()
    state = f"it ended with exit code {code}" if code is not None else "it does not serve"
    raise ProvisionError(
        f"emulator {installation.name} {installation.version}",
        got=one_line(
            f"{state} after {time.monotonic() - started:.0f} s; it said last: {_last_words(folder / 'emulator.log')}",
            300,
        ),
        expected=f"an answer on {_HOST}:{port} within {_START_TIMEOUT_S:g} s",
        action="Look whether this machine has room for it; `exitgate sweep --cache` has it installed anew.",
    )


def _answers(port: int, timeout_s: float) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=timeout_s)
    try:
        connection.request("GET", _HEALTH)
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _last_words(path: Path, lines: int = 3) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "nothing"
    said = [line.strip() for line in text.splitlines() if line.strip()]
    return one_line(" / ".join(said[-lines:]) or "nothing", 240)
