"""The events that the steps of a definition can take."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.core.definitions.model import Definition
from chalicelib.core.expressions.template import is_templated

EVENT, MAP = "event", "map"
"""The types of the steps that take events, and of those that may run their steps in executions of their own."""


def event_names(definition: Definition) -> frozenset[str] | None:
    """List the names of events that can be sent to an execution; None: any, as a template makes one.

    A step with a key inside of a `map` takes events by that key only.
    """
    return _names(
        source for path, source in _sources(definition) if "key" not in source or not _is_in_map(definition, path)
    )


def is_awaited_in_map(definition: Definition, name: str) -> bool:
    """Tell whether a step without a key inside of a `map` can wait for the events of a name."""
    names = _names(
        source for path, source in _sources(definition) if "key" not in source and _is_in_map(definition, path)
    )
    return names is None or name in names


def _sources(definition: Definition) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Find the steps that take events: their paths, and their parameters as they are written."""
    for step in definition.steps.values():
        if step.type.name == EVENT and isinstance(step.params.source, dict):
            yield step.path, step.params.source


def _names(sources: Iterator[Mapping[str, Any]]) -> frozenset[str] | None:
    names = [source.get("name") for source in sources]
    return None if any(map(is_templated, names)) else frozenset(map(str, names))


def _is_in_map(definition: Definition, path: str) -> bool:
    """Tell whether a step is nested in a `map`, however deep."""
    steps = definition.steps
    return any(step.type.name == MAP and path.startswith(f"{step.path}/") for step in steps.values())
