"""Two builds compared, and what is said of their differences."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest

from exitgate.checks.containers import irreproducible_builds
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observe.contents import contents_of
from exitgate.observe.differences import Difference, Rebuild, compare_builds, read_rebuild
from exitgate.observe.saved_image import read_saved_image
from tests.checks.containers.builders import SUBSTRATE, build
from tests.observe.archives import Member, archive, engine_with, folder, link, member, saved

BASE = (member("base", b"x"),)
OWN = (
    folder("app"),
    member("app/main.js", b"x", mtime=5),
    member("app/other.js", b"y"),
    link("app/l", tarfile.SYMTYPE, "main.js"),
)


def compare(
    tmp_path: Path, *second: Member, base: tuple[Member, ...] = BASE, more: tuple[Member, ...] = (), **config: Any
) -> Rebuild:
    def image(layers: tuple[tuple[Member, ...], ...], own: dict[str, Any]) -> Any:
        sent = saved(*(archive(*layer) for layer in layers if layer))
        return contents_of(read_saved_image([sent], lambda _: False), "sha256:x", own, 1, SUBSTRATE)

    first = image((BASE, OWN), {"Env": ["A=1"], "Labels": {"exitgate.run": "1"}})
    other = image((base, second, more), {"Env": ["A=1"], "Labels": {"exitgate.run": "2"}, **config})
    return compare_builds("orders", first, other, SUBSTRATE, EvidenceFolder(tmp_path))


def changed(name: str, content: bytes = b"", **facts: Any) -> tuple[Member, ...]:
    made = member(name, content, **facts)
    return tuple(made if info.name == name else (info, data) for info, data in OWN)


def aspects(rebuild: Rebuild) -> list[tuple[str, str]]:
    return [(each.place, each.aspect) for each in rebuild.differences]


def test_equal_builds_have_no_difference_and_are_kept_as_evidence(tmp_path: Path) -> None:
    rebuild = compare(tmp_path, *OWN)
    assert (rebuild.differences, rebuild.compared) == ((), 4)
    assert irreproducible_builds(rebuild) == []
    assert (tmp_path / rebuild.evidence[0].path).is_file()


def test_labels_of_the_run_differ_and_no_others_may(tmp_path: Path) -> None:
    rebuild = compare(tmp_path, *OWN, Labels={"exitgate.run": "2", "exitgate.owner": "b", "exitgate.built": "now"})
    assert aspects(rebuild) == [("label exitgate.built", "configuration")]


@pytest.mark.parametrize(
    ("second", "place", "aspect"),
    [
        (changed("app/main.js", b"z", mtime=5), "/app/main.js", "content"),
        (changed("app/main.js", b"x", mtime=5, mode=0o600), "/app/main.js", "mode"),
        (changed("app/main.js", b"x", mtime=5, uid=7), "/app/main.js", "owner"),
        (changed("app/l", type=tarfile.SYMTYPE, linkname="other.js", mode=0o777), "/app/l", "link"),
        (OWN[:2] + OWN[3:], "/app/other.js", "presence"),
        ((*OWN, member("app/new", b"x")), "/app/new", "presence"),
    ],
)
def test_each_difference_that_means_something_is_a_finding(
    second: tuple[Member, ...], place: str, aspect: str, tmp_path: Path
) -> None:
    rebuild = compare(tmp_path, *second)
    assert aspects(rebuild) == [(place, aspect)]
    (finding,) = irreproducible_builds(rebuild)
    assert finding.location == f"image:{place}"
    assert finding.message == f"two builds of the same commit differ in the {aspect} of {place}"


@pytest.mark.parametrize(
    ("second", "aspect"),
    [(changed("app/main.js", b"x", mtime=6), "time"), ((OWN[0], OWN[2], OWN[1], OWN[3]), "order")],
)
def test_times_and_order_are_told_and_not_judged(second: tuple[Member, ...], aspect: str, tmp_path: Path) -> None:
    rebuild = compare(tmp_path, *second)
    assert [each.aspect for each in rebuild.differences] == [aspect]
    assert irreproducible_builds(rebuild) == []


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"Env": ["A=2"]}, "Env"),
        ({"User": "1"}, "User"),
        ({"Labels": {"built": "now"}}, "label built"),
        ({"Cmd": ["x"]}, "Cmd"),
    ],
)
def test_a_configuration_that_differs_is_a_finding(config: dict[str, Any], place: str, tmp_path: Path) -> None:
    rebuild = compare(tmp_path, *OWN, **config)
    assert aspects(rebuild) == [(place, "configuration")]
    assert len(irreproducible_builds(rebuild)) == 1


def test_another_base_image_is_a_finding(tmp_path: Path) -> None:
    assert aspects(compare(tmp_path, *OWN, base=(member("base", b"y"),))) == [("base image", "content")]


def test_another_number_of_layers_is_a_finding_and_what_they_come_to_is_compared(tmp_path: Path) -> None:
    rebuild = compare(tmp_path, *OWN[:3], more=(member("app/l", b"x"),))
    assert aspects(rebuild) == [
        ("layers", "presence"),
        ("/app/l", "kind"),
        ("/app/l", "content"),
        ("/app/l", "mode"),
        ("/app/l", "link"),
    ]


def test_something_that_only_one_of_them_hides_is_a_finding(tmp_path: Path) -> None:
    assert aspects(compare(tmp_path, *OWN, member(".wh.base"))) == [("/base", "presence")]


def test_of_many_differences_the_first_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    second = (*OWN, *(member(f"app/chunk-{index:02}", b"x") for index in range(15)))
    findings = irreproducible_builds(compare(tmp_path, *second))
    assert len(findings) == 11
    assert findings[-1].message == "two builds of the same commit differ in 5 more places"


def test_a_build_that_fails_the_second_time_is_a_finding(tmp_path: Path) -> None:
    failed = build(image_id="", failure="npm ci failed", failed_at="Dockerfile:7")
    first = contents_of(read_saved_image([saved(archive(*OWN))], lambda _: False), "sha256:x", {}, 0, SUBSTRATE)
    (finding,) = irreproducible_builds(read_rebuild(engine_with([]), failed, first, EvidenceFolder(tmp_path)))
    assert (finding.location, finding.got) == ("Dockerfile:7", "npm ci failed")
    assert "not again" in finding.message


def test_what_is_not_judged_is_said_as_a_limit(tmp_path: Path) -> None:
    sent = saved(archive(*changed("app/main.js", b"x", mtime=6)))
    first = contents_of(read_saved_image([saved(archive(*OWN))], lambda _: False), "sha256:y", {}, 0, SUBSTRATE)
    rebuild = read_rebuild(engine_with([sent]), build(image_id="sha256:x"), first, EvidenceFolder(tmp_path))
    assert rebuild.differences == (Difference(place="/app/main.js", aspect="time", first="5", second="6"),)
    assert "the two differ in the time of files, which is not judged" in rebuild.substrate.limits
