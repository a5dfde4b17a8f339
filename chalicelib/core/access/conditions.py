"""Conditions of access: what a definition asks of callers, beside the right that a role gives them.

They restrict further: a caller needs the right and has to meet the condition. Administrators are held to conditions,
too: to let anybody else, the author of the definition makes a new version, which everybody sees.
"""

from datetime import datetime

from chalicelib.core.definitions.model import Definition
from chalicelib.core.definitions.record import Subject
from chalicelib.core.executions.model import Execution
from chalicelib.core.executions.scope import execution_values
from chalicelib.core.expressions.functions_data import is_true
from chalicelib.core.expressions.interpreter import CONDITION
from chalicelib.core.expressions.template import Scope, render
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.globs import matching
from chalicelib.core.values.json import Json


def unmet(definition: Definition, version: int, key: str, subject: Subject, now: datetime, **about: Json) -> str | None:
    """Tell why somebody does not meet a condition; None: they do, or there is none.

    Args:
        definition: says the condition.
        version: of the definition.
        key: what it is about: ``execute``, ``complete``, ``cancel``, ``read``.
        subject: who asks.
        now: the instant of the request.
        about: the ``input`` and the ``execution``, as far as the condition may see them.
    """
    restriction, missing = definition.access.get(key), missing_role(definition, key, subject)
    if restriction is None or restriction.when is None or missing is not None:
        return missing
    name = _name(definition, key)
    values: dict[str, Json] = {"subject": _seen(subject), "definition": {"id": definition.id, "version": version}}
    try:
        holds = is_true(render(restriction.when, Scope({**values, **about}, now, f"{definition.id}/{key}", CONDITION)))
    except StepError as error:
        return f"{name}, which cannot be evaluated: {error}"
    return None if holds else f"{name}: {restriction.when.source}"


def missing_role(definition: Definition, key: str, subject: Subject) -> str | None:
    """Tell which roles a condition names of which somebody has none; None: they have one, or it names none."""
    restriction = definition.access.get(key)
    if restriction is None or restriction.roles is None or not restriction.roles.isdisjoint(subject.roles):
        return None
    return f"{_name(definition, key)}: one of the roles {', '.join(sorted(restriction.roles))}"


def _name(definition: Definition, key: str) -> str:
    return f"needs what access.{key} of {definition.id!r} says"


def unmet_of(definition: Definition, execution: Execution, key: str, subject: Subject, now: datetime) -> str | None:
    """Tell the same of an execution."""
    about: dict[str, Json] = {"input": execution.input, "execution": execution_values(execution)}
    return unmet(definition, execution.definition_version, key, subject, now, **about)


def missing_start(author: Subject, definition: Definition) -> str | None:
    """Tell which right the author of a definition lacks who starts another one; None: they have it."""
    return None if matching(definition.id, author.starts) else f"needs the right executions:start of {definition.id!r}"


def _seen(subject: Subject) -> dict[str, Json]:
    return {
        "id": subject.id,
        "means": subject.means,
        "groups": [*sorted(subject.groups)],
        "roles": [*sorted(subject.roles)],
    }
