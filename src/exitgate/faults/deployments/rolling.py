"""Faults of 3.5.C.1 to 3.5.C.3: versions that don't serve, that drop or delay requests, and rollbacks that are off."""

from __future__ import annotations

import re

from exitgate.faults.deployments.rewriting import wrapped
from exitgate.faults.fault import Fault, FaultSite, Inject

_COMPLETES, _UNNOTICED, _TAKEN_BACK = "3.5.C.1", "3.5.C.2", "3.5.C.3"
_STOPPED = "3.5.B.3"
"""A version that drops or errs does so to requests in flight, too."""
_EVERY_REQUEST = (
    'const http = require("node:http"), emit = http.Server.prototype.emit; let count = 0;'
    " http.Server.prototype.emit = function (name, request, ...more) {"
    ' if (name !== "request" || request.url === "/healthz") return emit.call(this, name, request, ...more); %s };'
)
_DROPS = _EVERY_REQUEST % (
    "if (++count %% 250 === 0) { request.socket.destroy(); return true; }"
    " return emit.call(this, name, request, ...more);"
)
_ERRS = _EVERY_REQUEST % (
    "if (++count %% 250 === 0) { more[0].statusCode = 500; more[0].end(); return true; }"
    " return emit.call(this, name, request, ...more);"
)
_EVERY_ORDER = (
    'const http = require("node:http"), emit = http.Server.prototype.emit, made = new Set(), where = "/api/orders";'
    " http.Server.prototype.emit = function (name, request, response, ...more) {"
    ' if (name === "request") { const [path] = request.url.split("?"), { end } = response;'
    ' if (request.method === "POST" && path === where) response.end = function (body, ...rest) { PLACED };'
    ' const id = path.slice(where.length + 1); if (request.method === "GET" && id && !id.startsWith("00000000")) { ASKED }'
    " } return emit.call(this, name, request, response, ...more); };"
)
"""What changes the answers about orders that were placed."""
_REMEMBERS = _EVERY_ORDER.replace(
    "PLACED", "try { made.add(JSON.parse(String(body)).id); } catch {} return end.call(this, body, ...rest);"
).replace("ASKED", "if (!made.has(id)) { response.statusCode = 404; response.end(); return true; }")
_RENAMES = _EVERY_ORDER.replace(
    "PLACED", """return end.call(this, Buffer.from(String(body).replace('"id":', '"ID":')), ...rest);"""
).replace("ASKED", "")
_FORGETS = (
    'const { Channel } = require("/app/node_modules/amqplib/lib/channel_model.js");'
    " const consume = Channel.prototype.consume; let count = 0;"
    " Channel.prototype.consume = function (queue, handle, options) { return consume.call(this, queue, (message) =>"
    " message && ++count %% 5 === 0 ? this.ack(message) : handle(message), options); };"
)
_WAITS = _EVERY_REQUEST % "setTimeout(() => emit.call(this, name, request, ...more), 700); return true;"


def _policy(*changes: tuple[str, str]) -> Inject:
    """Change lines of the target's rules, by regular expressions."""

    def inject(site: FaultSite) -> None:
        path = site.root / "exitgate.toml"
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            text = re.sub(old, new, text, flags=re.MULTILINE)
        path.write_text(text, encoding="utf-8")

    return inject


def _fault(identifier: str, title: str, control: str, check: str, message: str, inject: Inject, *also: str) -> Fault:
    return Fault(
        id=identifier,
        title=title,
        control=control,
        check=check,
        location="Dockerfile",
        message=message,
        inject=inject,
        also=frozenset(also),
    )


_TRIGGERS_NAMED = "3.5.A.3"
"""The control that reads in the rules which triggers there are."""
_NO_BREAKER = _policy((r"^triggers = .*$", 'triggers = ["alarms"]'))
_NO_ALARMS = _policy(
    (r"^triggers = .*$", 'triggers = ["circuit_breaker"]'),
    (r"^(error_rate_percent|latency_p99_ms = 1_000|period_s|periods)\b.*$", ""),
)

