import pytest

from chalicelib.adapters.memory.stores import MemoryClock
from tests.operations.world import START, World


@pytest.fixture(scope="module")
def world(ministack: str) -> World:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        return World(ministack, MemoryClock(START))
