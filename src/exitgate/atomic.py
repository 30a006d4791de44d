"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from exitgate.errors import EvidenceError


def write_atomically(path: Path, content: str | bytes, *, durable: bool = True) -> Path:
    """Write a file beside its place and rename it into it.

    Args:
        path: Of the file; its folder is made.
        content: What it is to hold.
        durable: Wait until the disk has it; of no use for what can be made again.

    Raises:
        EvidenceError: if the disk is full or the folder can't be written.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise EvidenceError(
            str(path),
            got=f"can't be written ({error.strerror})",
            expected="a folder with room that this user may write",
            action="Free some space, or name another place.",
        ) from error
    return path
