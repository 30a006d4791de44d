"""What becomes of a failure, told from the text of a script."""

from __future__ import annotations

import pytest

from exitgate.observe.shell import Fate, Loss, ShellOptions, read_script

DEFAULT = ShellOptions(errexit=True, pipefail=False)
BASH = ShellOptions(errexit=True, pipefail=True)
NPM = ShellOptions(errexit=False, pipefail=False, posix=True)


def fate_of(script: str, options: ShellOptions, word: str = "npm") -> tuple[Fate, Loss]:
    fates = read_script(script, 1, options)
    assert fates.unreadable_line == 0
    (found,) = [each for each in fates.commands if word in each.words]
    return found.fate, found.loss


REACHING = (
    ("npm test", DEFAULT),
    ("npm test\nexit 0", DEFAULT),
    ("npm test; true", DEFAULT),
    ("npm test | tee log", BASH),
    ("set -o pipefail\nnpm test | tee log", DEFAULT),
    ("npm test | tee log\nexit ${PIPESTATUS[0]}", DEFAULT),
    ("npm test || { echo failed; exit 1; }", DEFAULT),
    ("npm test || rc=$?\necho done\nexit $rc", DEFAULT),
    ('rc=0\nnpm test || rc=1\n[ "$rc" -eq 0 ]', DEFAULT),
    ("set +e\nnpm test\nr=$?\nset -e\nif [ $r -ne 0 ]; then exit 1; fi", DEFAULT),
    ("if ! npm test; then exit 1; fi", DEFAULT),
    ("npm test &\np=$!\nwait $p", DEFAULT),
    ('pids=()\nnpm test & pids+=($!)\nfor p in "${pids[@]}"; do wait $p; done', DEFAULT),
    ("for i in 1 2 3; do npm test && exit 0; done\nexit 1", DEFAULT),
    ("until npm test; do sleep 1; done", DEFAULT),
    ("n=0\nuntil npm test; do n=$((n+1)); if [ $n -ge 3 ]; then exit 1; fi; done", DEFAULT),
    ("for p in a b; do npm test $p; done", DEFAULT),
    (
        'failed=""\nfor p in a b; do npm test $p || failed="$failed $p"; done\nif [ -n "$failed" ]; then exit 1; fi',
        DEFAULT,
    ),
    ('errs=()\nfor p in a b; do npm test $p || errs+=("$p"); done\n[ ${#errs[@]} -eq 0 ]', DEFAULT),
    ("errs=0\nfor p in a b; do npm test $p || ((errs++)) || true; done\nexit $errs", DEFAULT),
    ("x=$(npm test)", DEFAULT),
    ("trap 'rm -rf tmp' EXIT\nnpm test", DEFAULT),
    ("git diff --quiet || npm test", DEFAULT),
    ('if [ -n "$CI" ]; then npm test; fi', DEFAULT),
    ("bash -ec 'npm test; true'", DEFAULT),
    ("timeout 60 env A=b npm test", DEFAULT),
    ("ls | xargs npm test", DEFAULT),
    ("cat <<EOF | tee x\n|| true\nEOF\nnpm test\n", DEFAULT),
    ("npm test && npm run lint", NPM, "test"),
    ("rm -rf dist; npm test", NPM),
)


@pytest.mark.parametrize(
    ("script", "options", "word"), [(*case, "npm")[:3] if len(case) == 2 else case for case in REACHING]
)
def test_a_failure_that_reaches_the_script_s_end(script: str, options: ShellOptions, word: str) -> None:
    assert fate_of(script, options, word) == (Fate.REACHES, Loss.NONE)


