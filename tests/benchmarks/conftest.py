from collections.abc import Iterator

import pytest

from benchmarks.harness import Harness, installed


@pytest.fixture(scope="module")
def harness(ministack: str) -> Iterator[Harness]:
    with installed(ministack, still=True) as harness:
        yield harness
