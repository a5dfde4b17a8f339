"""The middle of an invocation: fold inputs, run steps, make calls, and write what came of them."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.decide import hand_over
from chalicelib.core.executions.due import RESOLUTION, is_to_be_done, next_due
from chalicelib.core.executions.identity import CallKey, TurnKey
from chalicelib.core.executions.implied import implied
from chalicelib.core.executions.inputs import (
    CallDeferred,
    CallFailed,
    CallSucceeded,
    Input,
    Outgrown,
    Requested,
    SignalReceived,
    StepDue,
)
from chalicelib.core.executions.listing import listed_under
from chalicelib.core.executions.model import ROOT, Execution, Origin, Status
from chalicelib.core.records.history import News, Row, held_by, longer, new_row, news, stays
from chalicelib.core.records.state_packing import is_dear, saved_bytes
from chalicelib.core.values.errors import OutgrownError, SetupError, UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.engine.advance import UNWRITTEN_FOR, Advance, is_had_again, spared, version_of
from chalicelib.engine.claim import Claim
from chalicelib.engine.model import SENT_WITHIN, Mode, Pending
from chalicelib.engine.observers import Committed
from chalicelib.engine.waits import taken_elsewhere
from chalicelib.ports import HistoryStore, Stale

LITTLE = 128
"""Bytes by which an item grows at most whose history is worth a row that keeps it within its kilobytes."""

LARGE = 1_000_000
"""Characters of results that need room of their own while they are written."""

LONGEST_PAUSE = 5.0
"""Seconds between two reads of a store that does not answer."""


class RunAhead(Claim):
    """How an invocation drives the threads that it owns, and writes."""

    def advance(self, item: Execution) -> Advance:
        """Fold the pending inputs, then run the steps that need no call, in memory and within the budget."""
        now = self.dependencies.clock.now()
        advance = self.ahead if self.ahead is not None and self.ahead.item is item else Advance(item, now)
        self.ahead, advance.calls = advance, {}
        for pending in self.pending[advance.taken :]:
            if advance.turns >= self.turns_per_write:
                return advance
            advance.taken += 1
            definition = self.definition(advance.execution, version_of(pending))
            driver = self.me[pending.message]
            decision = self.dependencies.decide(definition, advance.execution, pending.input, now, driver)
            if decision.execution is not advance.execution:
                advance.urgent = advance.urgent or not is_had_again(advance.execution, pending, self.repeatable)
                advance.fold(decision, pending)
        if (now < self.budget.deadline or not self.turns) and self.turns < self.budget.turns:
            self.run_ahead(advance, now)
        is_over = now >= self.budget.deadline or self.turns + advance.turns >= self.budget.turns
        if not advance.calls and (is_over or self.mode is Mode.REQUEST):
            self.leave(advance)
        return advance

    def run_ahead(self, advance: Advance, now: datetime) -> None:
        """Run the steps of every thread of mine until it waits, ends, or has something to call."""
        stopped: set[TurnKey] = set()
        calls: dict[TurnKey, Call] = {}
        advance.calls = calls
        most = min(self.turns_per_write, self.budget.turns - self.turns)
        if late := now >= self.budget.deadline:
            most = min(most, advance.turns + 1)
        while advance.turns < most and advance.size < self.budget.size_per_write:
            found = next(self.due(advance.execution, stopped), None)
            if found is None:
                return
            if advance.turns and self.dependencies.clock.now() >= self.budget.deadline:
                return  # a turn can take half a second
            key, message = found
            definition = self.definition(advance.execution)
            step = StepDue(*key)
            decision = self.dependencies.decide(definition, advance.execution, step, now, self.me[message])
            if decision.call is None:
                advance.fold(decision, Pending(step, message))
            else:
                stopped.add(key)
                if late:
                    continue
                if (
                    self.may_call(key)
                    or self.may_call_ahead(advance, decision.call, now)
                    or advance.may_try_again(key, now)
                ):
                    calls[key] = decision.call
                else:
                    advance.urgent = True

    def due(self, execution: Execution, but: Collection[TurnKey] = ()) -> Iterator[tuple[TurnKey, str]]:
        """Find the turns of mine that can run, but for some, with the message under which they do."""
        if execution.paused or execution.ended:
            return
        for thread in execution.threads.values():
            key, driver = thread.key, thread.driver
            if thread.status is not Status.READY or key in self.running or key in but:
                continue
            if key in self.own:
                yield key, self.own[key]
            elif driver is not None and self.is_me(driver) and not driver.handed:
                yield key, driver.message

    def may_call(self, key: TurnKey) -> bool:
        """Tell whether a turn may call, whatever it is: only one that is written."""
        return key in self.own and (self.ahead is None or key not in self.ahead.ahead)

    def may_call_ahead(self, advance: Advance, call: Call, now: datetime) -> bool:
        """Tell whether a turn may call that is not written."""
        return call.repeatable and advance.may_go_on(now)

    def leave(self, advance: Advance) -> None:
        """Hand every ready thread over, unless a call is in flight; the messages are sent once that is written."""
        if not self.running:
            for key, message in self.due(advance.execution):
                advance.execution = hand_over(advance.execution, [key], self.me[message])

    def begin_calls(self, calls: Mapping[TurnKey, Call]) -> None:
        """Begin calls.

        Raises:
            SetupError: the function has too little time to make any.
        """
        if calls and self.budget.too_short:
            raise SetupError(self.budget.too_short)
        for key, call in calls.items():
            if (item := self.standing()) is not None:
                thread = item.threads[key.thread]
                if call.repeatable:
                    self.repeatable.add(key)
                if key not in self.own:
                    self.call_ahead(thread)
                self.running.add(key)
                self.turns += 1
                visit = CallKey(self.execution_id, key.thread, thread.visit, call.key)
                self.calls.start(key, call, visit, partial(self.wants, key))
        self.looked_at = self.dependencies.clock.now()

    def can_wait(self, advance: Advance) -> bool:
        """Tell whether an advance need not be written yet: repeatable calls from unwritten turns are in flight."""
        goes_on = not advance.ahead.isdisjoint(self.running) and not advance.asks_for_something()
        return goes_on and not advance.urgent and self.dependencies.clock.now() < advance.since + UNWRITTEN_FOR

    def wants(self, key: TurnKey) -> bool:
        """Tell, once there is room for the call of a turn, whether it is still to be made."""
        item, held = self.standing(), self.own.get(key)
        if item is None or item.paused or item.ended or held is None or key not in self.running:
            return False
        thread = item.threads.get(key.thread)
        is_left = thread is None or thread.key != key or self.is_left_to_others(thread, held)
        return not is_left and self.dependencies.clock.now() < self.budget.deadline

    def collect(self) -> None:
        """Wait until a call has ended, a call is over its time, or it is time to look or to write."""
        every, waits = self.budget.looks_every, self.is_ahead()
        look_at = [] if every is None else [self.looked_at + every]
        write_at = [waits.since + UNWRITTEN_FOR] if waits else []
        self.take_results(min([*look_at, *write_at, *self.limits().values()], default=None))
        has_news = len(self.pending) > (waits.taken if waits else 0)
        if self.running and not has_news and any(at <= self.dependencies.clock.now() for at in look_at):
            self.look()
        if limits := self.limits():
            now = self.dependencies.clock.now()
            for key in (key for key, limit in limits.items() if limit <= now):
                self.give_up(key)

    def take_results(self, until: datetime | None) -> None:
        """Wait for a call to end, until an instant."""
        for result in self.calls.wait(until):
            key = TurnKey(result.thread, result.turn)
            self.running.discard(key)
            self.unsure.discard(key)
            message = self.late.pop(key, None) or self.own.get(key)
            if message is not None and (not isinstance(result, CallDeferred) or self.holds_claim(key)):
                self.pending.append(Pending(result, message))

    def holds_claim(self, key: TurnKey) -> bool:
        """Tell whether a turn is claimed by this request."""
        thread = None if self.item is None else self.item.threads.get(key.thread)
        return thread is not None and thread.key == key and thread.claimed_by == self.request

    def look(self) -> None:
        """Read whether the execution was stopped, or has moved on, while calls are under way."""
        item, self.looked_at = self.item, self.dependencies.clock.now()
        with suppress(UnavailableError):  # it is only looked: the next time will do
            current = None if item is None else self.dependencies.executions.get(item.id)
            self.tally.read(current)
            if item is not None and (current is None or current.version != item.version):
                self.reread(item, current)

    def limits(self) -> Mapping[TurnKey, datetime]:
        """Tell when the time of each call in flight is over, of those that have one."""
        item = self.standing()
        if item is None or item.ended:
            return {}
        return {
            thread.key: min(instants)
            for thread in item.threads.values()
            if thread.key in self.running
            and (instants := [at for at in (thread.deadline, item.deadline) if at is not None])
        }

    def give_up(self, key: TurnKey) -> None:
        """Go on without a call that is over its time; the answer to one that must not be made twice still counts."""
        self.running.discard(key)
        if message := self.own.get(key):
            self.pending.append(Pending(StepDue(*key), message))
            if self.holds_claim(key):
                self.late[key] = message

    def write(self, item: Execution, advance: Advance) -> None:
        """Put the row of history, if the tail is full, then the execution on condition of its version."""
        self.writes += 1
        self.turns += advance.turns
        writer = f"{self.request}#{self.writes}"
        limits = self.dependencies.limits
        self.dependencies.room.take(2 * advance.size if advance.size > LARGE else 0)  # the texts of results
        self.leave_out_taken(advance)
        likely, aside = self.likely_bytes(item, advance)
        new = news(copy_with(advance.execution, input_aside=aside), advance.records, limits)
        row = None if stays(item.tail, new.text, limits, likely) else new_row(item, writer, new, limits)
        self.written, places = None, self.places(advance.execution)
        written = copy_with(
            advance.execution,
            version=item.version + 1,
            writer=writer,
            tail=longer(item.tail, new.text),
            input_aside=aside,
            cost=self.tally.before_write(item, advance.execution, places, self.dependencies.clock.now()),
            **places,
        )
        try:
            written = recorded(self.dependencies.history, row, new, written)
            if self.dependencies.observers:
                self.unobserved = Committed(item, written, advance.records, self.request)
            self.written = self.dependencies.executions.update(written, spared(advance))
        except Stale as stale:
            self.tally.lost()
            self.reread(item, stale.current)
        except OutgrownError as error:
            self.write_less(item, advance, error)
        except UnavailableError:
            self.unanswered += 1
            if self.unanswered > self.budget.unanswered and not self.holds_answers():
                raise
            self.reread(item, self.read_again(item.id))
        else:
            self.tally.wrote()
            self.accept(advance)
            self.after_write(copy_with(written, stored=self.written.stored, cost=self.written.cost))

    def likely_bytes(self, item: Execution, advance: Advance) -> tuple[int, bool]:
        """Estimate the length of the next item (0: unknown), and tell whether the input is to be stored beside it."""
        if advance.execution.ended or item.input_aside:
            return 0, item.input_aside
        if advance.asks_for_something():
            return 0, is_dear(item.input, item.item_bytes)
        last = 0 if self.written is None else self.written.bytes
        grown, self.bytes_before = last - (self.bytes_before or last), last
        likely = last + grown if 0 <= grown <= LITTLE else 0
        saved = 0 if item.input_aside else saved_bytes(item.input, likely)
        return likely - saved, item.input_aside or saved > 0

    def accept(self, advance: Advance) -> None:
        """Take over a successful write: its inputs are no longer pending, its turns no longer ahead."""
        self.presumed, self.pending = False, self.pending[advance.taken :]
        self.ahead, self.unsure = None, set()
        self.turns_per_write = min(2 * self.turns_per_write, self.budget.turns_per_write)
        self.give_room_back(advance.execution)

    def leave_out_taken(self, advance: Advance) -> None:
        """Leave out of the record of an end the events that partitions of a `map` have taken.

        Raises:
            UnavailableError: the store did not answer.
        """
        if not (advance.execution.ended and advance.execution.mailbox):
            return
        records, advance.records = advance.records, []
        for record in records:
            taken = taken_elsewhere(self.dependencies.signals, self.execution_id, record.untaken)
            untaken = tuple(signal for signal in record.untaken if signal.id not in taken)
            advance.records.append(copy_with(record, untaken=untaken))

    def read_again(self, execution_id: str) -> Execution | None:
        """Read the stored execution after a write that was not answered; again and again, to keep answers to claims.

        Raises:
            UnavailableError: the store did not answer.
        """
        pause = 0.1
        while True:
            try:
                return self.dependencies.executions.get(execution_id)
            except UnavailableError:
                now = self.dependencies.clock.now()
                if not self.holds_answers() or now + timedelta(seconds=pause) >= self.budget.deadline:
                    raise
                self.dependencies.clock.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    def holds_answers(self) -> bool:
        """Tell whether a pending input is the answer to a claimed call, which nobody could get again."""
        inputs = (each.input for each in self.pending if isinstance(each.input, CallSucceeded | CallFailed))
        return any(self.holds_claim(TurnKey(each.thread, each.turn)) for each in inputs)

    def write_less(self, item: Execution, advance: Advance, error: OutgrownError) -> None:
        """After a write that is too large, write fewer turns at a time; a single one that has no room fails its step.

        If not even that failure has room, the step of the first thread fails.

        Raises:
            OutgrownError: the caller is told instead, or nothing has room.
        """
        self.turns -= advance.turns
        self.forget_ahead()
        if advance.turns > 1:
            self.turns_per_write = advance.turns // 2
            return
        last = advance.last
        if last is None or (isinstance(last.input, Outgrown) and last.input.whole) or self.can_refuse(last.input):
            raise error
        whole = isinstance(last.input, Outgrown | Requested)
        key = item.threads[ROOT].key if whole else TurnKey(last.input.thread, last.input.turn)
        failing = Pending(Outgrown(*key, str(error), whole), last.message)
        self.pending = [failing, *self.pending[advance.taken :]]

    def can_refuse(self, said: Input) -> bool:
        """Tell whether the caller of the API can be told that their request has no room."""
        return self.mode is Mode.REQUEST and not isinstance(said, SignalReceived | Outgrown)

    def places(self, written: Execution) -> dict[str, Any]:
        """Make the index attributes of an execution to write: its due time, and its status in lists."""
        due = copy_with(written, due_at=self.due_at(written))
        status = listed_under(due, self.dependencies.clock.now())
        return {"due_at": due.due_at, "listed_under": status, "tells_end": written.tells_end and written.ended}

    def due_at(self, written: Execution) -> datetime | None:
        """Tell the due time of an execution to write, which has the stored one.

        It is soon where a thread implies messages and is driven by no message of a queue: if this process died before
        it sends them, nobody would deliver anything again.
        Then it differs from the stored one: a look that is under way at the older version moves only the due time that
        it has seen.
        """
        now = self.dependencies.clock.now()
        natural = next_due(written, now)
        ours = [t for t in written.threads.values() if t.driver is None or t.driver.origin is not Origin.QUEUE]
        if not ours or self.mode is Mode.START:  # nothing rests in a timer that has no look of its own
            return natural
        definition = self.definition(written)
        asked = (command for thread in ours for command in implied(definition, written, thread, now))
        if not any(is_to_be_done(written, command) for command in asked):
            return natural
        is_mine = any(thread.driver is None or self.is_me(thread.driver) for thread in ours)
        soon = now + SENT_WITHIN if is_mine else written.due_at
        due = min((at for at in (natural, soon) if at is not None), default=None)
        if not is_mine or due is None or written.due_at is None:
            return due
        return written.due_at - RESOLUTION if written.due_at <= due < written.due_at + RESOLUTION else due


def recorded(history: HistoryStore, row: Row | None, new: News, written: Execution) -> Execution:
    """Put the row of a write, or else the large values of its records; answer the execution with a link to the row."""
    if row is not None:
        units = history.append(row)
        return copy_with(written, head=row.link, tail="", cost=written.cost.wrote(units))
    units = history.keep(new.payloads, held_by(written)) if new.payloads else 0
    return copy_with(written, cost=written.cost.wrote(units)) if units else written
