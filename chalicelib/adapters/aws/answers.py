"""What actions of AWS answer, as JSON Schemas that may be inside of themselves."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.aws.allow import concerns
from chalicelib.adapters.aws.models import actions, operation, services
from chalicelib.core.values.json import Json

if TYPE_CHECKING:
    from botocore.model import Shape

_SCALARS: Mapping[str, str] = {
    **dict.fromkeys(("blob", "char", "string", "timestamp"), "string"),
    **dict.fromkeys(("integer", "long"), "integer"),
    "boolean": "boolean",
}
"""How scalars come back; of a ``float`` or a ``double`` what is no number is a text."""


def answer_of(step: Mapping[str, Any], patterns: Sequence[str]) -> Json:
    """Describe the answer to the action of a valid step; ``True`` if it is not known, or may not be called.

    Args:
        step: of the type `aws`.
        patterns: the actions that the installation allows.
    """
    service, action = step["service"], step["action"]
    if service not in services() or not concerns(patterns, service) or action not in actions(service):
        return True
    shape = operation(service, action).output_shape
    return True if shape is None else _schema(shape, {})


def _schema(shape: "Shape", known: dict[str, Json]) -> Json:
    if getattr(shape, "is_document_type", False) or shape.serialization.get("eventstream"):
        return True
    kind = shape.type_name
    if kind not in {"structure", "list", "map"}:
        return {"type": _SCALARS[kind]} if kind in _SCALARS else True
    if shape.name not in known:
        made: dict[str, Json] = {"type": "array" if kind == "list" else "object"}
        known[shape.name] = made
        made.update(_inside(shape, known))
    return known[shape.name]


def _inside(shape: Any, known: dict[str, Json]) -> Mapping[str, Json]:  # noqa: ANN401 - structures, lists and maps
    match shape.type_name:
        case "list":
            return {"items": _schema(shape.member, known)}
        case "map":
            return {"additionalProperties": _schema(shape.value, known)}
    members = {name: _schema(member, known) for name, member in shape.members.items()}
    return {"properties": members, "additionalProperties": False}
