"""Whether an image can be had: from the engine, or else from its registry."""

from __future__ import annotations

from typing import Literal

from exitgate.errors import ObservationError, PrerequisiteMissing, one_line
from exitgate.process import run_tool
from exitgate.provision.engine import Builder, Engine, client_environment

_PULL_TIMEOUT_S = 300.0
_ABSENT = ("not found", "manifest unknown", "no such manifest", "repository does not exist", "invalid reference format")


def obtain(engine: Engine, builder: Builder, reference: str) -> tuple[Literal["here", "absent", "unreachable"], str]:
    """Make sure that the engine has an image.

    Returns:
        ``here``; ``absent`` where the registry says that it has none of that name; ``unreachable`` where no registry answers;
        with the words of whoever said so.
    """
    from docker.errors import DockerException, ImageNotFound

    try:
        engine.client.images.get(reference)
    except ImageNotFound:
        pass
    except DockerException as error:
        return "unreachable", one_line(str(error), 120)
    else:
        return "here", ""
    try:
        pulled = run_tool(
            [builder.executable, "pull", "--quiet", reference],
            timeout_s=_PULL_TIMEOUT_S,
            environment=client_environment(engine.address),
        )
    except ObservationError as error:
        return "unreachable", one_line(error.got, 120)
    if pulled.exit_code == 0:
        return "here", ""
    words = pulled.last_words
    absent = any(sign in words for sign in _ABSENT) and "lookup" not in words and "dial" not in words
    return ("absent" if absent else "unreachable"), one_line(words, 160)


def require(engine: Engine, builder: Builder, reference: str, where: str) -> None:
    """Make sure that the engine has an image which was built from.

    Raises:
        PrerequisiteMissing: if it can be had no more.
    """
    state, words = obtain(engine, builder, reference)
    if state != "here":
        raise PrerequisiteMissing(
            where,
            got=f"{reference} can't be pulled ({words})",
            expected="the image that programs may have been copied from, to compare them with",
            action="Connect to the registry, or `docker load` the image.",
        )
