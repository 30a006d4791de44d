"""The levels at which something was seen."""

from __future__ import annotations

import pytest

from exitgate.assurance import Assurance


def test_the_levels_stand_in_order() -> None:
    labels = [level.label for level in sorted(Assurance)]
    assert labels == ["declared", "modelled", "emulated", "executed", "live"]


@pytest.mark.parametrize("level", Assurance)
def test_a_level_is_read_back_from_its_label(level: Assurance) -> None:
    assert Assurance.parse(level.label) is level


@pytest.mark.parametrize("label", ["", "Declared", "EXECUTED", " live", "seen", "4"])
def test_a_label_that_is_none_is_refused_with_the_labels_that_are(label: str) -> None:
    with pytest.raises(ValueError, match="declared, modelled, emulated, executed, live"):
        Assurance.parse(label)
