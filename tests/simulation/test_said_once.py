"""People and other systems who say everything once, whatever strikes: no task, waiter or child is left over by it."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.executions.identity import TurnKey
from chalicelib.core.executions.listing import summary_of
from chalicelib.core.executions.verify import Patience, Violation, child_violations, state_violations
from chalicelib.core.waits.verify import task_violations, wait_violations, waiter_violations
from tests.simulation.faults import Fault, possible
from tests.simulation.mutants_time import LooksOnlyAtLongWaits
from tests.simulation.scenario import Scenario, play, read_scenario
from tests.simulation.settings import START
from tests.simulation.world import World

RUNS = 40
"""With single faults, of each scenario."""
SEEDS = 8
"""Of random runs, of each."""
MONTH = timedelta(days=30)

SCENARIOS = {
    "a-sibling-fails": """
        title: A branch fails, and the tasks of the others are taken back
        definition:
          id: d
          steps:
            - id: p
              type: parallel
              branches:
                - {id: a, steps: [{id: ask-a, type: task, title: A}]}
                - {id: b, steps: [{id: ask-b, type: task, title: B}, {id: no, type: fail, error: Bad}]}
                - {id: c, steps: [{id: ask-c, type: event, name: paid, key: '7'}]}
        says: [{at: 100, do: complete, step: ask-b}]
        """,
    "a-sibling-fails-and-is-caught": """
        title: A rejection is caught, and who was asked beside is not asked any more
        definition:
          id: d
          steps:
            - id: p
              type: parallel
              branches:
                - {id: a, steps: [{id: ask-a, type: task, title: A}]}
                - {id: b, steps: [{id: ask-b, type: task, title: B}]}
              catch: [{errors: ['*'], next: last}]
            - {id: last, type: task, title: Last}
        says: [{at: 100, do: reject, step: ask-b, result: no}, {at: 190, do: complete, step: last}]
        """,
    "the-first-of-a-task-and-a-child": """
        title: A task is done first, and the child execution beside it ends with its own tasks
        definition:
          id: d
          steps:
            - id: p
              type: parallel
              join: first
              branches:
                - {id: a, steps: [{id: sub, type: workflow, definition: asking}]}
                - {id: b, steps: [{id: ask-b, type: task, title: B}]}
            - {id: last, type: task, title: Last}
        definitions: [{id: asking, steps: [{id: ask, type: task, title: Ask}]}]
        says: [{at: 100, do: complete, step: ask-b}, {at: 190, do: complete, step: last}]
        """,
    "overdue": """
        title: Tasks are done just when they come overdue
        definition:
          id: d
          steps:
            - id: p
              type: parallel
              branches:
                - {id: a, steps: [{id: ask-a, type: task, title: A, due: {seconds: 120, then: reassign, groups: b}}]}
                - {id: b, steps: [{id: ask-b, type: task, title: B, due: {seconds: 120, then: continue}}]}
                - {id: c, steps: [{id: ask-c, type: task, title: C, due: {seconds: 180}}]}
        says: [{at: 120, do: complete, step: ask-a}, {at: 120, do: reject, step: ask-b, result: no}]
        """,
    "its-time-is-over": """
        title: An execution is over its time while it waits for a task, an event and a child execution
        definition:
          id: d
          timeoutSeconds: 150
          steps:
            - id: p
              type: parallel
              branches:
                - {id: a, steps: [{id: ask-a, type: task, title: A}, {id: ask-d, type: task, title: D}]}
                - {id: b, steps: [{id: ask-b, type: event, name: paid, key: '7'}]}
                - {id: c, steps: [{id: sub, type: workflow, definition: asking}]}
        definitions: [{id: asking, steps: [{id: ask, type: task, title: Ask}]}]
        says: [{at: 150, do: complete, step: ask-a}]
        """,
    "cancelled-and-driven-on": """
        title: An execution is cancelled, driven on, and cancelled again
        definition:
          id: d
          steps:
            - id: p
              type: parallel
              branches:
                - {id: a, steps: [{id: ask-a, type: task, title: A}]}
                - {id: b, steps: [{id: sub, type: workflow, definition: asking}]}
                - {id: c, steps: [{id: ask-c, type: event, name: paid, key: '7'}]}
        definitions: [{id: asking, steps: [{id: ask, type: task, title: Ask}]}]
        requests: [{at: 100, do: cancel}, {at: 130, do: redrive}, {at: 190, do: cancel}]
        """,
    "items-are-rejected": """
        title: One item of three is rejected, and another one, which is too many
        definition:
          id: d
          steps:
            - id: m
              type: map
              items: '${range(`3`)}'
              tolerate: {count: 1}
              steps: [{id: ask, type: task, title: Ask}]
        says: [{at: 100, do: reject, step: ask, result: no}, {at: 101, do: reject, step: ask, result: no}]
        """,
}
"""In which tasks, events and child executions are given up in every way that there is."""


class Once(World):
    """It is over after a month, though somebody still waits."""

    def pass_time(self) -> bool:
        return super().pass_time() and self.clock.now() < START + MONTH


def said_once(name: str, **how: Any) -> World:
    return play(scenario(name), "mine", kind=Once, repeats=False, **how)


def scenario(name: str) -> Scenario:
    return read_scenario(name, SCENARIOS[name].encode())


def left_over(world: World) -> Sequence[Violation]:
    """Find what is left over a day later."""
    now, patience = world.clock.now() + timedelta(days=1), Patience()
    items = {item.id: item for item in world.all()}
    tasks = {task.id: task for task in world.every_task()}
    waiters = [waiter for waiting in world.signals.waiters.values() for waiter in waiting.values()]
    children = {name: summary_of(item) for name, item in items.items()}

    def found() -> Iterator[Violation]:
        for task in tasks.values():
            yield from task_violations(task, items.get(task.execution_id), now, patience)
        for waiter in waiters:
            yield from waiter_violations(waiter, items.get(waiter.execution), now, patience)
        for item in items.values():
            waiting = {TurnKey(each.thread, each.turn) for each in waiters if each.execution == item.id}
            yield from wait_violations(item, tasks, waiting, now, patience)
            yield from child_violations(item, children, now, patience)
            yield from state_violations(item, world.clock.now(), patience)

    return [*found()]


def struck(name: str) -> Iterator[tuple[int, Fault]]:
    """Choose faults at calls of an undisturbed run, evenly."""
    calls = enumerate(said_once(name).faults.calls)
    every = [(place, fault) for place, call in calls for fault in possible(call)]
    yield from every[:: max(1, len(every) // RUNS)]


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_left_over_whatever_call_is_struck(name: str) -> None:
    for place, fault in struck(name):
        assert left_over(said_once(name, faults={place: fault})) == [], (place, fault)


@pytest.mark.parametrize("name", SCENARIOS)
def test_nor_is_it_in_random_runs(name: str) -> None:
    for seed in range(SEEDS):
        world = said_once(name, seed=seed, rate=0.08, inline=20 * (seed % 2), turns=2 if seed % 4 < 2 else 1000)
        assert left_over(world) == [], seed


def test_a_schedule_that_does_not_look_at_what_calls_wrote_is_caught() -> None:
    how: dict[str, Any] = {"invocation": LooksOnlyAtLongWaits, "requesting": LooksOnlyAtLongWaits}
    faults = struck("a-sibling-fails")
    assert any(left_over(said_once("a-sibling-fails", faults={place: fault}, **how)) for place, fault in faults)
