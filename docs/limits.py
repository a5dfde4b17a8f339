"""Write the reference of the limits, from the docstrings of their values."""

import ast
import inspect
from collections.abc import Iterator, Mapping
from datetime import timedelta

from chalicelib.core.limits import LIMITS, Limits
from chalicelib.core.ways_around import WAYS
from docs.beyond_limits import BEYOND

INTRODUCTION = """\
# Limits

Made from the code by `make docs`. Beyond a limit, a definition is refused when it is created, a request is refused with
the status that is given, and a step fails with the named error, which `catch` can catch. Only what is told of an error
(problems, details, lines of a log) is cut short. Where AWS sets a limit, its source stands beside it. The quotas of an
AWS account are not here. A message of what is beyond a limit has the limit's value, its name in brackets, and the way
around it."""

GROUPS = {
    "body_bytes": "Requests and answers",
    "definition_steps": "Definitions",
    "schema_bytes": "Schemas",
    "expression_bytes": "Templates",
    "value_depth": "Values",
    "result_chars": "Executions",
    "key_waiting": "Events and tokens",
    "task_priority": "Tasks",
    "inline_turns": "Starts and answers",
    "call_seconds": "Calls",
    "dry_run_turns": "Dry runs",
}
"""The headings, by the limit that comes first under each."""
KIB = 1024
UNITS = {timedelta(days=1): "day", timedelta(hours=1): "hour", timedelta(seconds=1): "second"}


def limits() -> Iterator[str]:
    """Write a table of every limit: its unit, its docstring, what comes of what is beyond it, and the way around it."""
    yield INTRODUCTION
    for name, about in docstrings().items():
        if name in GROUPS:
            yield from (
                "",
                f"## {GROUPS[name]}",
                "",
                "| limit | value | means | beyond it | the way around it |",
                "|---|---|---|---|---|",
            )
        error = BEYOND[name]
        shown = value(getattr(LIMITS, name), about.split()[0].rstrip(","))
        yield f"| `{name}` | {shown} | {about} | {error[0].upper()}{error[1:]}. | {WAYS[name]} |"


def docstrings() -> Mapping[str, str]:
    """Read what stands below each limit in the code."""
    (limits,) = ast.parse(inspect.getsource(Limits)).body
    found, name = {}, ""
    for node in limits.body if isinstance(limits, ast.ClassDef) else ():
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif name and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found[name] = " ".join(str(node.value.value).split())
    return found


def value(limit: int | timedelta, word: str) -> str:
    """Write a limit with its unit, which is the first word of its docstring where that is a plural."""
    if isinstance(limit, timedelta):
        size = next(size for size in UNITS if limit % size == timedelta())
        return amount(limit // size, UNITS[size] + "s")
    unit = word.lower() if word.endswith("s") else ""
    return amount(limit, unit) + (f" ({binary(limit)})" if unit == "bytes" and limit % KIB == 0 else "")


def amount(number: int, unit: str) -> str:
    """Write a number, and of what it is."""
    return f"{number:,} {unit.removesuffix('s') if number == 1 else unit}".rstrip()


def binary(size: int) -> str:
    """Write bytes as the largest power of 1024 of which they are a multiple."""
    return f"{size // KIB:,} KiB" if size % KIB**2 else f"{size // KIB**2:,} MiB"
