"""The outlook of an execution (where an error leads, what a redrive does), as sentences and as JSON members."""

from collections.abc import Iterator, Mapping

from chalicelib.core.definitions.model import Definition
from chalicelib.core.executions.model import Execution, State, Thread
from chalicelib.core.executions.outlook import Landing, RedriveOutlook, due_of, lead, redrive_outlook
from chalicelib.core.executions.waiting import people
from chalicelib.core.expressions.template import is_templated
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value

LEADS: Mapping[Landing, str] = {
    Landing.RETRY: "after which step {step} is tried again",
    Landing.CATCH: "which leads to step {step}",
    Landing.ITEM: "which step {step} tolerates",
    Landing.BRANCH: "which leaves step {step} to its other branches",
    Landing.PARENT: "which fails this execution, and the step that waits for it decides",
    Landing.END: "which fails the execution",
}
"""What becomes of an error."""


@value
class Outlook:
    """The outlook of an execution, as its definition tells it."""

    definition: Definition
    execution: Execution

    def fails(self, thread: Thread, error: str) -> str:
        """Say where an error leads."""
        found = lead(self.definition, self.execution, thread, error)
        return f"with {error}, {LEADS[found.landing].format(step=found.step)}"

    def overdue(self, thread: Thread) -> str | None:
        """Say what happens when a task is not done in time; None: that is not known."""
        due = due_of(self.definition, thread)
        match due.get("then", "fail") if due else None:
            case "fail":
                return f"the step fails {self.fails(thread, 'task.Overdue')}"
            case "continue":
                return "the step succeeds with the `value` that its `due` names"
            case "reassign" if is_templated([due.get("assignees"), due.get("groups")]):
                return "it is reassigned to those whom its `due` names"
            case "reassign":
                found = [*people(due.get("assignees")), *(f"group {name}" for name in people(due.get("groups")))]
                return f"it is reassigned to {', '.join(map(str, found)) or 'anybody'}"
        return None

    def redrive(self) -> dict[str, Json]:
        """Say what a redrive does, whether it fails again, and which step is to be named instead."""
        found = redrive_outlook(self.definition, self.execution)
        text = " ".join(_redrive_sentences(found, self.execution))
        return {"text": text, "failsAgain": found.fails_again, "step": found.caught}


def _redrive_sentences(found: RedriveOutlook, execution: Execution) -> Iterator[str]:
    more = len(found.steps) - 1
    others = f", and {more} more" if more > 0 else ""
    first = found.steps[0] if found.steps else execution.step
    if found.fails_again:
        kind = "fail step" if found.step_type == "fail" else "step"
        unless = "unless it changes the stash or the version"
        yield f"A redrive goes on at {kind} {first}{others}, and fails there again, {unless}."
        if found.caught is not None:
            body = f'{{"step": "{found.caught}"}}'
            whose = "whose error was caught: all behind that runs again"
            yield f"With {body} it goes on from step {found.caught}, {whose}."
    elif found.children:
        beside = f" and {len(found.children) - 1} more" if len(found.children) > 1 else ""
        yield f"A redrive lets execution {found.children[0]}{beside} go on, for which step {first} waits{others}."
        yield "`why` of that one says from where."
    elif execution.state is State.FAILED:
        yield f"A redrive begins step {first} again{others}."
    else:
        yield f"A redrive lets it go on at step {first}{others}."
    if found.timeout is not None:
        yield f"It has {found.timeout.total_seconds():g} seconds from then on."
    if found.unanswered is not None:
        yield (
            f"Whether the call of step {found.unanswered} was made is not known: look there, then redrive with "
            '{"again": true} to make it again.'
        )
