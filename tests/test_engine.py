import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.definitions import CachedDefinitions
from chalicelib.adapters.memory import MemoryClock, MemoryDefinitions, MemoryExecutions, MemoryHistory, MemoryQueue
from chalicelib.burial import Burial
from chalicelib.core.document import MAX_MESSAGE_BYTES, read_message
from chalicelib.core.errors import ConflictError, DefinitionNotFoundError, HistoryBrokenError, UnavailableError
from chalicelib.core.model import Execution, Message, Started, State, StepDue, TimerFired
from chalicelib.engine import Budget, Delivery, Invocation, Ports
from chalicelib.schedule import arm
from chalicelib.service import Service
from chalicelib.steps import STEP_TYPES
from tests.world import SimulatedEffects, World

START = datetime(2026, 1, 1, tzinfo=UTC)


class Counting:
    """A port that counts its calls."""

    def __init__(self, port: object, name: str, calls: Counter[str]) -> None:
        self._port, self._name, self._calls = port, name, calls

    def __getattr__(self, method: str) -> Callable[..., Any]:
        self._calls[f"{self._name}.{method}"] += 1
        found: Callable[..., Any] = getattr(self._port, method)
        return found


class Home:
    """sedo over memory, with every call of a store or queue counted."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.clock = MemoryClock(START)
        self.executions, self.queue = MemoryExecutions(), MemoryQueue(self.clock)
        definitions, self.history = MemoryDefinitions(), MemoryHistory()
        counted: dict[str, Any] = {
            name: Counting(port, name, self.calls)
            for name, port in {
                "executions": self.executions,
                "definitions": definitions,
                "history": self.history,
                "queue": self.queue,
            }.items()
        }
        parsed = CachedDefinitions(counted["definitions"], STEP_TYPES)
        self.ports = Ports(
            counted["executions"], parsed, counted["history"], counted["queue"], self.clock, self.no_effects
        )
        self.tokens = iter(f"{n:08x}" for n in range(1, 1000))
        self.service = Service(
            counted["definitions"],
            parsed,
            counted["executions"],
            counted["history"],
            counted["queue"],
            self.clock,
            STEP_TYPES,
            lambda: next(self.tokens),
        )

    def no_effects(self) -> SimulatedEffects:
        return SimulatedEffects(World({}))

    def create(self, *steps: dict[str, Any], **more: Any) -> None:
        numbered = [{"id": f"step-{n}", **step} for n, step in enumerate(steps)]
        self.service.create_definition("t", {"id": "d", "steps": numbered, **more})

    def deliver(self, kind: type[Invocation] = Invocation, turns: int = 1000) -> set[str]:
        """Deliver what is visible, as one batch."""
        groups: dict[str, list[Delivery]] = {}
        for letter in [self.queue.receive(letter) for letter in self.queue.visible()]:
            message = read_message(json.loads(letter.body))
            groups.setdefault(message.execution, []).append(Delivery(letter.id, message, letter.receives))
        budget = Budget(self.clock.now() + timedelta(minutes=1), turns)
        done: set[str] = set()
        for number, group in enumerate(groups.values()):
            done |= kind(self.ports, f"request-{number}", group, budget).run()
        self.queue.delete("any", sorted(done))
        return done

    def only(self) -> Execution:
        (execution_id,) = self.executions.items
        found = self.executions.get(execution_id)
        assert found is not None
        return found


ECHO = {"type": "echo", "message": "${output}"}
WAIT = {"type": "wait", "seconds": 45}


@pytest.fixture
def home() -> Home:
    return Home()


class TestBudgets:
    def test_ten_pure_steps_cost_a_put_and_a_send_then_a_row_and_a_write(self, home: Home) -> None:
        home.create(*([ECHO, {"type": "transform", "output": {"was": "${output}"}}] * 5))
        home.service.execute("t", "d", "warm")
        home.deliver()
        home.calls.clear()
        home.service.execute("t", "d", "in")
        assert home.calls == {"definitions.newest": 1, "queue.send": 1, "executions.create": 1}
        home.calls.clear()
        assert home.deliver()
        assert home.calls == {"history.append": 1, "executions.update": 1}

    def test_a_wait_costs_one_message_and_one_read(self, home: Home) -> None:
        home.create(ECHO, WAIT, ECHO)
        home.service.execute("t", "d", "in")
        home.deliver()
        home.calls.clear()
        home.clock.sleep(45)
        home.deliver()
        assert home.calls == {"executions.get": 1, "history.append": 1, "executions.update": 1}
        assert home.only().state is State.SUCCEEDED

    def test_a_duplicate_costs_one_read(self, home: Home) -> None:
        home.create(ECHO, WAIT)
        home.service.execute("t", "d", "in")
        home.deliver()
        home.queue.send([Message(home.only().id, Started())])
        home.calls.clear()
        assert home.deliver()
        assert home.calls == {"executions.get": 1}


class TestRunningAhead:
    def test_many_turns_are_written_in_pieces_and_end_in_one_invocation(self, home: Home) -> None:
        home.create(*([ECHO] * 250))
        home.service.execute("t", "d", "in")
        home.deliver()
        assert home.only().state is State.SUCCEEDED
        assert home.only().version == 3

    def test_a_spent_budget_hands_the_rest_to_another_message(self, home: Home) -> None:
        home.create(*([ECHO] * 250))
        home.service.execute("t", "d", "in")
        home.deliver(turns=100)
        (letter,) = home.queue.visible()
        assert read_message(json.loads(letter.body)).event == StepDue("main", 100)
        while home.queue.visible():
            home.deliver(turns=100)
        assert home.only().state is State.SUCCEEDED

    def test_all_events_of_one_execution_share_a_read_and_a_write(self, home: Home) -> None:
        home.create(WAIT, ECHO)
        home.service.execute("t", "d", "in")
        home.deliver()
        home.clock.sleep(45)
        home.queue.send([Message(home.only().id, TimerFired("main", 1)), Message(home.only().id, Started())])
        home.calls.clear()
        assert len(home.deliver()) == 3
        assert home.calls == {"executions.get": 1, "history.append": 1, "executions.update": 1}


class TestTimers:
    def test_an_early_timer_is_sent_again_for_the_rest(self, home: Home) -> None:
        home.create(WAIT)
        home.service.execute("t", "d", "in")
        home.deliver()
        home.queue.letters.clear()
        home.clock.sleep(30)
        home.queue.send([Message(home.only().id, TimerFired("main", 1))])
        assert home.deliver()
        (letter,) = home.queue.letters.values()
        assert letter.visible_at == START + timedelta(seconds=45)

    def test_three_days_are_one_due_time_and_one_message_at_the_end(self, home: Home) -> None:
        home.create({"type": "wait", "seconds": 3 * 24 * 3600})
        home.service.execute("t", "d", "in")
        home.deliver()
        assert home.queue.letters == {}
        home.clock.sleep(3 * 24 * 3600 - 901)
        assert arm(home.ports) == 0
        home.clock.sleep(60)
        assert arm(home.ports) == 1
        assert arm(home.ports) == 0
        home.clock.sleep(840)
        assert home.queue.visible() == []
        home.clock.sleep(1)
        home.deliver()
        assert home.only().state is State.SUCCEEDED
        assert home.only().ended_at == START + timedelta(days=3)

    @pytest.mark.parametrize("seconds", [900, 901])
    def test_no_wait_falls_between_message_and_due_time_if_the_clock_steps_back(self, seconds: int) -> None:
        class Stepping(MemoryClock):
            def now(self) -> datetime:
                self.instant -= timedelta(milliseconds=1)
                return self.instant

        home = Home()
        home.ports = replace(home.ports, clock=Stepping(START))
        home.create({"type": "wait", "seconds": seconds})
        home.service.execute("t", "d", "in")
        home.deliver()
        assert home.queue.letters or home.executions.due_times

    def test_an_execution_that_cannot_be_read_keeps_no_other_waiting(self, home: Home) -> None:
        home.create({"type": "wait", "seconds": 3600})
        broken, _ = home.service.execute("t", "d", "broken")
        home.service.execute("t", "d", "whole")
        home.deliver()
        home.executions.items[broken.id] = "{}"
        home.clock.sleep(3000)
        assert arm(home.ports) == 2
        assert len(home.queue.letters) == 1
        assert arm(home.ports) == 0

    def test_a_timer_that_was_lost_is_sent_again(self, home: Home) -> None:
        home.create({"type": "wait", "seconds": 3600})
        home.service.execute("t", "d", "in")
        home.deliver()
        home.clock.sleep(2800)
        arm(home.ports)
        home.queue.letters.clear()
        home.clock.sleep(1200)
        arm(home.ports)
        home.deliver()
        assert home.only().state is State.SUCCEEDED


class TestStarting:
    def test_a_start_that_was_written_but_never_sent_is_found_by_the_schedule(self, home: Home) -> None:
        home.create(ECHO)
        home.service.execute("t", "d", "in", name="mine")
        home.queue.letters.clear()
        home.clock.sleep(60)
        arm(home.ports)
        home.deliver()
        assert home.only().state is State.SUCCEEDED

    def test_input_that_no_message_can_carry_starts_all_the_same(self, home: Home) -> None:
        home.create(ECHO)
        home.service.execute("t", "d", "x" * MAX_MESSAGE_BYTES)
        home.deliver()
        assert home.only().output == "x" * MAX_MESSAGE_BYTES

    def test_a_taken_id_makes_another_one(self, home: Home) -> None:
        home.create(WAIT)
        first, _ = home.service.execute("t", "d", 1)
        home.tokens = iter(["n", "o", first.id.rpartition(":")[2], "fresh"])
        second, new = home.service.execute("t", "d", 2)
        assert (second.id, second.input, new) == ("t:d:fresh", 2, True)
        home.deliver()
        stands = home.executions.get(first.id)
        assert stands is not None
        assert (stands.input, stands.version) == (1, 1)
        assert len(home.queue.letters) == 2

    def test_a_name_stands_for_one_input(self, home: Home) -> None:
        home.create(WAIT)
        first, new = home.service.execute("t", "d", {"n": 1}, name="mine")
        again, anew = home.service.execute("t", "d", {"n": 1}, name="mine")
        assert (first.id, new, again.id, anew) == ("t:d:mine", True, "t:d:mine", False)
        with pytest.raises(ConflictError, match="other input"):
            home.service.execute("t", "d", {"n": True}, name="mine")
        with pytest.raises(ConflictError, match="other input"):
            home.service.execute("t", "d", {"n": 1.0}, name="mine")

    def test_a_name_outlives_its_definition(self, home: Home) -> None:
        home.create(WAIT)
        home.service.execute("t", "d", {"n": 1}, name="mine")
        home.create(WAIT, inputSchema={"required": ["other"]})
        assert home.service.execute("t", "d", {"n": 1}, name="mine")[0].definition_version == 1
        home.service.retire_definition("t", "d")
        assert home.service.execute("t", "d", {"n": 1}, name="mine")[1] is False

    def test_nothing_of_a_retired_definition_starts(self, home: Home) -> None:
        home.create(WAIT)
        home.service.retire_definition("t", "d")
        for version in (None, 1):
            with pytest.raises(DefinitionNotFoundError):
                home.service.execute("t", "d", {}, version=version)


class TestHistory:
    def test_rows_that_lost_their_race_do_not_show_however_many_they_are(self, home: Home) -> None:
        home.create(WAIT, WAIT)
        execution, _ = home.service.execute("t", "d", "in")
        home.deliver()
        row = home.history.read(execution.id, 0, 1)[0]
        for n in range(5):
            home.history.append(replace(row, key=f"{1:012d}#lost-{n}"))
            home.history.append(replace(row, key=f"{2:012d}#a-lost-{n}"))
        home.clock.sleep(45)
        home.deliver()
        for limit in (1, 2, 100):
            rows, after = [], 0
            more = True
            while more:
                page, more = home.service.read_history("t", execution.id, limit, after)
                rows += page
                after = page[-1].version
            assert [row.version for row in rows] == [1, 2]

    def test_a_row_that_is_gone_is_noticed(self, home: Home) -> None:
        home.create(WAIT)
        execution, _ = home.service.execute("t", "d", "in")
        home.deliver()
        home.history.rows.clear()
        with pytest.raises(HistoryBrokenError):
            home.service.read_history("t", execution.id, 10, 0)


class TestPoison:
    def test_a_dead_timer_that_is_early_is_sent_again(self, home: Home) -> None:
        home.create(WAIT)
        home.service.execute("t", "d", "in")
        home.deliver()
        home.clock.sleep(10)
        home.queue.letters.clear()
        home.queue.send([Message(home.only().id, TimerFired("main", 1))])
        assert home.deliver(Burial)
        assert home.only().state is State.STEP_STARTED
        assert len(home.queue.letters) == 1

    def test_a_dead_letter_fails_what_its_message_drove(self, home: Home) -> None:
        home.create(ECHO, WAIT)
        home.service.execute("t", "d", "in")
        assert home.deliver(Burial)
        assert home.only().state is State.FAILED
        assert home.only().error is not None
        assert home.only().error.name == "Poison"  # type: ignore[union-attr] # see the line before

    def test_even_if_the_definition_cannot_be_read(self, home: Home) -> None:
        home.create(ECHO)
        execution, _ = home.service.execute("t", "d", "in")
        lost = replace(execution, definition_version=9)
        home.executions.items.clear()
        home.executions.create(lost)
        assert home.deliver(Burial)
        assert home.only().state is State.FAILED

    def test_a_dead_letter_of_a_turn_that_has_passed_changes_nothing(self, home: Home) -> None:
        home.create(ECHO, WAIT)
        home.service.execute("t", "d", "in")
        home.deliver()
        home.queue.letters.clear()
        home.queue.send([Message(home.only().id, Started())])
        assert home.deliver(Burial)
        assert home.only().state is State.STEP_STARTED


class TestGivingUp:
    def test_answers_that_stay_away_give_the_message_back(self, home: Home) -> None:
        class Silent(MemoryHistory):
            def append(self, row: object) -> None:
                raise UnavailableError

        home.create(ECHO)
        home.service.execute("t", "d", "in")
        home.ports = replace(home.ports, history=Silent())
        with pytest.raises(UnavailableError):
            home.deliver()
        assert home.only().state is State.SUBMITTED

    def test_a_message_for_an_execution_that_is_gone_is_done(self, home: Home) -> None:
        home.queue.send([Message("t:d:gone", StepDue("main", 3))])
        assert home.deliver()
