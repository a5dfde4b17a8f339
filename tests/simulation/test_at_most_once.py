"""A call that must not be made twice, whatever happens to its execution at whichever moment of the call."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from chalicelib.api.parsing import read_yaml
from chalicelib.core.executions.decide import Transition
from chalicelib.core.executions.model import Execution, Status
from chalicelib.core.values.errors import SedoError
from chalicelib.core.values.json import Json
from chalicelib.engine.invocation import Invocation
from tests.simulation import mutants_calls
from tests.simulation.clients import Demand
from tests.simulation.faults import Fault
from tests.simulation.invariants import check_end
from tests.simulation.scenario import Scenario, play, root_of
from tests.simulation.settings import START
from tests.simulation.world import World

SECONDS = 4
"""That the call takes."""
MOMENTS = (0, 0.5, 2, 3.999, 4, 4.001, 6)
"""Seconds after the start: before the call, while it is under way, at its end and after it."""
LATER = (0.001, 0.3, 5, 50, 400)
"""Seconds after that: while the call may be under way, when it is over, and when its function has ended."""
SECOND = timedelta(seconds=1)
SEEDS = range(2)
"""Of the random runs of each case, with faults at any call."""

ALONE = """
    id: alone
    steps:
      - {id: pay, type: call, name: pay, content: '${uuid()} ${now()}', delivery: at-most-once}
      - {id: say, type: call, content: '${output}'}
"""
BESIDE = """
    id: beside
    steps:
      - id: both
        type: parallel
        branches:
          - id: left
            steps: [{id: pay, type: call, name: pay, content: '${uuid()}', delivery: at-most-once}]
          - id: right
            steps:
              - {id: rest, type: wait, seconds: '${input}'}
              - {id: flaky, type: call, name: flaky}
"""
RETRIED = BESIDE.replace("id: beside", "id: retried").replace(
    "type: parallel", "type: parallel\n        retry: [{errors: [Busy], intervalSeconds: 1, jitter: none}]"
)
WIDE = """
    id: wide
    steps:
      - id: all
        type: map
        items: '${range(`7`)}'
        steps: [{id: pay, type: call, name: pay, content: '${item}', delivery: at-most-once}]
"""
NESTED = """
    id: nested
    steps:
      - {id: order, type: workflow, definition: alone, input: '${input}'}
