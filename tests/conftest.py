import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import backend


@pytest.fixture(scope="session")
def ministack_python() -> Path:
    home = Path(os.environ.get("SEDO_HOME", ".sedo"))
    executable = Path(os.environ.get("SEDO_MINISTACK", home / "ministack" / "bin" / "ministack"))
    if not executable.exists():
        pytest.fail(f"{executable} is not there: run `make ministack`")
    return executable.with_name("python")


@pytest.fixture(scope="session")
def ministack(ministack_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with backend.running(ministack_python, tmp_path_factory.mktemp("ministack")) as running:
        yield running.endpoint
