import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.core import limits
from chalicelib.core.limits import LIMITS, Limits, beyond
from chalicelib.core.ways_around import WAYS
from docs.beyond_limits import BEYOND
from tests.api.test_limits import PLACES

SOURCE = Path(limits.__file__)


def test_other_limits_hold_what_differs() -> None:
    strict = Limits(definition_steps=50, token_valid=timedelta(days=1))
    assert (strict.definition_steps, strict.token_valid) == (50, timedelta(days=1))
    assert strict.call_seconds == LIMITS.call_seconds
    assert LIMITS.definition_steps == 1_000


def test_there_are_no_others() -> None:
    with pytest.raises(TypeError, match="there is no limit definition_stops"):
        Limits(definition_stops=50)


def test_every_limit_says_what_it_limits() -> None:
    (found,) = (node for node in ast.parse(SOURCE.read_text()).body if isinstance(node, ast.ClassDef))
    for field, about in zip(found.body, found.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign):
            assert isinstance(about, ast.Expr), ast.unparse(field)


def test_every_limit_is_held_to_by_the_code_or_by_the_contract() -> None:
    code = "\n".join(path.read_text() for path in SOURCE.parents[1].rglob("*.py"))
    held = {*PLACES} | of_contract()
    assert [name for name in Limits.__annotations__ if f"LIMITS.{name}" not in code and name not in held] == []


def of_contract() -> set[str]:
    return {*re.findall(r'"x-limit":"(\w+)"', (SOURCE.parents[1] / "api" / "contract.json").read_text())}


def code_but(*left_out: str) -> str:
    return "\n".join(path.read_text() for path in SOURCE.parents[1].rglob("*.py") if path.name not in left_out)


def test_the_reference_says_of_each_limit_what_comes_of_what_is_beyond_it_and_the_way_around_it() -> None:
    assert [*BEYOND] == [*WAYS] == [*Limits.__annotations__]
    code = code_but()
    for error in BEYOND.values():
        named = re.findall(r"`((?:[a-z]+\.)?[A-Z][A-Za-z]+)`", error)
        assert named or re.match(r"4[0-9]{2}\b|none: ", error), error
        assert [name for name in named if f'"{name}"' not in code and f"`{name}`" not in code] == []
    assert all(way.endswith(".") for way in WAYS.values())


def test_what_is_beyond_a_limit_is_told_by_the_limit_with_the_way_around_it() -> None:
    said = beyond("function_places", "round() takes 0 to 15 places, not 16")
    assert said == "round() takes 0 to 15 places, not 16 (function_places): round to fewer places"


def test_every_limit_that_is_an_error_is_told_by_name_or_by_the_schema_that_holds_it() -> None:
    code = code_but("ways_around.py")
    of_renderings = {name for name in BEYOND if name.startswith(("condition_", "rendering_"))}
    named = {name for name in BEYOND if f'"{name}"' in code} | of_renderings | of_contract()
    errors = {name for name, error in BEYOND.items() if not error.startswith("none: ")}
    assert errors - named == {*PLACES} - named - {"event_kept"} | {
        "default_bytes",  # told with default_steps
        "upload_kept",
        "validation_steps_per_byte",  # told with validation_steps
        "validation_steps_smallest",
    }
