"""What ``npm ci`` made once is given again to the same files, under the same Node.js; anything else is npm's own to do.

A run of CI installs the same packages once a job, for minutes. The stand-in for npm knows what it gives by every lockfile,
package.json and .npmrc, Node's version and the words of the command, so that whatever an install could object to is
still objected to: the first install of anything is real. Scripts of a package.json that no install knows, e.g. ``build``, are
let out of account. Files are shared by hard links; `Installs.changed` tells of any
that a run wrote to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exitgate.provision.confined import Quarters

KEY_ASKED = "EXITGATE_INSTALL_KEY"
"""Set, it has the stand-in say by what an install is known, and install nothing."""
# Only installs that run no script of a package: those may leave something elsewhere.
_NPM = """\
#!/bin/sh
# A stand-in of exitgate's: what `npm ci` made once is given again.
own='{own}' store='{store}'
rest=$(printf '%s' "$PATH" | tr ':' '\\n' | grep -vxF "$own" | paste -sd: -)
PATH=$rest; export PATH
case "$*" in 'ci --ignore-scripts' | 'ci --ignore-scripts '*) ;; *) exec npm "$@" ;; esac
[ -f package-lock.json ] && [ -f package.json ] || exec npm "$@"
listed=$(find . \\( -name node_modules -o -name .git \\) -prune -o \\
  \\( -name package.json -o -name package-lock.json -o -name npm-shrinkwrap.json -o -name .npmrc \\) -type f -print | LC_ALL=C sort)
told=$(printf '%s\\n' "$listed" | node "$own/contents.cjs") || exec npm "$@"
key=$({{ node --version; printf '%s\\n' "$*" "$listed" "$told"; }} | sha256sum | cut -c1-24)
[ "${{{asked}-}}" ] && {{ echo "$key"; exit 0; }}
[ -n "$key" ] || exec npm "$@"
find . -name .git -prune -o -name node_modules -type d -prune -exec rm -rf {{}} +
if [ -d "$store/$key" ]; then
  cp -al "$store/$key/." . || exit 1
  echo "exitgate: the packages of an equal install ($key)"
  exit 0
fi
npm "$@" || exit
made=$(mktemp -d "$store/.new-XXXXXX") || exit 0
find . -name .git -prune -o -name node_modules -type d -prune -print | while read -r each; do
  mkdir -p "$made/$(dirname "$each")" && cp -al "$each" "$made/$each" || exit 1
done && chmod 0755 "$made" && mv -T "$made" "$store/$key" 2>/dev/null || rm -rf "$made"
exit 0
"""

_CONTENTS = """\
// Prints a digest of each file that is named on standard input, of a package.json without scripts that no install runs.
const fs = require("fs"), { createHash } = require("crypto"), path = require("path");
const OF_INSTALLS = /install|prepare|prepublish|pack|dependencies/;
for (const name of fs.readFileSync(0, "utf8").split("\\n").filter(Boolean)) {
  let content = fs.readFileSync(name);
  if (path.basename(name) === "package.json") {
    try {
      const said = JSON.parse(content.toString("utf8"));
      for (const [script, text] of Object.entries(said.scripts))
        if (typeof text === "string" && !OF_INSTALLS.test(script)) delete said.scripts[script];
      content = JSON.stringify(said);
    } catch { /* It has no scripts, or is none: then every letter counts. */ }
  }
  console.log(createHash("sha256").update(content).digest("hex"));
}
"""


@dataclass(slots=True)
class Installs:
    """The packages that were installed so far. Made by `keep_installs`."""

    programs: Path
    """A folder to put first on PATH."""
    store: Path
    """A folder for each install, named by what is known of it."""
    _seen: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)

    def has(self, keys: Sequence[str]) -> bool:
        """Say whether each of some installs was made."""
        return all(key and (self.store / key).is_dir() for key in keys)

    def changed(self) -> str:
        """Return a file that was written to since it was installed, from its node_modules on; empty where none was."""
        for folder in sorted(self.store.iterdir()):
            now = dict(_written(str(folder), len(str(folder)) + 1))
            before = self._seen.setdefault(folder.name, now)
            for name in sorted(before.keys() | now.keys()):
                if before.get(name) != now.get(name):
                    return name
        return ""


def _written(folder: str, skip: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield each file below a folder, without the first characters of its path, with its size and when it was written last."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _written(entry.path, skip)
            elif entry.is_file(follow_symlinks=False):
                info = entry.stat(follow_symlinks=False)
                yield entry.path[skip:], (info.st_size, info.st_mtime_ns)


def keep_installs(place: Quarters) -> Installs:
    """Make the stand-in for npm, and room for what is installed, in the quarters."""
    programs, store = place.folder / "programs", place.folder / "installed"
    programs.mkdir(mode=0o755)
    store.mkdir(mode=0o700)
    place.hand_over(store)
    npm = programs / "npm"
    npm.write_text(_NPM.format(own=programs, store=store, asked=KEY_ASKED), encoding="utf-8")
    npm.chmod(0o755)
    contents = programs / "contents.cjs"
    contents.write_text(_CONTENTS, encoding="utf-8")
    contents.chmod(0o644)
    return Installs(programs=programs, store=store)
