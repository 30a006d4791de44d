"""Faults of 3.3.C.1: definitions that the infrastructure code makes and by which a service does not start."""

from __future__ import annotations

from exitgate.faults.fault import Fault, Inject
from exitgate.faults.infrastructure.editing import fault, replaced

_SERVICE = "infra/modules/service/main.tf"
_IMAGE = '    image = "${local.repository}@${local.digest}"\n'


def _with(line: str) -> Inject:
    """Return what sets something more in the container that the code makes of the deployed definition."""
    return replaced(_SERVICE, _IMAGE, f"{_IMAGE}    {line}\n")


def _fault(name: str, title: str, inject: Inject, also: frozenset[str] = frozenset()) -> Fault:
    return fault(
        "3.3.C.1 starts",
        name,
        title,
        inject,
        location=_SERVICE,
        message="orders does not start by its planned task definition",
        also=also,
    )


FAULTS = (
    _fault(
        "planned-entry-point-missing",
        "the infrastructure code starts services with a program that the image does not hold",
        _with('entryPoint = ["/app/start"]'),
    ),
    _fault(
        "planned-memory-too-small",
        "the infrastructure code gives services less memory than they need to start",
        _with("memory = 12"),
    ),
    _fault(
        "planned-port-of-another",
        "the infrastructure code has services listen on a port that the definition does not map",
        _with('environment = [{ name = "PORT", value = "3999" }]'),
    ),
    _fault(
        "planned-secret-misspelt",
        "the infrastructure code gives a service its database under another name than it reads",
        replaced(
            _SERVICE, "      name = variable\n", '      name = replace(variable, "DATABASE_URL", "DATABASE_URI")\n'
        ),
        also=frozenset({"3.3.B.2.1"}),
    ),
)
