"""How faults of infrastructure change the code: text for text, and an error where the text is not there."""

from __future__ import annotations

from exitgate.errors import TargetError
from exitgate.faults.fault import Fault, FaultSite, Inject


def replaced(path: str, old: str, new: str) -> Inject:
    """Return what puts one text in the place of another, once, in a file of the target."""

    def inject(site: FaultSite) -> None:
        file = site.root / path
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        if old not in text:
            raise TargetError(
                path,
                got=f"no {old.strip().splitlines()[0]!r}",
                expected="code that the fault can change",
                action="Prove the gate on a target that has it, e.g. the reference.",
            )
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return inject


def each_of(*injects: Inject) -> Inject:
    """Return what makes several changes, one after the other."""

    def inject(site: FaultSite) -> None:
        for one in injects:
            one(site)

    return inject


def removed(path: str) -> Inject:
    """Return what removes a file of the target."""
    return lambda site: (site.root / path).unlink()


def added(path: str, text: str) -> Inject:
    """Return what adds a text to the end of a file of the target."""

    def inject(site: FaultSite) -> None:
        file = site.root / path
        file.write_text((file.read_text(encoding="utf-8") if file.is_file() else "") + text, encoding="utf-8")

    return inject


def without_tables(site: FaultSite, *headings: str) -> None:
    """Take tables out of exitgate.toml, each from its heading to the next one's."""
    file = site.root / "exitgate.toml"
    kept, dropping = [], False
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith("["):
            dropping = line.strip().strip("[]").startswith(headings)
        kept += [] if dropping else [line]
    file.write_text("".join(kept), encoding="utf-8")


def fault(
    aim: str,
    name: str,
    title: str,
    inject: Inject,
    *,
    location: str,
    message: str,
    stack: str = "",
    of_a_service_with: str = "",
    also: frozenset[str] = frozenset(),
) -> Fault:
    """Return a fault; `aim` is ``CONTROL CHECK``."""
    control, check = aim.split()
    return Fault(
        id=name,
        title=title,
        control=control,
        check=check,
        location=location,
        message=message,
        inject=inject,
        stack=stack,
        of_a_service_with=of_a_service_with,
        also=also,
    )
