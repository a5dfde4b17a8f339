"""The step type ``task``."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.definitions.grammar import LONGEST, SCHEMA_TYPE
from chalicelib.core.definitions.model import AnswerKind, Outcome, StepContext, WaitForAnswer
from chalicelib.core.expressions.template import is_templated
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.errors import ResultTooLargeError, StepError
from chalicelib.core.values.json import Json, encode, parse_instant, truncate

MAX_PEOPLE = LIMITS.task_people_bytes

_NAME: dict[str, Json] = {"minLength": 1, "maxLength": LIMITS.task_names, "x-limit": "task_names"}
_PEOPLE: dict[str, Json] = {
    "type": ["array", "string", "null"],
    "maxItems": LIMITS.task_names,
    "items": {"type": "string", **_NAME},
    **_NAME,
}


class TaskStep:
    """Let a person decide, or do something.

    The task is in the lists of its `assignees` and of the members of its `groups`. Without either, anybody may do it.
    It is shown with its `title`, its `description`, the `data` to decide on, and a form made from `inputSchema`.
    Somebody claims it and completes it with an answer that passes `inputSchema`: the answer is the result of the step.
    Or somebody rejects it, which is the error `task.Rejected`. In the `output` and `stash` of the step,
    `step.completedBy` is the person.

    People whom `not` names can neither claim nor complete the task: this is the four-eyes principle.

    With `due` the task is due at an instant, or some seconds after it was opened. `then` says what happens if it is not
    done by then: `fail`, with `task.Overdue`; `continue`, with `value` as the result; or `reassign`, to the `assignees`
    and `groups` of `due`.

    ```yaml
    - id: approve
      type: task
      title: Approve the order of ${ input.customer }
      data: ${ input }
      groups: [sales]
      not: ${ execution.startedBy }
      inputSchema:
        type: object
        properties: {approved: {type: boolean, title: Is it approved?}}
        required: [approved]
      due: {seconds: 86400, then: reassign, groups: [managers]}
    - id: not-approved
      type: fail
      when: output.approved == `false`
      error: NotApproved
      cause: The order was not approved.
    ```
    """

    name = "task"
    delegates = True
    result_schema = "inputSchema"
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "title": {
                "type": "string",
                "minLength": 1,
                "maxLength": LIMITS.task_title_chars,
                "x-limit": "task_title_chars",
                "description": "What is to be done.",
            },
            "description": {"type": "string", "description": "More about it, for those who do it."},
            "data": {"description": "What to decide on: any JSON value."},
            "inputSchema": {
                "type": ["object", "boolean"],
                "contentMediaType": SCHEMA_TYPE,
                "description": "The JSON Schema (2020-12) of the answer, and so of the form; without it, any will do.",
            },
            "uiSchema": {"type": "object", "description": "How the form is shown: hints for who draws it."},
            "assignees": {**_PEOPLE, "description": "Who may do it: users."},
            "groups": {**_PEOPLE, "description": "Who may do it: members of these groups."},
            "not": {**_PEOPLE, "description": "Who must not do it, whatever else allows them to."},
            "priority": {
                "type": "integer",
                "minimum": 0,
                "maximum": LIMITS.task_priority,
                "x-limit": "task_priority",
                "default": 50,
                "description": "How urgent it is: 100 is the most.",
            },
            "due": {
                "type": "object",
                "properties": {
                    "at": {"type": "string", "format": "date-time"},
                    "seconds": {
                        "type": "number",
                        "minimum": 0,
                        "maximum": int(LONGEST.total_seconds()),
                        "x-limit": "longest_time",
                    },
                    "then": {"enum": ["fail", "continue", "reassign"]},
                    "value": {},
                    "assignees": _PEOPLE,
                    "groups": _PEOPLE,
                },
                "oneOf": [{"required": ["at"]}, {"required": ["seconds"]}],
                "additionalProperties": False,
                "description": "When it is due, `at` an instant or after some `seconds`, and what happens `then`: "
                "`fail` (the default), `continue` with a `value`, or `reassign` to `assignees` and `groups`.",
            },
        },
        "required": ["title"],
        "additionalProperties": False,
    }

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        """Wait for a person.

        Raises:
            StepError: the due date is no instant, or the names of people are too long together.
        """
        due: Any = params.get("due")
        size = len(encode([each.get(name) for each in (params, due or {}) for name in ("assignees", "groups", "not")]))
        if size > MAX_PEOPLE:
            raise ResultTooLargeError(
                beyond(
                    "task_people_bytes", f"its people and groups take {size:,} bytes, and {MAX_PEOPLE:,} are the most"
                )
            )
        return WaitForAnswer(AnswerKind.TASK, params, until=None if due is None else _instant(due, context.now))

    def remarks(self, params: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
        """Say which people and values nobody heeds, and which are not as they are meant."""
        for key in ("assignees", "groups", "not"):
            given = params.get(key)
            if isinstance(given, str) and "," in given and not is_templated(given):
                yield key, f"this is one name: write [{given}] for several"
        yield from (("due", said) for said in _due_remarks(params))


def _due_remarks(params: Mapping[str, Any]) -> Iterator[str]:
    """Say what a task does not heed of what is to happen when it is due."""
    due = params.get("due")
    then = due.get("then", "fail") if isinstance(due, dict) else None
    if due is None or then is None or is_templated(then):
        return
    people = not {"assignees", "groups"}.isdisjoint(due)
    if then != "reassign" and people:
        yield f"with then: {then} it goes to nobody else: write then: reassign"
    if then == "reassign" and not people:
        yield "it says nobody to reassign to, so anybody may do it: give assignees or groups beside then"
    if then != "continue" and "value" in due:
        yield f"with then: {then} no value is heeded: write then: continue"
    value, schema = due.get("value"), params.get("inputSchema", True)
    if then == "continue" and not is_templated([value, schema]):
        for problem in compile_schema(schema).problems(value)[:1]:
            yield f"the value is the result though it does not pass inputSchema: {problem.message}"


def _instant(due: Mapping[str, Any], now: datetime) -> datetime:
    if "seconds" in due:
        return truncate(now + timedelta(seconds=due["seconds"]))
    try:
        return parse_instant(due["at"])
    except (ValueError, OverflowError) as error:  # an offset can carry an instant out of the calendar
        right = "write RFC 3339 text with an offset, like 2026-01-31T09:00:00Z"
        raise StepError(f"'due' is at {due['at']!r}, which is no instant: {right}") from error
