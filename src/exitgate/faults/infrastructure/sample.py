"""Faults of 3.3.C.1: definitions that do not start, ways in that do not lead to the service, servers that it does not use."""

from __future__ import annotations

from exitgate.faults.fault import Fault, Inject
from exitgate.faults.infrastructure.editing import each_of, fault, replaced

_SERVICE = "infra/modules/service/main.tf"
_ROUTING = "infra/modules/service/routing.tf"
_FLOWS = "infra/flows.tf"
_STORE = "apps/catalog/src/product-store.ts"
_KEPT = 'await this.#quietly(() => this.#redis.set(key, JSON.stringify(value), "EX", TTL_S));\n'
_BROKER_FLOW = 'source = "catalog", destination = "broker", port = 5671'
_MODELLED = frozenset({"3.3.A.3"})
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
        message="catalog does not start by its planned task definition",
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
    fault(
        "3.3.C.1 answers-over-tls",
        "planned-paths-misspelt",
        "the rule that leads to a service is for paths that it does not have",
        replaced("infra/workloads.tf", '["/api/products", "/api/products/*"]', '["/api/product", "/api/product/*"]'),
        location=_ROUTING,
        message="catalog is not reached by TLS for list requests, /api/products",
    ),
    fault(
        "3.3.C.1 answers-over-tls",
        "target-group-speaks-tls",
        "the load balancer speaks TLS with services that speak HTTP",
        replaced(_ROUTING, '  protocol    = "HTTP"\n', '  protocol    = "HTTPS"\n'),
        location=_ROUTING,
        message="catalog is not reached by TLS for list requests, /api/products",
    ),
    fault(
        "3.3.C.1 answers-over-tls",
        "planned-health-check-misspelt",
        "the target groups check a path that services do not have",
        replaced("infra/modules/service/variables.tf", '= "/healthz"', '= "/health"'),
        location=_ROUTING,
        message="catalog does not pass the health check of its planned target group",
    ),
    fault(
        "3.3.C.1 uses-its-dependencies",
        "cache-without-a-way",
        "a service may not send to the cache that it leans on",
        replaced(
            _FLOWS, 'if flow.source != "internet" }', 'if flow.source != "internet" && flow.destination != "cache" }'
        ),
        location=_SERVICE,
        message="catalog does none of its work that takes redis",
        also=_MODELLED,
    ),
    fault(
        "3.3.C.1 uses-its-dependencies",
        "broker-open-by-its-plain-port",
        "the rules between a service and the broker are for the port without TLS",
        replaced(_FLOWS, _BROKER_FLOW, _BROKER_FLOW.replace("5671", "5672")),
        location=_SERVICE,
        message="catalog does none of its work that takes rabbitmq",
        also=_MODELLED,
    ),
    fault(
        "3.3.C.1 uses-its-dependencies",
        "cache-never-filled",
        "a service asks the cache and never gives it anything",
        replaced("apps/catalog/src/cache.ts", _KEPT, f"if (TTL_S < 0) {_KEPT}"),
        location=_SERVICE,
        message="catalog does none of its work that takes redis",
    ),
    fault(
        "3.3.C.1 uses-its-dependencies",
        "products-by-heart",
        "a service answers without asking its database",
        each_of(
            replaced(_STORE, 'return this.#database.product.findMany({ orderBy: { name: "asc" } });', "return [];"),
            replaced(
                _STORE, "return this.#database.product.findUnique({ where: { id } });", "return id ? null : null;"
            ),
        ),
        location=_SERVICE,
        message="catalog works as well without postgres",
    ),
)
