"""What must hold of every run of a scenario, whatever strikes it."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from chalicelib.core.executions.listing import Summary, summary_of
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.executions.verify import Patience, child_violations, state_violations
from chalicelib.core.records.payload import PACKING
from chalicelib.core.records.verify import history_violations
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.task import TaskStatus
from chalicelib.engine.advance import UNWRITTEN_CALLS
from tests.simulation.scenario import ALL, plain, play
from tests.simulation.world import World, ended, scrubbed

NAMES = (None, "mine")
"""Started under a generated id, and under the caller's own name."""
REQUESTS = ("ExecutionPaused", "ExecutionResumed", "ExecutionRedriven")
"""Records whose place among the others is a matter of time."""


TAILS = (PACKING, copy_with(PACKING, tail_text=0), copy_with(PACKING, tail=0, tail_text=2000))
"""Records stay with the state, or go into a row at once, or sometimes."""


def run(scenario: str, name: str | None = None, **how: Any) -> World:
    limits = TAILS[how.get("seed", NAMES.index(name)) % len(TAILS)]
    return play(ALL[scenario], name, **{"limits": limits, **how})


@cache
def undisturbed(scenario: str, name: str | None = None) -> World:
    return run(scenario, name)


def random_run(scenario: str, seed: int, **how: Any) -> World:
    """Run with faults at any call, under a budget that sometimes is short, and check the run."""
    name = NAMES[seed % 2]
    world = run(scenario, name, seed=seed, rate=0.08, turns=2 if seed % 4 < 2 else 1000, **how)
    check(world, scenario, name)
    return world


def by_thread(world: World, execution: str) -> dict[str, list[Any]]:
    """Read what every thread of an execution did, without what differs from run to run; the chain must be whole."""
    item = world.executions.get(execution)
    assert item is not None
    threads: dict[str, list[Any]] = {}
    for record in world.records(item):
        if record["state"] not in REQUESTS:
            threads.setdefault(record["thread"], []).append({**scrubbed(record), "time": None})
    return threads


def check(world: World, scenario: str, name: str | None = None) -> None:
    """Hold a run against the undisturbed one: same end, same history, no turn doubled, no effect out of turn."""
    reference, early = undisturbed(scenario, name), ALL[scenario].early
    assert world.given_up == 0, "a message was given up"
    expected = {item.id: item for item in reference.all()}
    for execution in world.clients.answered:
        assert world.executions.get(execution) is not None, "an answered execution is lost"
    strayed = False
    items = world.all()
    summaries = {item.id: summary_of(item) for item in items}
    for item in items:
        check_end(world, item, summaries)
        check_cancelled(world, item)
        strayed = strayed or check_outcome(item, expected.get(item.id), scenario)
        if not early and not strayed:
            assert by_thread(world, item.id) == by_thread(reference, item.id), f"another history of {item.id}"
    if world.executions.items and not early and not strayed:
        assert set(world.executions.items) == set(expected), "other executions"
    for task in world.every_task():
        assert task.status is not TaskStatus.OPEN, f"task {task.title!r} is still to be done, and nobody waits for it"
    for event in world.every_event():
        assert event.taken or event.waiter is None, (
            f"event {event.signal.id} is for {event.waiter}, who has not taken it"
        )
    for (execution, event_id), until in world.outsiders.kept.items():
        check_kept(world, execution, event_id, until)
    check_calls(world, reference, complete=bool(world.executions.items) and not early and not strayed)


def check_end(world: World, item: Execution, summaries: Mapping[str, Summary]) -> None:
    """See that an execution has ended, once, and that its state and its history are as they have to be."""
    assert item.ended, f"{item.id} is stuck at {item.step}, {'paused' if item.paused else item.state}"
    now = world.clock.now()
    found = [
        *history_violations(item, world.history.rows.get(item.id, ())),
        *state_violations(item, now, Patience()),
        *child_violations(item, summaries, now, Patience()),
    ]
    assert not found, f"{item.id}: {found}"


def check_kept(world: World, execution: str, event_id: str, until: datetime) -> None:
    """See that an event whose sender was told that it is kept was taken, or is in the record of the end, or expired."""
    item = world.executions.get(execution)
    assert item is not None
    taken = {each.signal.id for each in world.every_event() if each.taken} | {e.id for e in item.mailbox if e.taken}
    untaken = {each["id"] for record in world.records(item) for each in record.get("untakenEvents", ())}
    expired = item.ended_at is not None and until <= item.ended_at
    assert event_id in taken | untaken or expired, f"event {event_id} was told kept, and nothing says what became of it"


def check_cancelled(world: World, item: Execution) -> None:
    """See that no execution goes on long after the one that started it was cancelled."""
    parent = None if item.parent is None else world.executions.get(item.parent.execution)
    if parent is not None and parent.state is State.CANCELLED and item.state is not State.CANCELLED:
        assert item.ended_at is not None
        assert parent.ended_at is not None
        assert item.ended_at - parent.ended_at < timedelta(hours=1), f"{item.id} was never told to end"


def check_outcome(item: Execution, expected: Execution | None, scenario: str) -> bool:
    """See that an execution came to what it does undisturbed; tell whether to another of the ends that it may have."""
    others = ALL[scenario].otherwise
    if item.parent is not None and (expected is None or ALL[scenario].early or others):
        return False
    assert expected is not None, f"{item.id} was never to start"
    actual, wanted = ended(item), ended(expected)
    if ALL[scenario].early:
        actual, wanted = essence(actual), essence(wanted)
    if actual == wanted:
        return False
    strayed = any(plain({key: actual[key] for key in other}) == other for other in others)
    assert strayed, f"another end of {item.id}: {actual} and not {wanted}"
    return True


def essence(end: dict[str, Any]) -> dict[str, Any]:
    """Leave out of an end what depends on what had been done by then."""
    return {"state": end["state"], "output": end["output"], "error": end["error"] and end["error"]["name"]}


def check_calls(world: World, reference: World, *, complete: bool) -> None:
    keys = {made.key for made in world.made_calls}
    if complete:
        assert keys == {made.key for made in reference.made_calls}, "other effects"
    effects = [made for made in world.made_calls if not made.repeatable]
    contents = {(made.key, made.content) for made in effects}
    assert len(contents) == len({made.key for made in effects}), "a key carried two contents"
    once = Counter(made.key for made in effects if made.once)
    assert not once or max(once.values()) == 1, "what is to be done at most once was done twice"
    extra = len(effects) - len({made.turn for made in effects})
    assert extra <= len(world.faults.struck) * world.turns.width, "more extra effects than faults explain"
    repeated = len(world.made_calls) - len(effects)
    most = (1 + len(world.faults.struck)) * UNWRITTEN_CALLS * world.turns.width
    assert repeated <= most, "more calls were repeated than faults explain"
    for made in effects:
        assert made.allowed, f"{made.key} performed by {made.by.name}, which had not seen it stand ready for it"
        assert not made.belated, f"{made.key} performed by {made.by.name}, after its turn"