@pytest.mark.parametrize(
    ("script", "options", "loss"),
    [
        ("npm test || true", DEFAULT, Loss.OR),
        ("npm test || echo failed", BASH, Loss.OR),
        ("npm test && echo ok\necho done", DEFAULT, Loss.AND),
        ("npm test | tee log", DEFAULT, Loss.PIPELINE),
        ("cat <<EOF | npm test | cat\nx\nEOF\n", DEFAULT, Loss.PIPELINE),
        ("npm test & wait", DEFAULT, Loss.BACKGROUND),
        ("if npm test; then echo ok; fi", DEFAULT, Loss.CONDITION),
        ("! npm test", DEFAULT, Loss.NEGATED),
        ("echo $(npm test)", DEFAULT, Loss.SUBSTITUTION),
        ("export X=`npm test`", DEFAULT, Loss.SUBSTITUTION),
        ("f() { local x=$(npm test); echo $x; }\nf", DEFAULT, Loss.SUBSTITUTION),
        ("cat <(npm test)", DEFAULT, Loss.SUBSTITUTION),
        ("trap 'exit 0' EXIT\nnpm test", DEFAULT, Loss.TRAP),
        ("set +e\nnpm test\necho done", DEFAULT, Loss.ERREXIT_OFF),
        ("(set +o errexit; npm test; true)", DEFAULT, Loss.ERREXIT_OFF),
        ("t() { npm test; }\nt || true", DEFAULT, Loss.OR),
        ("t() { npm test; echo; }\nif t; then echo; fi", DEFAULT, Loss.CONDITION),
        ("bash -c 'npm test; true'", DEFAULT, Loss.ERREXIT_OFF),
        ("bash <<'EOF'\nnpm test\ntrue\nEOF\n", DEFAULT, Loss.ERREXIT_OFF),
        ("find . -name p -exec npm test {} \\;", DEFAULT, Loss.FIND_EXEC),
        ("find . -name p -execdir npm test \\;", DEFAULT, Loss.FIND_EXEC),
        ("for p in a b; do npm test $p; done", NPM, Loss.LOOP),
        ("npm test; rm -rf tmp", NPM, Loss.ERREXIT_OFF),
    ],
)
def test_a_failure_that_is_lost(script: str, options: ShellOptions, loss: Loss) -> None:
    assert fate_of(script, options) == (Fate.LOST, loss)


@pytest.mark.parametrize(
    ("script", "fate"),
    [
        ("npm test || [ $? -eq 2 ]", Fate.SOMETIMES),
        ('npm test || { [ "$SOFT" = 1 ] && exit 0; exit 1; }', Fate.SOMETIMES),
        ("exit 0\nnpm test", Fate.NEVER),
        ("if false; then npm test; fi", Fate.NEVER),
        ("false && npm test || true", Fate.NEVER),
    ],
)
def test_what_depends_and_what_never_runs(script: str, fate: Fate) -> None:
    assert fate_of(script, DEFAULT)[0] is fate


def test_many_questions_before_a_command_don_t_multiply() -> None:
    questions = "\n".join(f'if [ -n "$A{n}" ]; then x{n}=1; fi' for n in range(40))
    assert fate_of(f"{questions}\nnpm test", DEFAULT)[0] is Fate.REACHES


def test_lines_are_the_file_s_lines() -> None:
    fates = read_script("cat <<EOF\na\nb\nEOF\nnpm test \\\n  --x || true\n", 10, DEFAULT)
    assert [(each.line, each.words) for each in fates.commands][-1] == (14, ("npm", "test", "--x"))


def test_expressions_of_github_are_words() -> None:
    fates = read_script("npm test -- ${{ matrix.x }} || true", 1, DEFAULT)
    assert fates.commands[0].fate is Fate.LOST


@pytest.mark.parametrize("script", ["if npm test", "a 'b", "cat <<EOF\nx", "( npm test", "npm test )"])
def test_what_can_t_be_parsed_is_said_by_its_line(script: str) -> None:
    assert read_script(script, 5, DEFAULT).unreadable_line >= 5


def test_an_empty_script_has_no_commands() -> None:
    assert read_script("# nothing\n", 1, DEFAULT).commands == ()
