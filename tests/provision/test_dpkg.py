"""Which packages own files, by a dpkg of this machine's own or by a stand-in for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.observe.packages import OsPackage, os_packages, owned_files
from exitgate.provision.dpkg import package_records

QUERY = r"""#!/bin/sh
if [ "$1" = --search ]; then
  echo "diversion by dash from: /bin/sh"
  for name in "$@"; do
    case $name in
      /lib/libc.so.6) echo "libc6:amd64: $name" ;;
      /usr/bin/both) echo "one, two: $name" ;;
    esac
  done
  exit 1
fi
printf 'Package: libc6\nVersion: 2.36-9\nSource: glibc (2.36-9)\n\nPackage: one\nVersion: 1:2.0-1\nSource: one (1:2.0-1)\n\n'
"""


@pytest.fixture
def dpkg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    query = tmp_path / "dpkg-query"
    query.write_text(QUERY)
    query.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


def test_owned_files_are_told_as_a_distroless_image_tells_them(dpkg: None, tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.write_bytes(b"library")
    told = dict(
        package_records(
            {"/usr/lib/libc.so.6": content, "/lib/libc.so.6": content, "/usr/bin/both": content, "/opt/own": content}
        )
    )
    assert set(os_packages(told)) == {
        OsPackage(name="libc6", version="2.36-9", source="dpkg"),
        OsPackage(name="one", version="1:2.0-1", source="dpkg"),
    }
    assert owned_files(told) >= {"/usr/lib/libc.so.6", "/lib/libc.so.6", "/usr/bin/both"}
    assert "/opt/own" not in owned_files(told)
    assert told["/var/lib/dpkg/status.d/one.md5sums"].decode().endswith("  usr/bin/both\n")


def test_files_of_no_package_are_told_of_by_none(dpkg: None, tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.write_bytes(b"own")
    assert set(os_packages(dict(package_records({"/opt/own": content})))) == set()


def test_without_dpkg_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list(package_records({"/bin/sh": Path("/bin/sh")})) == []
