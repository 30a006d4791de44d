"""Which file a command line runs in the end."""

from __future__ import annotations

import pytest

from exitgate.dockerfile import Command, Program, invoked, started_words


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (["node", "dist/main.js"], "/app/dist/main.js"),
        (["/nodejs/bin/node", "/srv/main.js"], "/srv/main.js"),
        (["node", "--enable-source-maps", "-r", "./trace.js", "main.js"], "/app/main.js"),
        (["node", "--import=x", "--", "main.js"], "/app/main.js"),
        (["node22", "main.js"], "/app/main.js"),
        (["node", "."], "/app/package.json"),
        (["node", ".."], "/package.json"),
        (["bun", "run", "main.ts"], "/app/main.ts"),
        (["python3.12", "-u", "main.py"], "/app/main.py"),
        (["java", "-Xmx1g", "-jar", "/x.jar"], "/x.jar"),
        (["/bin/server", "--port", "1"], "/bin/server"),
        (["./server"], "/app/server"),
        (["npm", "start"], "/app/package.json"),
        (["npm", "--prefix", "web", "run", "start"], "/app/web/package.json"),
        (["npm", "run", "start", "--prefix=/web"], "/web/package.json"),
        (["yarn", "--cwd", "/web", "start"], "/web/package.json"),
        (["pnpm", "start"], "/app/package.json"),
        (["npx", "--no-install", "next", "start"], "/app/node_modules/.bin/next"),
        (["tini", "-g", "--", "node", "main.js"], "/app/main.js"),
        (["/usr/bin/dumb-init", "--", "node", "main.js"], "/app/main.js"),
        (["env", "-u", "X", "A=b", "node", "main.js"], "/app/main.js"),
        (["gosu", "app", "node", "main.js"], "/app/main.js"),
        (["/docker-entrypoint.sh", "node", "main.js"], "/app/main.js"),
        (["/entrypoint.sh"], "/entrypoint.sh"),
        (["sh", "run.sh"], "/app/run.sh"),
        (["/bin/sh", "-c", "node main.js"], "/app/main.js"),
        (["/bin/sh", "-c", "exec node main.js"], "/app/main.js"),
        (["bash", "-ec", "A=b node main.js > /dev/null 2>&1"], "/app/main.js"),
        (["sh", "-c", "npx prisma migrate deploy && node main.js"], "/app/main.js"),
        (["sh", "-c", "cd /srv; cd x && node main.js"], "/srv/x/main.js"),
        (["sh", "-c", "sh -c 'node main.js'"], "/app/main.js"),
    ],
)
def test_a_command_line_leads_to_a_file(words: list[str], path: str) -> None:
    found = invoked(words, "/app")
    assert (found.path, found.name, found.unknown) == (path, "", "")


def test_a_module_may_be_named_without_its_ending() -> None:
    assert "/app/main.js" in invoked(["node", "main"], "/app").or_else
    assert invoked(["python", "main"], "/app").or_else == ()


@pytest.mark.parametrize(
    "words", [["nginx", "-g", "daemon off;"], ["/docker-entrypoint.sh", "nginx"], ["sh", "-c", "nginx"]]
)
def test_a_bare_name_is_left_to_the_search_path(words: list[str]) -> None:
    assert invoked(words, "/").name == "nginx"


@pytest.mark.parametrize(
    ("words", "unknown"),
    [
        ([], "it starts nothing"),
        (["tini", "--"], "it starts nothing"),
        ([""], "its first word is empty"),
        (["node"], "node is given no file"),
        (["node", "-e", "1"], "node -e runs no file"),
        (["python", "-m", "http.server"], "python -m runs no file"),
        (["java", "-cp", "x", "Main"], "java is given a class, not a file"),
        (["sh"], "a shell is given no script"),
        (["sh", "-c"], "its script runs nothing"),
        (["sh", "-c", "A=b"], "its script runs nothing"),
        (["sh", "-c", "node 'main.js"], "its script has a quote that is not closed"),
        (["sh", "-c", "node $MAIN"], "its script decides as it runs"),
        (["sh", "-c", "node `cat main`"], "its script decides as it runs"),
        (["sh", "-c", "if true; then node a.js; fi"], None),
    ],
)
def test_what_cannot_be_told_is_said(words: list[str], unknown: str | None) -> None:
    found = invoked(words, "/app")
    assert found.path == ""
    assert unknown is None or found.unknown == unknown


NODE = Command(line=1, words=("node",), in_shell=False)
MAIN = Command(line=2, words=("main.js",), in_shell=False)
SHELL = Command(line=3, words=("node main.js",), in_shell=True)


@pytest.mark.parametrize(
    ("entrypoint", "command", "given", "expected"),
    [
        (None, None, (None, None), ()),
        (NODE, MAIN, (None, None), ("node", "main.js")),
        (None, SHELL, (None, None), ("/bin/sh", "-c", "node main.js")),
        (SHELL, MAIN, (None, None), ("/bin/sh", "-c", "node main.js")),
        (NODE, MAIN, (None, ["other.js"]), ("node", "other.js")),
        (NODE, MAIN, (["/x"], None), ("/x",)),
        (NODE, MAIN, (["/x"], ["y"]), ("/x", "y")),
        (NODE, MAIN, ([], []), ("node", "main.js")),
    ],
)
def test_what_settings_give_goes_before_what_the_image_says(
    entrypoint: Command | None,
    command: Command | None,
    given: tuple[list[str] | None, list[str] | None],
    expected: tuple[str, ...],
) -> None:
    assert started_words(Program(entrypoint=entrypoint, command=command), *given) == expected
