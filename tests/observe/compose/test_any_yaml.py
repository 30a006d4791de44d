"""Whatever a Compose file holds: settings, or one clear line."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.compose import ComposeService
from exitgate.observe.compose.interpolation import fill
from exitgate.observe.compose.model import KEYS
from tests.observe.compose.files import read

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.sampled_from(KEYS))
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=8,
)
SERVICES = st.dictionaries(st.sampled_from((*KEYS, "environment", "extends", "env_file", "sysctls", "image")), VALUES)


def settings_or_one_line(text: str | bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        said = ""
        try:
            assert isinstance(read(Path(folder), text), ComposeService)
        except (ObservationError, PrerequisiteMissing) as error:
            said = str(error)
        assert said.isprintable()


@settings(max_examples=150, deadline=None)
@given(SERVICES, st.dictionaries(st.sampled_from(("include", "volumes", "x-own")), VALUES))
def test_a_service_of_any_shape(service: dict[str, object], top: dict[str, object]) -> None:
    settings_or_one_line(yaml.safe_dump({**top, "services": {"orders": service}}))


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("services: orders\n\t-[]{}&*!|>'\"#%@,?<$0.x"), max_size=80) | st.binary(max_size=60))
def test_a_file_of_anything(text: str | bytes) -> None:
    settings_or_one_line(text)


@given(st.text(st.sampled_from("${}:-?+AB1 "), max_size=20))
def test_a_template_is_filled_or_refused(text: str) -> None:
    try:
        filled = fill(text, {"A": "1", "B": "2"})
    except ValueError:
        assert "$" in text
        return
    assert {*filled.unset, *filled.assumed} <= set(re.findall("[AB][AB1]*", text)) - {"A", "B"}


@given(st.text(max_size=30))
def test_a_dollar_that_is_doubled_is_one(text: str) -> None:
    assert fill(text.replace("$", "$$"), {}).text == text
