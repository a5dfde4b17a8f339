"""A restore, rehearsed: the tables of one moment, empty queues, and the check that brings all on its way again."""

from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.tables import HISTORY, PAYLOADS, TABLES
from chalicelib.core.executions.model import Signal, State, Status
from chalicelib.core.waits.task import Person, TaskFilter
from tests.adapters.examples import random_text
from tests.operations.world import TENANT, World, found

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


def test_history_and_values_may_be_of_a_later_moment_and_of_no_earlier_one(stage: World, ministack: str) -> None:
    only_grow = (HISTORY, PAYLOADS)
    others = [each for each in TABLES if each not in only_grow]
    made = stage.start("large", [random_text(100) for _ in range(40)])
    stage.deliver()
    later, earlier = (World(ministack, stage.clock) for _ in range(2))
    later.take_over(stage, others)
    earlier.take_over(stage, only_grow)
    for _ in range(2):
        stage.clock.sleep(1)
        stage.deliver()
    later.take_over(stage, only_grow)
    earlier.take_over(stage, others)
    assert {kind for kind, _ in found(earlier, "--restored")[made]} == {"history"}
    assert later.read(made).state is not State.SUCCEEDED
    assert "history" not in {kind for kind, _ in found(later, "--restored", "--repair", "wake").get(made, ())}
    for _ in range(3):
        later.clock.sleep(1)
        later.deliver()
    assert later.read(made).state is State.SUCCEEDED
    assert made not in found(later, "--restored")
