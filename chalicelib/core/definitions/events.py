"""The events that the steps of a definition can take."""

from chalicelib.core.definitions.model import Definition
from chalicelib.core.expressions.template import is_templated

EVENT = "event"
"""The type of the steps that take events."""


def event_names(definition: Definition) -> frozenset[str] | None:
    """List the names of events that some step can take; None: any, as a template makes one."""
    sources = [step.params.source for step in definition.steps.values() if step.type.name == EVENT]
    names = [source.get("name") for source in sources if isinstance(source, dict)]
    return None if any(map(is_templated, names)) else frozenset(map(str, names))
