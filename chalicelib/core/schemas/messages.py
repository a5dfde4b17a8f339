"""What is wrong with an instance, in words of JSON: jsonschema writes values as Python does."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.core.limits import LIMITS

if TYPE_CHECKING:
    from jsonschema import ValidationError

MAX_MESSAGE = LIMITS.problem_chars
LONG = 20_000
"""Characters of a message that repeats a value which nobody could read, and which costs as much to write again."""
SHOWN = 100
"""Characters of a text that is not as its pattern asks, where the schema says in words what that is."""
LISTED = 10
"""Of the alternatives of a schema, in a message."""


def message_of(error: "ValidationError") -> str:
    """Word an error: values as JSON, the names that a text may be, and of a long list of alternatives the beginning."""
    if error.validator == "anyOf" and isinstance(error.instance, str):
        telling = (each for each in error.context or () if each.validator == "enum" or _words_of_pattern(each))
        error = next(telling, error)
    message = error.message
    if words := _words_of_pattern(error):
        return f"{_text(str(error.instance)[:SHOWN])}: {words}"[:MAX_MESSAGE]
    if error.validator in _MOST:
        things = f"{_MOST[error.validator]} at most, and has {len(error.instance):,}"  # type: ignore[arg-type] # it has a length
        return f"it can have {error.validator_value:,} {things}"
    if len(message) > LONG:
        return f"it is large, and not as {error.validator} asks"
    if error.validator == "oneOf" and (names := _one_needed(error.validator_value)):
        return f"it needs exactly one of {', '.join(names)}"[:MAX_MESSAGE]
    if error.validator == "oneOf" and not error.context:
        message = f"{error.instance!r} is valid under more than one of the given schemas"
    for value in (error.instance, error.validator_value):
        if isinstance(value, str):
            continue
        written = repr(value)
        if written in message:
            message = message.replace(written, _shown(value))
    return message[:MAX_MESSAGE]


def _words_of_pattern(error: "ValidationError") -> str:
    """Find what a schema says of its pattern, by a keyword of VS Code's JSON and YAML language servers."""
    if error.validator != "pattern" or not isinstance(error.schema, dict):
        return ""
    words = error.schema.get("patternErrorMessage")
    return words if isinstance(words, str) else ""


_MOST = {"maxItems": "items", "maxLength": "characters", "maxProperties": "members"}
"""What there is too much of, by the keyword that says how much there may be."""


def _one_needed(choices: Any) -> Sequence[str]:  # noqa: ANN401 - of jsonschema
    """Find the members of which an object has exactly one, if that is all that the alternatives of a schema say."""
    alone = all(
        isinstance(each, dict) and each.keys() == {"required"} and len(each["required"]) == 1 for each in choices
    )
    return [each["required"][0] for each in choices] if alone else ()


def _shown(value: object) -> str:
    if isinstance(value, list) and len(value) > LISTED:
        return f"{_text(value[:LISTED])[:-1]}, … {len(value)} in all]"
    return _text(value)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
