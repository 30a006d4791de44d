"""Is the path that the load balancer checks fit for it, as the running workload answers it (3.5.B.2)?"""

from __future__ import annotations

from collections.abc import Iterator

from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.health_path import ASKED, HealthPath
from exitgate.observe.pressure import MOST_STARVED_PERCENT
from exitgate.observe.serving import Reply
from exitgate.policy.deployments import BalancerHealthPolicy

_MOST_OF = 0.8


def misleading_answers(seen: HealthPath, policy: BalancerHealthPolicy) -> list[Finding]:
    """Name what is wrong with the path's answers: their code, the moment of the first, or that any path gets them."""
    if not seen.answers:
        return [
            _finding(
                seen,
                "answers with another code than the rules accept",
                expected=f"{_codes(policy)}, without credentials and without a redirect",
                got=_words(seen.answer),
                remedy="Answer the health path itself, to anybody, with a success code.",
            )
        ]
    findings = []
    if seen.is_late_alone and seen.starved_percent > MOST_STARVED_PERCENT:
        raise _not_known(
            seen,
            f"when it first succeeded, {', '.join(seen.premature)}, where the workload waited for a processor for "
            f"{seen.starved_percent:.0f} % of the time",
            "a machine that has time for it",
            "Run again when this machine has less to do.",
        )
    if seen.premature:
        findings.append(
            _finding(
                seen,
                "says healthy before the workload can serve",
                expected="its first success once every kind of request is served",
                got=f"at that moment {', '.join(seen.premature)}",
                remedy="Listen only when everything that requests need is there.",
            )
        )
    if seen.absent is not None and seen.absent.status in policy.success_codes:
        findings.append(
            _finding(
                seen,
                "is answered as any path is, so its answer says nothing",
                expected="another code for a path that does not exist",
                got=f"{_words(seen.absent)} for a path below it that does not exist",
                remedy="Answer unknown paths with 404.",
            )
        )
    return findings


def dear_answers(seen: HealthPath, policy: BalancerHealthPolicy) -> list[Finding]:
    """Name what the path costs too much of: time, or statements to a database.

    Raises:
        PrerequisiteMissing: if the path never succeeds, no request shows that statements are seen, or this machine was too busy.
    """
    _refuse_unanswered(seen)
    if not seen.asked:
        raise _not_known(seen, "it was not asked", "answers to be timed", "Report it.")
    return [*_slow(seen, policy), *_querying(seen)]


def dependent_answers(seen: HealthPath, policy: BalancerHealthPolicy) -> list[Finding]:
    """Name each dependency that the rules exclude, and whose absence makes the path fail.

    Raises:
        PrerequisiteMissing: if the rules exclude none, the workload was never in touch with one, or the path never succeeds.
    """
    _refuse_unanswered(seen)
    if not policy.independent_of:
        raise _not_known(
            seen,
            "the rules exclude no dependency",
            "those that all tasks share",
            "Add independent_of to [policy.deployments.health].",
        )
    findings = list(_failing(seen, policy))
    if findings:
        return findings
    for got, names in (
        ("the run has no server of that name to put out of reach", seen.unknown),
        ("it was not put out of reach", sorted(set(seen.leans_on) - {each.dependency for each in seen.cuts})),
    ):
        if names:
            raise _not_known(seen, f"{', '.join(names)}: {got}", "a [[backing]] of that name or kind", "Describe it.")
    if seen.unfelt:
        raise _not_known(
            seen,
            f"the workload was never in touch with {', '.join(seen.unfelt)} while it was out of reach",
            "a dependency whose absence it can notice",
            "Declare traffic that needs it, or take it out of [service.backing].",
        )
    return findings


def _slow(seen: HealthPath, policy: BalancerHealthPolicy) -> Iterator[Finding]:
    slow = [each for each in seen.asked if not each.status or each.latency_s * 1000 > policy.answer_limit_ms]
    if not slow:
        return
    if seen.starved_percent > MOST_STARVED_PERCENT:
        raise _not_known(
            seen,
            f"{len(slow)} slow answers, where it waited for a processor for {seen.starved_percent:.0f} % of the time",
            "a machine that has time for it",
            "Run again when this machine has less to do.",
        )
    worst = max(slow, key=lambda each: each.latency_s)
    yield _finding(
        seen,
        "is answered too slowly",
        expected=f"within {policy.answer_limit_ms} ms",
        got=f"{len(slow)} of {len(seen.asked)} later, the worst after {worst.latency_s * 1000:.0f} ms",
        remedy="Answer it from memory.",
    )


def _querying(seen: HealthPath) -> Iterator[Finding]:
    if not seen.has_database:
        return
    usual = max(seen.statements_unasked)
    if usual >= ASKED:
        raise _not_known(
            seen,
            f"the workload itself sends up to {usual} statements in the time of {ASKED} checks",
            f"fewer than {ASKED}, or a statement for each check would not stand out",
            "Poll less often where no work waits.",
        )
    if not seen.statements_of_traffic:
        raise _not_known(
            seen,
            "none of the declared requests had a statement sent to a database, so the count is not known to see any",
            "one that does",
            "Add [[service.traffic]] that reads from the database.",
        )
    # What a workload does by itself does not tick in time with our windows; a query of each check is as many as there are checks.
    least = _MOST_OF * len(seen.asked) if usual else 1
    if seen.statements - usual >= least:
        yield _finding(
            seen,
            "queries the database",
            expected="no statement for a health check: all tasks would turn unhealthy with the database",
            got=f"{seen.statements} statements for {len(seen.asked)} checks, and up to {usual} without",
            remedy="Answer it from memory; leave dependencies to another path.",
        )


def _failing(seen: HealthPath, policy: BalancerHealthPolicy) -> Iterator[Finding]:
    for cut in seen.cuts:
        failed = [each for each in cut.replies if each.status not in policy.success_codes]
        if not failed and not cut.ended:
            continue
        got = "the workload ended" if cut.ended else f"{_words(failed[0])}, {len(failed)} of {len(cut.replies)} times"
        yield _finding(
            seen,
            f"fails while {cut.dependency} is out of reach",
            expected=f"{_codes(policy)}: all tasks share it, and would all be taken out at once",
            got=f"{got} ({cut.way})",
            remedy="Let the path speak of the process alone.",
        )


def _refuse_unanswered(seen: HealthPath) -> None:
    if not seen.answers:
        raise _not_known(
            seen,
            f"it never succeeds: {_words(seen.answer)}",
            "a path that answers, to be looked at further",
            "See the check path-answers.",
        )


def _codes(policy: BalancerHealthPolicy) -> str:
    return " or ".join(str(code) for code in policy.success_codes)


def _words(reply: Reply) -> str:
    leads = f" to {reply.location}" if reply.location else ""
    return reply.failure or f"status {reply.status}{leads}"


def _finding(seen: HealthPath, fault: str, *, expected: str, got: str, remedy: str) -> Finding:
    return Finding(location=seen.location, message=f"{seen.path} {fault}", expected=expected, got=got, remedy=remedy)


def _not_known(seen: HealthPath, got: str, expected: str, action: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(f"{seen.path} of {seen.workload}", got=got, expected=expected, action=action)
