"""Holds every answer that a test gets, over Chalice's test client or HTTP, against chalicelib/openapi.yaml."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema.protocols import Validator

from chalicelib.api.headers import REQUEST_ID, SECURITY
from chalicelib.api.parsing import read_yaml
from chalicelib.core.schemas.dialect import errors_of
from chalicelib.core.values.json import Json
from chalicelib.core.values.json_text import MAX_BODY_DEPTH, read_json
from tests import words
from tests.api.declared import OPERATIONS, Operation, resolved, validator

HELD: Counter[tuple[str, int]] = Counter()
"""How many answers were held, by operation and status."""
PROBLEM = {"$ref": "#/components/schemas/Problem"}
CHOSEN = {"$ref": "#/components/schemas/ChosenMembers"}
OF_THE_GATEWAY = (403, 404, 405, 411, 413, 414, 415, 431, 500, 502, 504)
"""Statuses with which a gateway answers requests that no operation gets to see."""


def hold(method: str, target: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Hold an answer against what the contract declares of its operation and status."""
    fields = {name.lower(): field for name, field in headers.items()}
    if fields.get("content-type") in {"application/json", "application/problem+json"} and body:
        words.search(body)
    assert not [name for name in (*SECURITY, REQUEST_ID) if name.lower() not in fields]
    operation = operation_of("GET" if method == "HEAD" else method, target.partition("?")[0])
    if method == "OPTIONS" and status == 204:
        assert fields["allow"]
        return
    if operation is None or (status == 405 and "405" not in operation.declared["responses"]):
        assert status in OF_THE_GATEWAY, (status, body)
        check(PROBLEM, json.loads(body))
        return
    responses = operation.declared["responses"]
    assert str(status) in responses, (operation.declared["operationId"], status, body)
    declared = resolved(responses[str(status)])
    described = {name.lower(): resolved(header) for name, header in declared.get("headers", {}).items()}
    assert {"location", "link", "etag", "retry-after"} & {*fields} <= {*described}, (status, fields)
    for name, header in described.items():
        if header["required"] or name in fields:
            check(header["schema"], fields[name])
    HELD[operation.declared["operationId"], int(status)] += 1
    if "content" not in declared:
        assert body == b""
        return
    content = declared["content"][fields["content-type"]]
    if method != "HEAD":
        schema = content["schema"] if "fields=" in target else whole(content["schema"])
        check(schema, parsed(fields["content-type"], body))


_WHOLE: dict[int, Any] = {}


def whole(schema: Any) -> Any:
    """Answer what is declared of an answer to a request that has chosen no members of it."""
    if id(schema) not in _WHOLE:
        made = (
            {**schema, "anyOf": [each for each in schema["anyOf"] if each != CHOSEN]} if "anyOf" in schema else schema
        )
        _WHOLE[id(schema)] = {**made, "items": whole(schema["items"])} if "items" in schema else made
    return _WHOLE[id(schema)]


def parsed(kind: str, body: bytes) -> Json:
    """Read a body of a media type; what is no data is text. JSON may hold characters that YAML may not."""
    if "json" in kind and "jsonl" not in kind and "ndjson" not in kind:
        return read_json(body, 100_000_000, MAX_BODY_DEPTH)
    return read_yaml(body, 100_000_000)[0] if "yaml" in kind else body.decode()


def check(schema: Mapping[str, Json], value: Json) -> None:
    """Hold a value against a schema of the contract."""
    found = errors_of(compiled(_frozen(schema)), value)
    assert not found, [(error.json_path, error.message) for error in found[:3]]


def operation_of(method: str, path: str) -> Operation | None:
    """Find the operation of a path; None: the contract has none."""
    path = path.removesuffix("/")
    for operation, pattern in patterns():
        if operation.method == method and pattern.fullmatch(path):
            return operation
    return None


@cache
def patterns() -> list[tuple[Operation, re.Pattern[str]]]:
    """Write the path of every operation as a pattern, those with fixed names first."""
    made = [(operation, re.compile(re.sub(r"{\w+}", "[^/]*", operation.path))) for operation in OPERATIONS.values()]
    return sorted(made, key=lambda each: each[0].path.count("{"))


_SCHEMAS: dict[int, Mapping[str, Any]] = {}


def _frozen(schema: Mapping[str, Json]) -> int:
    """Name a schema of the contract, or one that was written here; it lives as long as the module."""
    _SCHEMAS[id(schema)] = schema
    return id(schema)


@cache
def compiled(name: int) -> Validator:
    return validator(_SCHEMAS[name])
