"""What a template of a thread's step can see, and what its step type answers."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from chalicelib.core.definitions.grammar import ENTRIES, RETRY_NUMBERS, STEP_KEYS
from chalicelib.core.definitions.meaning import meant
from chalicelib.core.definitions.model import (
    AnswerKind,
    Call,
    Definition,
    Outcome,
    RetryPolicy,
    Spread,
    Step,
    StepContext,
    WaitForAnswer,
)
from chalicelib.core.definitions.timing import read_policy, read_time
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.model import Execution, Failure, Status, Thread, failure_json
from chalicelib.core.executions.waiting import AnswerWait
from chalicelib.core.expressions.reference import NAMES
from chalicelib.core.expressions.template import Scope, Template, filling, is_true, render
from chalicelib.core.schemas.schema import Schema, compile_schema, require_schema
from chalicelib.core.values.bounds import bound_problem
from chalicelib.core.values.errors import InvalidParametersError, ResultTooLargeError
from chalicelib.core.values.json import Json, Problem, format_instant
from chalicelib.core.values.value import copy_with


def scope(  # noqa: PLR0913 - what a template can depend on
    execution: Execution, thread: Thread, output: Json, now: datetime, site: str, *, names: Collection[str] = NAMES
) -> Scope:
    """Gather what a template can see.

    Args:
        execution: the execution as it stands.
        thread: the thread whose step has the template.
        output: what the template sees under that name.
        now: the instant of the turn.
        site: of the template in its step: it tells the templates of one turn apart.
        names: those of the values that are wanted.
    """
    values: dict[str, Json] = {"input": execution.input, "output": output}
    if "stash" in names:
        values["stash"] = visible_stash(execution, thread)
    if "execution" in names:
        values["execution"] = execution_values(execution)
    if "step" in names:
        values["step"] = _step_values(thread)
    if "error" in names and (error := visible_error(execution, thread)) is not None:
        values["error"] = failure_json(error)
    if ("item" in names or "index" in names) and (item := item_of(execution, thread)) is not None:
        values |= {"item": item.item, "index": item.index}
    return Scope(values, now, f"{execution.id}/{thread.id}/{thread.visit}/{site}")


def rendered(  # noqa: PLR0913 - the same
    template: Template, execution: Execution, thread: Thread, output: Json, now: datetime, *, site: str
) -> Json:
    """Render a template with what it can see; the parameters are those of :func:`scope`.

    Raises:
        StepError: it cannot be rendered.
    """
    return _bounded(render(template, scope(execution, thread, output, now, site, names=template.names)), site)


def _bounded(made: Json, site: str) -> Json:
    """Refuse what is beyond what a value may be.

    Raises:
        ResultTooLargeError: it is.
    """
    if isinstance(made, list | dict) and (problem := bound_problem(made)) is not None:
        raise ResultTooLargeError(f"the value of {site} {problem}")
    return made


def timeout_of(definition: Definition, execution: Execution, thread: Thread, now: datetime) -> timedelta | None:
    """Tell how long the attempt of a thread's step that begins now may take; None: as long as it likes.

    Raises:
        StepError: that is a template which comes to something else.
    """
    step = definition.steps.get(thread.step)
    timeout = None if step is None else step.timeout
    if not isinstance(timeout, Template):
        return timeout
    seconds = rendered(timeout, execution, thread, thread.incoming, now, site="timeoutSeconds")
    return read_time(_times_of({"timeoutSeconds": seconds}).get("timeoutSeconds"))


def policies_of(step: Step, execution: Execution, thread: Thread, now: datetime) -> Sequence[RetryPolicy]:
    """Tell when a thread's step is tried again.

    Raises:
        StepError: a number of that is a template which comes to something else.
    """
    if all(policy.source is None for policy in step.retry):
        return step.retry
    found = []
    for number, policy in enumerate(step.retry):
        if policy.source is not None:
            entry: Any = rendered(policy.source, execution, thread, thread.incoming, now, site=f"retry/{number}")
            policy = read_policy(_times_of(entry))  # noqa: PLW2901 - as it is now
        found.append(policy)
    return found


def _times_of(given: Mapping[str, Json]) -> dict[str, Any]:
    """Answer what templates came to in the places of numbers, without those that came to null.

    Raises:
        InvalidParametersError: something else is no number that may be there.
    """
    kept = {name: each for name, each in given.items() if each is not None}
    if problems := _times().problems({name: each for name, each in kept.items() if name in _TIMES}):
        raise InvalidParametersError(f"{_read_from(problems[0].message)} at {problems[0].pointer}", details=dict(given))
    return kept


def _read_from(message: str) -> str:
    """Say what reads a number from a text, where a template yields the text."""
    is_number = message.endswith(", without quotes") and "number: write" in message
    return f"{message}, as to_number() yields it" if is_number else message


_TIMES = ("timeoutSeconds", *RETRY_NUMBERS)


@cache
def _times() -> Schema:
    keys = {"timeoutSeconds": STEP_KEYS["timeoutSeconds"], **ENTRIES["retry"].keys}
    return compile_schema({"properties": {name: keys[name] for name in _TIMES}})


def _step_values(thread: Thread) -> dict[str, Json]:
    """Tell what templates see as ``step``."""
    values: dict[str, Json] = {
        "id": thread.step.rpartition("/")[2],
        "attempt": thread.attempt,
        "startedAt": format_instant(thread.began_visit),
    }
    if len(thread.kept) > 1 or (isinstance(thread.wait, AnswerWait) and thread.wait.answer is not None):
        values["completedBy"] = answered_by(thread)
    return values


def execution_values(execution: Execution) -> dict[str, Json]:
    """Tell what templates see as ``execution``; a partition of a `map` shows what the map is in."""
    if execution.partition is not None:
        return dict(execution.partition.execution)
    return {
        "id": execution.id,
        "name": ExecutionId.parse(execution.id).suffix,
        "tenantId": execution.tenant_id,
        "definitionId": execution.definition_id,
        "version": execution.definition_version,
        "startedAt": format_instant(execution.started_at),
        "startedBy": execution.started_by,
        "parentId": None if execution.parent is None else execution.parent.execution,
    }


def sent_to(execution: Execution) -> str:
    """Tell to which execution events are sent by id; those for a partition of a `map` to that which the map is in."""
    return execution.id if execution.partition is None else str(execution.partition.execution["id"])


def visible_stash(execution: Execution, thread: Thread) -> dict[str, Json]:
    """Gather what a thread has stashed, and what those that forked it had stashed before."""
    if thread.parent is None:
        return dict(thread.stash)
    return {**visible_stash(execution, execution.threads[thread.parent]), **thread.stash}


def visible_error(execution: Execution, thread: Thread) -> Failure | None:
    """Find what a thread, or one that forked it, has caught last."""
    if thread.error is not None or thread.parent is None:
        return thread.error
    return visible_error(execution, execution.threads[thread.parent])


def item_of(execution: Execution, thread: Thread) -> Thread | None:
    """Find the nearest thread that is for an item of a `map`."""
    if thread.index is not None or thread.parent is None:
        return thread if thread.index is not None else None
    return item_of(execution, execution.threads[thread.parent])


def is_partition_root(execution: Execution, thread: Thread) -> bool:
    """Tell whether a thread runs a partition of a large `map`: failures and results are the map's."""
    return execution.partition is not None and thread.parent is None


