"""What runs where it is started or answered, and children in the functions of their parents."""

from datetime import timedelta

import pytest

from chalicelib.core.executions.inputs import CallbackSucceeded, CancelRequested, Message, Started
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.value import copy_with
from tests.home import CALL, ECHO, SUB, WAIT, Home, late

ASK = {"type": "callback"}
EVENT = {"type": "event", "name": "paid"}
TASK = {"type": "task", "title": "Approve"}
KEYED = {**EVENT, "key": "order-7"}
IN_MAP = {"type": "map", "items": [1], "steps": [{"id": "each", **EVENT}]}
ROUND = {"type": "choice", "choices": [{"when": "input == 'in'", "next": "step-0"}], "default": "step-2"}


@pytest.fixture
def home() -> Home:
    return Home(inline_turns=LIMITS.inline_turns)


def costs(home: Home) -> dict[str, int]:
    """Tell how often what costs something was called, and forget it."""
    calls = {name: count for name, count in home.calls.items() if name.partition(".")[2] not in {"restore", "delete"}}
    home.calls.clear()
    return calls


class TestStarts:
    def test_immediate_steps_cost_one_write(self, home: Home) -> None:
        home.create(*[ECHO] * 10)
        home.service.execute("t", "d", "in")
        costs(home)
        ended, new = home.service.execute("t", "d", "in")
        assert (ended.state, ended.output, new) == (State.SUCCEEDED, "in", True)
        assert costs(home) == {"executions.update": 1}
        assert home.waiting() == []
        assert home.recorded(ended.id)[-1] == "ExecutionSucceeded"

    def test_a_wait_is_written_and_its_timer_sent(self, home: Home) -> None:
        home.create(ECHO, WAIT, ECHO)
        started, _ = home.service.execute("t", "d", "in")
        assert (started.state, home.read(started.id).version) == (State.SUBMITTED, 1)
        home.deliver()
        assert home.read(started.id).version == 1
        home.clock.sleep(45)
        home.deliver()
        assert home.read(started.id).output == "in"

    def test_a_timer_that_was_not_sent_is_found_by_the_schedule(self, home: Home) -> None:
        home.create(WAIT)
        home.queue.refusals = 1
        started, _ = home.service.execute("t", "d", "in")
        assert home.waiting() == []
        home.clock.sleep(120)
        assert home.sweep_due() == 1
        home.deliver_all()
        assert home.read(started.id).state is State.SUCCEEDED

    @pytest.mark.parametrize(
        "steps", [(ECHO, CALL), (CALL,), (SUB,), (ECHO, ROUND, ECHO), (TASK,), (KEYED,), (IN_MAP,)]
    )
    def test_what_takes_others_or_too_long_goes_to_a_worker_as_it_was_submitted(
        self, home: Home, steps: tuple[dict[str, object], ...]
    ) -> None:
        home.create(ECHO, name="other")
        home.create(*steps)
        started, _ = home.service.execute("t", "d", "in")
        assert (home.performed, home.read(started.id).version) == ([], 0)
        assert home.waiting() == [Message(started.id, Started(), started)]

    def test_one_whose_write_is_not_answered_is_started_all_the_same(self, home: Home) -> None:
        home.create(ECHO)
        home.executions.silent = True
        started, new = home.service.execute("t", "d", "in")
        home.executions.silent = False
        home.deliver()
        assert (new, home.read(started.id).output) == (True, "in")

    def test_one_whose_write_was_not_heard_of_is_there(self, home: Home) -> None:
        home.create(ECHO)
        home.executions.lost_answers = 1
        ended, new = home.service.execute("t", "d", "in", "mine")
        assert (new, ended.state, ended.version, home.waiting()) == (True, State.SUCCEEDED, 1, [])

    def test_an_id_that_is_taken_makes_another_one(self, home: Home) -> None:
        home.create(ECHO)
        first, _ = home.service.execute("t", "d", 1)
        home.tokens = iter(["n", "o", first.id.rpartition(":")[2], "fresh"])
        second, new = home.service.execute("t", "d", 2)
        assert (second.id, second.output, new, home.read(first.id).output) == ("t:d:fresh", 2, True, 1)


