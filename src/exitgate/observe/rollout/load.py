"""Which load a workload gets, made of the kinds of requests that it says it serves; and how its own store counts the writes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from exitgate.errors import ObservationError, PrerequisiteMissing, one_line
from exitgate.load.plan import Connections, LoadPlan, Stream
from exitgate.provision.backing import Surroundings
from exitgate.target import Traffic, Workload

READS_RPS, FRESH_RPS, WRITES_RPS, SLOW_RPS = 54.0, 8.0, 4.0, 3.0
"""Requests a second of each kind, shared by the entries of that kind."""
SLOW_S = 0.8
"""Seconds over which the body of a slow write is sent."""
LONGEST_S = 600.0
_IDLE_S = 30.0
_STOPPING_SHARE = 0.2
"""Of these rates, while a workload is stopped."""


def load_plan(workload: Workload, address: str, port: int, *, idle_s: float, share: float = 1.0) -> LoadPlan:
    """Return the load for a workload.

    Args:
        workload: That it is sent to.
        address: Of the balancer, or of the one task.
        port: Of it.
        idle_s: Seconds after which a kept connection is not used again.
        share: Of the usual rates.

    Raises:
        PrerequisiteMissing: if it does not say what it serves.
    """
    if not workload.traffic:
        raise PrerequisiteMissing(
            f"workload {workload.name}",
            got="no [[service.traffic]]",
            expected="the requests that it serves, to be sent while its versions are replaced",
            action="Add at least one to exitgate.toml, reads and writes.",
        )
    reads = [each for each in workload.traffic if not each.body]
    writes = [each for each in workload.traffic if each.body]
    return LoadPlan(
        address=address,
        port=port,
        streams=tuple(replace(each, rate_rps=each.rate_rps * share) for each in (*_reads(reads), *_writes(writes))),
        longest_s=LONGEST_S,
        idle_s=idle_s,
    )


def stopping_plan(workload: Workload, address: str, port: int, *, timeout_s: float) -> LoadPlan:
    """Return the load under which a workload is stopped: less, and slow requests of every kind, on kept connections too.

    Those in flight are what matters, and a busy machine has to be able to answer the rest. An answer may take for as long as the
    workload may stay.

    Raises:
        PrerequisiteMissing: if it does not say what it serves.
    """
    plan = load_plan(workload, address, port, idle_s=_IDLE_S)
    rate_rps = SLOW_RPS / len(workload.traffic)
    slow = (
        _stream(each, f"slow-{connections}", rate_rps, connections, slow_s=SLOW_S)
        for each in workload.traffic
        for connections in Connections
    )
    quick = (
        replace(each, rate_rps=each.rate_rps * _STOPPING_SHARE)
        for each in plan.streams
        if not each.slow_s and not each.after
    )
    return replace(plan, streams=(*quick, *slow), timeout_s=timeout_s)


def _reads(reads: list[Traffic]) -> Iterator[Stream]:
    for each in reads:
        yield _stream(each, "kept", READS_RPS / len(reads), Connections.KEPT)
        yield _stream(each, "fresh", FRESH_RPS / len(reads), Connections.FRESH)


def _writes(writes: list[Traffic]) -> Iterator[Stream]:
    for each in writes:
        made = _stream(each, "kept", WRITES_RPS / len(writes), Connections.KEPT)
        yield made
        if each.follow:
            yield Stream(
                name=f"{each.name}-then",
                rate_rps=made.rate_rps,
                path=each.follow,
                headers=tuple((name, value) for name, value in made.headers if name.lower() != "content-type"),
                connections=Connections.FRESH,
                after=made.name,
                saves=tuple(sorted(each.save.items())),
            )
        yield _stream(each, "slow", SLOW_RPS / len(writes), Connections.FRESH, slow_s=SLOW_S)


def _stream(traffic: Traffic, kind: str, rate_rps: float, connections: Connections, slow_s: float = 0.0) -> Stream:
    return Stream(
        name=f"{traffic.name}-{kind}",
        rate_rps=rate_rps,
        path=traffic.path,
        method=traffic.method,
        headers=tuple(sorted(traffic.headers.items())),
        body=traffic.body,
        connections=connections,
        key_header=traffic.key_header,
        key_prefix=f"exitgate-{secrets.token_hex(4)}-" if traffic.key_header else "",
        slow_s=slow_s,
        accepts=traffic.accepts,
    )


def counted_streams(workload: Workload) -> frozenset[str]:
    """Return the names of the streams whose effects are counted."""
    counted = [each.name for each in workload.traffic if each.effects]
    return frozenset(f"{name}-{kind}" for name in counted for kind in ("kept", "slow", "fresh"))


def effects(workload: Workload, around: Surroundings) -> int | None:
    """Count what the workload's writes have done so far, by its own database; nothing where no query is given.

    Raises:
        ObservationError: if the database does not say.
    """
    counted = [each for each in workload.traffic if each.effects]
    if not counted:
        return None
    return sum(_count(each, around) for each in counted)


def _count(traffic: Traffic, around: Surroundings) -> int:
    return ask_store(f"traffic {traffic.name}", traffic.effects, traffic.effects_in, around)


def ask_store(
    subject: str, query: str, variable: str, around: Surroundings, values: Mapping[str, object] | None = None
) -> int:
    """Return the number that a query gives on a workload's own database.

    Args:
        subject: What it counts, as an error is to call it.
        query: Gives one row with one number.
        variable: The workload's, that tells of the database.
        around: What the workload leans on.
        values: Of the query's ``%(name)s``; where none are given, a percent sign is one.

    Raises:
        ObservationError: if there is no such database, or it does not say.
    """
    import psycopg

    url = urlsplit(around.environment.get(variable, ""))
    port = around.local_ports.get(url.hostname or "")
    if port is None:
        raise ObservationError(
            subject,
            got=f"no database that {variable} tells of",
            expected="the variable of one of the workload's backing servers",
            action="Correct effects_in.",
        )
    credentials, _, _ = url.netloc.rpartition("@")
    local = f"postgresql://{credentials}@127.0.0.1:{port}{url.path}"
    try:
        with psycopg.connect(local, connect_timeout=10) as connection:
            row = connection.execute(query.encode(), values, prepare=False).fetchone()
        return int(row[0]) if row else 0
    except (psycopg.Error, ValueError, TypeError, IndexError, KeyError) as error:
        raise ObservationError(
            subject,
            got=one_line(f"the query for its effects fails: {error}", 200),
            expected="one row with one number",
            action="Try the query on the workload's database.",
        ) from error
