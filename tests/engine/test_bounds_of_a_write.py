"""How much one write may hold: progress with large results is kept, piece by piece."""

from datetime import datetime, timedelta

from chalicelib.adapters.memory.stores import MemoryClock
from chalicelib.core.executions.model import State
from chalicelib.core.records.codec import read_message
from chalicelib.core.values.json import decode
from chalicelib.core.values.value import copy_with
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Budget, Delivery
from tests.home import CALL, ECHO, START, Home


def written(home: Home, **bounds: int) -> int:
    """Deliver the start of an execution under a budget; answer how many writes that takes."""
    (queued,) = home.queue.visible()
    delivery = Delivery(queued.id, read_message(decode(queued.body)), 1)
    budget = Budget(home.clock.now() + timedelta(minutes=1), **bounds)
    home.calls.clear()
    assert Invocation(home.dependencies, "request", [delivery], budget).run() == {queued.id}
    assert home.only().state is State.SUCCEEDED
    return home.calls["executions.update"]


def test_results_that_are_large_together_are_written_in_pieces(home: Home) -> None:
    home.create(*[ECHO] * 10)
    home.service.execute("t", "d", "x" * 98)  # 100 characters of JSON each
    assert written(home, size_per_write=300) == 4


def test_many_turns_are_written_in_several_writes(home: Home) -> None:
    home.create(*[ECHO] * 10)
    home.service.execute("t", "d", "x")
    assert written(home, turns_per_write=4) == 3


def test_what_fits_is_written_at_once(home: Home) -> None:
    home.create(*[ECHO] * 10)
    home.service.execute("t", "d", "x" * 98)
    assert written(home) == 1


def test_the_budget_of_turns_counts_calls_and_what_was_written_before(home: Home) -> None:
    home.create(*[ECHO] * 6, CALL, *[ECHO] * 6)
    home.service.execute("t", "d", "x")
    home.deliver(turns=9)
    assert not home.only().ended
    assert len(home.performed) == 1
    assert [type(message.event).__name__ for message in home.waiting()] == ["StepDue"]
    home.deliver_all()
    assert home.only().state is State.SUCCEEDED


def test_no_turn_is_run_after_the_deadline(home: Home) -> None:
    class Slow(MemoryClock):
        def now(self) -> datetime:
            self.sleep(5)
            return super().now()

    home.create(*[ECHO] * 40)
    home.service.execute("t", "d", "x")
    (queued,) = home.queue.visible()
    delivery = Delivery(queued.id, read_message(decode(queued.body)), 1)
    dependencies = copy_with(home.dependencies, clock=Slow(START))
    Invocation(dependencies, "request", [delivery], Budget(START + timedelta(minutes=1))).run()
    assert 1 < int(home.only().step.removeprefix("step-")) < 20
    home.deliver_all()
    assert home.only().state is State.SUCCEEDED
