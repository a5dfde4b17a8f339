"""A restore, rehearsed: the tables of one moment, empty queues, and the check that brings all on its way again."""

from typing import TYPE_CHECKING

from chalicelib.core.executions.model import Signal, State, Status
from chalicelib.core.waits.task import Person, TaskFilter
from tests.operations.world import TENANT, World

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

WAIT = {"type": "wait", "seconds": 300}
CALL = {"type": "http", "url": "http://127.0.0.1/"}
RETRIED = {**CALL, "retry": [{"errors": ["*"], "maxAttempts": 3, "intervalSeconds": 120, "jitter": "none"}]}
INNER = [{"id": "inner", **WAIT}]
DAYS = 2 * 24 * 3600


def begin(world: World) -> dict[str, str]:
    """Bring executions to wait in every way that there is; answer their ids by what they wait for."""
    world.define("timer", WAIT)
    world.define("long", {"type": "wait", "seconds": DAYS})
    world.define("child", {"type": "workflow", "definition": "timer"})
    world.define("task", {"type": "task", "title": "Approve", "assignees": "ada"})
    world.define("event", {"type": "event", "name": "paid", "key": "${input}"})
    world.define("map", {"type": "map", "items": "${input}", "steps": INNER})
    world.define("fork", {"type": "parallel", "branches": [{"id": name, "steps": INNER} for name in ("a", "b")]})
    world.define("call", {"type": "wait", "seconds": 1}, CALL)
    world.define("retried", {"type": "wait", "seconds": 1}, RETRIED)
    inputs: dict[str, Json] = {"event": "order-1", "map": [1, 2, 3]}
    names = ("timer", "long", "child", "task", "event", "map", "fork", "call")
    started = {name: world.start(name, inputs.get(name)) for name in names}
    started["large"] = world.start("map", [*range(101)])
    started["paused"] = world.start("timer")
    world.deliver()
    world.services.executions.pause(TENANT, started["paused"])
    world.dies = True
    world.clock.sleep(1)
    world.deliver()
    world.dies = False
    started["lost"] = world.start("call")
    return started


def finish(world: World, started: dict[str, str]) -> None:
    """Do what others do, and let time pass."""
    (task,) = world.made.tasks.list(TENANT, TaskFilter(user="ada"), 10)
    world.services.tasks.complete(TENANT, task.id, Person("ada"), {"approved": True})
    world.services.answers.publish(TENANT, "paid", "order-1", Signal("event-1", "paid", world.clock.now()))
    world.services.executions.resume(TENANT, started["paused"])
    world.deliver()
    for minutes in (5, 5, 5, DAYS / 60, 15, 15):
        world.later(minutes)


def test_what_was_restored_goes_on_to_its_end(world: World, ministack: str) -> None:
    started = begin(world)
    restored = World(ministack, world.clock)
    restored.take_over(world)
    (called,) = restored.read(started["call"]).threads.values()
    assert called.status is Status.READY
    assert called.driver is not None
    assert not called.driver.handed
    restored.clock.sleep(3600)
    found = restored.doctor("--restored", "--repair", "wake")
    assert {mended for *_, mended in found} == {True}
    restored.deliver()
    assert restored.read(started["call"]).state is State.SUCCEEDED
    finish(restored, started)
    assert {name: restored.read(started[name]).state for name in started} == dict.fromkeys(started, State.SUCCEEDED)
    assert restored.doctor() == []
