"""That what is put in the background counts for less is the kernel's own word, of a container that really runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exitgate.provision import favour
from exitgate.provision.backing.substitute import backing_image
from exitgate.provision.containers import throwaway_container
from exitgate.provision.engine import Engine
from exitgate.provision.sweep import of_run, remove
from exitgate.run import Run
from exitgate.settings import ContainerSettings
from tests.runs import run_in

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture
def run(engine: Engine, tmp_path: Path) -> Iterator[Run]:
    made = run_in(tmp_path)
    yield made
    remove(of_run(engine, made.id))


def test_a_running_container_is_put_in_the_background_and_back(engine: Engine, run: Run) -> None:
    group = favour.favoured_group(engine, run)
    if group is None:
        pytest.skip("this machine gives a run no control group of its own")
    image, asleep = backing_image(engine), ("/bin/sleep", "60")
    with throwaway_container(
        engine, run, image, ContainerSettings(), name="weighed", entrypoint=asleep, group=group
    ) as container:
        container.start()
        shares = Path("/sys/fs/cgroup/cpu") / group / str(container.id) / "cpu.shares"
        usual = int(shares.read_text(encoding="ascii"))
        favour.put_in_background(group, str(container.id))
        assert int(shares.read_text(encoding="ascii")) < usual / 8
        favour.put_in_foreground(group, str(container.id))
        assert int(shares.read_text(encoding="ascii")) == usual
