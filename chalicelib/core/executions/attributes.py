"""Search attributes: what a definition declares so that its executions are found by it.

At the start one that cannot be made refuses the start, so that its caller hears of it. Later such a one is left out:
no execution fails because of what it could be found by.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

from chalicelib.core.definitions.model import Definition
from chalicelib.core.executions.model import ROOT, Execution, Thread
from chalicelib.core.executions.scope import rendered
from chalicelib.core.expressions.template import Template
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.errors import InvalidInputError, StepError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with

LONGEST = LIMITS.search_value_chars

SearchValue: TypeAlias = str | float | bool


def first_attributes(definition: Definition, submitted: Execution) -> dict[str, SearchValue]:
    """Make the attributes of an execution as submitted.

    Raises:
        InvalidInputError: one cannot be made from its input; it says which, and why.
    """
    made = dict[str, SearchValue]()
    for name, template in definition.search.items():
        try:
            found = _value(template, name, submitted, submitted.threads[ROOT], submitted.started_at)
        except StepError as error:
            raise InvalidInputError(f"the search attribute {name!r} cannot be made from this input: {error}") from error
        made |= {} if found is None else {name: found}
    return made


def with_attributes(definition: Definition, before: Execution, after: Execution, now: datetime) -> Execution:
    """Make the attributes of an execution anew where the stash of its first thread has changed.

    A partition of a `map` has none: it is found by what started it.
    """
    if after.partition is not None or _stash(before) is _stash(after):
        return after
    seen = copy_with(after.threads[ROOT], stash=_stash(after))
    return copy_with(after, attributes=_made(definition, after, seen, now))


def _made(definition: Definition, execution: Execution, root: Thread, now: datetime) -> dict[str, SearchValue]:
    made = dict[str, SearchValue]()
    for name, template in definition.search.items():
        try:
            found = _value(template, name, execution, root, now)
        except StepError:
            continue
        made |= {} if found is None else {name: found}
    return made


def _stash(execution: Execution) -> Mapping[str, Json]:
    return execution.stash if execution.ended else execution.threads[ROOT].stash


def _value(template: Template, name: str, execution: Execution, root: Thread, now: datetime) -> SearchValue | None:
    """Make an attribute; None: it is left out.

    Raises:
        StepError: it cannot be rendered, or is none.
    """
    match rendered(template, execution, root, None, now, site=f"search/{name}"):
        case dict() | list() as made:
            kind = "an object" if isinstance(made, dict) else "a list"
            raise StepError(f"it is {kind}, and not a text, a number or a boolean")
        case str() | int() as made if len(str(made)) > LONGEST:
            raise StepError(
                beyond("search_value_chars", f"it has {len(str(made)):,} characters, and {LONGEST} are the most")
            )
        case made:
            return made