"""
TIMED = ALONE.replace("id: alone", "id: timed\n    timeoutSeconds: 3")
OWN_TIME = ALONE.replace("id: alone", "id: own-time").replace(
    "name: pay", "name: pay, timeoutSeconds: 3, retry: [{errors: [Timeout, '*'], jitter: none}]"
)
SHAPED = ALONE.replace("id: alone", "id: shaped").replace(
    "name: pay", "name: pay, output: '${from_json(output)}', retry: [{errors: ['*', TemplateFailed], jitter: none}]"
)
CALLBACK = ALONE.replace("id: alone", "id: called-back").replace("name: pay", "name: pay, callback: true")

FLAKY: Mapping[str, Sequence[Mapping[str, Json]]] = {
    "pay": [{"seconds": SECONDS, "result": "paid"}],
    "flaky": [{"error": "Busy"}, {"result": "fine"}],
}
LOST: Sequence[Mapping[str, Json]] = [{"error": "http.Timeout", "unanswered": True}, {"result": "paid at last"}]


def scenario(
    text: str, requests: Sequence[Demand], value: Json = None, **more: Sequence[Mapping[str, Json]]
) -> Scenario:
    document, _ = read_yaml(text.encode(), 10_000)
    alone, _ = read_yaml(ALONE.encode(), 10_000)
    others = [alone] if text is NESTED else []
    return Scenario("", "", document, others, input=value, answers={**FLAKY, **more}, requests=requests)


def played(scenario: Scenario, **how: Any) -> list[World]:
    """Play a scenario undisturbed, and some times with faults; whatever happened, no call was made twice."""
    how = {"looks_every": SECOND, **how}
    worlds = [play(scenario, **how), *(play(scenario, seed=seed, rate=0.03, turns=2, **how) for seed in SEEDS)]
    for world in worlds:
        stopped = [each for each in world.made_calls if not each.allowed and each.once]
        assert not stopped, f"{stopped[0].key} was begun though it was no longer to be"
        made = Counter(made.key for made in world.made_calls if made.once)
        assert not made or max(made.values()) == 1, f"made twice: {made.most_common(1)}; struck: {world.faults.struck}"
        contents = {(made.key, made.content) for made in world.made_calls}
        assert len(contents) == len({made.key for made in world.made_calls}), "a key carried two contents"
        for item in world.all():
            check_end(world, item, {})
    return worlds


def came_to(worlds: Sequence[World]) -> Execution:
    """Answer the execution of the run without faults."""
    return root_of(worlds[0])


@pytest.mark.parametrize(("stop", "go_on"), [("pause", "resume"), ("cancel", "redrive")])
@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("at", MOMENTS)
def test_a_stop_and_what_lifts_it(at: float, later: float, stop: str, go_on: str) -> None:
    requests = [Demand(at, stop), Demand(at + later, go_on)]
    for text in (ALONE, WIDE, NESTED):
        root = came_to(played(scenario(text, requests)))
        assert root.state == "ExecutionSucceeded", "the answer that still came counts"


@pytest.mark.parametrize("later", LATER)
def test_the_time_of_the_execution_and_redrive(later: float) -> None:
    requests = [Demand(3 + later, "redrive"), Demand(100 + later, "redrive")]
    assert came_to(played(scenario(TIMED, requests))).state == "ExecutionSucceeded"


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("at", [1, 3, 4, 5])
def test_a_sibling_that_fails_and_redrive(at: int, later: float) -> None:
    root = came_to(played(scenario(BESIDE, [Demand(at + later, "redrive")], at)))
    assert root.state == "ExecutionSucceeded"
    assert root.output == {"left": "paid", "right": "fine"}


@pytest.mark.parametrize("at", [1, 3, 4, 5])
def test_a_retry_of_what_surrounds_it(at: int) -> None:
    assert came_to(played(scenario(RETRIED, [], at))).output == {"left": "paid", "right": "fine"}


def test_its_own_time() -> None:
    world, *_ = played(scenario(OWN_TIME, []))
    root = root_of(world)
    assert root.error is not None
    assert (root.error.name, root.threads["main"].status) == ("Interrupted", Status.FAILED)
    world, *_ = worlds = played(scenario(OWN_TIME, [Demand(60, "redrive")]))
    assert came_to(worlds).output == {"of": "paid", "run": 1}, "the answer came after its time, and counts"


def test_an_answer_that_never_comes() -> None:
    world, *_ = played(scenario(OWN_TIME, [Demand(60, "redrive"), Demand(61, "redrive", "pay")], pay=LOST))
    root = root_of(world)
    assert root.error is not None
    assert (root.error.name, root.redrives) == ("Interrupted", 0)


LARGE = """
    id: large
    steps:
      - id: all
        type: map
        items: '${range(`101`)}'
        steps: [{id: pay, type: call, name: pay, when: 'item == `3`', delivery: at-most-once}]
"""


@pytest.mark.parametrize("text", [NESTED, LARGE], ids=["workflow", "large map"])
@pytest.mark.parametrize("change", [{}, {"step": True}, {"stash": {"q": 1}}], ids=["nothing", "a step", "the stash"])
def test_one_below_a_child_execution(text: str, change: dict[str, Any]) -> None:
    step = {"step": "order" if text is NESTED else "all"} if "step" in change else {}
    world = play(scenario(text, [Demand(60, "redrive", **{**change, **step})], pay=LOST))
    root = root_of(world)
    assert root.error is not None
    assert (root.error.name, root.redrives, sum(made.once for made in world.made_calls)) == ("Interrupted", 0, 1)


def test_again_means_what_failed_and_not_what_is_under_way() -> None:
    answers = {
        "pay": [{"seconds": 20, "result": "paid"}],
        "flaky": [{"error": "Lost", "unanswered": True}, {"result": "fine"}],
    }
    text = BESIDE.replace("name: flaky", "name: flaky, delivery: at-most-once")
    world = play(scenario(text, [Demand(6, "redrive", again=True)], 1, **answers), looks_every=SECOND)
    assert root_of(world).output == {"left": "paid", "right": "fine"}
    assert sum(made.once for made in world.made_calls) == 3


def test_the_time_of_an_execution_counts_while_a_call_may_be_under_way() -> None:
    text = TIMED.replace("delivery: at-most-once", "delivery: at-least-once")
    world = play(scenario(text, [Demand(3.6, "redrive")], pay=[{"seconds": 20}]), looks_every=SECOND)
    root = root_of(world)
    assert root.ended_at is not None
    assert (root.state, (root.ended_at - START).total_seconds() < 8) == ("ExecutionTimedOut", True)


def test_stores_that_do_not_answer_for_a_while_lose_no_known_answer() -> None:
    class Silent(World):
        def fault(self, name: str) -> Any:
            at = (self.clock.now() - START).total_seconds()
            return Fault.REFUSE if name.startswith("executions") and SECONDS <= at < SECONDS + 10 else None

    world = play(scenario(ALONE, []), kind=Silent)
    assert root_of(world).state == "ExecutionSucceeded"


def test_which_a_person_may_have_made_again() -> None:
    world = play(scenario(OWN_TIME, [Demand(60, "redrive", again=True)], pay=LOST))
    assert root_of(world).output == {"of": "paid at last", "run": 1}
    assert [made.key for made in world.made_calls if made.once] == [made.key for made in world.made_calls[:1]] * 2
    assert [r["change"] for r in world.records(root_of(world)) if r.get("change")] == [{"again": True}]


def test_a_template_that_fails_after_it() -> None:
    world, *_ = worlds = played(scenario(SHAPED, [Demand(60, "redrive")]))
    root = came_to(worlds)
    assert root.error is not None
    assert root.error.name == "TemplateFailed"
    assert len(world.made_calls) == 1


@pytest.mark.parametrize("at", [*MOMENTS, 10])
def test_one_that_hands_a_token_out(at: float) -> None:
    answers = [{"seconds": SECONDS, "says": [{"after": 8, "result": "paid"}]}]
    requests = [Demand(at, "pause"), Demand(at + 1, "resume"), Demand(at + 30, "cancel"), Demand(at + 60, "redrive")]
    assert came_to(played(scenario(CALLBACK, requests, pay=answers))).state == "ExecutionSucceeded"


KEYED = """
    id: keyed
    steps:
      - id: ask
        type: call
        name: flaky
        content: '${uuid()} ${now()}'
        retry: [{errors: [Busy], intervalSeconds: 5, jitter: none}]
