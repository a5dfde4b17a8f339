"""Write the reference of rights, from the contract and the built-in roles."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.core.access.rights import BUILT_IN, OF_OPERATORS, RIGHTS, Grant

INTRODUCTION = """\
# Rights

Made from the code by `make docs`. [access.md](access.md) says how roles are given. `tenants:write` counts where the
role is bound in the installation alone.

| role | what for |
|---|---|"""


def rights(contract: Mapping[str, Any]) -> Iterator[str]:
    """Write the table of rights: the operations that need each, and the built-in roles that give it."""
    yield INTRODUCTION
    for role in BUILT_IN.values():
        yield f"| `{role.name}` | {role.title} |"
    yield from ("", f"| right | operations | {' | '.join(BUILT_IN)} |", f"|---|---|{'---|' * len(BUILT_IN)}")
    for right in RIGHTS:
        needing = ", ".join(f"`{name}`" for name in _operations(contract, right))
        given = (_given(role.rules, right) for role in BUILT_IN.values())
        yield f"| `{right}` | {needing} | {' | '.join(given)} |"
    known, everybody = (", ".join(f"`{name}`" for name in _operations(contract, each)) for each in ("known", "none"))
    yield from ("", f"For everybody who is known: {known}." if known else "", f"For everybody: {everybody}.")


def _given(rules: Any, right: str) -> str:  # noqa: ANN401 - rules of a role
    if right in OF_OPERATORS:
        return "in the installation" if Grant(everywhere=rules).allows(right) else ""
    return "yes" if Grant(rules).allows(right) else ""


def _operations(contract: Mapping[str, Any], right: str) -> Iterator[str]:
    for item in contract["paths"].values():
        for name, operation in item.items():
            if name != "parameters" and operation["x-right"] == right:
                yield operation["operationId"]
