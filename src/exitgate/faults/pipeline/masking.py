"""Faults of 3.1.C.2: everything by which people have hidden a failing command from a required check."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from exitgate.errors import TargetError
from exitgate.faults.fault import Fault, FaultSite, Inject

_CONTROL = "3.1.C.2"
_WORKFLOW = ".github/workflows/ci.yml"
_MODEL = frozenset({"3.1.A.1.3", "3.1.B.1.1", "3.1.B.1.4"})
"""Controls that the model of GitHub, or a linter of workflows, may turn red for the same line."""
_TESTS = "npx nx affected -t test"


def _edit(site: FaultSite, path: str, change: Callable[[str], str]) -> None:
    file = site.root / path
    before = file.read_text(encoding="utf-8")
    after = change(before)
    if after == before:
        raise TargetError(
            path, got="nothing that the fault fits", expected="what it breaks", action="Prove on another target."
        )
    file.write_text(after, encoding="utf-8")


def _run(script: str, *, run_by: str = "", keys: str = "") -> Inject:
    """Replace what the unit-test step runs, and give it further keys."""

    def inject(site: FaultSite) -> None:
        lines = "".join(f"\n          {line}" for line in script.splitlines())
        more = (f"\n        shell: {run_by}" if run_by else "") + (f"\n        {keys}" if keys else "")
        _edit(site, _WORKFLOW, lambda text: text.replace(f"run: {_TESTS}\n", f"run: |{lines}{more}\n", 1))

    return inject


def _workflow(pattern: str, replacement: str) -> Inject:
    return lambda site: _edit(site, _WORKFLOW, lambda text: re.sub(pattern, replacement, text, count=1))


def _script(name: str, change: Callable[[str], str]) -> Inject:
    """Change a script of the service's package.json."""

    def inject(site: FaultSite) -> None:
        path = f"{site.workload.path}/package.json"

        def changed(text: str) -> str:
            data = json.loads(text)
            data["scripts"][name] = change(data["scripts"][name])
            return json.dumps(data, indent=2) + "\n"

        _edit(site, path, changed)

    return inject


def _new_file(path: str, content: str) -> Inject:
    def inject(site: FaultSite) -> None:
        file = site.root / site.workload.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")

    return inject


def _nx_setting(site: FaultSite) -> None:
    def changed(text: str) -> str:
        data = json.loads(text)
        data["targetDefaults"]["test"]["options"] = {"passWithNoTests": True}
        return json.dumps(data, indent=2) + "\n"

    _edit(site, "nx.json", changed)


def _makefile(recipe: str, *, options: str = "") -> Inject:
    def inject(site: FaultSite) -> None:
        (site.root / "Makefile").write_text(f"verify:\n\t{recipe}\n", encoding="utf-8")
        _run(f"make {options}verify")(site)

    return inject


def _cut_dependency(site: FaultSite) -> None:
    """Have Nx forget one of the packages that a service needs."""

    def changed(text: str) -> str:
        data = json.loads(text)
        data["nx"] = {"implicitDependencies": ["!@reference-shop/service-kit"]}
        return json.dumps(data, indent=2) + "\n"

    _edit(site, f"{site.workload.path}/package.json", changed)


def _switch_off(site: FaultSite) -> None:
    _workflow(r"(  verify:\n)", r"\1    if: false\n")(site)
    _workflow(r"needs: \[verify, ", "needs: [")(site)


def _tee_by_default(site: FaultSite) -> None:
    _workflow(r"defaults:\n  run:\n(?:    #.*\n)*    shell: bash\n", "")(site)
    _run(f"{_TESTS} | tee log")(site)


def _fault(
    name: str, title: str, inject: Inject, message: str, *, location: str = "ci.yml", yaml: bool = False
) -> Fault:
    return Fault(
        id=f"masked-{name}",
        title=title,
        control=_CONTROL,
        check="no-masking",
        location=location,
        message=message,
        inject=inject,
        also=_MODEL if yaml else frozenset({"3.1.B.1.1"}),
    )


_HIDDEN = f"a failure of `{_TESTS}` is hidden"

