"""Write the reference from the code: ``python docs/generate.py``; with ``--check``, only say what is out of date."""

import inspect
import json
import logging
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
CONTRACT = ROOT / "chalicelib" / "openapi.yaml"
sys.path.insert(0, str(ROOT))

from chalicelib.api.parsing import read_yaml
from chalicelib.core.definitions.error_names import COMMON_ERRORS
from chalicelib.core.definitions.grammar import DEFINITION_KEYS, ENTRIES, INCLUDE, STEP_KEYS
from chalicelib.core.definitions.model import StepType
from chalicelib.core.definitions.schema_export import definition_schema
from chalicelib.core.executions.decide import table_rows
from chalicelib.core.executions.model import Execution, HistoryEntry, State
from chalicelib.core.expressions.functions import Functions
from chalicelib.core.expressions.template import Scope, compile_condition, render
from chalicelib.core.values.log_line import JsonFormatter
from chalicelib.engine.observers import turn_line
from chalicelib.steps import STEP_TYPES
from chalicelib.wiring.settings import variables
from deploy import policies
from docs.contract import contract_json, served_json
from docs.failures import failures
from docs.limits import limits
from docs.rights import rights

DEFAULTS = """\
At the start of an execution the `default`s of `inputSchema` are filled into the input, and then the input has to pass
the schema. So every step sees a member with a default, and such a member may be `required`. This is so for each start:
over the API, by a `workflow` step, and in a dry run. An execution keeps its input, whatever newer versions of the
definition say. A start that is repeated under its `name` is the same start if its input, with the defaults of the first
version, is the same.

A missing member gets the default that `properties` has for it: its own, or that of its `$ref` or `allOf`. `properties`
apply at the top, wherever `items`, `prefixItems`, `additionalProperties`, `allOf`, `$ref` and other `properties` lead,
and within a default. A member that is null is not missing. Defaults under `anyOf`, `oneOf`, `not`, `if`, `then`,
`else`, `dependentSchemas` or `patternProperties` are not filled in. Nor are a default of the whole input and one of an
item. A warning says so when the definition is created.

`outputSchema`, the `inputSchema` of a task and the `schema` of an event fill in no defaults. A form may offer them."""

INCLUDES = """\
In any list of steps, `include` puts the steps of another definition in its place, as it was when this one was created:

```yaml
steps:
  - include: check-address            # all steps of its newest version
  - include: {definition: payment, version: 3, steps: [reserve, charge]}
  - {id: answer, type: echo, message: done}
```

They become steps of this list: `next` can name them, the last one goes on at the step behind the `include`, and ids
have to be unique. Only steps are included: not the `stash`, `retry` and schemas of the other definition."""

PLACEHOLDERS = """The parameters of `http`, `aws` and `lambda` steps, and no others, can have these placeholders:

* `${secret('name')}`: a secret of the tenant, read at the call. It is never in state, history, logs, errors or answers:
  if it comes back in [a form that is recognised](outside.md#secrets), `***` replaces it.
* `${step.token}`, with `callback: true`: the token of this step. Whoever has it answers with
  `POST /sedo/callbacks/succeed` and the token as `Authorization: Bearer`.

A placeholder is written alone or within a text (`Bearer ${secret('name')}`). It is no value, so no function takes it.
In the `output` and `stash` of a `task` or an `event`, `step.completedBy` is who answered.
[outside.md](outside.md) says where secrets are kept, and what calls may reach."""

GROUPS = {
    "NumberFunctions": "Numbers",
    "TextFunctions": "Texts",
    "TimeFunctions": "Times",
    "DataFunctions": "Values, lists and objects",
    "Functions": "Identifiers",
}
"""The headings of the functions, by the class that holds them."""


SURPRISES = {
    "A name that is not there is null, like one that is there and null: `has` tells them apart; `default`, `get` and "
    "`required` say what is to be then.": (
        "{a: `null`}.a",
        "{a: `null`}.b",
        "[has({a: `null`}, 'a'), has({a: `null`}, 'b')]",
        "default({a: `null`}.b, 'none')",
    ),
    "A projection drops nulls, and the list gets shorter: `map` keeps them.": (
        "[{a: `1`}, {b: `2`}][*].a",
        "map(&a, [{a: `1`}, {b: `2`}])",
    ),
    "An index and a name in a path are fixed: `at` and `get` take them from values.": (
        "at(['x', 'y'], add(`0`, `1`))",
        "get({a: `1`}, lower('A'))",
    ),
    "`<` and `>` compare texts by their characters, which is wrong for instants of different offsets: compare the "
    "seconds between them.": (
        "'2026-01-01T10:00:00+02:00' < '2026-01-01T09:00:00Z'",
        "seconds_between('2026-01-01T10:00:00+02:00', '2026-01-01T09:00:00Z') > `0`",
    ),
    "0 is true; what is empty is not: compare numbers with numbers.": (
        "if(`0`, 'true', 'false')",
        "if('', 'true', 'false')",
    ),
    "Fractions are calculated in decimal, as they are written; a result is kept with about 16 digits.": (
        "add(`0.1`, `0.2`)",
        "sum(`[19.99, 0.01]`)",
    ),
    "A number is written in backticks, a text in single quotes; in double quotes it is a name.": (
        "[`1`, '1', {a: `1`}.\"a\"]",
    ),
}
"""What to know of jmespath, and expressions that show it."""

