"""Allure's result files without secrets: allure-pytest writes what tests print and raise, as they say it."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import allure_commons
from allure_commons.logger import AllureFileLogger
from attr import asdict

from exitgate.atomic import write_atomically
from exitgate.redaction import redact_bytes, redact_tree


class RedactingLogger(AllureFileLogger):
    """Writes the same files as allure-pytest's own, each text without secrets, and never anything before."""

    def _report_item(self, item: Any) -> None:
        data = redact_tree(asdict(item, filter=lambda _, value: value or value is False))
        name = item.file_pattern.format(prefix=uuid.uuid4())
        write_atomically(self._report_dir / name, json.dumps(data, ensure_ascii=False), durable=False)

    @allure_commons.hookimpl
    def report_attached_file(self, source: str, file_name: str) -> None:
        """Copy a file."""
        write_atomically(self._report_dir / file_name, redact_bytes(Path(source).read_bytes()), durable=False)

    @allure_commons.hookimpl
    def report_attached_data(self, body: str | bytes, file_name: str) -> None:
        """Write what was given."""
        data = body.encode("utf-8", "backslashreplace") if isinstance(body, str) else body
        write_atomically(self._report_dir / file_name, redact_bytes(data), durable=False)


class AllureFiles:
    """Puts ours in the place of the logger that allure-pytest registers, for as long as tests run."""

    def __init__(self) -> None:
        """Replace nothing yet."""
        self._replaced: list[tuple[AllureFileLogger, RedactingLogger]] = []

    def pytest_sessionstart(self) -> None:
        """Replace it once all plugins are configured, before any test."""
        for plugin in list(allure_commons.plugin_manager.get_plugins()):
            if type(plugin) is AllureFileLogger:
                folder = str(plugin._report_dir)  # noqa: SLF001 - it tells nobody
                ours = RedactingLogger(folder)  # type: ignore[no-untyped-call]
                allure_commons.plugin_manager.unregister(plugin)
                allure_commons.plugin_manager.register(ours)
                self._replaced.append((plugin, ours))

    def pytest_unconfigure(self) -> None:
        """Give back what allure-pytest is about to take out itself."""
        for theirs, ours in self._replaced:
            allure_commons.plugin_manager.unregister(ours)
            allure_commons.plugin_manager.register(theirs)
        self._replaced.clear()
