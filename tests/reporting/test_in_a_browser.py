"""The page as a browser has it: no fault that axe-core finds, light and dark; usable by keyboard; nothing loaded, nothing run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from exitgate.outcome import Status
from exitgate.process import find_program
from exitgate.reporting.html import render_html
from tests.reporting.records import MARKUP, judged, mixed_record, passing, record_of, with_text
from tests.reporting.test_network import PICTURE as NETWORK
from tests.reporting.test_timeline import PICTURE as ROLLOUT

WIDTHS = (360, 1280)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium; the tests' driver brings none."""
    program = find_program("chromium") or find_program("google-chrome")
    if program is None:
        pytest.skip("neither chromium nor google-chrome is here, so no page is opened in a browser")
    with sync_playwright() as driver, driver.chromium.launch(executable_path=program, args=["--no-sandbox"]) as browser:
        yield browser


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with everything on it that a page can have, and of controls one of each kind, so that it is looked over soon."""
    record = mixed_record()
    kinds = {control.status: control for control in reversed(record.controls)}
    controls = tuple(control for control in record.controls if control in kinds.values())
    assert len(controls) == len(Status)
    record = record.model_copy(update={"pictures": (ROLLOUT, NETWORK), "controls": controls})
    earlier = record_of(judged(passing), run_id="run-0")
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(render_html(record, earlier=earlier, source="https://git.example/{path}#L{line}"), encoding="utf-8")
    return path


def opened(browser: Browser, path: Path, *, width: int = 1280, **context: Any) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 800}, **context).new_page()
    page.goto(path.as_uri())
    return page


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_nothing(browser: Browser, written: Path, scheme: Any, width: int) -> None:
    page = opened(browser, written, width=width, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    results = Axe().run(page)
    assert results.response["passes"]
    assert results.violations_count == 0, results.generate_report()


def test_axe_would_find_faults(browser: Browser, written: Path) -> None:
    """The opposite: a drawing without a name, and words that nobody can read."""
    page = opened(browser, written)
    page.evaluate("document.querySelector('svg').removeAttribute('aria-labelledby')")
    page.evaluate("document.querySelector('h2').style.color = 'rgb(240, 240, 240)'")
    found = {violation["id"] for violation in Axe().run(page, "main").response["violations"]}
    assert {"svg-img-alt", "color-contrast"} <= found


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out_at_the_side(browser: Browser, written: Path, width: int) -> None:
    page = opened(browser, written, width=width)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_reaches_the_report_and_opens_a_control(browser: Browser, written: Path) -> None:
    page = opened(browser, written, java_script_enabled=True)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#report")
    closed = "article.control details:not([open]) > summary"
    page.locator(closed).first.focus()
    before = page.locator(closed).count()
    page.keyboard.press("Enter")
    assert page.locator(closed).count() == before - 1


def test_without_scripts_it_reads_the_same(browser: Browser, written: Path) -> None:
    with_scripts = opened(browser, written).locator("main").inner_text()
    assert opened(browser, written, java_script_enabled=False).locator("main").inner_text() == with_scripts
    assert "Rollouts under load" in with_scripts


@pytest.mark.parametrize("keep", [frozenset(), frozenset({"status", "criterion", "verdict"})])
def test_hostile_names_run_nothing_and_load_nothing(browser: Browser, tmp_path: Path, keep: frozenset[str]) -> None:
    data = with_text(mixed_record().model_dump(mode="json"), MARKUP, keep=keep)
    path = tmp_path / "index.html"
    path.write_text(render_html(type(mixed_record()).model_validate(data)), encoding="utf-8")
    happened: list[str] = []
    page = browser.new_context().new_page()
    page.on("dialog", lambda dialog: (happened.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: happened.append(request.url))
    page.on("console", lambda message: happened.append(message.text))
    page.on("pageerror", lambda error: happened.append(str(error)))
    page.goto(path.as_uri())
    assert happened == [path.as_uri()]
    assert page.evaluate("document.scripts.length") == 0


def test_the_policy_refuses_what_is_not_ours(browser: Browser, written: Path) -> None:
    """The opposite: a script, a picture and a style that somebody slips into the file do nothing."""
    picture = "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>"
    slipped = f"<script>document.title = 'run'</script>{picture}<style>h1 {{ color: red }}</style>"
    path = written.parent / "slipped.html"
    path.write_text(written.read_text(encoding="utf-8").replace("</main>", f"{slipped}</main>"), encoding="utf-8")
    page = browser.new_context().new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(path.as_uri())
    assert page.title() != "run"
    assert len([each for each in refused if "Content Security Policy" in each]) == 3


def test_print_opens_everything(browser: Browser, written: Path) -> None:
    page = opened(browser, written)
    page.emulate_media(media="print")
    for control in page.locator("article.control .body").all():
        assert control.is_visible()
    assert not page.locator("nav.contents").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF-")
