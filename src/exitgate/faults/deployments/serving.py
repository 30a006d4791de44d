"""Faults of 3.5.B.2 and 3.5.B.3 in what runs: health paths that mislead, cost or hang on others, and rude ends."""

from __future__ import annotations

from exitgate.faults.deployments.rewriting import wrapped
from exitgate.faults.fault import Fault

_POSTGRES, _RABBITMQ = "postgres", "rabbitmq"
_REQUESTS = (
    'const http = require("node:http"), emit = http.Server.prototype.emit;'
    " http.Server.prototype.emit = function (name, request, answer) {"
    ' const pass = () => emit.call(this, name, request, answer), health = request && request.url === "/healthz";'
    ' if (name !== "request") return emit.apply(this, arguments); %s return pass(); };'
)
_REDIRECTS = _REQUESTS % 'if (health) { answer.writeHead(302, { location: "/login" }); answer.end(); return true; }'
_NEEDS_TOKEN = (
    _REQUESTS % "if (health && !request.headers.authorization) { answer.writeHead(401); answer.end(); return true; }"
)
_ANSWERS_ALL = (
    _REQUESTS % 'if (request.url.startsWith("/healthz")) { answer.writeHead(200); answer.end("ok"); return true; }'
)
_AHEAD = (
    _REQUESTS
    % (
        "if (health) { answer.writeHead(200); answer.end(); return true; }"
        " if (Date.now() < begun + 6000) { answer.writeHead(503); answer.end(); return true; }"
    )
).replace("const http", "let begun = Infinity; const http", 1) + (
    ' const listen = require("node:net").Server.prototype.listen; require("node:net").Server.prototype.listen ='
    " function () { begun = Date.now(); return listen.apply(this, arguments); };"
)
_READINESS = _REQUESTS % 'if (health) request.url = "/readyz";'
_LOOKS_FOR = _REQUESTS % (
    "if (health) { const place = new URL(process.env.VARIABLE);"
    ' const found = require("node:net").connect(Number(place.port), place.hostname);'
    " found.setTimeout(1000, () => found.destroy(new Error()));"
    ' found.on("connect", () => { found.end(); pass(); });'
    ' found.on("error", () => { answer.writeHead(503); answer.end(); }); return true; }'
)
_DATABASE_FIRST = (
    'const net = require("node:net"), connect = net.Socket.prototype.connect, open = new Set(); let over = false;'
    " net.Socket.prototype.connect = function () { open.add(this); const made = connect.apply(this, arguments);"
    " if (over) this.destroy(new Error()); return made; };"
    ' process.on("SIGTERM", () => { over = true; for (const each of open) each.destroy(); });'
)
_DEAF_TO_SIGNALS = (
    'for (const name of ["on", "once", "addListener"]) { const own = process[name];'
    ' process[name] = function (event, ...more) { return event === "SIGTERM" ? this : own.call(this, event, ...more); }; }'
)
_UNDER_ANOTHER = (
    'const child = require("node:child_process").spawn(process.execPath, ["MAIN"], { stdio: "inherit" });'
    ' child.on("exit", (code) => process.exit(code ?? 1));'
)

_GOES_ON = (
    'const { Channel } = require("/app/node_modules/amqplib/lib/channel_model.js");'
    " Channel.prototype.cancel = async () => ({});"
)


def _health(name: str, title: str, check: str, message: str, script: str, needs: str = "") -> Fault:
    return Fault(
        id=name,
        title=title,
        control="3.5.B.2",
        check=check,
        location="Dockerfile",
        message=message,
        inject=wrapped(f"{script} IMPORT"),
        of_a_service_with=needs,
    )


def _end(name: str, title: str, message: str, script: str, needs: str = "") -> Fault:
    return Fault(
        id=name,
        title=title,
        control="3.5.B.3",
        check="stops-gracefully",
        location="Dockerfile",
        message=message,
        inject=wrapped(script),
        of_a_service_with=needs,
    )


FAULTS: tuple[Fault, ...] = (
    _health(
        "health-redirects",
        "the health path leads to a login page",
        "path-answers",
        "answers with another code than the rules accept",
        _REDIRECTS,
    ),
    _health(
        "health-needs-token",
        "the health path was put behind the authentication of all others",
        "path-answers",
        "answers with another code than the rules accept",
        _NEEDS_TOKEN,
    ),
    _health(
        "health-of-anything",
        "whatever begins like the health path is answered with 200",
        "path-answers",
        "is answered as any path is",
        _ANSWERS_ALL,
    ),
    _health(
        "health-ahead",
        "the health path says healthy seconds before requests are served",
        "path-answers",
        "says healthy before the workload can serve",
        _AHEAD,
    ),
    _health(
        "health-queries",
        "the health path asks the database",
        "path-cheap",
        "queries the database",
        _READINESS,
        _POSTGRES,
    ),
    _health(
        "health-with-database",
        "the health path goes red with the database",
        "path-independent",
        "fails while postgres is out of reach",
        _READINESS,
        _POSTGRES,
    ),
    _health(
        "health-with-broker",
        "the health path goes red with the broker",
        "path-independent",
        "fails while rabbitmq is out of reach",
        _LOOKS_FOR.replace("VARIABLE", "RABBITMQ_URL"),
        _RABBITMQ,
    ),
    _end(
        "exits-at-once",
        "the program exits as soon as it gets SIGTERM",
        "drops requests in flight when it is stopped",
        'process.on("SIGTERM", () => process.exit(0)); IMPORT',
    ),
    _end(
        "ignores-its-signal",
        "nobody handles SIGTERM, and the first process of a container has no default for it",
        "does not end on SIGTERM and is killed",
        f"{_DEAF_TO_SIGNALS} IMPORT",
    ),
    _end(
        "wrapper-swallows-signal",
        "a wrapper is the container's first process, and passes no signal on",
        "does not end on SIGTERM and is killed",
        _UNDER_ANOTHER,
    ),
    _end(
        "database-first",
        "connections to the database are closed before requests have ended",
        "drops requests in flight when it is stopped",
        f"{_DATABASE_FIRST} IMPORT",
        _POSTGRES,
    ),
    _end(
        "consumer-goes-on",
        "on SIGTERM the consumer is not cancelled: the broker goes on giving it messages",
        "takes messages from catalog.orders that it does not handle before it ends",
        f"{_GOES_ON} IMPORT",
        # The service that takes messages is the one that has a cache.
        "redis",
    ),
    _end(
        "ends-with-an-error",
        "the program ends with the code of its signal in place of 0",
        "ends with an error on SIGTERM",
        'process.on("exit", () => { process.exitCode = 143; }); IMPORT',
    ),
)
