"""Requests to a whole execution: cancel, pause, resume, redrive, and take a signal."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.executions.builder import why
from chalicelib.core.executions.factory import read_below
from chalicelib.core.executions.inputs import (
    CancelRequested,
    PauseRequested,
    RedriveRequested,
    Requested,
    ResumeRequested,
    SignalSent,
)
from chalicelib.core.executions.model import ROOT, Execution, State, Status, Thread
from chalicelib.core.executions.preconditions import has_tolerated, missing_steps, problem, repeats
from chalicelib.core.executions.rules import Rules, is_tolerated, standing
from chalicelib.core.executions.scope import items_of
from chalicelib.core.executions.waiting import (
    AnswerWait,
    BranchJoin,
    ChildJoin,
    ChildrenWait,
    ItemJoin,
    PartitionJoin,
)
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with

if TYPE_CHECKING:
    from collections.abc import Mapping


CALL_LASTS = timedelta(seconds=LIMITS.call_seconds + 5)
"""How long after an execution was stopped a call may still be answered that was under way: no other is begun then."""


class Requests(Rules):
    """How an execution is cancelled, paused, resumed and redriven."""

    def request(self, event: Requested) -> None:
        """Carry out a request; one of the parent execution that is older than its newest one changes nothing."""
        item = self.execution
        if event.turn and event.turn <= item.parent_epoch:
            return
        again = isinstance(event, ResumeRequested) and event.redrives > item.parent_redrives
        counts = again or not item.ended or isinstance(event, CancelRequested)  # older redrives may come behind it
        if event.turn and counts and (item.state is not State.SUCCEEDED or has_tolerated(item)):
            self.execution = copy_with(item, parent_epoch=event.turn)
        possible = problem(item, type(event)) is None
        match event:
            case CancelRequested() if possible:
                self.close(item.threads[ROOT], State.CANCELLED, actor=event.actor, reason=event.reason)
            case PauseRequested() if possible:
                self.pause(event)
            case RedriveRequested() if possible:
                self.redrive(event)
            case SignalSent() if possible:
                self.send_event(event)
            case ResumeRequested() if again and (problem(item, RedriveRequested) is None or has_tolerated(item)):
                self.execution = copy_with(self.execution, parent_redrives=event.redrives)
                self.redrive(self.as_redrive(event))
            case ResumeRequested() if not item.ended:
                self.join_redrive(event)
                if possible:
                    self.resume(event)

    def as_redrive(self, event: ResumeRequested) -> RedriveRequested:
        """Make the redrive that the parent execution asks for; a partition of a `map` sees the stash of the map."""
        stash: Mapping[str, Json] = {}
        if event.stash is not None and event.stash != (mine := self.execution.threads[ROOT].stash):
            stash = {name: event.stash.get(name) for name in (*mine, *event.stash)}
        return RedriveRequested(version=event.version, again=event.again, stash=stash)

    def join_redrive(self, event: ResumeRequested) -> None:
        """Take part in the parent's redrive without having ended: take its version, if that has all the steps."""
        item = self.execution
        if event.redrives <= item.parent_redrives:
            return
        known = all(thread.step in self.definition.steps for thread in item.threads.values())
        version = event.version if event.version is not None and known else item.definition_version
        self.execution = copy_with(item, parent_redrives=event.redrives, definition_version=version)
        if event.stash is not None:
            self.put(copy_with(self.execution.threads[ROOT], stash=event.stash))

    def pause(self, event: PauseRequested) -> None:
        """Pause the execution; its state then implies the pauses of its child executions."""
        item = self.execution
        self.record(State.PAUSED, item.threads[ROOT], actor=event.actor, about=why(event.reason))
        paused = copy_with(item, paused_at=self.now, stopped_by=event.actor, reason=event.reason)
        self.execution = copy_with(paused, control_epoch=item.version + 1)
        self.take_over()

    def resume(self, event: ResumeRequested) -> None:
        """Resume the execution: a wait that is over ends at once, deadlines move by the length of the pause."""
        since, item = self.execution.paused_at or self.now, self.execution
        deadline = None if item.deadline is None else item.deadline + (self.now - since)
        resumed = copy_with(item, paused_at=None, stopped_by=None, reason=None, deadline=deadline)
        self.execution = copy_with(resumed, control_epoch=item.version + 1, budget=event.budget or item.budget)
        self.record(State.RESUMED, self.execution.threads[ROOT], actor=event.actor)
        self.take_over(since)
        self.last = standing(self.execution)
        for thread in item.threads.values():
            if thread.deadline is not None:
                stood = self.now - max(since, thread.started_at)
                self.put(copy_with(self.execution.threads[thread.id], deadline=thread.deadline + stood))

    def take_over(self, stopped_at: datetime | None = None) -> None:
        """Become the driver of every waiting thread, so that its commands are sent; hand ready ones over.

        At a pause, ready threads stay as they are: the results of their calls still count.
        """
        epoch = self.execution.control_epoch
        for thread in self.execution.threads.values():
            if thread.status is not Status.READY:
                wait = thread.wait
                if isinstance(wait, ChildrenWait):
                    wait = copy_with(wait, control_epoch_owed=epoch)
                self.put(copy_with(thread, driver=self.driver, wait=wait))
            elif stopped_at is not None:
                self.leave_to_others(thread, stopped_at)

    def leave_to_others(self, thread: Thread, stopped_at: datetime) -> None:
        """Hand a ready thread over; if its call may be under way, after the time in which that is answered."""
        busy = thread.busy_until
        if busy is None or busy <= self.now or thread.claimed_by:
            can_call = thread.join is None and busy != stopped_at
            may_be_busy = thread.claimed_by or (can_call and self.is_busy(thread, stopped_at))
            busy = stopped_at + CALL_LASTS if may_be_busy else None
        self.put(copy_with(thread, driver=copy_with(self.driver, handed=True), busy_until=busy))

    def redrive(self, event: RedriveRequested) -> None:
        """Redrive the execution after its end: from where it stopped, or at a step of the first thread."""
        item = self.execution
        lost = bool(missing_steps(item, event, self.definition))
        if (lost and item.partition is None) or (item.parent is None and repeats(item, event) is not None):
            return
        edited = bool(event.stash) or event.version not in {None, item.definition_version}
        self.reopen(event, edited=edited)
        if item.state is State.SUCCEEDED:
            self.tolerate_nothing()
        change = _change(event, item, self.execution.definition_version)
        self.record(State.REDRIVEN, item.threads[ROOT], actor=event.actor, change=change)
        root = self.execution.threads[ROOT]
        if event.step is not None:
            self.redrive_at_step(root, event, edited=edited)
        elif lost:
            self.anew(root, edited=True)
        else:
            for name, thread in self.execution.threads.items():
                if self.execution.threads.get(name) is thread:  # not what another of them has taken along
                    self.revive(thread, event, edited=edited)
        self.last = self.last or standing(self.execution)

    def tolerate_nothing(self) -> None:
        """Let the failed items of a `map` partition begin again: the whole map has not tolerated them."""
        root, threads = self.execution.threads[ROOT], self.execution.threads.values()
        failed = {str(at.branch) for at in threads if at.parent == ROOT and is_tolerated(self.execution, at)}
        if isinstance(root.join, PartitionJoin):
            failed = {number for number, count in root.results.items() if count}
            root = copy_with(root, status=Status.WAITING_FOR_CHILDREN, wait=ChildrenWait())
        results = {branch: result for branch, result in root.results.items() if branch not in failed}
        self.put(
            copy_with(root, results=results, join=copy_with(cast("ItemJoin | PartitionJoin", root.join), failed=0))
        )

    def redrive_at_step(self, root: Thread, event: RedriveRequested, *, edited: bool) -> None:
        """Go on at a named step: in the same visit, if the thread stands there and nothing was changed."""
        self.abandon(root)
        stays = event.step == root.step and (not edited or root.kept)
        if stays and event.again:
            self.attempt(copy_with(root, claimed_by="", kept=()), 1)
        elif stays and root.status is Status.READY and root.join is None:
            self.revive_call(root, root, edited=edited)
        elif stays:
            self.attempt(root, 1)
        else:
            self.arrive(copy_with(root, error=None), str(event.step), event.incoming)

    def reopen(self, event: RedriveRequested, *, edited: bool) -> None:
        """Make an ended execution run again, with the version and the stash of the redrive."""
        item = self.execution
        timeout = None if item.partition is not None else self.definition.timeout
        kept = {name: self.keep_items(thread) if edited else thread for name, thread in item.threads.items()}
        stash = {**kept[ROOT].stash, **event.stash}
        out = {name for name, value in event.stash.items() if value is None}
        left = {name: value for name, value in stash.items() if name not in out}
        self.execution = copy_with(
            item,
            definition_version=event.version or item.definition_version,
            threads={**kept, ROOT: copy_with(kept[ROOT], stash=left)},
            stash={},
            output=None,
            error=None,
            ended_at=None,
            stopped_by=None,
            reason=None,
            control_epoch=item.version + 1,
            redrives=item.redrives + 1,
            unanswered=() if event.again else item.unanswered,
            deadline=None if timeout is None else self.now + timeout,
            state=State.STARTED,
        )

    def fits(self, thread: Thread) -> bool:
        """Tell whether a step still has the branches, or the number of items, with which it began.

        A large `map` must also read no more than its partitions were given.
        """
        join = thread.join
        if isinstance(join, BranchJoin):
            scopes = self.definition.steps[thread.step].scopes
            begun = {other.branch for other in self.execution.threads.values() if other.parent == thread.id}
            return len(scopes) == join.total and begun | thread.results.keys() <= scopes.keys()
        if isinstance(join, PartitionJoin):
            read = read_below(self.definition, thread.step).split()
            return self.has_items(thread, join.items) and set(read) <= set(join.reads.split())
        return self.has_items(thread, cast("ItemJoin", join).total)

    def has_items(self, thread: Thread, count: int) -> bool:
        """Tell whether a `map` has so many items."""
        try:
            return len(items_of(self.definition, self.execution, thread)) == count
        except StepError:
            return False

    def keep_items(self, thread: Thread) -> Thread:
        """Store the items of a `map` that has begun, before a redrive changes what they are made from."""
        is_map = isinstance(thread.join, ItemJoin | PartitionJoin)
        if not is_map or thread.status is Status.OVER or thread.items is not None:
            return thread
        try:
            return copy_with(thread, items=list(items_of(self.definition, self.before, thread)))
        except StepError:
            return thread

    def revive(self, thread: Thread, event: RedriveRequested, *, edited: bool) -> None:
        """Let a thread go on from where it stood at the end; a step that cannot begins anew."""
        going_on = copy_with(thread, driver=self.driver, deadline=self.deadline(thread, thread.step))
        late = thread.deadline is not None and thread.deadline <= self.now
        is_busy = self.is_busy(thread, self.before.ended_at or self.now)
        is_over = (thread.status is Status.FAILED and not is_tolerated(self.execution, thread)) or (
            thread.status is Status.READY and not is_busy
        )
        if event.again and thread.claimed_by and is_over:
            self.attempt(copy_with(thread, claimed_by=""), 1)
            return
        match thread.status:
            case Status.OVER:
                pass
            case Status.FAILED if is_tolerated(self.execution, thread):
                pass
            case Status.RETRYING:
                is_other = edited and thread.join is None and not thread.kept
                visit, at = (thread.turn, self.now) if is_other else (thread.visit, thread.visited_at)
                self.put(copy_with(thread, driver=self.driver, visit=visit, visited_at=at))
            case _ if thread.join is not None:
                self.revive_nest(thread, going_on, edited=edited, again=event.again)
            case Status.READY:
                self.revive_call(thread, going_on, edited=edited)
            case Status.WAITING if not late:
                self.put(going_on)
            case Status.WAITING_FOR_ANSWER if not late and self.is_open(thread):
                if isinstance(thread.wait, AnswerWait) and thread.wait.is_kept_elsewhere:
                    self.close_wait(thread)
                    self.move(going_on)
                else:
                    self.put(going_on)
            case _:
                self.anew(thread, edited=edited)

    def revive_nest(self, thread: Thread, going_on: Thread, *, edited: bool, again: bool) -> None:
        """Let a step with threads or child executions go on; what has succeeded of them stays."""
        match thread.status, thread.join:
            case ((Status.WAITING_FOR_CHILDREN | Status.FAILED), ChildJoin()) if edited:
                self.anew(thread, edited=True)
            case ((Status.JOINING | Status.WAITING_FOR_CHILDREN | Status.FAILED), _) if edited and not self.fits(
                thread
            ):
                self.anew(thread, edited=True)
            case Status.FAILED, _:
                self.proceed(thread, 1, again=again)
            case Status.WAITING_FOR_CHILDREN, (PartitionJoin() | ChildJoin()) as join:
                self.put(self.waiting_on(going_on, join, again=again))
            case _:
                self.put(going_on)

    def revive_call(self, thread: Thread, going_on: Thread, *, edited: bool) -> None:
        """Let a ready step go on, whose call may be under way, claimed, or answered."""
        stopped_at = self.before.ended_at or self.now
        if thread.kept:
            self.put(copy_with(going_on, driver=self.driver))
        elif thread.claimed_by or (self.is_busy(thread, stopped_at) and not edited):
            self.leave_to_others(copy_with(thread, deadline=going_on.deadline), stopped_at)
        else:
            self.anew(thread, edited=edited)

    def is_busy(self, thread: Thread, stopped_at: datetime) -> bool:
        """Tell whether a call of a ready thread that began before the execution stopped may still be under way."""
        return thread.since <= stopped_at and self.now < stopped_at + CALL_LASTS

    def is_open(self, thread: Thread) -> bool:
        """Tell whether the answer that a thread waited for at the end can still come: not that to a task."""
        match thread.wait:
            case AnswerWait(what=AnswerKind.CALLBACK | AnswerKind.EVENT, answer=None, until=until):
                return until is None or until > self.now
            case _:
                return False

    def anew(self, thread: Thread, *, edited: bool) -> None:
        """Begin a step as though it had never been tried; if nothing was changed, in the same visit."""
        self.abandon(thread)
        if edited and not thread.kept and not thread.claimed_by:
            self.arrive(thread, thread.step, thread.incoming)
        else:
            self.attempt(thread, 1)


def _change(event: RedriveRequested, item: Execution, version: int) -> dict[str, Json]:
    """Tell what a redrive changes, from and to."""
    before = item.threads[ROOT].stash
    change: dict[str, Json] = {}
    if version != item.definition_version:
        change["version"] = {"from": item.definition_version, "to": version}
    if event.step is not None:
        change["step"] = {"from": item.step, "to": event.step}
    if event.again:
        change["again"] = True
    if event.stash:
        change["stash"] = {name: {"from": before.get(name), "to": to} for name, to in event.stash.items()}
    return change
