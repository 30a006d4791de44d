"""Small Dockerfiles of known verdict, after Docker's reference and what people met in practice.

Each is judged by both rules that look at a Dockerfile alone. ``ok``: no finding; ``?``: not assessed; else words of the finding.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from exitgate.checks.containers import foreign_bases, undivided_builds
from exitgate.dockerfile import parse_dockerfile
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from tests.checks.containers.builders import policy, task

D = "sha256:" + "0a" * 32
POLICY = policy(
    base_image=[
        {"repository": "docker.io/library/node", "tag": "22*", "digests": [D]},
        {"repository": "gcr.io/distroless/nodejs22", "tag": "nonroot", "digests": [D]},
        {"repository": "nginx", "tag": "1.*", "digests": [D]},
    ]
)
NODE, DISTROLESS, NGINX = f"node:22-slim@{D}", f"gcr.io/distroless/nodejs22:nonroot@{D}", f"nginx:1.29@{D}"

TABLE: dict[str, tuple[str, str, str]] = {
    "textbook": (
        (
            f"FROM node:22 AS build\nWORKDIR /src\nCOPY . .\nRUN npm run build\nFROM {NODE}\nWORKDIR /app\n"
            'COPY --from=build /src/dist ./dist\nCMD ["node", "dist/main.js"]\n'
        ),
        "ok",
        "ok",
    ),
    "stage by number": (
        'FROM golang\nRUN go build -o /out/server\nFROM scratch\nCOPY --from=0 /out/server /server\nENTRYPOINT ["/server"]\n',
        "ok",
        "ok",
    ),
    "server on the search path": (
        'FROM golang AS build\nRUN go build\nFROM scratch\nCOPY --from=build /out/server /usr/local/bin/\nCMD ["server"]\n',
        "ok",
        "ok",
    ),
    "base in an argument, in small letters": (
        f'arg BASE={DISTROLESS}\nfrom node as build\nrun x\nfrom ${{BASE}}\ncopy --from=build /out /app\ncmd ["/app/main.js"]\n',
        "ok",
        "ok",
    ),
    "argument without a value": (
        'ARG BASE\nFROM node AS build\nRUN x\nFROM $BASE\nCOPY --from=build /out /app\nCMD ["/app/main.js"]\n',
        "can't be told",
        "ok",
    ),
    "argument after the first FROM is not seen by FROM": (
        f'FROM node AS build\nARG BASE={DISTROLESS}\nRUN x\nFROM $BASE\nCOPY --from=build /out /app\nCMD ["/app/main.js"]\n',
        "can't be told",
        "ok",
    ),
    "default by operator": (
        f'FROM node AS build\nRUN x\nFROM ${{BASE:-{DISTROLESS}}}\nCOPY --from=build /out /app\nCMD ["/app/main.js"]\n',
        "ok",
        "ok",
    ),
    "base by platform": (
        'FROM a AS build\nRUN x\nFROM node-$TARGETARCH\nCOPY --from=build /out /app\nCMD ["/app/main.js"]\n',
        "?",
        "ok",
    ),
    "latest by omission": (
        'FROM node AS build\nRUN x\nFROM node\nCOPY --from=build /out /app\nCMD ["node", "/app/main.js"]\n',
        "has no digest",
        "ok",
    ),
    "a here-document that speaks of FROM": (
        (
            f"FROM node AS build\nRUN <<EOF\nFROM evil\nCOPY --from=evil / /\nEOF\nFROM {NODE}\n"
            'COPY --from=build /out /app\nCMD ["node", "/app/main.js"]\n'
        ),
        "ok",
        "ok",
    ),
    "a comment in a continued line": (
        (
            f"FROM node AS build\nRUN a \\\n  # FROM evil\n\n  && b\nFROM {NODE}\n"
            "COPY --from=build \\\n# x\n /out /app\nCMD node /app/main.js\n"
        ),
        "ok",
        "ok",
    ),
    "backtick as escape": (
        f"# escape=`\nFROM node AS build\nRUN dir c:\\\nFROM {NODE}\nCOPY --from=build `\n /out /app\nCMD node /app/main.js\n",
        "ok",
        "ok",
    ),
    "windows line ends and a mark of byte order": (
        f"\ufeffFROM node AS build\r\nRUN x\r\nFROM {NODE}\r\nCOPY --from=build /out /app\r\nCMD node /app/main.js\r\n",
        "ok",
        "ok",
    ),
    "stage that shadows an image": (
        f'FROM {NODE} AS nginx\nRUN build\nFROM nginx\nCOPY --from=nginx /out /app\nCMD ["node", "/app/main.js"]\n',
        "ok",
        "starts from stage nginx",
    ),
    "image of the name of a later stage": (
        f'FROM tools AS build\nRUN x\nFROM {NODE} AS run\nCOPY --from=build /out /app\nCMD ["node", "/app/main.js"]\n',
        "ok",
        "ok",
    ),
    "shared base": (
        (
            f"FROM {NODE} AS base\nENV NODE_ENV=production\nRUN corepack enable\nFROM base AS build\nRUN x\nFROM base\n"
            'COPY --from=build /out /app\nCMD ["node", "/app/main.js"]\n'
        ),
        "ok",
        "ok",
    ),
    "single stage": (f'FROM {NODE}\nCOPY . /app\nRUN npm ci\nCMD ["node", "/app/main.js"]\n', "ok", "single stage"),
    "dummy stage": (
        f'FROM node AS build\nRUN x\nFROM {NODE}\nCOPY . /app\nRUN npm ci\nCMD ["node", "/app/main.js"]\n',
        "ok",
        "in form alone",
    ),
    "deployed from build": (
        f'FROM {NODE} AS build\nCOPY . /app\nRUN x\nFROM build\nUSER 1\nCMD ["node", "/app/main.js"]\n',
        "ok",
        "starts from stage build",
    ),
    "deployed from build with a fig leaf": (
        (
            f"FROM other AS leaf\nRUN x\nFROM {NODE} AS build\nCOPY . /app\nRUN x\nFROM build\nCOPY --from=leaf /leaf /leaf\n"
            'CMD ["node", "/app/main.js"]\n'
        ),
        "ok",
        "starts from stage build",
    ),
    "program from the context": (
        (
            f"FROM node AS deps\nRUN npm ci\nFROM {NODE}\nCOPY --from=deps /node_modules /app/node_modules\nCOPY src /app/src\n"
            'CMD ["node", "/app/src/main.js"]\n'
        ),
        "ok",
        "from the build context",
    ),
    "npm start": (
        (
            f"FROM node AS build\nRUN x\nFROM {NODE}\nWORKDIR /app\nCOPY --from=build /src/package.json ./\n"
            'COPY --from=build /src/dist dist\nCMD ["npm", "start"]\n'
        ),
        "ok",
        "ok",
    ),
    "npm start of a package.json of the context": (
        (
            f"FROM node AS build\nRUN x\nFROM {NODE}\nWORKDIR /app\nCOPY package*.json ./\n"
            "COPY --from=build /src/dist dist\nCMD npm start\n"
        ),
        "ok",
        "from the build context",
    ),
    "relative to the base's own folder": (
        f'FROM node AS build\nRUN x\nFROM {NODE}\nCOPY --from=build /src/dist dist\nCMD ["node", "dist/main"]\n',
        "ok",
        "ok",
    ),
    "tini, exec and a variable of ours": (
        (
            f"FROM node AS build\nRUN x\nFROM {NODE}\nENV APP=/app\nCOPY --from=build /src/dist $APP/dist\n"
            'ENTRYPOINT ["tini", "--"]\nCMD ["node", "/app/dist/main.js"]\n'
        ),
        "ok",
        "ok",
    ),
    "a script decides": (
        f"FROM node AS build\nRUN x\nFROM {NODE}\nCOPY --from=build /out /app\nCMD exec node $MAIN\n",
        "ok",
        "?",
    ),
    "files for nginx": (
        f"FROM node AS build\nRUN x\nFROM {NGINX}\nCOPY --from=build /dist /usr/share/nginx/html\n",
        "ok",
        "ok",
    ),
    "files of the context for nginx": (
        f'FROM node AS build\nRUN x\nFROM {NGINX}\nCOPY dist /usr/share/nginx/html\nCMD ["nginx"]\n',
        "ok",
        "in form alone",
    ),
    "a server with a copied configuration": (
        f'FROM node AS build\nRUN x\nFROM {NGINX}\nCOPY --from=build /dist /srv\nCMD ["nginx", "-g", "daemon off;"]\n',
        "ok",
        "ok",
    ),
    "a program that nobody copied": (
        f'FROM node AS build\nRUN x\nFROM {NODE}\nCOPY --from=build /dist /srv\nCMD ["/opt/server"]\n',
        "ok",
        "no COPY brings the program /opt/server",
    ),
    "a program of an image": (
        (
            f"FROM node AS build\nRUN x\nFROM {NODE}\nCOPY --from=build /dist /srv\n"
            'COPY --from=caddy /usr/bin/caddy /bin/caddy\nCMD ["/bin/caddy"]\n'
        ),
        "an image from which the deployed stage copies",
        "ready-made from the image caddy",
    ),
    "a program of an image by another name": (
        f'FROM caddy AS build\nFROM {NODE}\nCOPY --from=build /usr/bin/caddy /bin/caddy\nCMD ["/bin/caddy"]\n',
        "an image from which the deployed stage copies",
        "takes nothing from a stage that makes something",
    ),
    "a mount that copies": (
        f"FROM node AS build\nRUN x\nFROM {NODE}\nRUN --mount=from=build,target=/b cp -r /b/out /app\nCMD node /app/main.js\n",
        "ok",
        "?",
    ),
    "a mount of an image": (
        (
            f"FROM node AS build\nRUN x\nFROM {NODE}\nRUN --mount=type=bind,from=busybox,target=/b cp /b/x /\n"
            'COPY --from=build /out /app\nCMD ["node", "/app/main.js"]\n'
        ),
        "an image that the deployed stage mounts",
        "ok",
    ),
    "onbuild": (
        (
            f"FROM node AS build\nRUN x\nFROM {NODE}\nCOPY --from=build /out /app\nONBUILD COPY --from=busybox /x /y\n"
            'CMD ["node", "/app/main.js"]\n'
        ),
        "an image from which the deployed stage copies",
        "ok",
    ),
}


def verdict(judge: Callable[[], list[Finding]]) -> str:
    try:
        return "; ".join(finding.message for finding in judge()) or "ok"
    except PrerequisiteMissing:
        return "?"


@pytest.mark.parametrize("name", TABLE)
def test_a_dockerfile_has_the_verdict_that_is_known_of_it(name: str) -> None:
    text, base, stages = TABLE[name]
    dockerfile = parse_dockerfile(text, "Dockerfile")
    found = verdict(lambda: foreign_bases(dockerfile, POLICY, {}))
    assert base in found
    assert (base == "ok") is (found == "ok")
    found = verdict(lambda: undivided_builds(dockerfile, task(), {}))
    assert stages in found
    assert (stages == "ok") is (found == "ok")


def test_the_table_holds_every_kind_of_verdict() -> None:
    assert len(TABLE) >= 25
    assert {"ok", "?"} < {base for _, base, _ in TABLE.values()}
    assert {"ok", "?"} < {stages for _, _, stages in TABLE.values()}
