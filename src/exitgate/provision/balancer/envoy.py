"""Envoy's configuration that makes it act as an Application Load Balancer: health, failing open, error codes, idle timeouts.

Sources: the Application Load Balancers user guide ("Health checks for target groups", "Edit target group attributes",
"Troubleshoot your Application Load Balancers") for what it does; Envoy's API reference, v3, for how Envoy is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from exitgate.provision.balancer.front import Front, listener_socket, routes, target_socket
from exitgate.provision.balancer.targets import Target

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | dict[str, Json]"

CLUSTER = "targets"
TASK_HEADER = "x-exitgate-task"
"""Of an answer: the task that it came from, as the balancer knows it; absent where the balancer answered by itself."""
_TYPE = "type.googleapis.com/envoy"
_LOOPBACK: Json = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
_METADATA = "exitgate"
_PANIC_PERCENT = 1
"""Below one percent of healthy targets all get requests: a load balancer of AWS fails open where no target is healthy."""
_UNBOUNDED = 1_000_000
_CONNECT_TIMEOUT_S = 10
"""After which a load balancer of AWS gives a connection to a target up."""
_GATEWAY_FAILURES = ("UF", "UC", "UR", "LR", "UPE")
"""Envoy's flags for a target that refused, reset or closed the connection, or sent what is no HTTP: 502 at AWS, 503 here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancerRules:
    """What a target group and its load balancer are set to. Times are seconds, already compressed where they are."""

    health_path: str
    success_codes: tuple[int, ...] = (200,)
    interval_s: float = 30.0
    timeout_s: float = 5.0
    healthy_count: int = 5
    """Passes in a row that make an unhealthy target healthy; a new one needs a single one."""
    unhealthy_count: int = 2
    idle_timeout_s: float = 60.0
    """After which a connection without a byte is closed; a request that waits for its answer ends with 504."""
    propagation_lag_s: float = 0.0
    """From asking for a target to be added or removed until the balancer does so."""
    port: int = 0
    """Of 127.0.0.1, on which it listens; 0 for a free one."""
    front: Front | None = None
    """What stands before the targets; without it, a plain listener hands every request on."""


def bootstrap(rules: BalancerRules, folder: Path) -> Json:
    """Return the whole configuration; its endpoints come from a file of their own, which is watched.

    Args:
        folder: Where that file lies.
    """
    return {
        "node": {"id": "exitgate", "cluster": "exitgate"},
        "admin": {"address": _LOOPBACK},
        "static_resources": {"listeners": [_listener(rules)], "clusters": [_cluster(rules, folder)]},
    }


def assignment(targets: Sequence[Target]) -> Json:
    """Return the content of the endpoints' file."""
    endpoints: list[Json] = [
        {
            "endpoint": {"address": {"socket_address": {"address": target.address, "port_value": target.port}}},
            "metadata": {"filter_metadata": {_METADATA: {"task": target.task}}},
        }
        for target in targets
    ]
    return {
        "resources": [
            {
                "@type": f"{_TYPE}.config.endpoint.v3.ClusterLoadAssignment",
                "cluster_name": CLUSTER,
                "endpoints": [{"lb_endpoints": endpoints}],
            }
        ]
    }


def endpoints_file(folder: Path) -> Path:
    """Return where the endpoints stand."""
    return folder / "endpoints.json"


def _seconds(value: float) -> str:
    return f"{value:.3f}s"


def _listener(rules: BalancerRules) -> Json:
    manager: Json = {
        "@type": f"{_TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "front",
        "codec_type": "HTTP1",
        "generate_request_id": False,
        "common_http_protocol_options": {"idle_timeout": _seconds(rules.idle_timeout_s)},
        "stream_idle_timeout": _seconds(rules.idle_timeout_s),
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "local_reply_config": {
            "mappers": [
                {
                    "filter": {"response_flag_filter": {"flags": list(_GATEWAY_FAILURES)}},
                    "status_code": 502,
                }
            ]
        },
        "route_config": {
            "name": "front",
            "response_headers_to_add": [
                {
                    "header": {"key": TASK_HEADER, "value": f"%UPSTREAM_METADATA({_METADATA}:task)%"},
                    # A target that sends this header itself must not be able to pass for another one.
                    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                }
            ],
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    # No retries: AWS's makes none either once a request was sent.
                    "routes": routes(rules.front, CLUSTER)
                    if rules.front
                    else [{"match": {"prefix": "/"}, "route": {"cluster": CLUSTER, "timeout": "0s"}}],
                }
            ],
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_TYPE}.extensions.filters.http.router.v3.Router"},
            }
        ],
    }
    chain: dict[str, Json] = {
        "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    }
    if rules.front:
        chain["transport_socket"] = listener_socket(rules.front)
    return {
        "name": "front",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": rules.port}},
        "filter_chains": [chain],
    }


def _cluster(rules: BalancerRules, folder: Path) -> Json:
    interval = _seconds(rules.interval_s)
    unlimited: Json = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests"), _UNBOUNDED)
    protocol: Json = {
        "@type": f"{_TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions",
        "common_http_protocol_options": {"idle_timeout": _seconds(rules.idle_timeout_s)},
        "explicit_http_config": {"http_protocol_options": {}},
    }
    by_tls: dict[str, Json] = (
        {"transport_socket": target_socket()} if rules.front and rules.front.targets_by_tls else {}
    )
    return {
        **by_tls,
        "name": CLUSTER,
        "type": "EDS",
        "lb_policy": "ROUND_ROBIN",
        "connect_timeout": _seconds(_CONNECT_TIMEOUT_S),
        "eds_cluster_config": {
            "eds_config": {
                "resource_api_version": "V3",
                "path_config_source": {
                    "path": str(endpoints_file(folder)),
                    # A rename in this folder is what tells it to look.
                    "watched_directory": {"path": str(folder)},
                },
            }
        },
        "common_lb_config": {
            "healthy_panic_threshold": {"value": _PANIC_PERCENT},
            # Otherwise changes of health are held back for a second.
            "update_merge_window": "0s",
        },
        # A target that was removed gets nothing new, however healthy; what it has may end.
        "ignore_health_on_host_removal": True,
        "circuit_breakers": {"thresholds": [unlimited]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": protocol},
        "health_checks": [
            {
                "interval": interval,
                # Envoy asks less often while a cluster has no traffic, or a target no health; AWS does not.
                "no_traffic_interval": interval,
                "no_traffic_healthy_interval": interval,
                "unhealthy_interval": interval,
                "unhealthy_edge_interval": interval,
                "healthy_edge_interval": interval,
                "timeout": _seconds(rules.timeout_s),
                "healthy_threshold": rules.healthy_count,
                "unhealthy_threshold": rules.unhealthy_count,
                "reuse_connection": False,
                "always_log_health_check_failures": True,
                "http_health_check": {
                    "path": rules.health_path,
                    "expected_statuses": [{"start": code, "end": code + 1} for code in rules.success_codes],
                    # Otherwise one wrong code is enough, whatever the threshold.
                    "retriable_statuses": [{"start": 100, "end": 600}],
                    "request_headers_to_add": [{"header": {"key": "user-agent", "value": "ELB-HealthChecker/2.0"}}],
                },
            }
        ],
    }
