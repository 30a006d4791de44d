"""Two builds of one commit have to come to the same image."""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.observe.differences import WITHOUT_MEANING, Difference, Rebuild

_NAMED = 10
_REMEDIES = {
    "content": "Take times, random names and the build's own paths out of what is made (SOURCE_DATE_EPOCH, sorted inputs).",
    "presence": "Pin what the build downloads, and let no name depend on time or chance.",
    "mode": "Set modes in the Dockerfile: they follow the umask of whoever cloned.",
    "owner": "Give COPY a --chown, and let no id depend on the machine.",
    "configuration": "Take times and random values out of LABEL, ENV and build arguments.",
}


def irreproducible_builds(rebuild: Rebuild) -> list[Finding]:
    """Name each thing in which two builds of the same commit differ, but for times and the order of files in a layer."""
    if rebuild.failure:
        return [
            Finding(
                location=rebuild.failed_at,
                message=f"the image of {rebuild.workload} builds once, and not again without the builder's cache",
                expected="an image",
                got=rebuild.failure,
                remedy="Build it by hand with --no-cache; the log of the second build is among the evidence.",
            )
        ]
    meant = [each for each in rebuild.differences if each.aspect not in WITHOUT_MEANING]
    findings = [
        Finding(
            location=_location(each),
            message=f"two builds of the same commit differ in the {each.aspect} of {each.place}",
            expected="the same in both",
            got=f"{each.first[:80] or 'nothing'} and {each.second[:80] or 'nothing'}",
            remedy=_REMEDIES.get(each.aspect, "Let nothing in the build depend on time, machine or chance."),
        )
        for each in meant[:_NAMED]
    ]
    if len(meant) > _NAMED:
        findings.append(
            Finding(
                location=_location(meant[_NAMED]),
                message=f"two builds of the same commit differ in {len(meant) - _NAMED} more places",
                expected="none",
                got="the list is among the evidence",
                remedy="Mend the first ones; others often have the same cause.",
            )
        )
    return findings


def _location(difference: Difference) -> str:
    return f"image:{difference.place}"
