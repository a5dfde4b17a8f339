"""What a posted definition comes to: its includes resolved, its problems, or what is odd about it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import cast

from chalicelib.core.definitions.include import FindDefinition, resolve
from chalicelib.core.definitions.lint import lint
from chalicelib.core.definitions.model import Definition, StepType
from chalicelib.core.definitions.parser import parse
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.schemas.schema import MAX_PROBLEMS
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.core.values.json import Json, Problem, encode, pointer
from chalicelib.core.values.value import value

MAX_BYTES = LIMITS.definition_bytes


@value
class Validation:
    """A posted definition, looked at from all sides; the places are those of what was posted."""

    document: Mapping[str, Json]
    """What there is to keep, if there are no problems."""
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    """Of a valid definition, or of what is beside expressions that cannot be read."""
    parsed: Definition | None = None
    """It, compiled, if it is valid."""


def validate(
    document: Json,
    step_types: Mapping[str, StepType],
    find: FindDefinition,
    inspect: Callable[[Mapping[str, Json]], Sequence[Problem]] = lambda _: (),
) -> Validation:
    """Look at a definition as it was posted.

    Args:
        document: the definition.
        step_types: what a step's ``type`` can name.
        find: what answers the definitions that it may include.
        inspect: what finds more that is wrong with one that is valid so far.
    """
    resolved = resolve(document, find)
    try:
        parsed = parse(resolved.document, step_types)
    except InvalidDefinitionError as error:
        odd = resolved.located(_beside(resolved.document, error.problems, step_types))
        return Validation({}, [*resolved.problems, *resolved.located(error.problems)][:MAX_PROBLEMS], odd)
    valid = cast("Mapping[str, Json]", resolved.document)  # an object: parse accepts nothing else
    if resolved.problems:
        return Validation({}, resolved.problems)
    if len(encode(valid)) > MAX_BYTES:
        return Validation(
            {},
            [
                Problem(
                    "",
                    beyond("definition_bytes", f"with the steps that it includes it has more than {MAX_BYTES:,} bytes"),
                )
            ],
        )
    if problems := resolved.located(inspect(valid)):
        return Validation({}, problems[:MAX_PROBLEMS])
    return Validation(valid, warnings=resolved.located(lint(valid, step_types)), parsed=parsed)


def _beside(document: Json, problems: Sequence[Problem], step_types: Mapping[str, StepType]) -> Sequence[Problem]:
    """Find what is odd about the rest of a definition whose only problems are expressions that cannot be read."""
    readable = _readable(document, frozenset(problem.pointer for problem in problems))
    try:
        parse(readable, step_types)
    except InvalidDefinitionError:
        return ()
    return lint(cast("Mapping[str, Json]", readable), step_types)


def _readable(source: Json, places: Collection[str], path: tuple[str | int, ...] = ()) -> Json:
    """Put an expression of which nothing is known in the place of texts."""
    match source:
        case str() if path and pointer(path) in places:
            return "now()" if path[-1] == "when" else "${now()}"
        case list():
            return [_readable(item, places, (*path, index)) for index, item in enumerate(source)]
        case dict():
            return {key: _readable(member, places, (*path, key)) for key, member in source.items()}
    return source
