"""The contract, chalicelib/openapi.yaml, for tests: its operations, and validators of its schemas."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema.protocols import Validator

from chalicelib.api.parsing import read_yaml
from chalicelib.core.schemas.dialect import errors_of, new_validator
from chalicelib.core.values.json import Json

CONTRACT: Any = read_yaml((Path(__file__).parents[2] / "chalicelib" / "openapi.yaml").read_bytes(), 1_000_000)[0]


def resolved(node: Any) -> Any:
    """Find what a reference names, if it is nothing but one."""
    while "$ref" in node and len(node) == 1:
        keys = node["$ref"].removeprefix("#/").split("/")
        node = CONTRACT
        for key in keys:
            node = node[key]
    return node


@dataclass(frozen=True)
class Operation:
    path: str
    method: str
    declared: Any
    shared: Any
    """Parameters of all operations of the path."""

    @property
    def path_names(self) -> Mapping[str, str]:
        """The names of the path parameters, by the components that describe them."""
        return {parameter["$ref"].rpartition("/")[2]: resolved(parameter)["name"] for parameter in self.shared}

    @property
    def parameters(self) -> list[Any]:
        return [resolved(parameter) for parameter in [*self.shared, *self.declared.get("parameters", ())]]

    @property
    def body(self) -> Any:
        """The body that it takes, None without one."""
        return resolved(self.declared["requestBody"]) if "requestBody" in self.declared else None

    @property
    def statuses(self) -> set[int]:
        return {int(status) for status in self.declared["responses"]}

    def answers(self) -> Iterator[tuple[int, str, Any]]:
        """Every answer with a content: its status, its media type, and what is declared of it."""
        for status, response in self.declared["responses"].items():
            for kind, content in resolved(response).get("content", {}).items():
                yield int(status), kind, content


def operations(contract: Any) -> dict[str, Operation]:
    """Every operation of a contract, by its operationId."""
    return {
        declared["operationId"]: Operation(path, method.upper(), declared, item.get("parameters", []))
        for path, item in contract["paths"].items()
        for method, declared in item.items()
        if method != "parameters"
    }


OPERATIONS = operations(CONTRACT)


def examples(content: Any) -> list[Json]:
    """The examples of a body or an answer."""
    found = [content["example"]] if "example" in content else []
    return [*found, *(resolved(example)["value"] for example in content.get("examples", {}).values())]


def validator(schema: Any) -> Validator:
    """Make a validator of a schema of the contract, with the patterns that sedo understands."""
    return new_validator({**schema, "components": CONTRACT["components"]})


def validate(schema: Any, value: Json) -> None:
    assert not errors_of(validator(schema), value)