class TestStartsThatWaitForAnAnswer:
    """What waits for an answer that others need not be told of is written as it waits, and answered so."""

    @pytest.mark.parametrize("step", [ASK, EVENT])
    def test_one_costs_one_write(self, home: Home, step: dict[str, object]) -> None:
        home.create(ECHO, step, ECHO)
        home.service.execute("t", "d", "in")
        costs(home)
        started, new = home.service.execute("t", "d", "in")
        assert (started.state, started.step, new, started.version) == (State.STEP_STARTED, "step-1", True, 1)
        assert costs(home) == {"executions.update": 1}
        assert (home.waiting(), home.read(started.id).due_at) == ([], None)

    def test_its_token_counts_at_once(self, home: Home) -> None:
        home.create(ASK, ECHO)
        started, _ = home.service.execute("t", "d", "in")
        costs(home)
        assert home.services.answer(started.id, answer_to(started))
        assert costs(home) == {"executions.get": 1, "executions.update": 1}
        assert (home.read(started.id).output, home.waiting()) == ("said", [])
        assert not home.services.answer(started.id, answer_to(started))

    def test_what_waits_for_an_answer_behind_one_is_written_with_it(self, home: Home) -> None:
        home.create(ASK, EVENT, ECHO)
        started, _ = home.service.execute("t", "d", "in")
        costs(home)
        home.services.answer(started.id, answer_to(started))
        assert costs(home) == {"executions.get": 1, "executions.update": 1}
        assert (home.read(started.id).step, home.waiting()) == ("step-1", [])

    @pytest.mark.parametrize(
        ("more", "error"), [({"heartbeatSeconds": 45}, "HeartbeatTimeout"), ({"timeoutSeconds": 45}, "Timeout")]
    )
    @pytest.mark.parametrize("is_sent", [True, False])
    def test_its_time_is_over_though_its_timer_was_not_sent(
        self, home: Home, more: dict[str, int], error: str, *, is_sent: bool
    ) -> None:
        home.create({**ASK, **more})
        home.queue.refusals = int(not is_sent)
        started, _ = home.service.execute("t", "d", "in")
        assert len(home.waiting()) == int(is_sent)
        home.clock.sleep(46 if is_sent else 120)
        home.deliver() if is_sent else home.sweep_due()
        home.deliver_all()
        failure = home.read(started.id).error
        assert failure is not None
        assert failure.name == error

    def test_one_that_waits_for_days_is_looked_at_before_its_time_is_over(self, home: Home) -> None:
        home.create({**ASK, "timeoutSeconds": 100_000})
        started, _ = home.service.execute("t", "d", "in")
        assert home.read(started.id).due_at == home.clock.now() + timedelta(seconds=100_000 - 900)

    def test_an_answer_that_overtakes_its_timer_counts(self, home: Home) -> None:
        home.create({**ASK, "timeoutSeconds": 45}, ECHO)

        def answer() -> None:
            (name,) = home.executions.items
            assert home.services.answer(name, answer_to(home.read(name)))

        home.queue.overtaken = answer
        started, new = home.service.execute("t", "d", "in")
        assert (started.step, new, home.read(started.id).output) == ("step-0", True, "said")
        home.clock.sleep(46)
        home.deliver_all()
        assert (home.read(started.id).output, home.waiting()) == ("said", [])

    def test_a_lost_answer_of_the_store_starts_no_other(self, home: Home) -> None:
        home.create(ASK)
        home.executions.lost_answers = 1
        started, new = home.service.execute("t", "d", "in")
        assert (new, home.only().id, home.only().version, home.waiting()) == (True, started.id, 1, [])

    def test_one_whose_write_is_not_heard_of_at_all_is_left_to_a_worker_that_finds_it(self, home: Home) -> None:
        home.create({**ASK, "timeoutSeconds": 45})
        home.executions.lost_answers = home.executions.lost_reads = 1
        started, _ = home.service.execute("t", "d", "in")
        home.deliver_all()
        assert (home.only().id, home.only().version, home.only().step) == (started.id, 1, "step-0")
        assert home.recorded(started.id).count("StepStarted") == 1

    def test_its_twin_by_the_callers_own_retry_is_the_same(self, home: Home) -> None:
        home.create({**ASK, "timeoutSeconds": 45})
        twins = []
        home.executions.rivals.append(lambda: twins.append(home.service.execute("t", "d", "in", "mine")))
        first = home.service.execute("t", "d", "in", "mine")
        third = home.service.execute("t", "d", "in", "mine")
        assert [(found.id, new) for found, new in (*twins, first, third)] == [
            ("t:d:mine", True),
            ("t:d:mine", False),
            ("t:d:mine", False),
        ]
        assert {answer_to(found) for found, _ in (*twins, first, third)} == {answer_to(home.only())}
        assert (home.only().version, len(home.waiting())) == (1, 1)

    def test_it_is_paused_cancelled_and_driven_on(self, home: Home) -> None:
        home.create({**ASK, "timeoutSeconds": 45})
        name = home.service.execute("t", "d", "in")[0].id
        home.service.pause("t", name)
        home.clock.sleep(46)
        home.deliver_all()
        assert (home.read(name).paused, home.read(name).ended) == (True, False)
        home.service.cancel("t", name)
        assert not home.services.answer(name, answer_to(home.read(name)))
        home.service.redrive("t", name)
        assert home.services.answer(name, CallbackSucceeded("main", 0, "late"))
        assert home.read(name).output == "late"

    def test_the_first_of_two_branches_wins(self, home: Home) -> None:
        branches = [{"id": "ask", "steps": [{"id": "a", **ASK}]}, {"id": "go", "steps": [{"id": "b", **ECHO}]}]
        home.create({"type": "parallel", "branches": branches, "join": "first"})
        ended, _ = home.service.execute("t", "d", "in")
        assert (ended.state, ended.version, home.waiting()) == (State.SUCCEEDED, 1, [])