TABLE_BEGINS, TABLE_ENDS = "<!-- table -->", "<!-- /table -->"


def main(arguments: list[str]) -> int:
    """Write what is out of date, or with ``--check`` name it."""
    pages = {
        "steps.md": "\n".join(steps()),
        "functions.md": "\n".join(functions()),
        "settings.md": "\n".join(settings()),
        "limits.md": "\n".join(limits()),
        "rights.md": "\n".join(rights(read_yaml(CONTRACT.read_bytes(), 1_000_000)[0])),
        "failures.md": "\n".join(failures()),
        "design.md": with_table((DOCS / "design.md").read_text(encoding="utf-8"), state_table()),
        "../chalicelib/api/contract.json": contract_json(read_yaml(CONTRACT.read_bytes(), 1_000_000)[0]),
        "../chalicelib/api/openapi.json": served_json(read_yaml(CONTRACT.read_bytes(), 1_000_000)[0]),
        "definition.schema.json": json.dumps(definition_schema(STEP_TYPES), indent=2, ensure_ascii=False),
    } | {f"../.chalice/{name}": json.dumps(made, indent=2) for name, made in policies.files()}
    stale = [name for name, page in pages.items() if not is_current(DOCS / name, page)]
    if "--check" in arguments:
        for name in stale:
            print(f"docs/{name} is out of date: run make docs")
        return 1 if stale else 0
    for name in stale:
        (DOCS / name).write_text(pages[name] + "\n", encoding="utf-8")
        print(f"wrote docs/{name}")
    return 0


def is_current(path: Path, page: str) -> bool:
    """Tell whether a file holds this page."""
    return path.exists() and path.read_text(encoding="utf-8") == page + "\n"


def with_table(page: str, lines: Iterable[str]) -> str:
    """Put a table between the marks of a page that is otherwise written by hand; answer it without its last newline.

    Raises:
        ValueError: the page does not have the marks, once each and in their order.
    """
    before, after_begin = page.split(TABLE_BEGINS)
    _, after = after_begin.split(TABLE_ENDS)
    return "\n".join([before + TABLE_BEGINS, *lines, TABLE_ENDS + after.removesuffix("\n")])


def state_table() -> Iterator[str]:
    """Write what each input does at each status of a thread, as the state machine declares it."""
    rows: Iterable[Sequence[str]] = table_rows()
    for number, row in enumerate(rows):
        yield f"| {' | '.join(row)} |"
        if number == 0:
            yield "|---" * len(row) + "|"


def steps() -> Iterator[str]:
    """Write the reference of the definition language: every key, and every step type."""
    yield "# Definitions and steps"
    yield from paragraph("Made from the code by `make docs`. The same as a JSON Schema, for editors:")
    yield "[definition.schema.json](definition.schema.json)."
    yield from section("What a definition holds")
    yield from table(DEFINITION_KEYS, {"required": ["id", "steps"]})
    yield from section("Defaults of the input")
    yield DEFAULTS
    yield from section("What every step may have")
    yield from table(STEP_KEYS, {"required": ["id", "type"]})
    yield from paragraph("A step has `next` or `end`. [Templates](templates.md) call [functions](functions.md).")
    yield from entries("retry")
    yield from entries("catch")
    names = ", ".join(f"`{name}`" for name in sorted(COMMON_ERRORS))
    yield from paragraph(f"Errors that any step can fail with: {names}. Step types name their own.")
    yield from section("Secrets and tokens")
    yield PLACEHOLDERS
    yield from section("Steps of other definitions")
    yield INCLUDES
    yield ""
    yield from table(INCLUDE.keys, {"required": INCLUDE.required})
    for name, step_type in STEP_TYPES.items():
        yield from section(name)
        yield from step(step_type)


def step(step_type: StepType) -> Iterator[str]:
    """Write the section of a step type: its docstring, its parameters and its example."""
    schema: Mapping[str, Any] = step_type.schema
    yield inspect.getdoc(step_type) or ""
    if schema["properties"]:
        yield from paragraph("Parameters:")
        yield ""
        yield from table(schema["properties"], schema)
    for name in schema["properties"]:
        yield from entries(name)
    name = f"{step_type.name}.yaml"
    yield from paragraph(f"A whole definition, [definitions/{name}](../definitions/{name}):")
    yield from code("yaml", (ROOT / "definitions" / name).read_text(encoding="utf-8").rstrip())


def entries(name: str) -> Iterator[str]:
    """Write the table of what stands in a list, if it is known by the list's name."""
    if name in ENTRIES:
        yield from paragraph(f"Each of `{name}`:")
        yield ""
        yield from table(ENTRIES[name].keys, {"required": ENTRIES[name].required})


