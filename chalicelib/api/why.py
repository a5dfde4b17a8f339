"""``why`` of an execution and of its threads: what keeps each from moving, as sentences and as JSON members."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from chalicelib.core.executions.identity import task_id
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.executions.progress import progress
from chalicelib.core.executions.suspicion import MAX_STRIKES
from chalicelib.core.executions.verify import Patience
from chalicelib.core.executions.waiting import AnswerWait, BranchJoin, ItemJoin, PartitionJoin, RetryWait
from chalicelib.core.executions.why import (
    Cause,
    ChainLink,
    Obstacle,
    Reason,
    Standing,
    Wrong,
    last_error,
    main_reason,
    obstacles,
    reasons,
    standing,
    wrong_below,
)
from chalicelib.core.values.errors import HeartbeatTimeoutError, InterruptedCallError, StepTimeoutError
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.value import copy_with, value
from chalicelib.core.waits.task import Task
from chalicelib.usecases.execution_details import Details

if TYPE_CHECKING:
    from chalicelib.api.outlook import Outlook

SHOWN_MESSAGE = 200
"""Characters of the message of an error in a sentence."""

SHOWN_PEOPLE = 5
"""People and groups in a sentence."""

NEXT: Mapping[Cause, str] = {
    Cause.START: "step {step} begins",
    Cause.MESSAGE: "step {step} goes on in another function",
    Cause.FUNCTION: "the execution goes on with what comes of the step",
    Cause.TIMER: "the thread goes on behind step {step}",
    Cause.RETRY: "the step is tried again",
    Cause.CALLBACK: "the step succeeds or fails, as the other system says",
    Cause.EVENT: "the step succeeds with what was sent",
    Cause.CHILD: "the step succeeds with its output, or fails with its error",
    Cause.CHILDREN: "the step succeeds with their results, or fails as they do",
    Cause.THREADS: "the step succeeds with their results, or fails as they do",
    Cause.OTHERS: "the step around it tries again, catches the error or fails",
    Cause.RESUME: "step {step} goes on",
}
"""What happens once what is waited for has come."""


WAITS: Mapping[Cause, str] = {
    Cause.START: "It was submitted at {since}: step {step} begins with its start message, or is under way",
    Cause.MESSAGE: "Step {step} was left to another function at {since}: its message is in the queue",
    Cause.FUNCTION: "A function works on step {step} since {since}{attempt}",
    Cause.OTHERS: "Step {step} failed at {since}, and the step around it decides what happens then",
    Cause.RESUME: "Step {step} stands still since {since}, as the execution is paused",
}
WAITING = "Step {step} waits since {since} for {freed_by}"
"""What a thread does that has no other sentence."""

TAKEN_UP = "A function took up step {step} at {since}{attempt}"
"""What it does of which nothing was heard for too long."""

FREED_BY: Mapping[Cause, str] = {
    Cause.START: "its start message",
    Cause.MESSAGE: "its message in the queue",
    Cause.FUNCTION: "the function that works on it",
    Cause.TIMER: "its timer",
    Cause.RETRY: "its timer",
    Cause.CALLBACK: "the callback of another system, or of whoever has its token",
    Cause.OTHERS: "the step around it",
    Cause.RESUME: "whoever resumes the execution",
}
"""What lets a thread go on, where that is always the same."""


IN_THE_WAY: Mapping[Obstacle, str] = {
    Obstacle.STOPPED: "Its tenant is stopped: nobody can let it go on before an operator starts the tenant again",
    Obstacle.SCHEDULE: "The schedule was to look at it at {due}, and has not: it does not run, or has too much to do",
    Obstacle.BACKLOG: "No function has taken {waiting} from the queues yet, its own maybe among them: functions are "
    "throttled, off or busy",
    Obstacle.DEAD_LETTERS: "The queues of dead letters hold {dead}, its own maybe among them",
}
"""What stands in the way of an execution."""


@value
class Explanation:
    """What keeps an execution, and each of its threads, from moving."""

    execution: Execution
    now: datetime
    details: Details

    def threads(self) -> dict[str, dict[str, Json]]:
        """Write the reason of each thread that has not ended, by its id."""
        return {each.thread.id: self._thread(each) for each in self._reasons()}

    def whole(self) -> dict[str, Json]:
        """Write the reason of the execution as a whole."""
        found = self._reasons()
        chosen = main_reason(found)
        now, text = standing(self.execution, found), self._text(found, chosen)
        in_the_way = [*self._obstacles()]
        listed: dict[str, Json] = {"obstacles": [{"kind": each.value, "text": said} for each, said in in_the_way]}
        text = " ".join([text, *(said for _, said in in_the_way)])
        if chosen is None:
            return {"text": text, "is": now.value, "for": None, "thread": None, "wrong": None, **listed}
        bottom = [link for link in self.details.below.get(chosen.thread.id, ()) if link.found is not None]
        wrong = chosen.wrong or (_wrong_in(bottom[-1].found, self.now) if bottom and bottom[-1].found else None)
        if wrong is not None and now is not Standing.PAUSED:
            now = Standing.WRONG
        about: dict[str, Json] = {"text": text, "is": now.value, "for": chosen.cause.value}
        return {**about, "thread": chosen.thread.id, "wrong": wrong and wrong.value, **listed}

    def is_wrong(self) -> bool:
        """Tell whether it should move, or what it waits for, and does not."""
        return self.whole()["is"] == Standing.WRONG

    def _obstacles(self) -> Iterator[tuple[Obstacle, str]]:
        """Say what stands in the way."""
        around, due = self.details.around, self.execution.due_at
        for each in obstacles(self.execution, around, self.now):
            about = {"waiting": _messages(around.waiting), "dead": _messages(around.dead), "due": due and _at(due)}
            yield each, f"{IN_THE_WAY[each].format(**about)}."

    def _reasons(self) -> Sequence[Reason]:
        return [self._judged(each) for each in reasons(self.execution, self.now)]

    def _judged(self, found: Reason) -> Reason:
        """Add what is wrong between a thread and the execution that it waits for."""
        if found.thread.id in self.details.lost and found.wrong is None and not self.execution.paused:
            return copy_with(found, wrong=Wrong.LOST)
        first = next(iter(self.details.below.get(found.thread.id, ())), None)
        if first is None or found.wrong is not None or self.execution.paused:
            return found
        return copy_with(found, wrong=wrong_below(found, first, self.now))

    def _text(self, found: Sequence[Reason], chosen: Reason | None) -> str:
        execution = self.execution
        if execution.ended:
            return _ended(execution, self._redrive())
        if execution.paused_at is not None:
            because = f": {execution.reason}" if execution.reason else ""
            stopped = _done_by(execution.stopped_by, "paused", execution.paused_at)
            return f"{stopped}{because}. It goes on once somebody resumes it."
        if chosen is None:
            return "No thread of it is left: its end is about to be written."
        others = len(found) - 1
        more = f" It has {others} more thread{'s' if others > 1 else ''}." if others else ""
        return self._sentence(chosen) + more

    def _thread(self, found: Reason) -> dict[str, Json]:
        error = last_error(found.thread)
        below = self.details.below.get(found.thread.id, ())
        return {
            "text": self._sentence(found),
            "for": found.cause.value,
            "since": format_instant(found.since),
            "until": None if found.until is None else format_instant(found.until),
            "timeout": None if found.timeout is None else format_instant(found.timeout),
            "freedBy": self._freed_by(found),
            "then": self._next(found),
            "wrong": None if found.wrong is None else found.wrong.value,
            "error": None if error is None else {"name": error.name, "message": _short(error.message)},
            **({"below": [self._link(link) for link in below]} if below else {}),
        }

    def _link(self, link: ChainLink) -> dict[str, Json]:
        about: dict[str, Json] = {"execution": link.execution_id, "text": self._link_text(link)}
        if link.found is None:
            return {**about, "state": None, "step": None}
        return {**about, "state": link.found.state.value, "step": link.found.step}

    def _link_text(self, link: ChainLink) -> str:
        if link.found is not None:
            return Explanation(link.found, self.now, Details()).whole_text()
        return f"{link.unseen[0].upper()}{link.unseen[1:]}." if link.unseen else "It does not exist yet."

    def whole_text(self) -> str:
        """Write the sentence of the execution as a whole."""
        found = self._reasons()
        return self._text(found, main_reason(found))

    def _sentence(self, found: Reason) -> str:
        parts = [self._then(found), self._limits(found), self._bottom(found), self._errors(found)]
        return " ".join([f"{self._what(found)}.", *chain(*parts, self._what_is_wrong(found))])

    def _outlook(self) -> "Outlook | None":
        from chalicelib.api.outlook import Outlook  # noqa: PLC0415 - of many executions nothing is to be said of it

        definition = self.details.definition
        return None if definition is None else Outlook(definition, self.execution)

    def _redrive(self) -> str:
        """Say what a redrive does."""
        outlook = self._outlook()
        return "A redrive lets it go on." if outlook is None else str(outlook.redrive()["text"])

    def _fails(self, found: Reason, error: str) -> str:
        """Say with what a step fails, and where that leads."""
        outlook = self._outlook()
        return f"with {error}" if outlook is None else outlook.fails(found.thread, error)

    def _then(self, found: Reason) -> Iterator[str]:
        """Say what happens once what is waited for has come, where no other sentence says it."""
        if found.until is not None and found.cause is Cause.TIMER:
            yield f"It is over at {_at(found.until)}."
        if found.cause not in WAITS and found.cause is not Cause.RETRY:
            yield f"Then {self._next(found)}."
        if self.execution.paused and found.cause is not Cause.RESUME:
            yield "The execution is paused: nothing of it goes on before somebody resumes it."

    def _next(self, found: Reason) -> str:
        if isinstance(found.thread.join, BranchJoin) and found.thread.join.first and found.cause is Cause.THREADS:
            return "the step succeeds with the first result, or fails if none of them succeeds"
        if found.cause is Cause.TASK:
            leads = self._fails(found, "task.Rejected")
            return f"the step succeeds with the answer; if somebody rejects the task, it fails {leads}"
        return NEXT[found.cause].format(step=found.thread.step)

    def _errors(self, found: Reason) -> Iterator[str]:
        """Say which error was seen last, where no other sentence says it."""
        error = last_error(found.thread)
        if error is not None and found.cause is not Cause.RETRY:
            yield f"The last error was {error.name}, at step {error.step}: {_short(error.message)}."

    def _what(self, found: Reason) -> str:
        attempt = f", at attempt {found.thread.attempt}" if found.thread.attempt > 1 else ""
        about = {"step": found.thread.step, "since": _at(found.since), "attempt": attempt}
        if found.cause is Cause.RETRY:
            return f"Step {found.thread.step} {_retry(found)}"
        if found.cause is Cause.FUNCTION and found.wrong is not None:
            return TAKEN_UP.format(**about)
        return WAITS.get(found.cause, WAITING).format(**about, freed_by=self._freed_by(found))

    def _freed_by(self, found: Reason) -> str:
        """Say who or what lets a thread go on."""
        match found.cause:
            case Cause.TASK:
                return self._people(found)
            case Cause.EVENT:
                return _event(self.execution.id, found)
            case Cause.CHILD:
                return f"the end of execution {found.children[0]}" if found.children else "what its execution came to"
            case Cause.CHILDREN:
                return f"the ends of executions of its items: {self._come(found)}"
            case Cause.THREADS:
                return f"the threads that it began: {self._come(found)}"
        return FREED_BY[found.cause]

    def _come(self, found: Reason) -> str:
        come, others = progress(self.execution, found.thread, self.details.partitions), ""
        match found.thread.join:
            case ItemJoin(total, at_once, begun=begun) if begun < total:
                others = f", and {total - begun} have not begun, as {at_once} may run at once"
            case PartitionJoin(total, begun=begun, at_once=at_once) if begun < total:
                others = f", and {total - begun} of {total} executions have not begun, as {at_once} may run at once"
        return "some have not ended" if come is None else f"{come.done} of {come.total} have ended{others}"

    def _people(self, found: Reason) -> str:
        name = task_id(self.execution.id, found.thread.id, found.thread.turn)
        task = self.details.tasks.get(name)
        if task is None:
            return f"somebody who does task {name}"
        return f"{who(task)} to do task {name}, {task.title!r}"

    def _bottom(self, found: Reason) -> Iterator[str]:
        """Say what keeps the last of the executions waiting that wait for each other."""
        links = self.details.below.get(found.thread.id, ())
        if links:
            last = links[-1]
            is_one = len(links) == 1 and found.cause is Cause.CHILD
            place = "That one" if is_one else f"{last.execution_id}, {len(links)} below it"
            yield f"{place}: {self._link_text(last)}"

    def _limits(self, found: Reason) -> Iterator[str]:
        """Say what happens where what is waited for does not come in time."""
        if found.until is not None and found.cause is Cause.CALLBACK:
            leads = self._fails(found, HeartbeatTimeoutError.name)
            yield f"A sign of life is due by {_at(found.until)}: without one the step fails {leads}."
        elif found.until is not None and found.cause is Cause.TASK:
            outlook = self._outlook()
            then = None if outlook is None else outlook.overdue(found.thread)
            yield f"It is due by {_at(found.until)}: if it is not done then, {then or 'what its `due` says is done'}."
        if found.timeout is not None and found.timeout == found.thread.deadline:
            name = InterruptedCallError.name if found.thread.claimed_by else StepTimeoutError.name
            yield f"If the step is not done by {_at(found.timeout)}, it fails {self._fails(found, name)}."
        elif found.timeout is not None:
            yield f"If the execution has not ended by {_at(found.timeout)}, it is timed out."

    def _what_is_wrong(self, found: Reason) -> Iterator[str]:
        due = self.execution.due_at
        when = "within two minutes" if due is None or due <= self.now else f"at {_at(due)}"
        if Obstacle.SCHEDULE in obstacles(self.execution, self.details.around, self.now):
            when = "once it looks at it"
        match found.wrong:
            case Wrong.SILENT:
                yield "It has not been heard of for longer than a function works: its message comes again by itself."
            case Wrong.LATE if due is None and self.execution.version == 0:
                again = f"The schedule's watch sends it again from {_at(found.since + Patience().message)} on."
                yield f"That is late: it was lost, or waits behind many others. {again}"
            case Wrong.LATE:
                yield f"That is late: a message was lost, or a function died. The schedule sends it again {when}."
            case Wrong.LOST:
                lost = self.details.lost[found.thread.id]
                yield f"Nobody can find it: {lost}. The schedule's watch writes a missing one again."
            case Wrong.DEAD_LETTER:
                deaths = f"{found.thread.strikes} of {MAX_STRIKES} functions have died of it alone"
                yield f"Its message is a dead letter, and {deaths}: then the step fails with Poison."
            case Wrong.STUCK:
                yield "It is stuck: its message does not come again. The schedule's watch wakes it when it looks at it."


def _wrong_in(execution: Execution, now: datetime) -> Wrong | None:
    chosen = main_reason(reasons(execution, now))
    return None if chosen is None else chosen.wrong


def _retry(found: Reason) -> str:
    error, again = last_error(found.thread), "" if found.until is None else f" at {_at(found.until)}"
    of = f" of {wait.attempts}" if isinstance(wait := found.thread.wait, RetryWait) and wait.attempts else ""
    failed = "failed" if error is None else f"failed with {error.name}: {_short(error.message)}"
    return f"{failed}; attempt {found.thread.attempt + 1}{of} begins{again}"


def _event(execution_id: str, found: Reason) -> str:
    wait = found.thread.wait
    name, key = (wait.name, wait.event_key) if isinstance(wait, AnswerWait) else ("", None)
    if key:
        return f"event {name} with key {key}, which anybody may publish (POST /events/{name})"
    return f"event {name}, sent to this execution (POST /executions/{execution_id}/events/{name})"


def _ended(execution: Execution, redrive: str) -> str:
    at = "" if execution.ended_at is None else f" at {_at(execution.ended_at)}"
    if execution.state is State.SUCCEEDED:
        return f"It succeeded{at}."
    because = f": {execution.reason}" if execution.reason else ""
    if execution.state is State.CANCELLED:
        return f"{_done_by(execution.stopped_by, 'cancelled', execution.ended_at)}{because}. {redrive}"
    error = execution.error
    cause = "" if error is None else f", at step {error.step}, with {error.name}: {_short(error.message)}"
    what = "failed" if execution.state is State.FAILED else "was timed out"
    return f"It {what}{at}{cause}. {redrive}"


def _done_by(actor: str | None, what: str, at: datetime | None) -> str:
    """Say who did something; without a name, that it was done."""
    when = "" if at is None else f" at {_at(at)}"
    return f"It was {what}{when}" if actor is None else f"{actor} {what} it{when}"


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"


def who(task: Task) -> str:
    """Name those who may do a task, or who does it."""
    if task.claimed_by is not None:
        return f"{task.claimed_by}, who has claimed it,"
    people = [*task.assignees, *(f"group {name}" for name in task.groups)]
    more = len(people) - SHOWN_PEOPLE
    return ", ".join(people[:SHOWN_PEOPLE]) + (f" or {more} more" if more > 0 else "") or "anybody"


def _short(text: str) -> str:
    first = " ".join(text.split())
    return first if len(first) <= SHOWN_MESSAGE else f"{first[:SHOWN_MESSAGE]}…"


def _at(instant: datetime) -> str:
    return format_instant(instant)