def answer_to(execution: Execution) -> CallbackSucceeded:
    """Make what whoever has the token of an execution's only wait answers."""
    (thread,) = execution.threads.values()
    return CallbackSucceeded(thread.id, thread.visit, "said")


class TestChildrenAtRest:
    """A child execution that waits for an answer is put where its parent runs, and has no message."""

    @pytest.fixture
    def home(self, home: Home) -> Home:
        home.create(ECHO, ASK, ECHO, name="other")
        return home

    def test_it_goes_on_by_itself(self, home: Home) -> None:
        home.create(SUB, ECHO)
        name = home.execute("in")
        assert (home.waiting(), home.child().version) == ([], 1)
        assert home.services.answer(home.child().id, answer_to(home.child()))
        home.deliver()
        assert (home.read(name).output, home.waiting()) == ("said", [])

    @pytest.mark.parametrize("first", [ASK, WAIT])
    def test_one_whose_parent_is_cancelled_meanwhile_is_not_put(self, home: Home, first: dict[str, object]) -> None:
        home.create(first, CALL, name="other")
        home.create(SUB, ECHO)
        home.service.execute("t", "d", "in", "mine")
        home.executions.rivals = [lambda: home.service.cancel("t", "t:d:mine")]
        home.deliver_all()
        home.clock.sleep(100)
        home.deliver_all()
        assert (home.only().state, home.performed) == (State.CANCELLED, [])

    def test_one_whose_timer_is_not_sent_has_a_message(self, home: Home) -> None:
        home.create(ECHO, {**ASK, "timeoutSeconds": 45}, name="other")
        home.create(SUB, ECHO)
        home.executions.rivals = [lambda: None, lambda: setattr(home.queue, "refusals", 1)]
        home.execute("in")
        assert [message.execution for message in home.waiting()] == [home.child().id]
        home.deliver()
        assert (home.child().version, home.waiting()) == (1, [])
        home.clock.sleep(120)
        home.sweep_due()
        home.deliver_all()
        assert home.child().state is State.FAILED

    def test_one_that_a_twin_has_put_and_that_has_ended_is_heard(self, home: Home) -> None:
        home.create(SUB, ECHO)

        def twin() -> None:
            home.clock.sleep(home.queue.visibility.total_seconds())
            home.deliver_all()
            assert home.services.answer(home.child().id, answer_to(home.child()))

        home.executions.rivals = [lambda: None, twin]
        name = home.execute("in")
        home.deliver_all()
        assert (home.read(name).output, home.waiting()) == ("said", [])

    def test_nobody_waits_for_one_that_is_let_go(self, home: Home) -> None:
        home.create({**SUB, "wait": False}, ECHO)
        home.execute("in")
        costs(home)
        name = home.execute("in")
        assert home.waiting() == []
        found = costs(home)
        assert (found["executions.update"], found["queue.send"]) == (3, 1)
        assert home.read(name).state is State.SUCCEEDED


