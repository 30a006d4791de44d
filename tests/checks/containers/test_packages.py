"""Rules on the npm packages of images against the lockfile."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from exitgate.checks.containers import development_packages, unlocked_packages
from exitgate.observe.contents import read_contents
from exitgate.observe.locked_contents import with_limits_of_image
from exitgate.observe.lockfiles import Locked, Lockfile
from tests.checks.containers.builders import SUBSTRATE
from tests.observe.archives import Member, archive, contents, engine_with, member, saved

LOCKFILE = Lockfile(
    substrate=SUBSTRATE,
    path="package-lock.json",
    locked=frozenset(
        Locked(name=name, version=version) for name, version in (("run", "1.0.0"), ("run", "0.9.0"), ("test", "2.0.0"))
    ),
    needed=frozenset({Locked(name="run", version="1.0.0")}),
    only_for_development=frozenset({Locked(name="test", version="2.0.0")}),
)


def package(name: str, version: str, inside: str = "app") -> Member:
    return member(f"{inside}/node_modules/{name}/package.json", json.dumps({"name": name, "version": version}).encode())


def test_an_image_of_what_is_needed_has_no_finding() -> None:
    for members in ((package("run", "1.0.0"), package("run", "0.9.0", "app/node_modules/x")), ()):
        seen = contents(archive(*members))
        assert development_packages(seen, LOCKFILE) == []
        assert unlocked_packages(seen, LOCKFILE) == []


def test_a_package_that_only_development_needs_is_a_finding() -> None:
    seen = contents(archive(package("run", "1.0.0"), package("test", "2.0.0")))
    (finding,) = development_packages(seen, LOCKFILE)
    assert finding.location == "image:/app/node_modules/test"
    assert finding.message == "the image holds test, which only development needs"
    assert unlocked_packages(seen, LOCKFILE) == []


def test_a_package_of_another_version_is_a_finding_that_names_the_locked_ones() -> None:
    (finding,) = unlocked_packages(contents(archive(package("run", "1.0.1"))), LOCKFILE)
    assert finding.location == "image:/app/node_modules/run"
    assert (finding.expected, finding.got) == ("0.9.0 or 1.0.0", "1.0.1")


def test_a_package_that_nobody_locked_or_that_says_no_version_is_a_finding() -> None:
    stranger, silent = package("stranger", "1.0.0"), member("app/node_modules/run/package.json", b"{")
    findings = unlocked_packages(contents(archive(stranger, silent)), LOCKFILE)
    assert [(finding.expected, finding.got) for finding in findings] == [
        ("0.9.0 or 1.0.0", "no version in its package.json"),
        ("no such package", "1.0.0"),
    ]


def test_a_package_that_was_moved_out_of_node_modules_is_one_all_the_same() -> None:
    manifest = member("app/vendor/test/package.json", b'{"name": "test", "version": "2.0.0"}')
    (finding,) = development_packages(contents(archive(manifest, member("app/vendor/test/index.js", b"x"))), LOCKFILE)
    assert finding.location == "image:/app/vendor/test"
    # A manifest alone is there for the install: nothing of the package is.
    assert development_packages(contents(archive(manifest)), LOCKFILE) == []


def test_a_version_may_be_written_with_a_letter_before_it() -> None:
    assert unlocked_packages(contents(archive(package("run", "v1.0.0"), package("test", " 2.0.0"))), LOCKFILE) == []


def test_what_a_base_image_of_ones_own_brings_is_judged_and_npm_of_a_public_one_is_not() -> None:
    base = archive(package("test", "2.0.0"), package("test", "2.0.0", "usr/local/lib/node_modules/npm"))
    engine = engine_with(
        [saved(base, archive(package("run", "1.0.0")))], base=[f"sha256:{hashlib.sha256(base).hexdigest()}"]
    )
    seen = read_contents(engine, "sha256:x", ("base",), SUBSTRATE)
    assert [finding.location for finding in development_packages(seen, LOCKFILE)] == ["image:/app/node_modules/test"]
    assert unlocked_packages(seen, LOCKFILE) == []


def test_what_could_not_be_compared_is_a_limit() -> None:
    other = Locked(name="other", version="1.0.0")
    lockfile = replace(LOCKFILE, locked=LOCKFILE.locked | {other})
    limits = with_limits_of_image(lockfile, contents(archive(package("other", "1.0.0")))).substrate.limits
    assert limits == (
        "1 packages that the workload needs have no manifest in the image, and could not be compared: run@1.0.0",
        "1 packages of the image are needed by other workspaces alone: other@1.0.0",
    )
    assert with_limits_of_image(LOCKFILE, contents(archive(package("run", "1.0.0")))).substrate.limits == ()
