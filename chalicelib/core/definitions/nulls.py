"""Parameters of steps that are null, which leaves out what may be left out."""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.definitions.grammar import Kind, step_kind, step_retry_kind
from chalicelib.core.definitions.meaning import takes
from chalicelib.core.definitions.model import StepType
from chalicelib.core.values.json import Json


def without_nulls(document: Json, step_types: Mapping[str, StepType]) -> Json:
    """Leave out the parameters, times and numbers of `retry` of all steps that are null and cannot be.

    Args:
        document: the definition, which need not be valid; it stays as it is.
        step_types: what a step's ``type`` can name.
    """
    return _inside(document, step_types) if isinstance(document, dict) else document


def _inside(holder: Mapping[str, Any], step_types: Mapping[str, StepType]) -> dict[str, Json]:
    """Do so in the lists of steps that something has."""
    made = dict(holder)
    if isinstance(steps := holder.get("steps"), list):
        made["steps"] = [_step(each, step_types) if isinstance(each, dict) else each for each in steps]
    if isinstance(branches := holder.get("branches"), list):
        made["branches"] = [_inside(each, step_types) if isinstance(each, dict) else each for each in branches]
    return made


def _step(step: Mapping[str, Any], step_types: Mapping[str, StepType]) -> dict[str, Json]:
    name = step.get("type")
    kind = step_kind(step_types.get(name) if isinstance(name, str) else None)
    made = _inside(_kept(step, kind), step_types)
    if isinstance(retry := step.get("retry"), list):
        made["retry"] = [_kept(each, step_retry_kind()) if isinstance(each, dict) else each for each in retry]
    return made


def _kept(holder: Mapping[str, Any], kind: Kind) -> dict[str, Json]:
    """Leave out what is null where a template that comes to null would be left out."""
    optional = {*kind.params, *kind.times} - {*kind.required}
    return {
        key: each
        for key, each in holder.items()
        if each is not None or key not in optional or takes(kind.keys[key].document, "null")
    }
