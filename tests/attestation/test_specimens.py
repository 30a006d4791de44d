"""Every specimen, put before the real lock: one opens it, and each other one is refused for its own reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.attestation.lock import ask_lock
from exitgate.attestation.specimens import Specimen, specimens
from exitgate.errors import EvidenceError
from tests.attestation.bundles import COMMIT, IMAGES, KEY, NOW, TRUSTED

ALL = specimens("gate3", "shop", COMMIT, IMAGES, KEY, NOW)


def asked(specimen: Specimen, folder: Path) -> None:
    path = folder / "statement.dsse.json"
    if specimen.statement is not None:
        path.write_bytes(specimen.statement)
    ask_lock(path, [TRUSTED], gate="gate3", commit=COMMIT, images=specimen.released, now=NOW)


def test_the_first_opens_and_is_the_only_one_that_may(tmp_path: Path) -> None:
    asked(ALL[0], tmp_path)
    assert [each.case for each in ALL if not each.reason] == [ALL[0].case]


@pytest.mark.parametrize("specimen", ALL[1:], ids=lambda each: each.case.replace(" ", "-"))
def test_the_others_are_refused_for_their_reason(specimen: Specimen, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError) as refusal:
        asked(specimen, tmp_path)
    assert specimen.reason in str(refusal.value)


def test_no_two_are_the_same() -> None:
    tried = [(each.statement, tuple(sorted(each.released.items()))) for each in ALL]
    assert len(set(tried)) == len({each.case for each in ALL}) == len(ALL)