"""


def check_attempts(**how: Any) -> None:
    """See that the attempts of a visit have one key and one content, and a retry of a nest repeats nothing."""
    world, *_ = played(scenario(KEYED, []), **how)
    assert len(world.made_calls) == len(FLAKY["flaky"])
    assert len({(made.key, made.content) for made in world.made_calls}) == 1
    world, *_ = played(scenario(RETRIED, [], 5), **how)
    assert sum(made.once for made in world.made_calls) == 1


def check_nothing_begins(stop: str, **how: Any) -> None:
    """See that no call begins more than a second after an execution was stopped."""
    world, *_ = played(scenario(WIDE, [Demand(2, stop), Demand(9, "cancel")]), **how)
    late = [made.key for made in world.made_calls if made.at > START + 3.1 * SECOND]
    assert late == [], "begun after the end"


def test_the_attempts_of_a_visit_have_one_key_and_one_content() -> None:
    check_attempts()


@pytest.mark.parametrize("stop", ["pause", "cancel"])
def test_what_waits_for_room_is_not_begun_after_a_stop(stop: str) -> None:
    check_nothing_begins(stop)


def hunted(**how: Any) -> bool:
    """Tell whether a call at some moment of its execution shows that a rule is switched off."""
    moments = [(at, later) for at, later in product(MOMENTS, LATER) if later < 10]
    stops = [scenario(t, [Demand(a, "pause"), Demand(a + b, "resume")]) for a, b in moments for t in (ALONE, WIDE)]
    ends = [scenario(t, [Demand(a, "cancel"), Demand(a + b, "redrive")]) for a, b in moments for t in (ALONE, WIDE)]
    others = [
        scenario(OWN_TIME, [Demand(60, "redrive")]),
        scenario(OWN_TIME, [Demand(60, "redrive")], pay=LOST),
        scenario(SHAPED, [Demand(60, "redrive")]),
        *(scenario(RETRIED, [], at) for at in (1, 3, 5)),
    ]
    try:
        check_attempts(**how)
        check_nothing_begins("cancel", **how)
        for each in (*others, *stops, *ends):
            root = came_to(played(each, **how))
            assert each not in (*stops, *ends) or root.state == "ExecutionSucceeded"
    except (AssertionError, SedoError):
        return True
    return False


@pytest.mark.parametrize("mutant", mutants_calls.DECISIONS)
def test_a_rule_of_calls_switched_off_is_caught(mutant: type[Transition]) -> None:
    assert hunted(decide=lambda definition, item, event, now, me: mutant(definition, item, now, me).decision(event))


@pytest.mark.parametrize("mutant", mutants_calls.INVOCATIONS)
def test_a_rule_about_what_is_under_way_switched_off_is_caught(mutant: type[Invocation]) -> None:
    assert hunted(invocation=mutant)
