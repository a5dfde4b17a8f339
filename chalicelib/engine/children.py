"""Child executions: how a `workflow` step makes one, and the inputs that tell its parent of its end."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from chalicelib.core.access.conditions import missing_start, unmet
from chalicelib.core.definitions.record import Subject
from chalicelib.core.executions.builder import MAX_RESULT
from chalicelib.core.executions.factory import child, child_id
from chalicelib.core.executions.implied import ending
from chalicelib.core.executions.inputs import ChildEnded, Launch, Message, ResumeRequested
from chalicelib.core.executions.model import Execution, Failure, State, Thread
from chalicelib.core.executions.scope import visible_stash
from chalicelib.core.executions.waiting import PartitionJoin
from chalicelib.core.limits import beyond
from chalicelib.core.values.errors import (
    DefinitionNotFoundError,
    IdTakenError,
    InvalidInputError,
    ResultTooLargeError,
    StepError,
)
from chalicelib.core.values.json import Json, details_of, encode
from chalicelib.core.values.value import copy_with
from chalicelib.ports import Definitions, ExecutionStore

if TYPE_CHECKING:
    from chalicelib.core.executions.waiting import ChildJoin


def child_execution(definitions: Definitions, parent: Execution, launch: Launch) -> Execution:
    """Make the execution that a `workflow` step asks for, as submitted.

    Raises:
        StepError: there is no such definition, it does not take the input, or the author of the parent's definition
            might not start it.
        UnavailableError: a service did not answer.
    """
    start = launch.start
    try:
        version = start.version or definitions.newest(parent.tenant_id, start.definition)
        definition = definitions.get(parent.tenant_id, start.definition, version)
        author = definitions.get(parent.tenant_id, parent.definition_id, parent.definition_version).author
        if author is not None:
            _require(parent, author, missing_start(author, definition))
        made = child(definition, parent, launch.thread, version, start)
    except DefinitionNotFoundError as error:
        which = start.definition if start.version is None else f"{start.definition}@{start.version}"
        raise StepError(f"there is no definition {which!r} to start", "DefinitionNotFound") from error
    except InvalidInputError as error:
        details = details_of(error.problems)
        raise StepError(f"{start.definition} does not take this input: {error}", "InvalidInput", details) from error
    if author is not None:
        _require(parent, author, unmet(definition, version, "execute", author, launch.thread.since, input=made.input))
    return made


def sharing(parent: Execution, made: Execution) -> Execution:
    """Let a child execution with the input of its parent refer to the same stored value."""
    return copy_with(made, input_aside=parent.input_aside and made.input == parent.input)


def _require(parent: Execution, author: Subject, problem: str | None) -> None:
    """Hold the start of a child execution to the rights of who made the definition that starts it."""
    if problem is not None:
        raise StepError(f"{parent.definition_id} was made by {author.id}, and this {problem}", "Forbidden")


def refused(launch: Launch, error: StepError) -> ChildEnded:
    """Make the input that says that a child execution could not be started."""
    failure = Failure(error.name, str(error), launch.thread.step, launch.thread.attempt, error.details)
    return ChildEnded(launch.thread.id, _turn(launch), 0, State.FAILED, error=failure, begun=False)


def end_of_unawaited(launch: Launch, execution: Execution) -> ChildEnded:
    """Make the input that ends a `workflow` step with ``wait: false``: its result is the id of the child."""
    return ChildEnded(launch.thread.id, _turn(launch), 0, State.SUCCEEDED, output={"id": execution.id})


def end_of(execution: Execution) -> ChildEnded:
    """Make the input that tells the parent of the end of a child execution."""
    (message,) = ending(execution)
    return copy_with(cast("ChildEnded", message.event), output=execution.output, error=execution.error, read=True)


def id_taken(started: Execution) -> Iterator[Message]:
    """Make the message that tells a parent that the id of its child execution is taken by another execution."""
    parent = started.parent
    if parent is None or not parent.awaited:
        return
    why = f"the id {started.id} of the execution that the step starts is taken: tried again, the step takes another one"
    ended = ChildEnded(
        parent.thread,
        parent.turn,
        parent.number,
        State.FAILED,
        error=Failure(IdTakenError.name, why, started.step, 1),
        redrives=started.parent_redrives,
        begun=started.partition is not None,  # the others of a map have
    )
    yield Message(parent.execution, ended)


def _turn(launch: Launch) -> int:
    """Tell the turn that a child execution names to its parent."""
    return cast("ChildJoin", launch.thread.join).turn


def with_output(executions: ExecutionStore, parent: Execution, thread: Thread, end: ChildEnded) -> ChildEnded:
    """Read the output or the error of a child execution that was too large for a message.

    Raises:
        UnavailableError: the store did not answer.
    """
    if end.read:
        return end
    name = child_id(parent, thread, end.number)
    ended = executions.get(name)
    if ended is None:
        lost = Failure("ResultLost", f"the result of {name} is not there", thread.step, thread.attempt)
        return copy_with(end, state=State.FAILED, error=lost, read=True, begun=False)
    return copy_with(end, output=ended.output, error=ended.error, read=True)


def with_stash(executions: ExecutionStore, item: Execution, request: ResumeRequested) -> ResumeRequested:
    """Read the stash for the redrive of a `map` partition: a redrive of the parent may have edited it.

    Raises:
        UnavailableError: the store did not answer.
    """
    if item.partition is None or item.parent is None or request.redrives <= item.parent_redrives:
        return request
    parent = executions.get(item.parent.execution)
    thread = None if parent is None else parent.threads.get(item.parent.thread)
    if parent is None or thread is None or not isinstance(thread.join, PartitionJoin):
        return request
    stash = visible_stash(parent, thread) if "stash" in thread.join.reads.split() else {}
    return copy_with(request, stash=stash)


def gatherer(executions: ExecutionStore) -> Callable[[Json], Json]:
    """Make what reads the outputs of child executions: a list of them, in order.

    Raises:
        StepError: one is not there, or has not succeeded; or they are more than a result may be.
    """

    def gather(params: Any) -> Json:  # noqa: ANN401 - {"executions": [id, …]}, as the core asks for it
        gathered: list[Json] = []
        size = 0
        for name in params["executions"]:
            gathered.append(output(name))
            size += len(encode(gathered[-1]))
            if size > MAX_RESULT:
                raise ResultTooLargeError(
                    beyond("result_chars", f"the results have more than {MAX_RESULT:,} characters of JSON")
                )
        return gathered

    def output(name: str) -> Json:
        ended = executions.get(name)
        if ended is None or ended.state is not State.SUCCEEDED:
            raise StepError(f"the result of {name} is not there", "ResultLost")
        return ended.output

    return gather
