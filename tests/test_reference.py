"""The reference that is made from the code, and the schema that editors read, are those of the code."""

import json
import re
from pathlib import Path

import pytest

from chalicelib.core.definitions.schema_export import definition_schema
from chalicelib.core.limits import Limits
from chalicelib.core.ways_around import WAYS
from chalicelib.steps import STEP_TYPES
from docs.contract import served_json
from docs.generate import DOCS, functions, is_current, settings, state_table, steps, with_table
from docs.limits import GROUPS, docstrings, limits
from tests.api.declared import CONTRACT

PAGES = {
    "../chalicelib/api/openapi.json": lambda: served_json(CONTRACT),
    "steps.md": lambda: "\n".join(steps()),
    "functions.md": lambda: "\n".join(functions()),
    "settings.md": lambda: "\n".join(settings()),
    "limits.md": lambda: "\n".join(limits()),
    "design.md": lambda: with_table(Path(DOCS / "design.md").read_text(encoding="utf-8"), state_table()),
    "definition.schema.json": lambda: json.dumps(definition_schema(STEP_TYPES), indent=2, ensure_ascii=False),
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_as_it_is_made(page: str) -> None:
    assert is_current(DOCS / page, PAGES[page]())


def test_every_limit_says_what_it_is_and_stands_under_a_heading() -> None:
    assert [*docstrings()] == [*Limits.__annotations__]
    assert set(GROUPS) < set(docstrings())


def test_a_message_of_a_limit_says_a_way_around_it() -> None:
    product = DOCS.parent / "chalicelib"
    texts = [path.read_text(encoding="utf-8") for path in (product / "openapi.yaml", *product.rglob("*.py"))]
    named = {name for text in texts for name in re.findall(r"""(?:x-limit"?: |beyond\(\s*)"?([a-z_]+)""", text)}
    assert {"version", "body_depth", "task_priority"} <= named & {*WAYS}
    assert [name for name in sorted(named & {*WAYS}) if WAYS[name] == "None is needed."] == []
