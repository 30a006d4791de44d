"""Faults of 3.2.A.1: deployed images that are made of what nobody has reviewed."""

from __future__ import annotations

import re
from collections.abc import Callable

from exitgate.dockerfile import ImageUse, Stage
from exitgate.errors import TargetError
from exitgate.faults.fault import Fault, FaultSite, Inject
from exitgate.target import CONFIGURATION_FILE

_CONTROL = "3.2.A.1"
_OTHER_REPOSITORY = "docker.io/somebody/nodejs"


def _deployed(site: FaultSite) -> tuple[Stage, ImageUse]:
    stages = site.dockerfile.stages(site.workload.build_args)
    stage = stages.deployed(site.workload.stage)
    return stage, stages.origin(stage)


def _change_base(site: FaultSite, change: Callable[[str], str]) -> None:
    """Change the base image's reference where it is written: in FROM, or as the default of a build argument."""
    _, image = _deployed(site)
    path = site.root / site.workload.dockerfile
    text = path.read_text(encoding="utf-8")
    if image.text not in text:
        raise TargetError(
            f"{site.workload.dockerfile}:{image.line}",
            got=f"a base image {image.text} that does not stand in the Dockerfile in one piece",
            expected="one that a fault can change",
            action="Prove the gate on a target that has one, e.g. the reference.",
        )
    path.write_text(text.replace(image.text, change(image.text)), encoding="utf-8")


def _insert_ahead(site: FaultSite, *lines: str, start: str = "") -> None:
    """Put lines ahead of the deployed stage, whose FROM becomes `start` where one is given."""
    stage, _ = _deployed(site)
    path = site.root / site.workload.dockerfile
    text = path.read_text(encoding="utf-8").splitlines()
    at = stage.line - 1
    text[at : at + 1] = [*lines, start or text[at]]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")


def _tag_alone(site: FaultSite) -> None:
    _change_base(site, lambda reference: reference.partition("@")[0])


def _other_tag(site: FaultSite) -> None:
    _change_base(site, lambda reference: re.sub(r"(:[\w.-]+)?@", ":debug@", reference, count=1))


def _other_digest(site: FaultSite) -> None:
    _change_base(site, lambda reference: reference.partition("@")[0] + "@sha256:" + "0123456789abcdef" * 4)


def _other_repository(site: FaultSite) -> None:
    _change_base(site, lambda reference: re.sub(r"^[^@]*?(?=(:[\w.-]+)?@)", _OTHER_REPOSITORY, reference))


def _behind_an_alias(site: FaultSite) -> None:
    _other_repository(site)
    stage, image = _deployed(site)
    name = f" AS {stage.name}" if stage.name else ""
    _insert_ahead(site, f"FROM {image.written} AS our_base", start=f"FROM our_base{name}")


def _copy_from_an_image(site: FaultSite) -> None:
    site.append("COPY --from=registry.example/tools/probe:1 /probe /probe")


def _copy_from_an_alias(site: FaultSite) -> None:
    first = site.dockerfile.stages(site.workload.build_args).all[0]
    written = first.image.written if first.image else ""
    _insert_ahead(site, f"FROM {written} AS tools")
    site.append("COPY --from=tools /etc/passwd /tools/passwd")


def _system_from_a_stage(site: FaultSite) -> None:
    """Have another image's folder of the system come through a stage that seems to make something."""
    first = site.dockerfile.stages(site.workload.build_args).all[0]
    written = first.image.written if first.image else ""
    _insert_ahead(site, f"FROM {written} AS tools", "RUN :")
    site.append("COPY --from=tools /etc/ /tools/etc/")


def _foreign_frontend(site: FaultSite) -> None:
    path = site.root / site.workload.dockerfile
    text = path.read_text(encoding="utf-8")
    own = "\n".join(line for line in text.splitlines() if not re.match(r"#\s*syntax\s*=", line, re.IGNORECASE))
    path.write_text(f"# syntax=registry.example/somebody/dockerfile:1\n{own}\n", encoding="utf-8")


def _nothing_listed(site: FaultSite) -> None:
    path = site.root / CONFIGURATION_FILE
    text = re.sub(
        r"^\[\[policy\.containers\.base_image\]\]\n.*?(?=^\[|\Z)",
        "",
        path.read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
    path.write_text(text, encoding="utf-8")


def _fault(
    name: str,
    title: str,
    inject: Inject,
    message: str,
    *,
    check: str = "base-allowed",
    location: str = "Dockerfile:",
    also: frozenset[str] = frozenset(),
) -> Fault:
    return Fault(
        id=name,
        title=title,
        control=_CONTROL,
        check=check,
        location=location,
        message=message,
        inject=inject,
        also=also,
    )


FAULTS = (
    _fault("base-by-tag", "the base image is named by its tag alone", _tag_alone, "has no digest"),
    _fault(
        "base-of-another-digest",
        "somebody updated the base image and had nobody review it",
        _other_digest,
        "has a digest that the policy does not list",
    ),
    _fault(
        "base-of-another-repository",
        "the base image's digest is named under somebody else's repository",
        _other_repository,
        "its digest is on the list, of",
    ),
    _fault(
        "base-under-another-tag",
        "the tag says debug, the digest something else",
        _other_tag,
        "has the tag debug",
    ),
    _fault(
        "base-behind-an-alias",
        "a stage in between hides from which image the deployed one starts",
        _behind_an_alias,
        f"from a repository that the policy does not list: {_OTHER_REPOSITORY.removeprefix('docker.io/')}",
    ),
    _fault(
        "copy-from-an-image",
        "the deployed stage copies a tool out of an image that nobody reviewed",
        _copy_from_an_image,
        "an image from which the deployed stage copies is from a repository",
    ),
    _fault(
        "copy-from-an-alias",
        "the deployed stage copies out of a stage that is nothing but such an image",
        _copy_from_an_alias,
        "an image from which the deployed stage copies is from a repository",
    ),
    _fault(
        "system-from-a-stage",
        "a whole folder of an image that nobody reviewed comes through a stage that builds nothing",
        _system_from_a_stage,
        "the image of a stage whose /etc the deployed stage takes whole",
        also=frozenset({"3.2.A.3", "3.2.B.1.2", "3.2.C.2"}),
    ),
    _fault(
        "foreign-frontend",
        "a syntax directive has somebody else's program read the Dockerfile",
        _foreign_frontend,
        "another frontend than Docker's own reads the Dockerfile",
        also=frozenset({"3.2.C.1"}),
    ),
    _fault(
        "no-base-image-listed",
        "nobody listed the base images",
        _nothing_listed,
        "no base image is allowed by the policy",
        check="policy-declared",
        location=CONFIGURATION_FILE,
    ),
)
