"""The first moment of an invocation: read the execution, and find what is its own to do."""

from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime

from chalicelib.core.executions.decide import addressed
from chalicelib.core.executions.due import is_to_be_sent
from chalicelib.core.executions.identity import TurnKey
from chalicelib.core.executions.implied import call_ends_by, is_due
from chalicelib.core.executions.inputs import (
    Answered,
    CallDeferred,
    CallFailed,
    CallSucceeded,
    CancelRequested,
    ChildEnded,
    PauseRequested,
    Requested,
    ResumeRequested,
    Started,
    TimerFired,
)
from chalicelib.core.executions.model import ROOT, Execution, Status, Thread
from chalicelib.core.executions.preconditions import is_met
from chalicelib.core.values.value import copy_with
from chalicelib.engine.advance import Advance, turn_of
from chalicelib.engine.children import id_taken, with_output, with_stash
from chalicelib.engine.deliver import Deliver
from chalicelib.engine.model import CLAIMED_FOR, Delivery, Mode, Pending
from chalicelib.engine.observers import notify
from chalicelib.ports import Stale

REPEATABLE = (CancelRequested, PauseRequested, ResumeRequested)
"""What an API call asks for that may be so already."""


class Claim(Deliver):
    """What an invocation owns."""

    def load(self) -> None:
        """Read the execution, or presume it untouched: since it was written that a message brings along, or read."""
        starts = [s for d in self.deliveries.values() if (s := d.message.submitted) is not None]
        submitted = starts[0] if starts else None
        presumable = (
            None if self.presumed or not self.is_first() else unwritten(submitted, self.mode) or self.recalled()
        )
        self.presumed = presumable is not None
        self.begin(presumable or self.read(submitted))
        if self.presumed and not self.own and not self.pending:
            self.load()

    def begin(self, item: Execution | None) -> None:
        """Take up what there is to do of an execution as it was read."""
        self.item = item
        if item is None:
            return
        self.own, self.pending, self.unsent = {}, [], {}
        for delivery in self.deliveries.values():
            started = delivery.message.submitted
            if started is None or started.nonce == item.nonce:
                self.take_up(item, delivery)
            else:
                self.post(list(id_taken(started)))

    def recalled(self) -> Execution | None:
        """Answer the execution as a message brings it along; or for an answer, as any copy of the store has it.

        What is presumed is written on condition of its version, so a copy that is behind is noticed; an answer that
        changes nothing of it may be to what the copy has not got yet.
        """
        (delivery,) = self.deliveries.values()
        if not isinstance(delivery.message.event, Answered):
            return self.carried()
        item = self.dependencies.executions.get(self.execution_id, consistent=False)
        self.tally.read(item)
        return item

    def carried(self) -> Execution | None:
        """Answer the execution as it was written before the message was sent, if that brings it along."""
        (delivery,) = self.deliveries.values()
        image = delivery.message.image
        return None if image is None else self.dependencies.executions.restore(image)

    def read(self, submitted: Execution | None) -> Execution | None:
        """Read the execution; one that its start message has overtaken is put first, so that no other takes its id."""
        found = [d.found for d in self.deliveries.values() if d.found is not None]
        item = found[0] if found else self.dependencies.executions.get(self.execution_id, known=self.item)
        self.tally.read(item)
        if item is not None or submitted is None:
            return item
        try:
            self.dependencies.executions.create(submitted)
        except Stale as stale:
            return stale.current
        return submitted

    def is_first(self) -> bool:
        """Tell whether nothing but one message, never received before, is at hand."""
        receives = [delivery.receives for delivery in self.deliveries.values()]
        return self.mode is not Mode.DEAD_LETTERS and receives == [1]

    def take_up(self, item: Execution, delivery: Delivery) -> None:
        """Own what a message names and what a dead twin left under it; make up for what the twin did not send."""
        if self.mode is Mode.SWEEP or (self.mode is Mode.REQUEST and is_repeat(item, delivery)):
            self.imply_due(item)
        if self.mode is not Mode.SWEEP:
            self.take_up_threads(item, delivery)

    def imply_due(self, item: Execution) -> None:
        """Send what every thread asks for that the schedule is to look at now."""
        now = self.dependencies.clock.now()
        for thread in item.threads.values():
            if is_to_be_sent(item, thread, now):
                self.imply(item, thread)

    def take_up_threads(self, item: Execution, delivery: Delivery) -> None:
        """Find what a message is about, thread by thread."""
        received = delivery.message.event
        if isinstance(received, ResumeRequested):
            received = with_stash(self.dependencies.executions, item, received)
        if isinstance(received, Requested | Answered):
            self.pending.append(Pending(received, delivery.id))
        named = None if isinstance(received, Answered) else addressed(item, received)
        for thread in item.threads.values():
            driver = thread.driver
            under_it = driver is not None and driver.message == delivery.id
            handed = driver is not None and driver.handed
            if item.ended:
                self.take_up_ended(item, thread, delivery)
            elif self.is_anothers(item, thread):
                if thread is named and not under_it:
                    self.imply(item, thread)
            elif thread.status is Status.READY and not (handed and under_it) and (thread is named or under_it):
                self.own[thread.key] = delivery.id
            else:
                if thread is named:
                    self.hear(item, thread, delivery)
                if under_it:
                    self.make_up(item, thread, delivery)

    def take_up_ended(self, item: Execution, thread: Thread, delivery: Delivery) -> None:
        """Find what a message is about after the end: what its dead twin did not say, or what the parent missed."""
        event, under_it = delivery.message.event, thread.driver is not None and thread.driver.message == delivery.id
        if under_it:
            self.imply(item, thread)
        elif thread.id == ROOT and isinstance(event, Started | Requested):
            self.imply_end(item, thread)

    def is_anothers(self, item: Execution, thread: Thread) -> bool:
        """Tell whether another request may be making the call of a turn, which must not be made twice.

        It is given up once it cannot be under way any more: that request has long ended then.
        """
        if thread.claimed_by in {"", self.request} or self.mode is Mode.DEAD_LETTERS:
            return False
        until = call_ends_by(item, thread, thread.busy_until or thread.since + CLAIMED_FOR)
        return thread.status is Status.READY and self.dependencies.clock.now() < until

    def make_up(self, item: Execution, thread: Thread, delivery: Delivery) -> None:
        """Begin the attempt whose timer a message is as it comes again, or send what its dead twin did not.

        Where a clock is behind, the attempt waits once more for as long as it was to, and not until the clock is there.
        """
        now, is_retry = self.dependencies.clock.now(), thread.status is Status.RETRYING
        if is_retry and self.mode is Mode.MESSAGES and is_due(item, thread, now):
            self.pending.append(Pending(TimerFired(*thread.key), delivery.id))
        else:
            self.imply(item, thread, max(now, thread.since) if is_retry else now)

    def hear(self, item: Execution, thread: Thread, delivery: Delivery) -> None:
        """Take up what a thread waits for, or send an early timer on its way again."""
        received = delivery.message.event
        if isinstance(received, ChildEnded):
            end = with_output(self.dependencies.executions, item, thread, received)
            self.pending.append(Pending(end, delivery.id))
            return
        now, by = self.dependencies.clock.now(), received.by if isinstance(received, TimerFired) else None
        now = max(now, by or now)
        if is_due(item, thread, now):
            self.pending.append(Pending(TimerFired(*thread.key, by), delivery.id))
        else:
            self.imply(item, thread, now)

    def adopt(self, item: Execution) -> None:
        """Keep what is still mine of an execution that was written or read again, and take nothing over."""
        own: dict[TurnKey, str] = {}
        for thread in item.threads.values():
            driver, held = thread.driver, self.own.get(thread.key)
            if thread.key in self.running:
                own[thread.key] = self.own.get(thread.key) or self.late[thread.key]
                # the answer to its call counts, whatever has become of the execution
            elif driver is not None and self.is_me(driver):
                if thread.status is Status.READY and not driver.handed and not item.ended:
                    own[thread.key] = driver.message
                else:
                    self.imply(item, thread)
            elif held is not None and not self.is_left_to_others(thread, held):
                own[thread.key] = held
        self.item, self.own = item, own
        self.pending = [pending for pending in self.pending if self.is_mine(item, pending)]

    def is_left_to_others(self, thread: Thread, held: str) -> bool:
        """Tell whether a turn that was owned under a message has been handed over since."""
        is_handed = thread.driver is not None and thread.driver.handed
        return is_handed and not self.names(held, thread)

    def is_mine(self, item: Execution, pending: Pending) -> bool:
        """Tell whether an input still means something, and is mine to fold."""
        if isinstance(pending.input, Requested):
            return True
        if isinstance(pending.input, CallSucceeded | CallFailed | CallDeferred):
            return addressed(item, pending.input) is not None  # whoever is to make the call now: it was made
        thread = None if item.ended else addressed(item, pending.input)
        is_mine = thread is not None and (thread.status is not Status.READY or thread.key in self.own)
        return is_mine or (thread is not None and isinstance(pending.input, Answered))

    def names(self, message: str, thread: Thread) -> bool:
        """Tell whether a message names a handed turn, and is not the one under which it was handed.

        That one is about to be acknowledged: what went on under it would have nobody to take it up again.
        """
        received = self.deliveries[message].message.event
        handed_by = None if thread.driver is None else thread.driver.message
        return TurnKey(received.thread, received.turn) == thread.key and handed_by != message

    def standing(self) -> Execution | None:
        """Answer the execution as far as it has come, be it written or not."""
        return self.item if (ahead := self.is_ahead()) is None else ahead.execution

    def is_ahead(self) -> Advance | None:
        """Tell how far it has come since the last read or write, if that is to be written later."""
        ahead = self.ahead
        return ahead if ahead is not None and ahead.item is self.item and ahead.execution is not ahead.item else None

    def call_ahead(self, thread: Thread) -> None:
        """Note that a turn of mine makes a call that is not written."""
        if self.ahead is not None and thread.driver is not None:
            self.ahead.ahead.add(thread.key)
            self.unsure |= self.repeatable & {thread.key}
            self.own[thread.key] = thread.driver.message

    def forget_ahead(self) -> None:
        """Give up what was run ahead and not written: its turns may come to stand otherwise.

        But for another attempt: the turn before it is written, and can only come to this one. So its answer counts.
        """
        ahead, self.ahead = self.ahead, None
        if ahead is None or not ahead.ahead:
            return
        while self.unsure:  # nobody could tell their answers from those of the same turns
            self.take_results(None)
        lost = ahead.ahead & self.repeatable
        self.late |= {key: self.own[key] for key in (ahead.ahead & self.running) - lost}
        self.running -= lost
        self.own = {key: message for key, message in self.own.items() if key not in ahead.ahead}
        self.pending = [pending for pending in self.pending if turn_of(pending) not in lost]

    @abstractmethod
    def take_results(self, until: datetime | None) -> None:
        """Wait for a call to end, until an instant."""

    def reread(self, item: Execution, current: Execution | None) -> None:
        """Go on from what stands there after a write that lost, or whose answer did."""
        self.forget_ahead()
        was_presumed, self.presumed = self.presumed, False
        if was_presumed and item.version > 0 and self.mode is Mode.MESSAGES:
            self.observe(current)
            self.begin(current)  # as though it had been read in the first place: nothing was done but this write
            return
        untouched = item if item.version == 0 else None
        found = current or untouched
        if found is not None and found.nonce != item.nonce:
            if self.mode is Mode.START:
                self.other = found
            else:
                self.post(list(id_taken(item)))
            found = None
        if found is not None and was_presumed and self.mode is Mode.MESSAGES and ended_elsewhere(found, item, self.me):
            self.imply_end(found, found.threads[ROOT])
        self.after_write(found)

    def after_write(self, item: Execution | None) -> None:
        """Go on from what stands there, or have nothing left to do."""
        if self.unobserved is not None:
            self.observe(item)
        if self.mode is Mode.REQUEST:
            self.has_written = self.has_written or (item is not None and item.writer.startswith(f"{self.request}#"))
        if item is None:
            self.item = None
        else:
            self.adopt(item)

    def observe(self, current: Execution | None) -> None:
        """Tell the observers of the last write, if it is what stands there now."""
        committed, self.unobserved = self.unobserved, None
        if committed is not None and current is not None and current.writer == committed.after.writer:
            notify(self.dependencies.observers, committed)


def unwritten(submitted: Execution | None, mode: Mode) -> Execution | None:
    """Answer a submission; if nothing of it is written before what comes of it, its end is told at once."""
    if submitted is None or (submitted.parent is None and mode is not Mode.START):
        return submitted
    return copy_with(submitted, tells_end=True)


def ended_elsewhere(found: Execution, submitted: Execution, messages: Collection[str]) -> bool:
    """Tell whether an execution that was to be started stood there, and has ended under another message.

    It ran in the function of its parent, which may not have been written: then the parent was told of no end.
    """
    driver = found.threads[ROOT].driver
    is_by_another = driver is None or driver.message not in messages
    return found.ended and is_by_another and found.parent_redrives >= submitted.parent_redrives


def is_repeat(item: Execution, delivery: Delivery) -> bool:
    """Tell whether an API call asks for what is so already.

    It makes up for what the one before it did not say: nobody delivers that again, but the schedule, later.
    """
    asked_for = type(delivery.message.event)
    return asked_for in REPEATABLE and is_met(item, asked_for)
