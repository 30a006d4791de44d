"""Where a run keeps the files that show what it saw: named by content, bounded in size."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from exitgate.atomic import write_atomically
from exitgate.provenance import Evidence
from exitgate.redaction import redact_bytes

FOLDER = "evidence"
_LARGEST_BYTES = 4 * 1024 * 1024
_BEYOND_BYTES = 64 * 1024
_CUT = b"\n[cut here by exitgate: the file was longer]\n"


@dataclass(frozen=True, slots=True)
class EvidenceFolder:
    """The evidence of one run, beside its record."""

    report_directory: Path

    def keep(self, name: str, content: str | bytes) -> Evidence:
        """Keep a file without its secrets and return how the record names it; of more than 4 MiB the first part.

        Raises:
            EvidenceError: if the disk is full.
        """
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        # A little beyond the cut is looked at, so that no secret is missed for being cut in two.
        data = redact_bytes(data[: _LARGEST_BYTES + _BEYOND_BYTES])
        if len(data) > _LARGEST_BYTES:
            data = data[:_LARGEST_BYTES] + _CUT
        digest = hashlib.sha256(data).hexdigest()
        path = Path(FOLDER) / f"{digest[:12]}-{name}"
        if not (self.report_directory / path).exists():
            write_atomically(self.report_directory / path, data)
        return Evidence(name=name, sha256=digest, path=path.as_posix())
