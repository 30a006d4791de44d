"""The seventeen assertions by exitgate's own parts, in this process; prints as JSON what they took; `benchmarks.peer` starts it."""

from __future__ import annotations

import json
import re
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from benchmarks.assertions import COMMANDS, CONFIGURATION, CONTENTS, ENVIRONMENT, PATHS, PORT, There
from benchmarks.throwaway import throwaway_run
from exitgate.observe.contents import kept_for_contents
from exitgate.observe.layers import visible
from exitgate.observe.paths import AtPath, read_paths
from exitgate.observe.saved_image import read_saved_image
from exitgate.provision.containers import throwaway_container
from exitgate.provision.engine import Engine, connect, engine_address
from exitgate.provision.image_archive import CHUNK_BYTES
from exitgate.run import Run
from exitgate.settings import ContainerSettings

if TYPE_CHECKING:
    from docker.models.containers import Container

_NO_NETWORK = "none"
_SETTINGS = ContainerSettings()
_LASTING = ("sleep", "60")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything that the assertions need."""

    outputs: dict[str, str]
    paths: dict[str, AtPath | None]
    configuration: dict[str, Any]


def main() -> None:
    import os

    image_id, way = sys.argv[1:]
    with throwaway_run() as run, connect(engine_address(os.environ)) as engine:
        # Timed from here on: the observer lives in a process that is there already. What the process costs as a whole, imports
        # included, its parent measures.
        started, cpu = time.perf_counter(), time.process_time()
        seen = WAYS[way](engine, run, image_id)
        failed = [words for words, holds in judged(seen) if not holds]
        took = {"wall_s": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}
    if failed:
        raise SystemExit("; ".join(failed))
    print(json.dumps(took))


def with_fresh_containers(engine: Engine, run: Run, image_id: str) -> Seen:
    """See everything with a container of its own for each command, and one that is never started for the files."""
    with throwaway_container(engine, run, image_id, _SETTINGS, name="files", network=_NO_NETWORK) as container:
        paths = _paths(engine, str(container.id))
    outputs: dict[str, str] = {}
    for command in COMMANDS:
        with throwaway_container(
            engine, run, image_id, _SETTINGS, name="command", network=_NO_NETWORK, entrypoint=command.words
        ) as container:
            container.start()
            container.wait()
            outputs[command.name] = bytes(container.logs(stdout=True, stderr=False)).decode()
    return Seen(outputs=outputs, paths=paths, configuration=_configuration(engine, image_id))


def with_one_container(engine: Engine, run: Run, image_id: str) -> Seen:
    """See everything with one container, in which the commands run one after another."""
    with throwaway_container(
        engine, run, image_id, _SETTINGS, name="all", network=_NO_NETWORK, entrypoint=_LASTING
    ) as container:
        paths = _paths(engine, str(container.id))
        container.start()
        outputs = {each.name: _said(container, each.words) for each in COMMANDS}
    return Seen(outputs=outputs, paths=paths, configuration=_configuration(engine, image_id))


def with_all_contents(engine: Engine, run: Run, image_id: str) -> Seen:
    """See the files in the whole image as its engine saves it, every file looked at; and the rest with one container."""
    contents = {each.path for each in CONTENTS}
    chunks = cast("Iterable[bytes]", engine.client.images.get(image_id).save(chunk_size=CHUNK_BYTES))
    saved = read_saved_image(chunks, lambda path: path in contents or kept_for_contents(path))
    kept = {path: content for layer in saved.layers for path, content in saved.kept[layer.digest]}
    entries = visible(saved.layers)
    paths = {
        path: AtPath(entry=entries[path][0], content=kept.get(path)) if path in entries else None
        for path in (*contents, *(each.path for each in PATHS))
    }
    with throwaway_container(
        engine, run, image_id, _SETTINGS, name="commands", network=_NO_NETWORK, entrypoint=_LASTING
    ) as container:
        container.start()
        outputs = {each.name: _said(container, each.words) for each in COMMANDS}
    return Seen(outputs=outputs, paths=paths, configuration=_configuration(engine, image_id))


WAYS = {"fresh": with_fresh_containers, "shared": with_one_container, "contents": with_all_contents}


def judged(seen: Seen) -> Iterator[tuple[str, bool]]:
    """Yield the seventeen assertions in words, and whether each holds."""
    for command in COMMANDS:
        yield command.name, re.search(command.output, seen.outputs[command.name], re.MULTILINE) is not None
    for there in PATHS:
        yield there.path, _is_as_asserted(there, seen.paths[there.path])
    for holds in CONTENTS:
        found = seen.paths[holds.path]
        content = (found.content if found else None) or b""
        yield f"content of {holds.path}", re.search(holds.content, content.decode(), re.MULTILINE) is not None
    configuration = seen.configuration
    yield ENVIRONMENT[0], "=".join(ENVIRONMENT) in (configuration["Env"] or ())
    yield PORT, PORT in (configuration["ExposedPorts"] or {})
    for key in ("Entrypoint", "Cmd", "WorkingDir"):
        yield key, configuration[key] == CONFIGURATION[key]


def _said(container: Container, words: tuple[str, ...]) -> str:
    output = container.exec_run(list(words)).output
    return (output if isinstance(output, bytes) else b"".join(output)).decode()


def _paths(engine: Engine, container_id: str) -> dict[str, AtPath | None]:
    contents = [each.path for each in CONTENTS]
    return read_paths(engine, container_id, {*contents, *(each.path for each in PATHS)}, contents=contents)


def _configuration(engine: Engine, image_id: str) -> dict[str, Any]:
    return dict(engine.client.images.get(image_id).attrs["Config"])


def _is_as_asserted(there: There, found: AtPath | None) -> bool:
    if found is None or not there.permissions:
        return found is None and not there.permissions
    folder = stat.S_IFDIR if there.permissions.startswith("d") else stat.S_IFREG
    return stat.filemode(folder | found.entry.mode) == there.permissions and found.entry.uid == there.uid


if __name__ == "__main__":
    main()
