"""The contents of a saved image, read once in this process; prints as JSON what that took. `benchmarks.linear` starts it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from exitgate.assurance import Assurance
from exitgate.observation import Substrate
from exitgate.observe.contents import contents_of, kept_for_contents
from exitgate.observe.saved_image import read_saved_image
from exitgate.provision.image_archive import CHUNK_BYTES


def main() -> None:
    path = Path(sys.argv[1])
    before = _peak_mib()
    started, cpu = time.perf_counter(), time.process_time()
    with path.open("rb") as file:
        saved = read_saved_image(iter(lambda: file.read(CHUNK_BYTES), b""), kept_for_contents)
    contents = contents_of(saved, "sha256:none", {}, 0, Substrate(assurance=Assurance.EXECUTED, name="a saved image"))
    took = {"wall_s": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}
    print(json.dumps({**took, "peak_mib": _peak_mib(), "before_mib": before, "entries": len(contents.entries)}))


def _peak_mib() -> float:
    # Of this program alone: getrusage would add what its parent held when it started this one.
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()
