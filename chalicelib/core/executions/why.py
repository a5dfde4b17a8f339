"""Why an execution does not move: for each thread what it waits for, since and until when, and what is wrong.

What is wrong follows from the rules of the schedule (what is late) and of the doctor (what is stuck).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.executions.due import GRACE, late_since
from chalicelib.core.executions.factory import living
from chalicelib.core.executions.model import Execution, Failure, State, Status, Thread
from chalicelib.core.executions.verify import Patience, is_standing
from chalicelib.core.executions.waiting import AnswerWait, ChildJoin, ChildrenWait, RetryWait, TimerWait
from chalicelib.core.values.value import value

ONE_DELIVERY = timedelta(minutes=6, seconds=20)
"""How long a message is hidden while a function works on it: after that it comes again."""

ANSWERS = {AnswerKind.TASK: "task", AnswerKind.CALLBACK: "callback", AnswerKind.EVENT: "event"}


class Cause(StrEnum):
    """What a thread waits for."""

    START = "start"
    """The message with which the execution begins."""
    MESSAGE = "message"
    """The message with which another function goes on."""
    FUNCTION = "function"
    """The function that works on its step: a call may be in flight."""
    TIMER = "timer"
    RETRY = "retry"
    TASK = "task"
    CALLBACK = "callback"
    EVENT = "event"
    CHILD = "child"
    """The end of an execution that it has started."""
    CHILDREN = "children"
    """The ends of the executions of a large `map`."""
    THREADS = "threads"
    """The ends of the threads that it forked."""
    OTHERS = "others"
    """It failed; what it is nested in has not gone on yet."""
    RESUME = "resume"
    """Somebody who lets the execution go on that is paused."""


class Wrong(StrEnum):
    """What is wrong with a thread that should have moved; the worst one last."""

    SILENT = "silent"
    """The function that works on it has not been heard of for longer than one works: its message comes again."""
    LATE = "late"
    """What was to move it on has not come: a message was lost, or a function died."""
    LOST = "lost"
    """Nobody can find that it waits: its task, or its entry among those who wait for an event, is not there."""
    DEAD_LETTER = "dead-letter"
    """Its message was received too often, and functions die of it."""
    STUCK = "stuck"
    """It stands under a message that does not come again."""


class Obstacle(StrEnum):
    """What stands in the way of an execution beside what its threads wait for."""

    STOPPED = "stopped"
    """Its tenant is stopped: nobody can let it go on."""
    SCHEDULE = "schedule"
    """The schedule has not looked at it though it was to."""
    BACKLOG = "backlog"
    """It is late, and messages wait for functions: its own may be one of them."""
    DEAD_LETTERS = "dead-letters"
    """It is late, and there are dead letters: its own may be one of them."""


@value
class Surroundings:
    """What was read of the tenant, the queues and the schedule around an execution."""

    is_stopped: bool = False
    """Whether its tenant is."""
    waiting: int = 0
    """Messages that wait for functions."""
    dead: int = 0
    """Dead letters."""


SCHEDULE_LATE = timedelta(minutes=3)
"""How long after an execution was due the schedule has looked at it, if it runs: it does so once a minute."""


class Standing(StrEnum):
    """How an execution stands as a whole."""

    ENDED = "ended"
    PAUSED = "paused"
    WRONG = "wrong"
    """It should move, and does not."""
    WAITING = "waiting"
    RUNNING = "running"


@value
class Reason:
    """Why a thread stands where it stands."""

    thread: Thread
    cause: Cause
    since: datetime
    until: datetime | None = None
    """When that is over by itself."""
    timeout: datetime | None = None
    """When the time of the step, or of the execution, is over."""
    wrong: Wrong | None = None
    children: Sequence[str] = ()
    """The executions whose end it waits for."""


@value
class ChainLink:
    """An execution in a chain of those that wait for each other."""

    execution_id: str
    found: Execution | None = None
    """None: there is none, or whoever asks may not see it, or it was not looked at."""
    unseen: str = ""
    """Why it is not seen; empty: it was looked at, and there is none where nothing is ``found``."""


def reason(execution: Execution, thread: Thread, now: datetime) -> Reason:
    """Say why a thread that is not over stands where it stands."""
    cause, until = _cause(execution, thread)
    instants = [at for at in (thread.deadline, execution.deadline) if at is not None]
    return Reason(
        thread,
        cause,
        execution.paused_at if execution.paused_at and cause is Cause.RESUME else thread.since,
        until,
        min(instants, default=None),
        None if execution.paused else _wrong(execution, thread, now),
        living(execution, thread) if cause in {Cause.CHILD, Cause.CHILDREN} else (),
    )


def reasons(execution: Execution, now: datetime) -> Sequence[Reason]:
    """Say why each thread stands where it stands; of an execution that has ended, nothing."""
    if execution.ended:
        return []
    return [reason(execution, each, now) for each in execution.threads.values() if each.status is not Status.OVER]


def standing(execution: Execution, found: Sequence[Reason]) -> Standing:
    """Say how an execution stands as a whole."""
    if execution.ended:
        return Standing.ENDED
    if execution.paused:
        return Standing.PAUSED
    if any(each.wrong is not None for each in found):
        return Standing.WRONG
    runs = any(each.cause in {Cause.START, Cause.MESSAGE, Cause.FUNCTION} for each in found)
    return Standing.RUNNING if runs else Standing.WAITING


def main_reason(found: Sequence[Reason]) -> Reason | None:
    """Choose the reason that an operator wants to read first: the worst, then what keeps the others, the oldest."""
    return min(found, key=_rank, default=None)


def _rank(found: Reason) -> tuple[int, bool, bool, datetime]:
    wrongs = [*Wrong]
    severity = 0 if found.wrong is None else -1 - wrongs.index(found.wrong)
    is_outer = found.cause in {Cause.THREADS, Cause.OTHERS}
    return severity, is_outer, found.cause is Cause.FUNCTION, found.since


def _cause(execution: Execution, thread: Thread) -> tuple[Cause, datetime | None]:
    if thread.status is Status.READY:
        return _cause_of_ready(execution, thread), None
    match thread.wait:
        case AnswerWait(what=what, until=until):
            return Cause(ANSWERS[what]), until
        case TimerWait(until):
            return Cause.TIMER, until
        case RetryWait(until):
            return Cause.RETRY, until
        case ChildrenWait():
            return (Cause.CHILD if isinstance(thread.join, ChildJoin) else Cause.CHILDREN), None
    return (Cause.THREADS if thread.status is Status.JOINING else Cause.OTHERS), None


def _cause_of_ready(execution: Execution, thread: Thread) -> Cause:
    if execution.paused:
        return Cause.RESUME
    if thread.driver is None:
        return Cause.START
    return Cause.MESSAGE if thread.driver.handed else Cause.FUNCTION


def _wrong(execution: Execution, thread: Thread, now: datetime) -> Wrong | None:
    if thread.strikes:
        return Wrong.DEAD_LETTER
    if is_standing(execution, thread, now, Patience()):
        return Wrong.STUCK
    if late_since(execution, thread, now) is not None:
        return Wrong.LATE
    began = max(thread.since, thread.busy_until or thread.since)
    is_silent = _cause(execution, thread)[0] is Cause.FUNCTION and began + ONE_DELIVERY <= now
    return Wrong.SILENT if is_silent else None


def last_error(thread: Thread) -> Failure | None:
    """Tell the error of a thread that was seen last: that after which it tries again, or that which was caught."""
    if isinstance(thread.wait, RetryWait) and thread.wait.error:
        return Failure(thread.wait.error, thread.wait.message, thread.step, thread.attempt)
    return thread.error


def waits_below(found: Sequence[Reason]) -> str | None:
    """Name the child execution that keeps an execution waiting, if it is one."""
    chosen = main_reason(found)
    return chosen.children[0] if chosen is not None and chosen.children else None


def wrong_below(found: Reason, link: ChainLink, now: datetime) -> Wrong | None:
    """Say what is wrong between a thread and the child execution that it waits for: it has not begun, or not told."""
    if link.unseen:
        return None
    since = found.since if link.found is None else link.found.ended_at
    return Wrong.LATE if since is not None and since + GRACE <= now else None


def waits_for_somebody(execution: Execution) -> bool:
    """Tell whether an execution goes on only once somebody asks for it."""
    return execution.paused or (execution.ended and execution.state is not State.SUCCEEDED)


def follows_from_definition(execution: Execution) -> bool:
    """Tell whether what comes next follows from the definition: after an end, an answer, or a time that is over."""
    if execution.ended:
        return execution.state is not State.SUCCEEDED
    threads = execution.threads.values()
    return any(isinstance(each.wait, AnswerWait) or each.deadline is not None for each in threads)


def obstacles(execution: Execution, around: Surroundings, now: datetime) -> Sequence[Obstacle]:
    """Find what stands in the way of an execution."""
    is_unseen = execution.due_at is not None and execution.due_at + SCHEDULE_LATE <= now
    found = {
        Obstacle.STOPPED: around.is_stopped and waits_for_somebody(execution),
        Obstacle.SCHEDULE: is_unseen and not execution.ended,
        Obstacle.BACKLOG: around.waiting > 0,
        Obstacle.DEAD_LETTERS: around.dead > 0,
    }
    return [each for each, applies in found.items() if applies]