def holds(definition: Definition, execution: Execution, thread: Thread) -> bool:
    """Tell whether a step's `when` lets it run.

    Raises:
        StepError: it cannot be evaluated.
    """
    step = definition.steps.get(thread.step)
    when = None if step is None else step.when
    if when is None or is_partition_root(execution, thread):
        return True
    return is_true(rendered(when, execution, thread, thread.incoming, thread.started_at, site="when"))


def outcome(definition: Definition, execution: Execution, thread: Thread) -> Outcome:
    """Ask the step type what a thread's step comes to: the same answer however late in the attempt it is asked.

    Raises:
        StepError: the step fails.
    """
    step = definition.steps[thread.step]
    if execution.partition is not None and is_partition_root(execution, thread):
        items = cast("list[Json]", thread.incoming)
        return Spread(items, execution.partition.concurrency, execution.partition.tolerate)
    now = thread.began_visit if step.calls or thread.join is not None else thread.started_at
    timeout_of(definition, execution, thread, thread.started_at)
    policies_of(step, execution, thread, thread.started_at)
    seen = scope(execution, thread, thread.incoming, now, "parameters", names=step.params.names)
    params: Any = _bounded(render(step.params, seen), "parameters")  # an object: a step has its parameters by name
    params = params if step.schema is None else meant(params, step.schema.document)
    if step.schema is not None and (problems := step.schema.problems(params)):
        where = "".join(f" at {problem.pointer}" for problem in problems[:1] if problem.pointer)
        raise InvalidParametersError(f"{_read_from(problems[0].message)}{where}", details=params)
    for name in step.schemas:
        require_schema(params.get(name, True), name)
    choices = _choices(step, execution, thread) if step.choices else ()
    context = StepContext(thread.incoming, thread.started_at, choices, step.default)
    answer = step.type.run(params, context)
    if step.params.placeholders and isinstance(answer, Call):
        return copy_with(answer, placeholders=filling(step.params, seen))
    return answer