FAULTS = (
    _fault("or-true", "tests that may fail: || true", _run(f"{_TESTS} || true"), _HIDDEN),
    _fault("or-echo", "a failure is only told: || echo", _run(f"{_TESTS} || echo 'tests failed'"), _HIDDEN),
    _fault(
        "errexit-off",
        "set +e before the tests, and something after them",
        _run(f"set +e\n{_TESTS}\necho done"),
        _HIDDEN,
    ),
    _fault("errexit-off-long", "set +o errexit", _run(f"set +o errexit\n{_TESTS}\necho done"), _HIDDEN),
    _fault("background", "tests in the background that nobody waits for", _run(f"{_TESTS} &\nwait"), _HIDDEN),
    _fault(
        "pipeline-sh",
        "output through tee in sh, which has no pipefail",
        _run(f"{_TESTS} | tee log", run_by="sh"),
        _HIDDEN,
    ),
    _fault(
        "pipeline-off",
        "pipefail turned off before a pipe",
        _run(f"set +o pipefail\n{_TESTS} | tee log"),
        _HIDDEN,
    ),
    _fault("custom-shell", "a shell of one's own without -e", _run(f"{_TESTS}\necho done", run_by="bash {0}"), _HIDDEN),
    _fault("trap", "a trap that ends with 0", _run(f"trap 'exit 0' EXIT\n{_TESTS}"), _HIDDEN),
    _fault("err-trap", "an ERR trap that ends with 0", _run(f"trap 'exit 0' ERR\n{_TESTS}"), _HIDDEN),
    _fault("condition", "tests as a condition", _run(f"if {_TESTS}; then echo passed; fi"), _HIDDEN),
    _fault(
        "else-exit-zero",
        "both arms of the condition end well",
        _run(f"if {_TESTS}; then echo passed; else echo failed; exit 0; fi"),
        _HIDDEN,
    ),
    _fault("negated", "tests that have to fail", _run(f"! {_TESTS}"), _HIDDEN),
    _fault("substitution", "tests whose output is echoed", _run(f'echo "$({_TESTS})"'), _HIDDEN),
    _fault("exported", "tests whose output is exported", _run(f'export RESULT="$({_TESTS})"'), _HIDDEN),
    _fault("inner-shell", "bash -c loses the tests' status", _run(f"bash -c '{_TESTS}; echo done'"), _HIDDEN),
    _fault(
        "function", "a function in a condition", _run(f"verify() {{ {_TESTS}; echo done; }}\nverify || exit 1"), _HIDDEN
    ),
    _fault("and-list", "before && the shell goes on", _run(f"{_TESTS} && echo passed\necho done"), _HIDDEN),
    _fault("status-kept", "the status is kept and never used", _run(f"{_TESTS} || status=$?\necho $status"), _HIDDEN),
    _fault(
        "status-mapped",
        "one exit status counts as success",
        _run(f"{_TESTS} || [ $? -eq 1 ]"),
        f"a failure of `{_TESTS}` can be hidden",
    ),
    _fault("never-run", "an exit before the tests", _run(f"exit 0\n{_TESTS}"), f"`{_TESTS}` is never run"),
    _fault(
        "exclude", "a project is left out", _run(f"{_TESTS} --exclude=orders"), "`--exclude=orders` leaves projects out"
    ),
    _fault(
        "base-is-head",
        "the change is compared with itself",
        _run(f"{_TESTS} --base=HEAD"),
        "compares the change with itself",
        yaml=True,
    ),
    _fault(
        "make-minus",
        "a recipe that make ignores",
        _makefile(f"-{_TESTS}"),
        "make ignores the failure",
        location="Makefile:2",
    ),
    _fault("make-or-true", "a recipe with || true", _makefile(f"{_TESTS} || true"), _HIDDEN, location="Makefile:2"),
    _fault("make-told-to-go-on", "make -i", _makefile(_TESTS, options="-i "), "make is told to ignore failures"),
    _fault(
        "graph-alone", "the tests' graph is drawn, and none is run", _run(f"{_TESTS} --graph"), "`--graph` runs nothing"
    ),
    _fault(
        "loop",
        "in a loop, only the last project's status counts",
        _run(f"set +e\nfor project in web orders; do {_TESTS} --projects=$project; done"),
        f"a failure of `{_TESTS} --projects=$project`",
    ),
    _fault(
        "each-found",
        "tests are run by find, which forgets how they end",
        _run(f"find libs -maxdepth 0 -exec {_TESTS} \\;"),
        "is hidden by its script",
    ),
    _fault(
        "dependency-cut",
        "Nx is told to forget a library that a service needs, whose changes then don't run the service's tests",
        _cut_dependency,
        "the dependency on '@reference-shop/service-kit' is cut",
        location="package.json:",
    ),
    _fault(
        "step-continues",
        "continue-on-error at the step of the tests",
        _run(_TESTS, keys="continue-on-error: true"),
        "continue-on-error hides a failure of 'Unit tests'",
        yaml=True,
    ),
    _fault(
        "job-continues",
        "continue-on-error at the job of the tests",
        _workflow(r"(  verify:\n)", r"\1    continue-on-error: true\n"),
        "continue-on-error hides a failure of 'the job verify'",
        yaml=True,
    ),
    _fault(
        "job-not-needed",
        "the required check no longer waits for the integration tests",
        _workflow(r"needs: \[verify, integration, repository\]", "needs: [verify, repository]"),
        "no required check waits for the job 'integration'",
        yaml=True,
    ),
    _fault(
        "target-dropped",
        "the step with the unit tests was taken out",
        _workflow(r"      - name: Unit tests\n        run: .*\n", ""),
        "no workflow that validates changes runs the target 'test'",
        location="package.json:",
        yaml=True,
    ),
    _fault(
        "push-alone",
        "unit tests run on pushes alone, where the change is in already",
        _run(_TESTS, keys="if: github.event_name == 'push'"),
        "'Unit tests' never runs for a change",
        yaml=True,
    ),
    _fault(
        "job-switched-off",
        "the job with the tests was switched off for a while, and the required check no longer asks for it",
        _switch_off,
        "'the job verify' never runs for a change",
        yaml=True,
    ),
    _fault(
        "by-title",
        "a pull request with a word in its title is not tested",
        _run(_TESTS, keys="if: \"!contains(github.event.pull_request.title, '[quick]')\""),
        "whoever proposes a change decides whether 'Unit tests' runs",
        yaml=True,
    ),
    _fault(
        "by-actor",
        "what a bot proposes is not tested",
        _run(_TESTS, keys="if: github.actor != 'dependabot[bot]'"),
        "whoever proposes a change decides whether 'Unit tests' runs",
        yaml=True,
    ),
    _fault(
        "pipeline-default-shell",
        "the shell is no longer named, and the default one has no pipefail",
        _tee_by_default,
        _HIDDEN,
    ),
    _fault(
        "script-or-true",
        "a package's test script with || true",
        _script("test", lambda text: f"{text} || true"),
        "is hidden by its script",
        location="package.json:",
    ),
    _fault(
        "script-semicolon",
        "a package's script joined by ; in place of &&",
        _script("test", lambda text: text.replace(" && ", "; ")),
        "a failure of `tsc` is hidden",
        location="package.json:",
    ),
    _fault(
        "script-empty-passes",
        "a package's test runner passes without tests",
        _script("test", lambda _: "vitest run --passWithNoTests"),
        "`--passWithNoTests` passes where there is no test",
        location="package.json:",
    ),
    _fault(
        "if-present",
        "a script that may be gone",
        _run("npm run test --workspaces --if-present"),
        "`--if-present` passes where the script is gone",
    ),
    _fault(
        "nx-setting",
        "Nx passes without tests",
        _nx_setting,
        "`passWithNoTests: true` lets a run pass",
        location="nx.json:",
    ),
    _fault(
        "test-only",
        "a committed .only",
        _new_file("test/focus.test.ts", 'import { test } from "node:test";\n\ntest.only("one", () => {});\n'),
        "a committed test with .only keeps all other tests",
        location="focus.test.ts:3",
    ),
    _fault(
        "test-skip",
        "a committed .skip",
        _new_file("test/skip.test.ts", 'import { test } from "node:test";\n\ntest.skip("one", () => {});\n'),
        "a committed test with .skip is not run",
        location="skip.test.ts:3",
    ),
    _fault(
        "local-script",
        "a script of the repository that no longer ends with a failure",
        lambda site: _edit(site, ".github/scripts/scan-added-lines", lambda text: text.rstrip("\n") + " || true\n"),
        "is hidden by its script",
        location=".github/scripts/scan-added-lines:",
    ),
)
