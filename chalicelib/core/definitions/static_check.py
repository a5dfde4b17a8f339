"""Whether the parameters of a step can break their schema once their templates are rendered."""

from typing import Any

from chalicelib.core.expressions.template import is_templated, makes_text
from chalicelib.core.schemas.schema import Schema
from chalicelib.core.values.json import Json

_NOTES = frozenset({"default", "description", "examples", "title"})
_OF_TEXT = _NOTES | {"type"}
_OF_LIST = _NOTES | {"items", "type"}
_OF_OBJECT = _NOTES | {"additionalProperties", "properties", "required", "type"}


def passes_always(params: Json, schema: Schema) -> bool:
    """Tell whether parameters fit their schema whatever their templates render to; if in doubt, they may not.

    Args:
        params: as they stand in a definition that is valid: which of them there are, and all that is no template, has
            been held against the schema.
        schema: of the rendered parameters, as :func:`~chalicelib.core.definitions.grammar.params_schema` makes it.
    """
    document: Any = schema.document
    return (
        isinstance(params, dict)
        and document.keys() <= _OF_OBJECT | {"oneOf"}
        and all(choice.keys() == {"required"} for choice in document.get("oneOf", ()))
        and all(_fits(value, document["properties"][name]) for name, value in params.items())
    )


def _fits(value: Any, schema: Any) -> bool:  # noqa: ANN401 - JSON, and its JSON Schema
    if isinstance(schema, bool):
        return schema
    if not is_templated(value) or schema.keys() <= _NOTES:
        return True
    kinds = schema.get("type", ())
    match value:
        case str():
            return schema.keys() <= _OF_TEXT and "string" in kinds and makes_text(value)
        case list():
            items = schema.get("items", True)
            return schema.keys() <= _OF_LIST and "array" in kinds and all(_fits(item, items) for item in value)
        case _:
            named, others = schema.get("properties", {}), schema.get("additionalProperties", True)
            return (
                schema.keys() <= _OF_OBJECT
                and "object" in kinds
                and value.keys() >= {*schema.get("required", ())}
                and all(_fits(part, named.get(name, others)) for name, part in value.items())
            )