def _choices(step: Step, execution: Execution, thread: Thread) -> Iterator[tuple[bool, str]]:
    """Tell of each choice whether it holds, and where it leads."""
    for number, choice in enumerate(step.choices):
        now, site = thread.started_at, f"choices/{number}"
        yield is_true(rendered(choice.when, execution, thread, thread.incoming, now, site=site)), choice.next


def callback_of(definition: Definition, execution: Execution, thread: Thread) -> Call | None:
    """Answer the call of a thread's step if the step goes on only once somebody answers with the token."""
    source = definition.steps[thread.step].params.source
    if not isinstance(source, dict) or "callback" not in source:
        return None
    found = outcome(definition, execution, thread)
    return found if isinstance(found, Call) and found.callback else None


def heartbeat_of(definition: Definition, execution: Execution, thread: Thread) -> timedelta | None:
    """Tell how long those may be silent for whose answer a thread waits."""
    found = outcome(definition, execution, thread)
    return found.heartbeat if isinstance(found, Call | WaitForAnswer) else None


def awaited_event(definition: Definition, execution: Execution, thread: Thread) -> WaitForAnswer | None:
    """Answer the event that a thread waits for, if it waits for one."""
    if (
        thread.status is not Status.WAITING_FOR_ANSWER
        or not isinstance(thread.wait, AnswerWait)
        or thread.wait.what is not AnswerKind.EVENT
    ):
        return None
    found = outcome(definition, execution, thread)
    return found if isinstance(found, WaitForAnswer) else None


def takes_sent(execution: Execution, thread: Thread, wanted: WaitForAnswer) -> bool:
    """Tell whether a step takes events that are sent by id: one with a key inside of a `map` does not."""
    return wanted.params.get("key") is None or (execution.partition is None and item_of(execution, thread) is None)


def takes(wanted: WaitForAnswer, value: Json) -> bool:
    """Tell whether what came with an event is what a step waits for."""
    return not refusals(wanted, value)


def refusals(wanted: WaitForAnswer, value: Json) -> list[Problem]:
    """Find what is wrong with what came with an event."""
    return compile_schema(wanted.params.get("schema", True)).problems(value)


def answered_by(thread: Thread) -> str | None:
    """Tell who gave the answer that a thread has waited for, be it in an earlier attempt."""
    if isinstance(thread.wait, AnswerWait) and thread.wait.answer is not None:
        return thread.wait.answer.by
    return cast("str | None", next(iter(thread.kept[1:]), None))


def items_of(definition: Definition, execution: Execution, thread: Thread) -> Sequence[Json]:
    """Answer the items of a thread's `map`."""
    if thread.items is not None:
        return thread.items
    found = outcome(definition, execution, thread)
    return found.items if isinstance(found, Spread) else ()
