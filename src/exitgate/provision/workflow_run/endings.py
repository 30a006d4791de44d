"""What the jobs of a run leave in their workspaces, noted at the end of each: act removes the workspace with the job.

A step that sets up Node.js has an end of its own on GitHub, which comes after all other steps; the stand-in's end lists the
files of some folders, and fails for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import ObservationError
from exitgate.provision.confined import Quarters

ACTION = "exitgate/ending@v1"
"""By which the stand-in for setting up Node.js calls it."""
_ACTION = "name: a stand-in of exitgate's\nruns: {using: node20, main: main.js, post: post.js, post-if: always()}\n"
_POST = """\
const { createHash, randomBytes } = require("crypto"), fs = require("fs"), path = require("path");
const { folders, store } = %s;
const files = {};
const list = (root, name) => {
  for (const each of fs.readdirSync(path.join(root, name), { withFileTypes: true })) {
    const inside = path.posix.join(name, each.name);
    if (each.name === "node_modules") continue;
    if (each.isDirectory()) list(root, inside);
    if (!each.isFile()) continue;
    const content = fs.readFileSync(path.join(root, inside));
    files[inside] = { bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
  }
};
try {
  const root = process.env.GITHUB_WORKSPACE;
  for (const each of folders) if (fs.existsSync(path.join(root, each))) list(root, each);
  const name = path.join(store, randomBytes(8).toString("hex"));
  fs.writeFileSync(name, JSON.stringify({ job: process.env.GITHUB_JOB, files }));
  fs.renameSync(name, name + ".json");
} catch (error) { console.log("exitgate: what the job left can't be listed:", error.message); }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftFile:
    """A file that lay in a workspace at the end of its job."""

    path: str
    """From the root of the checkout."""
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnding:
    """What a leg of a job left of the folders that were asked for."""

    job: str
    files: tuple[LeftFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endings:
    """Notes what jobs leave. Made by `note_endings`."""

    folders: tuple[str, ...]
    """From the root of the checkout."""
    store: Path

    def write_action(self, folder: Path) -> str:
        """Write the action that notes it; return it as act's ``--local-repository`` takes it."""
        folder.mkdir()
        (folder / "action.yml").write_text(_ACTION, encoding="utf-8")
        (folder / "main.js").write_text("", encoding="utf-8")
        told = json.dumps({"folders": self.folders, "store": str(self.store)})
        (folder / "post.js").write_text(_POST % told, encoding="utf-8")
        return f"{ACTION}={folder}"

    def read(self) -> Iterator[JobEnding]:
        """Yield what was noted, sorted by job.

        Raises:
            ObservationError: if a note can't be read.
        """
        notes = []
        for file in sorted(self.store.glob("*.json")):
            try:
                said = json.loads(file.read_text(encoding="utf-8"))
                files = tuple(LeftFile(path=path, **each) for path, each in sorted(said["files"].items()))
                notes.append(JobEnding(job=str(said["job"]), files=files))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ObservationError(
                    "the end of a job",
                    got=f"a note that can't be read: {error}",
                    expected="a list of files",
                    action="Report this to exitgate.",
                ) from error
        yield from sorted(notes, key=lambda note: note.job)


def note_endings(place: Quarters, folders: Sequence[str]) -> Endings:
    """Make room for notes in the quarters.

    Args:
        folders: Of which every file is listed, but for what lies in node_modules.
    """
    store = place.folder / f"endings-{len(list(place.folder.glob('endings-*')))}"
    store.mkdir(mode=0o700)
    place.hand_over(store)
    return Endings(folders=tuple(folders), store=store)