class TestChildren:
    def test_one_of_immediate_steps_costs_its_put_and_no_message(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create(SUB)
        home.execute("in")
        costs(home)
        home.create(*[SUB] * 10)
        costs(home)
        home.execute("in")
        found = costs(home)
        assert (found["executions.update"], found["queue.send"]) == (11, 1)
        assert home.waiting() == []
        assert {home.read(name).output for name in home.executions.items} == {"in"}

    def test_children_of_children_too(self, home: Home) -> None:
        home.create(ECHO, name="third")
        home.create({**SUB, "definition": "third"}, name="other")
        home.create(SUB, ECHO)
        name = home.execute("in")
        assert (home.read(name).output, len(home.executions.items), home.waiting()) == ("in", 3, [])

    def test_one_that_fails_fails_its_step(self, home: Home) -> None:
        home.create({"type": "fail", "error": "No"}, name="other")
        home.create({**SUB, "catch": [{"errors": ["No"], "next": "step-1"}]}, ECHO)
        assert home.read(home.execute("in")).state is State.SUCCEEDED
        home.create({**SUB, "definition": "nothing"})
        error = home.read(home.execute("in")).error
        assert error is not None
        assert error.name == "DefinitionNotFound"

    def test_one_that_nobody_waits_for_ends_all_the_same(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create({**SUB, "wait": False})
        name = home.execute("in")
        assert home.read(name).output == {"id": home.child().id}
        assert home.child().state is State.SUCCEEDED

    def test_one_that_calls_has_a_function_of_its_own(self, home: Home) -> None:
        home.create(ECHO, CALL, name="other")
        home.create(SUB)
        name = home.execute("in")
        assert home.performed == []
        assert [message.execution for message in home.waiting()] != [name]
        home.deliver_all()
        assert (home.read(name).output, len(home.performed)) == ("in", 1)

    def test_whatever_comes_again_leaves_each_to_a_function_of_its_own(self, home: Home) -> None:
        """One that kills its function does not kill its parent's for ever."""
        home.create(ECHO, name="other")
        home.create(SUB)
        home.service.execute("t", "d", "in")
        (queued,) = home.queue.visible()
        home.queue.receive(queued)
        home.clock.sleep(home.queue.visibility.total_seconds())
        home.deliver()
        assert len(home.executions.items) == 1
        home.deliver_all()
        assert home.child().state is State.SUCCEEDED

    def test_one_that_has_ended_where_its_parent_was_given_up_tells_whoever_begins_it_again(self, home: Home) -> None:
        home.create(ECHO, name="third")
        home.create({**SUB, "definition": "third"}, CALL, name="other")
        home.create(SUB)
        name = home.execute("in")
        (queued,) = home.queue.visible()
        home.queue.receive(queued)
        home.clock.sleep(home.queue.visibility.total_seconds())
        home.deliver_all()
        assert home.read(name).output == "in"

    def test_what_was_cancelled_before_starts_none(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create(WAIT, SUB)
        started, _ = home.service.execute("t", "d", "in")
        (timer,) = home.waiting()
        home.drive(started.id, CancelRequested())
        home.queue.messages.clear()
        home.send(late(copy_with(timer, event=copy_with(timer.event, by=home.clock.now() + timedelta(minutes=1)))))
        home.deliver()
        assert list(home.executions.items) == [started.id]
