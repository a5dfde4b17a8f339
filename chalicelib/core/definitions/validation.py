"""The validation of a posted definition: its includes resolved, its problems and its warnings."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from chalicelib.core.definitions.children import FindDefinition
from chalicelib.core.definitions.include import resolve
from chalicelib.core.definitions.model import Definition, StepType
from chalicelib.core.definitions.nulls import without_nulls
from chalicelib.core.definitions.parser import parse
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.schemas.schema import MAX_PROBLEMS
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.core.values.json import Json, Problem, encode
from chalicelib.core.values.value import value

MAX_BYTES = LIMITS.definition_bytes


@value
class Validation:
    """A posted definition, looked at from all sides; the places are those of what was posted."""

    document: Mapping[str, Json]
    """What there is to keep, if there are no problems."""
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    """Of a valid definition, or of what is beside its problems."""
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
        find: what answers the definitions that it may include, or start.
        inspect: what finds more that is wrong with one that is valid so far.
    """
    resolved = resolve(without_nulls(document, step_types), find)
    try:
        parsed = parse(resolved.document, step_types)
    except InvalidDefinitionError as error:
        from chalicelib.core.definitions.beside import warnings_beside  # noqa: PLC0415 - only problems need it

        odd = resolved.located(warnings_beside(resolved.document, error.problems, step_types, find))
        return Validation({}, [*resolved.problems, *resolved.located(error.problems)][:MAX_PROBLEMS], odd)
    from chalicelib.core.definitions.lint import lint  # noqa: PLC0415 - only authors need it

    valid = cast("Mapping[str, Json]", resolved.document)  # an object: parse accepts nothing else
    warnings = resolved.located(lint(valid, step_types, find=find))
    if resolved.problems:
        return Validation({}, resolved.problems, warnings)
    if len(encode(valid)) > MAX_BYTES:
        said = f"with the steps that it includes it has more than {MAX_BYTES:,} bytes"
        return Validation({}, [Problem("", beyond("definition_bytes", said))])
    if problems := resolved.located(inspect(valid)):
        return Validation({}, problems[:MAX_PROBLEMS], warnings)
    return Validation(valid, warnings=warnings, parsed=parsed)
