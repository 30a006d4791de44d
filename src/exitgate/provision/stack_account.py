"""One account, and the copy of a stack's code that is applied to it: each command within bounds, each failure one line."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from exitgate.errors import ExitgateError, ObservationError, PrerequisiteMissing, one_line
from exitgate.process import Completed
from exitgate.provision.diagnostics import error_in, without_colours
from exitgate.provision.emulator import ROOT_SECRET, ApiEndpoint
from exitgate.provision.stack_copy import variable_files
from exitgate.provision.terraform import Terraform
from exitgate.target import Emulated, Stack

_MEND: Final = "Mend the code, or leave out by [infrastructure.emulated.variables] what the emulator does not know."
_MEND_THERE: Final = "Mend the code, or what [infrastructure.sandbox] and the caller's rights allow there."
_SIGN: Final = f'Let [infrastructure.emulated] override sign as its root: the account as access_key, "{ROOT_SECRET}" as secret_key.'
_MADE_TWICE: Final = (
    "Run again with less beside it: the account was empty, so the emulator was asked twice, or the code makes it twice."
)
_UNKNOWN: Final = re.compile(
    r"StatusCode: 501\b|NotImplemented|not (?:yet )?(?:been )?implemented|not included (?:in|within)|UnknownOperation|"
    r"InvalidAction\b",
    re.IGNORECASE,
)
"""What emulators answer to what they don't know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account, and the copy of the code that is applied to it."""

    endpoint: ApiEndpoint
    number: str
    """Twelve digits."""
    stack: Stack
    """With the variables that it has there."""
    emulated: Emulated
    folder: Path
    """Of the copy and its logs."""
    kept: Path
    """Where states and plans are kept."""
    terraform: Terraform
    seconds: dict[str, float]
    """How long each step took, by its name; added to."""
    variables: Mapping[str, str] | None = None
    """In the place of the stack's own."""

    @property
    def connect(self) -> Callable[[str], Any]:
        """Makes a client of a service, as the account's root."""
        return functools.partial(_client, self.endpoint, self.number)

    def apply(self) -> None:
        """Apply the code."""
        self.step("apply", *("apply", "-auto-approve", "-input=false"), variables=True)

    def state(self, name: str) -> None:
        """Keep the state as JSON under a name."""
        self.step(f"{name} state", *("show", "-json"), output=self.kept / f"{name}.json")

    def plan(self, name: str, *how: str) -> None:
        """Plan on what stands there, and keep the plan as JSON under a name."""
        saved = self.folder / f"{name}.plan"
        self.step(name, *("plan", *how, "-input=false", f"-out={saved}"), variables=True)
        self.step(f"{name} as JSON", *("show", "-json", str(saved)), output=self.kept / f"{name}.json")

    def step(self, what: str, *words: str, variables: bool = False, output: Path | None = None) -> Completed:
        """Run a command that has to succeed.

        Raises:
            ObservationError: if it fails, or does not end in its time.
            PrerequisiteMissing: if an endpoint that was given does not know what it is asked.
        """
        said = self.try_step(what, *words, variables=variables, output=output)
        if said.exit_code != 0:
            told = error_in(said.stderr or said.stdout, self.terraform.places)
            raise self._failed(f"{self._subject(words[0], what)}", told, what)
        return said

    def try_step(self, what: str, *words: str, variables: bool = False, output: Path | None = None) -> Completed:
        """Run a command to its end, within bounds.

        Raises:
            ObservationError: if it does not end in its time, or what it asks has died.
        """
        log = output or self.folder / f"{what}.log"
        command, *options = words
        own = self.options() if variables else []
        bounded = replace(self.terraform, timeout_s=self.emulated.apply_timeout_s)
        with timed(self.seconds, f"{what} {self.number[0]}"):
            try:
                said = bounded.run(command, *options, *own, extra=self.endpoint.environment, output=log)
            except ObservationError as error:
                self.endpoint.check()
                raise ObservationError(
                    self._subject(command, what),
                    got=f"{error.got}; it said last: {self._last_words(log)}",
                    expected="an end in that time",
                    action=f"Look what it waits for; [infrastructure.{self._section}] apply_timeout_s sets the time.",
                ) from error
        if said.exit_code != 0:
            # What died is the reason for whatever the provider says of connections.
            self.endpoint.check()
        return (
            said
            if output
            else replace(said, stdout=self.terraform.redact(log.read_text(encoding="utf-8", errors="replace")))
        )

    def options(self, name: str = "own.tfvars") -> list[str]:
        """Return the options that give the code its variables, those of its own by a file of some name in the folder."""
        account = {self.emulated.account_variable: self.number}
        values = {**(self.variables if self.variables is not None else self.stack.variables), **account}
        (self.folder / name).unlink(missing_ok=True)
        return variable_files(self.terraform, self.folder, self.stack.model_copy(update={"variables": values}), name)

    @property
    def _section(self) -> str:
        return "emulated" if self.endpoint.spare else "sandbox"

    def _subject(self, command: str, what: str) -> str:
        where = (
            f"on {self.endpoint.name} {self.endpoint.version} {self.endpoint.place}"
            if self.endpoint.outlives_the_run
            else "on the emulator"
        )
        return f"{self.terraform.tool.name} {command} ({what}) of stack {self.emulated.stack} {where}"

    def _failed(self, subject: str, told: str, what: str) -> ExitgateError:
        if self.endpoint.outlives_the_run and self.endpoint.spare and _UNKNOWN.search(told):
            return unknown_there(subject, told)
        return ObservationError(
            subject,
            got=told,
            expected="it to end without an error",
            action=_advice(what, told) if self.endpoint.spare else _MEND_THERE,
        )

    def _last_words(self, log: Path) -> str:
        try:
            lines = without_colours(log.read_text(encoding="utf-8", errors="replace")).splitlines()
        except OSError:
            return "nothing"
        said = [line.strip() for line in lines if line.strip()]
        return one_line(self.terraform.redact(" / ".join(said[-3:])) or "nothing", 240)


def unknown_there(subject: str, told: str) -> PrerequisiteMissing:
    """Return the error that an endpoint which was given does not know what it is asked."""
    return PrerequisiteMissing(
        subject,
        got=f"what the endpoint does not know: {told}",
        expected="an endpoint that has all that the stack and its checks ask for",
        action="Name another one, or none: then an emulator of the run's own is started.",
    )


def is_unknown_there(error: BaseException | None) -> bool:
    """Say whether an error of botocore is an endpoint's that does not know the call."""
    return error is not None and type(error).__name__ == "ClientError" and _UNKNOWN.search(_words(error)) is not None


def _words(error: Any) -> str:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return f"StatusCode: {status} {error.response.get('Error', {}).get('Code')} {error}"


def _advice(what: str, error: str) -> str:
    if "SignatureDoesNotMatch" in error or "InvalidSignature" in error:
        return _SIGN
    # The account was empty. A request that the emulator answers late is made once more, and it has had it by then.
    return _MADE_TWICE if what == "apply" and "AlreadyExists" in error else _MEND


def _client(endpoint: ApiEndpoint, account: str, service: str) -> Any:
    return endpoint.client(service, account)


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Note how long a block takes."""
    started = time.monotonic()
    try:
        yield
    finally:
        seconds[name] = time.monotonic() - started
