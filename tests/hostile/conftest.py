from collections.abc import Iterator

import pytest

from chalicelib.wiring.graph import wiring
from tests.hostile.world import World


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One for many requests: what is refused changes nothing."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SEDO_STORES", "memory")
        environment.setenv("SEDO_LOOPBACK", "true")
        wiring.cache_clear()
        yield World()
    wiring.cache_clear()
