"""The benchmarks as a package: they are never installed, so that the checkout has to be on the path while Python finds them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
try:
    import benchmarks  # noqa: F401
finally:
    # Everything else in the checkout has its name already, and must not get a second one.
    del sys.path[0]