FAULTS: tuple[Fault, ...] = (
    _fault(
        "new-version-exits",
        "The new version ends as soon as it starts",
        _COMPLETES,
        "completes",
        "did not complete",
        wrapped("process.exit(1)"),
    ),
    _fault(
        "new-version-deaf",
        "The new version listens on another port than the target group asks",
        _COMPLETES,
        "new-version-serves",
        "is not what runs and answers alone",
        wrapped('process.env.PORT = "3999"; IMPORT'),
    ),
    _fault(
        "new-version-slow-start",
        "The new version starts more slowly than the grace period lets it",
        _COMPLETES,
        "completes",
        "did not complete",
        wrapped("setTimeout(() => { IMPORT }, 100000)"),
    ),
    _fault(
        "drops-requests",
        "The new version closes a connection now and then, without an answer",
        _UNNOTICED,
        "no-failed-requests",
        "failed during the rollout",
        wrapped(f"{_DROPS} IMPORT"),
        _STOPPED,
    ),
    _fault(
        "errs-rarely",
        "The new version answers one request of 250 with 500: too few for an alarm",
        _UNNOTICED,
        "no-failed-requests",
        "failed during the rollout",
        wrapped(f"{_ERRS} IMPORT"),
        _STOPPED,
    ),
    *(
        Fault(
            id=identifier,
            title=title,
            control=_UNNOTICED,
            check="no-failed-requests",
            location="apps/orders/Dockerfile",
            message="'place-then' failed during the rollout",
            inject=wrapped(f"{script} IMPORT"),
            # Orders lean on less than the other service that has a broker.
            of_a_service_with="rabbitmq",
        )
        for identifier, title, script in (
            ("orders-in-memory", "The new version knows only the orders that the same task has taken", _REMEMBERS),
            ("field-renamed", "The new version answers an order with a field of another name", _RENAMES),
        )
    ),
    Fault(
        id="forgets-messages",
        title="The new version acknowledges one message of five without handling it",
        control=_UNNOTICED,
        check="no-failed-requests",
        location="Dockerfile",
        message="were lost during the rollout",
        inject=wrapped(f"{_FORGETS} IMPORT"),
        # The service that takes messages is the one that has a cache.
        of_a_service_with="redis",
    ),
    _fault(
        "answers-slowly",
        "The new version takes 700 ms longer for each answer",
        _UNNOTICED,
        "latency-kept",
        "rose above its limit",
        wrapped(f"{_WAITS} IMPORT"),
    ),
    _fault(
        "half-healthy",
        "ECS may stop half of the tasks before new ones are there",
        _UNNOTICED,
        "availability-kept",
        "left the bounds of availability",
        _policy((r"^minimum_healthy_percent = .*$", "minimum_healthy_percent = 50")),
        "3.5.A.1",
    ),
    _fault(
        "breaker-off-deaf",
        "The circuit breaker is no longer among the triggers",
        _TAKEN_BACK,
        "never-healthy",
        "was not rolled back",
        _NO_BREAKER,
        _TRIGGERS_NAMED,
    ),
    _fault(
        "breaker-off-crashes",
        "The circuit breaker is off, and the new version crashes",
        _TAKEN_BACK,
        "crashing",
        "was not rolled back",
        _NO_BREAKER,
        _TRIGGERS_NAMED,
    ),
    Fault(
        id="breaker-off-unmigrated",
        title="The circuit breaker is off, and the new version's migration fails",
        control=_TAKEN_BACK,
        check="crashing",
        location="Dockerfile",
        message="ends instead of starting was not rolled back",
        inject=_NO_BREAKER,
        of_a_service_with="postgres",
        also=frozenset({_TRIGGERS_NAMED}),
    ),
    _fault(
        "breaker-off-remains",
        "The circuit breaker is off, and tasks of a bad version remain",
        _TAKEN_BACK,
        "old-version-whole",
        "is not whole again",
        _NO_BREAKER,
        _TRIGGERS_NAMED,
    ),
    _fault(
        "alarms-off",
        "No alarm is among the triggers: healthy versions that err stay",
        _TAKEN_BACK,
        "healthy-but-failing",
        "was not rolled back",
        _NO_ALARMS,
        _TRIGGERS_NAMED,
    ),
    _fault(
        "alarms-off-slow",
        "No alarm is among the triggers: healthy versions that are slow stay",
        _TAKEN_BACK,
        "healthy-but-slow",
        "was not rolled back",
        _NO_ALARMS,
        _TRIGGERS_NAMED,
    ),
)
