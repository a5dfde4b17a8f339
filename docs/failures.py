"""Write what becomes of a workflow when something fails: from the simulation, not by hand."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from tests.simulation.failures import CHILD, WORKFLOW, Outcome, Point, outcomes
from tests.simulation.faults import Fault

INTRODUCTION = """\
# When something fails

Made by `make docs` from the simulation that tests the engine: the shipped engine runs over stores and queues in memory,
and at one call of a port, in every run at another one, one thing goes wrong. The workflow has a sequence, a wait, a
`parallel` and a child execution; `call` stands for any step that calls the world. The newest of history moves
into a row of its own sooner here than elsewhere, so that this is struck, too:
"""

READING = """\
A caller starts it under a name of its own, so that it can ask again. From there on messages call functions, and each of
the tables below is one of them: its calls in the order of an undisturbed run, where the execution stands, and what came
of it when

| this happens at the call | it means |
|---|---|
| **killed before**, **killed after** | the process dies: out of memory, out of time, a deployment |
| **refused** | the service does not do it: throttled, or not available |
| **answer lost** | the service has done it, and the process never hears of that |
| **lands late** | the process never hears of it, and the service does it later, behind what others have done since |
| **sent twice** | the queue delivers two, one of them 20 seconds later |
| **doubled** | the queue delivers the message that the function works on a second time, and this twin overtakes it |

What was observed is told in these words:

| in the tables | it means |
|---|---|
| at once | nothing had to be made up for; whatever came twice changed nothing |
| reads again | the same function read what stands there, and went on from it |
| asks again | the caller got no answer and asked again: it is answered the one execution |
| 1 min | the schedule found the execution a minute later, and sent its message again |
| 6 min | the message came again after its visibility timeout of six minutes, and \
another function went on from what was written |
| seconds | the function gave its message back, for a few seconds at first, and another one went on from there |
| later | the message came again, after six minutes or after seconds, found everything done, and changed nothing |
| + 1 call | a call was made once more, under the same idempotency key and with the same content |
| + 1 message | a message was sent once more; whichever came second changed nothing |
"""

FAULTS = {
    Fault.KILL_BEFORE: "killed before",
    Fault.KILL_AFTER: "killed after",
    Fault.REFUSE: "refused",
    Fault.LOSE: "answer lost",
    Fault.LATE: "lands late",
    Fault.TWICE: "sent twice",
    Fault.REDELIVER: "doubled",
}
"""The columns, in their order."""

PROCESSES = {
    ("", "order"): "The caller asks for a start",
    ("Started", "order"): "A function gets the start",
    ("TimerFired", "order"): "A function gets the timer",
    ("Started", "shipping"): "A function gets the start of the child",
    ("ChildEnded", "order"): "A function gets the end of the child",
}
"""The headings of the tables, by the message that calls the function and the execution that it is for."""

CALLS = {
    "definitions.get": "read the definition",
    "definitions.newest": "find the newest version of the child's definition",
    "calls.start": "begin the call",
    "executions.create": "put the execution",
    "executions.get": "read the execution",
    "executions.update": "write the execution",
    "history.append": "add the row of history",
    "queue.delete": "acknowledge the message",
}

SENT = {"Started": "start", "TimerFired": "timer", "ChildEnded": "end to the parent"}
"""What is sent, by the event in the message."""


def failures() -> Iterator[str]:
    """Write the page."""
    rows = outcomes()
    yield INTRODUCTION
    yield f"```yaml\n{WORKFLOW}```\n\n```yaml\n{CHILD}```\n"
    yield READING
    yield from promises([each for row in rows for each in row])
    for (event, definition), own in groupby(rows, key=lambda row: (row[0].point.event, row[0].point.definition)):
        yield f"\n## {PROCESSES[event, definition]}\n"
        yield from table(list(own))


def promises(every: Sequence[Outcome]) -> Iterator[str]:
    """Write what all runs together show, and count it."""
    same = sum(each.same for each in every)
    yield f"**{same} of {len(every)} runs came to the same end**: states, outputs, stashes, histories, keys of calls."
    yield "A call is repeated only where a process died between beginning it and writing what it answered, or where"
    yield "two worked on the same message; never more calls than were in flight. What is refused, not answered, late"
    yield "or sent twice repeats none.\n"
    yield "| | runs | the same end | with a delay | longest | repeated calls | most in a run | repeated messages |"
    yield "|---|---|---|---|---|---|---|---|"
    for fault, name in FAULTS.items():
        yield total(name, [each for each in every if each.fault is fault])
    yield total("all", every)


def total(name: str, some: Sequence[Outcome]) -> str:
    """Write the sums of some runs."""
    longest = max(each.delay for each in some)
    numbers = (
        len(some),
        sum(each.same for each in some),
        sum(each.delay > 0 for each in some),
        time(longest) if longest else "",
        sum(each.calls for each in some),
        max(each.calls for each in some),
        sum(each.messages for each in some),
    )
    return f"| **{name}** | {' | '.join(str(number) for number in numbers)} |"


def table(rows: Sequence[Sequence[Outcome]]) -> Iterator[str]:
    """Write the table of one process; calls behind each other of which the same came are one row."""
    yield f"| at | call | {' | '.join(FAULTS.values())} |"
    yield "|---|---|" + "---|" * len(FAULTS)
    for (place, observed), same in groupby(rows, key=lambda row: (where(row[0].point), cells(row))):
        calls = ", ".join(words(row[0].point) for row in same)
        yield f"| {place} | {calls} | {' | '.join(observed)} |"


def where(point: Point) -> str:
    """Say where the execution stands."""
    return " and ".join(f"`{step}`" for step in point.steps)


def words(point: Point) -> str:
    """Say what is called."""
    if point.call == "queue.send":
        return f"send the {SENT[point.sends[0]]}"
    return f"{CALLS[point.call]} of `{point.begins}`" if point.begins else CALLS[point.call]


def cells(row: Sequence[Outcome]) -> tuple[str, ...]:
    """Say what came of each fault at one call; nothing where it cannot be."""
    by_fault = {each.fault: observed(each) for each in row}
    return tuple(by_fault.get(fault, "") for fault in FAULTS)


def observed(outcome: Outcome) -> str:
    """Say how it went on, and what happened more often."""
    numbers = ((outcome.calls, "call"), (outcome.messages, "message"))
    more = [f"+ {count} {noun}{'s' if count > 1 else ''}" for count, noun in numbers if count]
    return "<br>".join([course(outcome), *more]) + ("" if outcome.same else "<br>**ANOTHER END**")


def time(seconds: int) -> str:
    """Write a delay."""
    minutes = seconds // 60
    return f"{minutes} min" if minutes else "seconds"


def course(outcome: Outcome) -> str:
    """Say how it went on."""
    if outcome.delay:
        return time(outcome.delay)
    if outcome.again:
        return "later"
    if outcome.asked:
        return "asks again"
    return "reads again" if outcome.reread else "at once"
