"""Words of Python and of libraries, which no message for people has: every answer of a test client is searched."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from chalicelib.core.values.errors import InternalError, PoisonError, StepError
from chalicelib.steps import STEP_TYPES

FOREIGN = re.compile(
    r"(?<!If-)\b(None|True|False|NoneType|dict|jmespath|jsonschema|msgspec|urllib3?|botocore|pydantic|RecursionError)\b"
    r"|object at 0x|<(?:class|function|built-in)|not supported between|codec can't|Traceback|has no attribute"
    r"|not subscriptable|positional argument|unhashable|\b[A-Z][A-Za-z]*(?:Error|Exception)\b"
    r"|is not of type|were? unexpected\)|non-unique|should be non-empty|was expected"
    r"|under any of the given|(?:minimum|maximum) of [0-9]|is not a '|False schema|not have enough properties"
    r"|cannot start any token|did not find expected|mapping values|in this context|could not find expected"
    r"|strptime|isoformat|UTF-16|surrogates not allowed|base64-encoded|JMESPath|regex(?:es)? \("
    r"|Unknown token|invalid literal|char \d+\)|Object (?:missing|contains)|Expected `|JSON is malformed"
)
QUOTED = re.compile(r"`[^`]*`|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
"""What a message quotes: words of whoever wrote them."""
OF_USERS = {"input", "output", "stash", "result", "data", "answer", "params", "item", "value", "incoming", "content"}
"""Members of answers whose values are not sedo's words."""
EVIDENT = {InternalError.name, PoisonError.name, "Interrupted"}
"""Errors whose details are evidence for whoever mends sedo."""


def own_names() -> set[str]:
    """Name the errors whose messages are sedo's own words, however they are caught and shown."""
    kinds, names = [StepError], {"http.BadAnswer", "lambda.BadAnswer", "aws.TooLarge", "http.Blocked", "http.TooLarge"}
    while kinds:
        kind = kinds.pop()
        names.add(kind.name)
        kinds += kind.__subclasses__()
    for each in STEP_TYPES.values():
        names |= {*getattr(each, "errors", ())}
    return names


OWN = own_names()


def foreign(message: str) -> list[str]:
    """Find the words in a message, beside what it quotes, that are not of the language."""
    return [found[0] for found in FOREIGN.finditer(QUOTED.sub("''", message))]


def messages(document: Any) -> Iterator[str]:
    """Find all that an answer tells people: problems, warnings and errors of steps, but no value of a user."""
    if isinstance(document, list):
        for each in document:
            yield from messages(each)
    elif isinstance(document, dict):
        if {"title", "detail", "status", "type"} <= {*document} and isinstance(document["title"], str):
            yield from (document["title"], document["detail"])
        name = document.get("name")
        if isinstance(document.get("message"), str) and (
            "pointer" in document or (isinstance(name, str) and name in OWN)
        ):
            yield document["message"]
            yield str(document.get("right", ""))
        hidden = OF_USERS | ({"details"} if isinstance(name, str) and name in EVIDENT else set())
        for member, each in document.items():
            if member not in hidden:
                yield from messages(each)


def require_own(found: Iterable[str]) -> None:
    """Hold messages to the words of the language."""
    wrong = [(words, message) for message in found if (words := foreign(message))]
    assert not wrong, wrong


def search(body: bytes) -> None:
    """Search an answer in JSON."""
    require_own(messages(json.loads(body)))
