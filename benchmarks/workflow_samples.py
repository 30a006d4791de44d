"""Workflows of every shape that people write, put together from parts by a number: the same number gives the same text."""

from __future__ import annotations

import random
from collections.abc import Sequence

_SHA = "3d3c42e5aac5ba805825da76410c181273ba90b1"
_TRIGGERS = (
    "on: pull_request\n",
    "on: [push, pull_request, merge_group]\n",
    "on:\n  pull_request:\n    branches: [main, 'release/**', '!release/**-alpha']\n  push: {branches: [main]}\n",
    "on:\n  pull_request:\n    types: [opened, synchronize, reopened, labeled]\n    paths-ignore: ['docs/**', '**.md']\n",
    (
        "on:\n  push: &filter\n    branches: ['releases/v[12].?', 'a+b']\n"
        "    paths: ['apps/**/*.ts', '!**/*.test.ts']\n  pull_request: *filter\n"
    ),
    "'on':\n  schedule: [{cron: '0 3 * * 1'}]\n  workflow_dispatch:\n    inputs:\n      level: {type: choice, options: [a, b]}\n",
    (
        "on:\n  workflow_call:\n    inputs: {node: {type: string, default: '20'}}\n"
        "    secrets: {token: {required: true}}\n  pull_request:\n"
    ),
    "on:\n  pull_request_target:\n    types: [closed]\n  pull_request:\n  push:\n    tags: ['v*.*.*']\n",
)
_TOPS = (
    "permissions: {}\n",
    "permissions: read-all\nenv: {CI: true, LEVEL: 3}\n",
    "concurrency:\n  group: ${{ github.workflow }}-${{ github.ref || github.run_id }}\n  cancel-in-progress: true\n",
    "defaults:\n  run: {shell: bash, working-directory: apps}\n",
    "name: 'Checks: ${{ github.event_name }}'\n",
    "",
)
_MATRICES = (
    "",
    "    strategy:\n      matrix: {node: [20, '22']}\n",
    (
        "    strategy:\n      fail-fast: false\n      matrix:\n"
        "        os: [ubuntu-24.04, windows-2025]\n        node: [20, 22, 24]\n"
        "        exclude: [{os: windows-2025, node: 20}]\n        include:\n          - {node: 25, experimental: true}\n"
    ),
    "    strategy:\n      matrix: ${{ fromJSON(needs.plan.outputs.matrix) }}\n",
    "    strategy:\n      max-parallel: 2\n      matrix:\n        project: {a: 1, b: [x, y]}\n",
)
_CONDITIONS = (
    "",
    "    if: always()\n",
    '    if: ${{ !cancelled() && contains(fromJSON(\'["a","b"]\'), github.base_ref) }}\n',
    "    if: github.event_name == 'push' || startsWith(github.head_ref, 'dependabot/')\n",
    "    if: success() && (github.event.pull_request.draft == false)\n",
    "    if: hashFiles('**/package-lock.json') != '' && format('{0}', matrix.node) != '21'\n",
)
_EXTRAS = (
    "",
    "    timeout-minutes: 10\n    continue-on-error: ${{ matrix.experimental || false }}\n",
    "    container: {image: 'node:22', env: {A: b}}\n",
    "    services:\n      db: {image: 'postgres:17', ports: ['5432:5432']}\n",
    "    permissions: {contents: read, id-token: write}\n    environment: {name: staging}\n",
    "    env:\n      BASE: ${{ github.event.merge_group.base_sha || github.event.before }}\n",
)
_STEPS = (
    f"      - uses: actions/checkout@{_SHA} # v7\n        with: {{fetch-depth: 0}}\n",
    f"      - uses: actions/setup-node@{_SHA}\n        with: {{node-version: '${{{{ matrix.node }}}}', cache: npm}}\n",
    "      - run: npm ci\n",
    "      - name: Unit tests\n        id: unit\n        run: npx nx affected -t lint test --parallel=3\n",
    (
        "      - run: |\n          set -euo pipefail\n"
        "          npm test 2>&1 | tee log\n          if grep -q FAIL log; then exit 1; fi\n"
    ),
    "      - run: >-\n          npx jest --ci\n          --coverage\n        continue-on-error: true\n",
    (
        "      - run: |\n          for each in a b c; do\n"
        '            npm run build -w "$each" || failed=1\n          done\n          exit "${failed:-0}"\n'
    ),
    "      - shell: pwsh\n        run: |\n          npm test\n          if ($LASTEXITCODE -ne 0) { exit 1 }\n",
    "      - shell: python\n        run: |\n          import subprocess\n          subprocess.run(['npx', 'jest'], check=True)\n",
    "      - if: failure() && steps.unit.outcome == 'failure'\n        run: npx jest --listTests > tests.txt\n",
    "      - uses: ./.github/actions/setup\n        with: {name: x}\n",
    f"      - uses: nick-fields/retry@{_SHA}\n        with: {{command: npm run e2e, max_attempts: 3}}\n",
    (
        '      - run: |\n          cat <<\'END\' >config.json\n          {"a": "$b"}\n'
        "          END\n          node check.mjs <config.json &\n          wait $!\n"
    ),
    "      - run: make verify -j2\n        working-directory: tools\n        timeout-minutes: 3\n",
)
_AGGREGATES = (
    (
        '      - run: |\n          [[ "$RESULTS" =~ ^success(\\ success)*$ ]]\n'
        "        env:\n          RESULTS: ${{ join(needs.*.result, ' ') }}\n"
    ),
    "      - if: contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled')\n        run: exit 1\n",
    f"      - uses: re-actors/alls-green@{_SHA}\n        with: {{jobs: '${{{{ toJSON(needs) }}}}'}}\n",
    "      - run: echo ok\n",
)


def workflow_text(number: int, jobs: int = 0) -> str:
    """Return a workflow.

    Args:
        number: Chooses the parts.
        jobs: How many jobs verify; some from one to six where it is 0.
    """
    chance = random.Random(number)
    count = jobs or chance.randint(1, 6)
    parts = [_one(chance, _TRIGGERS), _one(chance, _TOPS), "jobs:\n"]
    names = [f"job-{index}" for index in range(count)]
    for index, name in enumerate(names):
        needs = sorted(chance.sample(names[:index], chance.randint(0, min(index, 2))))
        parts += [f"  {name}:\n", f"    needs: [{', '.join(needs)}]\n" if needs else ""]
        if chance.random() < 0.1:
            parts.append("    uses: ./.github/workflows/other.yml\n    with: {node: '20'}\n    secrets: inherit\n")
            continue
        parts += [
            "    runs-on: ubuntu-24.04\n",
            _one(chance, _MATRICES),
            _one(chance, _CONDITIONS),
            _one(chance, _EXTRAS),
        ]
        parts.append("    steps:\n")
        parts += chance.sample(_STEPS, chance.randint(2, 8))
    parts.append(
        f"  ci:\n    name: ci\n    if: always()\n    needs: [{', '.join(names)}]\n    runs-on: ubuntu-24.04\n    steps:\n"
    )
    return "".join((*parts, _one(chance, _AGGREGATES)))


def _one(chance: random.Random, parts: Sequence[str]) -> str:
    return parts[chance.randrange(len(parts))]