def table(keys: Mapping[str, Mapping[str, Any]], schema: Mapping[str, Any]) -> Iterator[str]:
    """Write a table of keys and what their JSON Schemas say."""
    alternatives = [name for choice in schema.get("oneOf", ()) for name in choice["required"]]
    yield "| key | value | | means |"
    yield "|---|---|---|---|"
    for name, key in keys.items():
        need = (
            "required" if name in schema.get("required", ()) else "exactly one of these" if name in alternatives else ""
        )
        yield f"| `{name}` | {value(key)} | {need} | {key['description']} |"


def value(key: Mapping[str, Any]) -> str:
    """Say in a few words what a value must be."""
    types = key.get("type", "any")
    kind = types if isinstance(types, str) else " or ".join(types)
    if allowed := key.get("enum", [key["const"]] if "const" in key else []):
        kind = " or ".join(f"`{literal(each)}`" for each in allowed)
    limits = {
        "format": "",
        "pattern": "",
        "minimum": "at least ",
        "exclusiveMinimum": "more than ",
        "maximum": "at most ",
        "default": "default ",
    }
    notes = [f"{text}`{literal(key[name])}`" for name, text in limits.items() if name in key]
    return ", ".join([kind, *notes])


def literal(given: object) -> str:
    """Write a value as JSON, a text as it is."""
    return given if isinstance(given, str) else json.dumps(given)


def functions() -> Iterator[str]:
    """Write the reference of the functions, from their docstrings."""
    documented, standard = {}, []
    for name, entry in sorted(Functions.FUNCTION_TABLE.items()):
        if text := inspect.getdoc(entry["function"]):
            documented[name] = entry["function"].__qualname__.partition(".")[0], text
        else:
            standard.append(f"`{name}`")
    yield "# Functions of templates"
    yield from paragraph("Made from the code by `make docs`. A parameter with `?` may be left out.")
    for group, heading in GROUPS.items():
        yield from ("", f"## {heading}")
        for name, (holder, text) in documented.items():
            if holder == group:
                yield from function(name, text)
    yield from section("Where jmespath surprises, and what to write")
    for number, (surprise, expressions) in enumerate(SURPRISES.items()):
        yield from paragraph(surprise) if number else (surprise,)
        yield from code("text", "\n".join(f"{text} -> {evaluated(text)}" for text in expressions))
    yield from section("Standard functions")
    yield "Those of [JMESPath](https://jmespath.org/specification.html#built-in-functions) are there, too:"
    yield ", ".join(standard) + "."


def evaluated(expression: str) -> str:
    """Evaluate an expression, and write what it yields."""
    return json.dumps(render(compile_condition(expression), Scope({}, datetime(2026, 1, 31, tzinfo=UTC), "")))


def settings() -> Iterator[str]:
    """Write the reference of the environment variables, and of the lines that are logged."""
    yield "# Settings and logs"
    yield from paragraph("Made from the code by `make docs`. Every function reads these variables once, at its start.")
    yield "If one is wrong it does not start, and says which and why. In brackets is what counts where none is set."
    yield from ("", "| variable | means |", "|---|---|")
    yield from (f"| `{name}` | {about} |" for name, about in variables())
    yield from section("What is logged")
    yield "A line of the log is a JSON object: `time`, `level`, `message` (what happened), and to what it happened:"
    yield "`tenant`, `execution`, `version`, `thread`, `turn`, `step`, `attempt`, `state`, `messageId` (of SQS),"
    yield "`request` (the id of the Lambda request or API call). It holds no data of users. `error` says of an error"
    yield "its type, where it was raised and what it comes from; its own words only if they are for the operator, as"
    yield "those of others may hold data. [observing.md](observing.md) says how to find things in it."
    yield "With `SEDO_LOG_LEVEL=INFO` each request that was answered is a line, and each turn, after it was written:"
    turn = HistoryEntry(datetime(2026, 1, 31, tzinfo=UTC), State.STEP_SUCCEEDED, "main", 2, "greet")
    item = Execution("123:hello:84579424", "123", "hello", 1, "", None, turn.at, {}, version=1)
    record = logging.LogRecord("sedo", logging.INFO, "", 0, turn_line(item, turn, "4f1c2e6a"), (), None)
    record.created = turn.at.timestamp()
    yield from code("json", JsonFormatter().format(record))


def function(name: str, text: str) -> Iterator[str]:
    """Write the section of a function; its docstring is ``call: what it gives``, then examples."""
    prose, _, examples = text.rpartition("\n\n")
    call, _, gives = prose.partition("): ")
    yield from ("", f"### {name}")
    yield from paragraph(f"`{call})`: {gives}")
    yield from code("text", examples)


def section(heading: str) -> Iterator[str]:
    """Write a heading."""
    yield from ("", f"## {heading}", "")


def paragraph(text: str) -> Iterator[str]:
    """Write a paragraph that follows something."""
    yield from ("", text)


def code(language: str, text: str) -> Iterator[str]:
    """Write code that follows something."""
    yield from ("", f"```{language}", text, "```")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
