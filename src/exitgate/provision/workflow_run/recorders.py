"""Stand-ins for nx and npx that run no task, and tell which commits Nx would have compared: by its flags, variables and settings.

Source: https://nx.dev/docs/reference/nx-commands#nx-affected; Nx takes the merge base of the two.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from exitgate.provision.confined import Quarters

SAYS_RANGE = "exitgate-range"
"""First word of the line; base, head and their merge base follow, each a commit, or ``-`` where it is not in the checkout."""
_NX = """\
#!/bin/sh
# A stand-in of exitgate's: it runs nothing.
base= head= before=
for word in "$@"; do
  case $before in --base) base=$word ;; --head) head=$word ;; esac
  case $word in --base=*) base=${{word#*=}} ;; --head=*) head=${{word#*=}} ;; affected | affected:*) asked=yes ;; esac
  before=$word
done
[ "${{asked-}}" ] || exit 0
base=${{base:-${{NX_BASE:-{default}}}}} head=${{head:-${{NX_HEAD:-HEAD}}}}
base=$(git rev-parse --quiet --verify "$base^{{commit}}") || base=-
head=$(git rev-parse --quiet --verify "$head^{{commit}}") || head=-
both=$(git merge-base "$base" "$head" 2>/dev/null) || both=-
echo '{says}' "$base" "$head" "$both"
"""


def write_recorders(place: Quarters, clone: Path) -> Path:
    """Write them in the quarters, for a clone whose nx.json says what Nx compares by default; return their folder."""
    folder = place.folder / f"recorders-{len(list(place.folder.glob('recorders-*')))}"
    folder.mkdir(mode=0o755)
    for name in ("nx", "npx"):
        file = folder / name
        file.write_text(_NX.format(default=shlex.quote(_default_base(clone)), says=SAYS_RANGE), encoding="utf-8")
        file.chmod(0o755)
    return folder


def _default_base(clone: Path) -> str:
    try:
        said = json.loads((clone / "nx.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        said = {}
    said = said if isinstance(said, dict) else {}
    older = said.get("affected")
    found = said.get("defaultBase") or (older.get("defaultBase") if isinstance(older, dict) else None)
    return found if isinstance(found, str) else "main"
