"""Compile chalicelib/openapi.yaml to what the validation of requests needs: chalicelib/api/contract.json.

An operation is ``{path, query, header, right, named, audit, heldBy, body}``: schemas by the names of parameters, the
right that it needs, of which thing, what an audit calls it and what holds that already, and the body as ``{schema,
empty, blankIsEmpty, maxBytes}``, which is left out where there is none or something else checks it; ``fields`` are
header fields of every answer of an operation that is deprecated, and ``ofNobody`` says that it knows the tenant ``-``,
that of what is of no tenant. A schema has the keywords that
chalicelib/api/schemas.py knows, every ``$ref`` resolved, ``type`` as a list, and ``x-message`` written out.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, TypeAlias

Node: TypeAlias = Any
"""A value of the contract: an object mostly, a boolean where a schema is one."""

CONSTRAINTS = (
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "maxProperties",
)
"""Keywords that a value can break."""
RULES = ("type", *CONSTRAINTS, "x-limit", "required", "x-percent-encoded", "default")
"""Keywords that are copied."""
INNER = ("properties", "additionalProperties", "unevaluatedProperties", "propertyNames", "items", "anyOf", "if", "else")
"""Keywords that hold schemas, or say how they are compiled."""
HIDDEN = frozenset(
    {"x-limit", "x-secret", "x-blank-is-empty", "x-checked-by", "x-empty", "x-message", "x-percent-encoded"}
)
"""Notes for the check of requests, which readers of the contract have no use for."""
NOTES = ("description", "x-message", "x-checked-by")


class ContractError(Exception):
    """The contract says something that is not checked."""


def contract_json(contract: Mapping[str, Any]) -> str:
    """Write the compiled contract, an operation in each line."""
    operations = compiled(contract).items()
    lines = (f"{json.dumps(name)}:{json.dumps(made, separators=(',', ':'))}" for name, made in operations)
    return "{\n" + ",\n".join(lines) + "\n}"


def compiled(contract: Mapping[str, Any]) -> dict[str, Any]:
    """Compile every operation, by its operationId.

    Raises:
        ContractError: a request has a keyword that is not checked, a pattern without its ends, or no message.
    """
    compiler = _Compiler(contract)
    return {
        operation["operationId"]: compiler.operation(path, item.get("parameters", []), operation)
        for path, item in contract["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def served_json(contract: Mapping[str, Any]) -> str:
    """Write the contract as it is served: without the notes for the check of requests."""
    return json.dumps(_without_notes(contract), ensure_ascii=False, separators=(",", ":"))


def _farewell(operation: Mapping[str, Any]) -> dict[str, str]:
    """Make the header fields of what will go: since when it is deprecated (RFC 9745), and when it ends (RFC 8594).

    Raises:
        ContractError: the contract does not say so.
    """
    try:
        since, end = (datetime.fromisoformat(operation[key]) for key in ("x-deprecated-since", "x-sunset"))
    except KeyError as error:
        raise ContractError(f"{operation['operationId']} is deprecated, and has no {error.args[0]}") from error
    instant = end.replace(tzinfo=UTC)
    return {
        "Deprecation": f"@{int(since.replace(tzinfo=UTC).timestamp())}",
        "Sunset": format_datetime(instant, usegmt=True),
    }


def _without_notes(node: Node) -> Node:
    if isinstance(node, Mapping):
        return {key: _without_notes(inner) for key, inner in node.items() if key not in HIDDEN}
    return [_without_notes(inner) for inner in node] if isinstance(node, list) else node


class _Compiler:
    def __init__(self, contract: Mapping[str, Any]) -> None:
        self._contract = contract

    def operation(self, path: str, shared: Sequence[Any], operation: Mapping[str, Any]) -> dict[str, Any]:
        """Compile an operation; it shares parameters with the others of its path."""
        parameters = [self.component(parameter) for parameter in [*shared, *operation.get("parameters", ())]]
        members = self.members(operation)
        made: dict[str, Any] = {
            place: {found["name"]: self.parameter(found, members) for found in parameters if found["in"] == place}
            for place in ("path", "query", "header")
        }
        made["path"] = {name: made["path"][name] for name in re.findall(r"{(\w+)}", path)}
        made["right"] = operation["x-right"]
        if operation["x-audit"] is not None:
            made["audit"] = operation["x-audit"]
        if "x-audit-held-by" in operation:
            made["heldBy"] = operation["x-audit-held-by"]
        if "x-right-of" in operation:
            made["named"] = operation["x-right-of"]
        if operation.get("x-of-nobody"):
            made["ofNobody"] = True
        if "x-secret" in operation:
            made["secret"] = operation["x-secret"]
        if operation.get("deprecated"):
            made["fields"] = _farewell(operation)
        body = self.component(operation.get("requestBody", {"x-checked-by": "nothing"}))
        if "x-checked-by" not in body:
            made["body"] = {
                "schema": self.schema(body["content"]["application/json"]["schema"], None),
                "empty": body.get("x-empty", {}),
                "blankIsEmpty": body.get("x-blank-is-empty", True),
            }
            if "x-max-bytes" in body:
                made["body"]["maxBytes"] = body["x-max-bytes"]
        return made

    def members(self, operation: Mapping[str, Any]) -> Sequence[str]:
        """Name the members of the object, or of those in the list or on the page, that an operation answers with."""
        answer = self.component(operation["responses"].get("200", {})).get("content", {}).get("application/json", {})
        schema = self.component(answer.get("schema", {}))
        schema = schema.get("properties", {}).get("items", schema)
        return [*dict.fromkeys(self.named(schema.get("items", schema)))]

    def named(self, schema: Mapping[str, Any]) -> Iterator[str]:
        """Name the properties of a schema."""
        if "$ref" in schema:
            yield from self.named(self.component(schema))
        for inner in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
            yield from self.named(inner.get("items", inner))
        yield from schema.get("properties", ())

    def parameter(self, parameter: Mapping[str, Any], members: Sequence[str]) -> dict[str, Any]:
        if parameter["schema"].get("type") == "array" and parameter.get("explode", True):
            raise ContractError(f"{parameter['name']} is one text: a list is read with commas in it, explode: false")
        required = parameter.get("required") and parameter["in"] != "path"
        if required and parameter["in"] != "query":
            raise ContractError(f"{parameter['name']}: whether it is there is not checked")
        schema = parameter["schema"]
        if schema.get("x-members-of-answer"):
            schema = {"type": "array", "items": {"enum": members}}
        made: dict[str, Any] = self.schema(schema, parameter["name"], is_text=True)
        if made.get("type") == ["string"]:
            del made["type"]  # it is a text
        return made | {"isRequired": True} if required else made

    def component(self, node: Mapping[str, Any]) -> Node:
        """Find what a ``$ref`` names, if it is one."""
        if "$ref" not in node:
            return node
        found: Any = self._contract
        for key in node["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        return found

    def merged(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Follow the ``$ref`` of a schema; what is beside it is added, or replaces a note or a default."""
        if "$ref" not in schema:
            return dict(schema)
        base, own = self.merged(self.component(schema)), {key: schema[key] for key in schema if key != "$ref"}
        if twice := base.keys() & own.keys() - {*NOTES, "default", "properties", "required"}:
            raise ContractError(f"{', '.join(twice)} is beside {schema['$ref']}, which has it, too")
        properties = {**own.get("properties", {}), **base.get("properties", {})}
        required = [*base.get("required", ()), *own.get("required", ())]
        both = {"properties": properties, "required": required}
        return {**base, **own, **{keyword: both[keyword] for keyword in both if both[keyword]}}

    def schema(self, given: Node, name: str | None, *, is_text: bool = False, is_silent: bool = False) -> Node:
        """Compile a schema.

        Args:
            given: the schema.
            name: of the parameter or member; None is the body.
            is_text: whether it is of a parameter, whose number or boolean is written as text.
            is_silent: whether nobody sees its messages.
        """
        if isinstance(given, bool):
            return {} if given else False
        node = self.merged(given)
        if unknown := node.keys() - {*RULES, *INNER, *NOTES}:
            raise ContractError(f"{name or 'the body'}: {', '.join(sorted(unknown))} is not checked")
        if "x-checked-by" in node:
            return {"default": node["default"]} if "default" in node else {}
        made = {keyword: node[keyword] for keyword in RULES if keyword in node}
        if "type" in made:
            made["type"] = [made["type"]] if isinstance(made["type"], str) else made["type"]
        if "pattern" in made and not re.fullmatch(r"\^.*\$", made["pattern"]):
            raise ContractError(f"{name}: the pattern {made['pattern']} has no ^ and $ at its ends")
        if lost := {*node.get("required", ())} - node.get("properties", {}).keys():
            raise ContractError(f"{name or 'the body'} requires {', '.join(lost)}, and has no such member")
        message = _message(node, name, is_text=is_text)
        self.inner(made, node, name, is_text=is_text, is_silent=is_silent)
        if message and not is_silent:
            made["x-message"] = message
        elif not is_silent and (made.keys() & CONSTRAINTS or ("type" in made and not is_text)):
            raise ContractError(f"{name or 'the body'} has no x-message")
        return made

    def inner(
        self, made: dict[str, Any], node: Mapping[str, Any], name: str | None, *, is_text: bool, is_silent: bool
    ) -> None:
        """Compile the schemas in a schema; those in a list that is written as text have no messages of their own."""
        if node.get("additionalProperties", node.get("unevaluatedProperties")) is False:
            made["additionalProperties"] = False
        elif "additionalProperties" in node:
            raise ContractError(f"{name}: members that are not named are not checked")
        if "properties" in node:
            properties = node["properties"].items()
            made["properties"] = {
                member: self.schema(inner, member, is_silent=is_silent) for member, inner in properties
            }
        for keyword in ("propertyNames", "items", "else"):
            if keyword in node:
                made[keyword] = self.schema(node[keyword], name, is_silent=is_silent or is_text)
        if "if" in node:
            made["if"] = self.schema(node["if"], name, is_silent=True)
        if "anyOf" in node:
            silent = is_silent or "x-message" in node
            alternatives = enumerate(node["anyOf"])  # the first one speaks for all
            made["anyOf"] = [self.schema(inner, name, is_silent=silent or number > 0) for number, inner in alternatives]


def _message(node: Mapping[str, Any], name: str | None, *, is_text: bool) -> Node:
    """Write the message of a schema: its own, or one made from a range or a list of members; empty if there is none."""
    own = node.get("x-message", {})
    if isinstance(own, str):
        return own.replace("{name}", name or "the body")
    kind, value = node.get("type"), ", not {value}" if is_text else ""
    if kind in ("integer", "number") and {"minimum", "maximum"} <= node.keys():
        number = "whole number" if kind == "integer" else "number"
        return f"{name} is a {number} from {node['minimum']} to {node['maximum']}{value}"
    if kind == "boolean":
        return f"{name} is true or false{value}"
    if is_text and "enum" in node.get("items", node):
        names = ", ".join(node.get("items", node)["enum"])
        return f"{name} is not {{value}}: it is {'one or more' if 'items' in node else 'one'} of {names}"
    if kind == "object" and "properties" in node:
        whole, members = name or "the body", ", ".join(node["properties"])
        unknown = f"{whole} has no {{value}}: it takes {members}"
        return {"type": f"{whole} is an object; it takes {members}", "additionalProperties": unknown, **own}
    return own
