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
        write_atomically(self._report_dir / name, json.dumps(data, ensure_ascii=False))

    @allure_commons.hookimpl
    def report_attached_file(self, source: str, file_name: str) -> None:
        """Copy a file."""
        write_atomically(self._report_dir / file_name, redact_bytes(Path(source).read_bytes()))

    @allure_commons.hookimpl
    def report_attached_data(self, body: str | bytes, file_name: str) -> None:
        """Write what was given."""
        data = body.encode("utf-8", "backslashreplace") if isinstance(body, str) else body
        write_atomically(self._report_dir / file_name, redact_bytes(data))


class AllureFiles:
    """Puts ours in the place of the logger that allure-pytest registers when it is configured."""

    def pytest_sessionstart(self) -> None:
        """Do so, once all plugins are configured and before any test."""
        manager = allure_commons.plugin_manager
        for plugin in list(manager.get_plugins()):
            if type(plugin) is AllureFileLogger:
                manager.unregister(plugin)
                folder = str(plugin._report_dir)  # noqa: SLF001 - it tells nobody
                manager.register(RedactingLogger(folder))  # type: ignore[no-untyped-call]
