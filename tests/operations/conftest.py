from collections.abc import Iterator

import pytest

from chalicelib.adapters.dynamodb.tables import EXECUTIONS, HISTORY, PAYLOADS, SIGNALS, TASKS
from chalicelib.adapters.memory.stores import MemoryClock
from tests.operations.world import BRIEF, CALL, ECHO, EVENT, JOINED, START, TASK, WAIT, World, drop_messages


@pytest.fixture(scope="module")
def world(ministack: str) -> World:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        return World(ministack, MemoryClock(START))


@pytest.fixture(scope="module")
def prepared(world: World) -> World:
    world.define("timer", WAIT)
    world.define("large", JOINED, BRIEF, ECHO, BRIEF, ECHO)
    world.define("task", TASK)
    world.define("event", EVENT)
    world.define("call", {"type": "wait", "seconds": 1}, CALL)
    world.define("child", {"type": "workflow", "definition": "timer"})
    world.define("fork", {"type": "parallel", "branches": [{"id": n, "steps": [{"id": "i", **WAIT}]} for n in "ab"]})
    return world


@pytest.fixture
def stage(prepared: World) -> Iterator[World]:
    """A stage that leaves nothing to the next test."""
    yield prepared
    drop_messages(prepared)
    for schema in (EXECUTIONS, HISTORY, TASKS, SIGNALS, PAYLOADS):
        for item in prepared.items(schema):
            prepared.delete(schema, item)
