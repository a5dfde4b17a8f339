"""What others left over: ends that nobody heard, turns that a twin drives, signals of executions that went on."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

import pytest

from chalicelib.adapters.memory.signals import MemorySignals
from chalicelib.core.executions.inputs import ChildEnded, Message, ResumeRequested, SignalPublished, Started
from chalicelib.core.executions.model import Signal, State, Status
from chalicelib.core.records.codec import read_message
from chalicelib.core.values.errors import StateError, UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import Channel, Correlation, Waiter
from chalicelib.engine.due_sweep import DueSweep
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Budget, Delivery
from chalicelib.engine.observers import Committed
from chalicelib.engine.signals import Signals
from tests.home import CALL, ECHO, START, SUB, WAIT, Home, caught

EVENT = {"type": "event", "name": "paid", "key": "7"}
HOUR = {"type": "wait", "seconds": 3600}


class TestEndsThatWereLost:
    def lost(self, home: Home, **step: object) -> str:
        """Start an execution whose child has ended, and the message that tells of it is gone."""
        home.create(ECHO, name="other")
        home.create({**caught(SUB, "step-1"), **step}, HOUR)
        name = home.execute()
        timers = [m for m in home.queue.messages.values() if m.timer]
        home.deliver()
        assert home.child().ended
        home.queue.messages.clear()
        home.queue.messages |= {timer.id: timer for timer in timers}
        return name

    def test_who_is_started_again_after_its_end_tells_it_again(self, home: Home) -> None:
        name = self.lost(home)
        home.send(Message(home.child().id, Started()))
        home.deliver()
        assert [type(message.event) for message in home.waiting()] == [ChildEnded]
        home.deliver()
        assert home.read(name).step == "step-1"

    def test_so_does_who_is_cancelled_after_its_end(self, home: Home) -> None:
        name = self.lost(home, timeoutSeconds=9)
        home.clock.sleep(9)
        home.deliver_all()
        assert home.read(name).threads.keys() == {"main"}, "who was cancelled is to be told of no more"

    def test_a_call_that_cancels_again_says_what_the_first_one_did_not(self, home: Home) -> None:
        home.service.cancel("t", home.cancel_unheard(HOUR))
        home.deliver_all()
        assert home.child().state is State.CANCELLED

    @pytest.mark.parametrize("how", ["pause", "resume"])
    def test_so_does_one_that_pauses_or_resumes_again(self, home: Home, how: str) -> None:
        name = home.begin_child(HOUR)
        if how == "resume":
            home.service.pause("t", name)
            home.deliver_all()
        ask = partial(getattr(home.service, how), "t", name)
        home.unheard(ask)
        home.deliver_all()
        assert home.child().paused is (how == "resume"), "it does not know yet"
        for _ in range(2):
            ask()
            home.deliver_all()
            assert home.child().paused is (how == "pause")

    def test_one_that_resumes_makes_up_for_a_redrive(self, home: Home) -> None:
        name = home.begin_child(HOUR)
        home.service.cancel("t", name)
        home.deliver_all()
        home.unheard(lambda: home.service.redrive("t", name))
        with pytest.raises(StateError):
            home.service.redrive("t", name)
        home.deliver_all()
        assert home.child().ended, "it does not know yet"
        home.service.resume("t", name)
        home.deliver_all()
        assert not home.child().ended

    def test_one_that_resumes_again_sends_what_is_ready_and_what_waits_on_its_way_once(self, home: Home) -> None:
        branches = [{"id": "ask", "steps": [{"id": "greet", **CALL}]}, {"id": "wait", "steps": [{"id": "s", **WAIT}]}]
        home.create({"type": "parallel", "branches": branches})
        name = home.service.execute("t", "d", "in")[0].id
        home.service.pause("t", name)
        home.deliver_all()
        home.unheard(lambda: home.service.resume("t", name))
        for _ in range(3):
            home.service.resume("t", name)
        for _ in range(3):
            home.deliver_all()
            home.clock.sleep(60)
        assert home.read(name).state is State.SUCCEEDED
        assert len(home.performed) == 1

    def test_what_has_ended_tells_nobody_at_a_duplicate_of_what_it_waited_for(self, home: Home) -> None:
        home.create(WAIT, name="other")
        home.create(SUB)
        home.execute()
        home.deliver_all()
        (timer,) = home.waiting()
        home.clock.sleep(45)
        home.deliver_all()
        home.send(copy_with(timer, image=None, delay=0))
        home.deliver()
        assert home.waiting() == []

    def test_a_failure_of_the_parent_is_told_to_who_runs(self, home: Home) -> None:
        home.create(HOUR, name="other")
        branches = [{"id": "child", "steps": [{"id": "greet", **SUB}]}, {"id": "no", "steps": [{"id": "ask", **CALL}]}]
        home.create({"type": "parallel", "branches": branches})
        home.failures = ["No"]
        home.execute()
        home.deliver_all()
        assert home.child().state is State.CANCELLED


class TestTwinsOfAPausedExecution:
    def test_a_message_under_which_nothing_can_run_is_not_kept_until_it_is_poison(self, home: Home) -> None:
        home.create(CALL, CALL)
        name = home.service.execute("t", "d", "in")[0].id
        (queued,) = home.queue.visible()
        message = read_message(json.loads(queued.body))

        def received(receives: int) -> set[str]:
            delivery, budget = Delivery(queued.id, message, receives), Budget(home.clock.now() + timedelta(minutes=1))
            return Invocation(home.dependencies, f"request-{receives}", [delivery], budget).run()

        home.executions.rivals = [lambda: home.service.pause("t", name)]
        received(1)
        assert (home.only().threads["main"].status, home.only().paused) == (Status.READY, True)
        assert received(2) == {queued.id}
        home.queue.delete("any", [queued.id])
        home.service.resume("t", name)
        home.clock.sleep(60)
        home.deliver_all()
        assert home.only().state is State.SUCCEEDED
        assert len(home.performed) == 2

    def test_nor_is_one_of_an_execution_that_has_ended(self, home: Home) -> None:
        branches = [{"id": name, "steps": [{"id": f"ask-{name}", **CALL}]} for name in "ab"]
        home.create({"type": "parallel", "branches": branches})
        home.service.execute("t", "d", "in")
        (queued,) = home.queue.visible()
        message = read_message(json.loads(queued.body))

        def die() -> None:
            home.executions.rivals = [die]
            raise UnavailableError

        home.executions.rivals = [lambda: None, die]
        with pytest.raises(UnavailableError):
            home.deliver()
        home.executions.rivals = []
        home.service.cancel("t", home.only().id)
        again, budget = Delivery(queued.id, message, 2), Budget(home.clock.now() + timedelta(minutes=1))
        assert Invocation(home.dependencies, "again", [again], budget).run() == {queued.id}


def publish(home: Home) -> None:
    home.answers.publish("t", "paid", "7", Signal("event-1", "paid", START + timedelta(days=1), 7))


class TestEventsThatNobodyCanRepeat:
    """They have no id, and are given to who waits without an item of their own."""

    def publish(self, home: Home, value: int = 7) -> str | None:
        event = Signal("made", "paid", START + timedelta(days=1), value)
        waiter = home.answers.publish("t", "paid", "7", event, named=False).waiter
        return None if waiter is None else waiter.execution

    def publish_and_die(self, home: Home) -> None:
        """Publish one, and leave what is there should the process die before the channel is left."""
        channel = Channel("t", "paid", "7")
        (waiter,) = home.matching.waiting(channel, 10)
        self.publish(home)
        home.matching.wait(channel, waiter)

    def test_one_reaches_who_waits_and_leaves_nothing(self, home: Home) -> None:
        home.create(EVENT)
        name = home.execute()
        home.queue.messages.clear()
        assert self.publish(home) == name
        channel = Channel("t", "paid", "7")
        assert (home.read(name).output, home.queue.messages) == (7, {})
        assert (home.matching.waiting(channel, 10), home.matching.get(channel, "made")) == ([], None)

    def test_an_execution_that_ends_with_one_is_for_no_look_of_the_schedule(self, home: Home) -> None:
        home.create(EVENT)
        home.execute()
        self.publish(home)
        assert home.executions.due_times == {}

    def test_an_execution_that_ends_with_one_of_an_id_is(self, home: Home) -> None:
        home.create(EVENT)
        name = home.execute()
        publish(home)
        assert home.executions.due_times.keys() == {name}

    def test_who_dies_before_the_channel_is_left_takes_no_event_from_those_who_wait(self, home: Home) -> None:
        home.create(EVENT)
        first = home.execute()
        self.publish_and_die(home)
        assert home.read(first).output == 7
        home.clock.sleep(1)
        second = home.execute()
        assert self.publish(home, 8) == second
        assert (home.read(second).output, home.matching.waiting(Channel("t", "paid", "7"), 10)) == (8, [])

    def test_nor_one_from_those_who_come_later(self, home: Home) -> None:
        home.create(EVENT)
        home.execute()
        self.publish_and_die(home)
        assert self.publish(home, 8) is None, "it is kept"
        assert home.read(home.execute()).output == 8


class TestSignalsOfExecutionsThatWentOn:
    """A step has just begun to wait when something else happens to it; its event came before."""

    def raced(self, happens: Callable[[Home, str], object], *steps: dict[str, object]) -> tuple[Home, str]:
        waiting: list[object] = []

        def meanwhile(committed: Committed) -> None:
            if not waiting and committed.after.threads["main"].status is Status.WAITING_FOR_ANSWER:
                waiting.append(committed)
                happens(home, committed.after.id)

        home = Home(observers=[meanwhile])
        home.create(EVENT, *steps)
        publish(home)
        home.queue.messages.clear()
        return home, home.execute()

    def has_it(self, home: Home) -> bool:
        """Tell whether the next one who waits gets the event."""
        name = home.execute()
        home.answers.deliver(Channel("t", "paid", "7"), "event-1")
        return home.read(name).output == 7

    def test_one_that_is_cancelled_leaves_it_to_the_next(self) -> None:
        home, name = self.raced(lambda home, name: home.service.cancel("t", name))
        assert home.read(name).state is State.CANCELLED
        assert self.has_it(home)

    def test_so_does_one_that_has_got_another_event_and_goes_on(self) -> None:
        def send(home: Home, name: str) -> None:
            home.answers.send("t", name, Signal("event-2", "paid", START + timedelta(days=1), 8))

        home, name = self.raced(send, EVENT)
        home.deliver_all()
        home.answers.deliver(Channel("t", "paid", "7"), "event-1")
        assert home.read(name).output == 7, "its second step has it"
        assert not self.has_it(home)

    def test_one_that_is_paused_takes_it(self) -> None:
        def pause(home: Home, name: str) -> None:
            with suppress(StateError):  # its own look at the event may have ended it
                home.service.pause("t", name)

        home, name = self.raced(pause)
        assert home.read(name).output == 7
        assert not self.has_it(home)

    def test_one_whose_write_only_lost_its_race_keeps_it(self, home: Home) -> None:
        home.create(EVENT)
        publish(home)
        home.queue.messages.clear()
        name = home.service.execute("t", "d", None)[0].id
        home.executions.rivals = [lambda: None, lambda: home.drive(name, ResumeRequested(turn=5))]
        home.deliver()
        assert home.read(name).output == 7
        assert not self.has_it(home)


class TestLooksOfTheSchedule:
    """At a wait for an event, 15 minutes before its time is over."""

    CHANNEL = Channel("t", "paid", "7")

    def look(self, home: Home, meanwhile: Callable[[], object]) -> Sequence[Waiter]:
        """Let something happen before the look lets the step wait once more; answer who waits after it."""

        class Overtaken(MemorySignals):
            def wait(self, channel: Channel, waiter: Waiter) -> bool:
                meanwhile()
                return super().wait(channel, waiter)

        home.create({**EVENT, "timeoutSeconds": 3600})
        home.execute()
        store = Overtaken()
        store.__dict__.update(home.matching.__dict__)
        home.clock.sleep(2700)
        dependencies = copy_with(home.dependencies, signals=Signals(store, home.clock))
        assert DueSweep(dependencies, "look", home.clock.now() + timedelta(minutes=1)).run() == 1
        return home.matching.waiting(self.CHANNEL, 10)

    def test_one_at_a_step_that_goes_on_just_then_lets_nobody_wait(self, home: Home) -> None:
        assert self.look(home, lambda: publish(home)) == []
        assert home.only().output == 7

    def test_one_lets_a_step_wait_whom_nobody_has_let(self, home: Home) -> None:
        def lose() -> None:
            (waiter,) = home.matching.waiting(self.CHANNEL, 10)
            home.matching.leave(self.CHANNEL, waiter)

        assert [waiter.execution for waiter in self.look(home, lose)] == [home.only().id]

    def test_one_reads_nothing_more_where_the_step_waits_already(self, home: Home) -> None:
        assert len(self.look(home, home.calls.clear)) == 1
        assert home.calls["executions.get"] == 0


class TestPublishersThatDie:
    """Who publishes an event dies on the way; nobody says it again, but the message that was sent first."""

    def arrives(self, home: Home, name: str) -> bool:
        published = [message.event for message in home.waiting() if isinstance(message.event, SignalPublished)]
        assert published
        for signal in published:
            home.answers.deliver(Channel("t", signal.name, signal.key), signal.id)
        return home.read(name).output == 7

    def test_before_the_step_has_it(self, home: Home) -> None:
        home.create(EVENT)
        name = home.execute()

        def die() -> None:
            home.executions.rivals = [die]
            raise UnavailableError

        home.executions.rivals = [die]
        with pytest.raises(UnavailableError):
            publish(home)
        home.executions.rivals = []
        assert self.arrives(home, name)

    def test_before_the_match_is_known_to_be_written(self, home: Home) -> None:
        home.create(EVENT)
        name = home.execute()
        store = home.matching

        class Lost(MemorySignals):
            def put(self, channel: Channel, row: Correlation, now: datetime) -> Correlation | None:
                store.put(channel, row, now)
                raise UnavailableError

        lost = Lost()
        lost.__dict__.update(store.__dict__)
        dying = copy_with(home.answers, signals=Signals(lost, home.clock))
        with pytest.raises(UnavailableError):
            dying.publish("t", "paid", "7", Signal("event-1", "paid", START + timedelta(days=1), 7))
        assert self.arrives(home, name)

    def test_that_message_comes_after_who_lives_is_done(self, home: Home) -> None:
        home.create(EVENT)
        name = home.execute()
        publish(home)
        assert home.read(name).output == 7
        assert [type(message.event) for message in home.waiting()] == [SignalPublished]
        assert home.queue.visible() == []
