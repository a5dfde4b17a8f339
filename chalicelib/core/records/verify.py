"""Invariants of the history of an execution: its chain, the turns of its threads, its end."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib.core.executions.model import ENDED, Execution, State
from chalicelib.core.executions.verify import Violation, ViolationKind
from chalicelib.core.records.chain import ChainCheck
from chalicelib.core.records.history import Row, newest

TAIL_CHANGED = "the newest entries were changed while they stood in the execution's own item"

_STARTED = State.STEP_STARTED
_STEPS = frozenset({_STARTED, State.STEP_SUCCEEDED, State.STEP_FAILED, State.STEP_SKIPPED})


def history_violations(execution: Execution, rows: Sequence[Row]) -> Iterator[Violation]:
    """Find the violated invariants of the history of an execution.

    ``rows`` are all that are stored of it, or all behind a key that is on the chain. What is not on the chain was
    written by somebody who lost, and does not count.
    """
    counted, detail = _chain(execution, rows)
    detail = TAIL_CHANGED if execution.tail_changed else detail
    if detail is not None:
        yield Violation(ViolationKind.HISTORY, execution.id, detail)
        return
    tail = newest(execution)
    records = [record for row in (*counted, *(() if tail is None else (tail,))) for record in row.records]
    for kind, thread, wrong in (*_turns(execution, records), *_end(execution, records)):
        yield Violation(kind, execution.id, wrong, thread)


def _chain(execution: Execution, rows: Sequence[Row]) -> tuple[list[Row], str | None]:
    """Follow the chain from its head; answer its rows, oldest first, and what is wrong with it."""
    check, counted = ChainCheck(execution.head).over(rows, is_all=True)
    return [*counted][::-1], None if check.broken is None else check.broken.why


def _turns(execution: Execution, records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[ViolationKind, str, str]]:
    """Follow each thread: its turns never fall, no turn does a thing twice, and no step ends that has not begun."""
    seen = set[tuple[str, int, str]]()
    turns, running = dict[str, int](), set[str]()
    for record in records:
        thread, turn, state = str(record["thread"]), int(record["turn"]), State(record["state"])
        if turn < turns.get(thread, 0):
            yield ViolationKind.TURNS, thread, f"turn {turn} comes after turn {turns[thread]}"
        turns[thread] = turn
        if state is State.REDRIVEN:
            running |= turns.keys()  # what was under way goes on where it stood
            seen = {each for each in seen if each[2] is not State.STEP_FAILED}  # and may fail there again
        if state not in _STEPS:
            continue
        if (thread, turn, state) in seen:
            yield ViolationKind.TURNS, thread, f"{state} of turn {turn} is recorded twice"
        seen.add((thread, turn, state))
        if state is _STARTED:
            running.add(thread)
        elif state is not State.STEP_SKIPPED and thread not in running:
            yield ViolationKind.TURNS, thread, f"{state} of turn {turn} is recorded, and no start of it"
    for name, standing in execution.threads.items():
        if standing.turn < turns.get(name, 0):
            yield ViolationKind.TURNS, name, f"it stands at turn {standing.turn}, and history knows {turns[name]}"


def _end(execution: Execution, records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[ViolationKind, str, str]]:
    """See that nothing comes after an end but that the execution is driven on, and that the last one is its own."""
    before: State | None = None
    for record in records:
        state = State(record["state"])
        if before in ENDED and state is not State.REDRIVEN:
            yield ViolationKind.END, "", f"{state} is recorded after {before}"
        before = state
    if execution.ended and before is not execution.state:
        yield ViolationKind.END, "", f"it is {execution.state}, and the last record is {before}"
    if not execution.ended and before in ENDED:
        yield ViolationKind.END, "", f"it is {execution.state}, and the last record is {before}"
