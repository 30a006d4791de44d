"""What the wheel ships is what stands in src/: a package that is not listed is there in a checkout and nowhere else."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_package_of_the_source_is_shipped() -> None:
    read = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    source = ROOT / "src"
    there = {".".join(each.parent.relative_to(source).parts) for each in source.rglob("__init__.py")}
    assert there - set(read["tool"]["setuptools"]["packages"]) == set()
