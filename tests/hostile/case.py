"""What a hostile request is, and the refusal that it has to get."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.application import JSON, YAML, T

DEFINITIONS = f"{T}/definitions"
START = f"{DEFINITIONS}/plain/execute"


def same(token: str) -> str:
    return token


@dataclass(frozen=True)
class Case:
    """A request; in its path and its fields, ``<token>``, ``<task>`` and ``<execution>`` are those of what waits."""

    kind: str
    name: str
    status: int
    path: str
    body: bytes = field(default=b"", repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=lambda: JSON, repr=False)
    forge: Callable[[str], str] = field(default=same, repr=False)
    """Makes another token of the one that is named."""
    given: "Case | None" = field(default=None, repr=False)
    """A request before it, which succeeds."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


def text(value: Any) -> bytes:
    """Write JSON as the hostile do: half surrogate pairs as escapes."""
    return json.dumps(value, separators=(",", ":")).encode()


def create(kind: str, name: str, body: bytes, status: int = 400, headers: Mapping[str, str] = JSON) -> Case:
    """Post a definition."""
    return Case(kind, name, status, DEFINITIONS, body, headers=headers)


def create_yaml(kind: str, name: str, body: "bytes | str", status: int = 400) -> Case:
    """Post a definition in YAML."""
    return create(kind, name, body if isinstance(body, bytes) else body.encode(), status, YAML)


def definition(name: str = "d", steps: Any = None, **more: Any) -> dict[str, Any]:
    """Make a definition that is valid but for what is given."""
    return {"id": name, "steps": steps or [{"id": "a", "type": "succeed"}], **more}
